package alerts

import (
	"context"
	"log/slog"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// The kinds of the cards that this package writes.
const (
	IncidentCard = "incident"
	MailCard     = "mail"
	HookCard     = "hook"
)

// The reactions that are buttons of an incident's card.
const (
	AckEmoji     = "👀"
	SilenceEmoji = "🔕"
	HandledEmoji = "✅"
)

// room is where alerts go.
const room = "supervision"

// Notices takes what has to be said once, under a card or by itself. [cards.Outbox] is one.
type Notices interface {
	AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error
	AddNotice(tx *store.Tx, key, room string, m cards.Message) error
	// Withdraw takes back what has not gone out, and reports whether it did.
	Withdraw(tx *store.Tx, key string) (withdrawn bool, err error)
}

// Settings is how incidents are followed.
type Settings struct {
	Reopen time.Duration       // how soon after its end an incident that fires again is the same
	Age    time.Duration       // after how long without a word the room is asked whether it is over; 0 for never
	Lease  time.Duration       // how long an ack holds; 0 for as long as the incident is open
	Hosts  map[string][]string // the hosts, and by which words the names of what runs on each are known
	Keep   time.Duration       // how long the text of what came in is kept; 0 for ever
	// Critical are hosts, and words of the names of things, that cannot wait until the
	// morning.
	Critical []string
	// Storm is how many things that break within two minutes of each other, on the same
	// host, in the same group or anywhere, share one card; 0 for never.
	Storm int
	Steps []Step // who is mentioned while nobody is on an incident, the soonest first
	// Checks are made when something breaks, by the host that it runs on: such as
	// "containers antigone".
	Checks map[string][]string
	Same   []Tie // what several systems watch under names of their own
}

// Desk folds what the mailbox, the webhooks and Uptime Kuma's own messages brought
// into incidents and writes their cards.
type Desk struct {
	Store    *store.Store
	Trust    Trust
	Rules    []Rule // the first that takes a mail says what it is
	KumaUser string // the account with which Uptime Kuma posts in the rooms; "" for none
	Settings Settings
	Notices  Notices
	Turns    Turns  // needed with Settings.Steps
	Checks   Checks // nil makes none
	// Quiet returns when the quiet hours end in which an instant lies, or the instant
	// itself; nil knows none.
	Quiet    func(now time.Time) (end time.Time)
	Location *time.Location
	Language *text.Language
	Log      *slog.Logger
	// Changed is called after a fold was committed.
	Changed func()

	wake      chan struct{}
	looks     chan struct{} // wakes Answer
	emptiedAt time.Time     // when old texts were last looked for
}

// NewDesk makes a desk whose fields are set ready to run.
func NewDesk(d *Desk) *Desk {
	d.wake, d.looks = make(chan struct{}, 1), make(chan struct{}, 1)
	return d
}

// Wake makes Run look at the inbox at once.
func (d *Desk) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run folds new mail until ctx ends, and then returns its error.
func (d *Desk) Run(ctx context.Context) error {
	for {
		if err := d.FoldAll(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "the inbox cannot be folded", "err", err)
		}
		if err := d.EndWarnings(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "warnings whose day has come cannot be ended", "err", err)
		}
		timer := time.NewTimer(30 * time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

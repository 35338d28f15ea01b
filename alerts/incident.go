package alerts

import (
	"context"
	"fmt"
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

// FoldAll folds all that is new, each in a transaction of its own. What cannot be
// folded is shown as it is.
func (d *Desk) FoldAll(ctx context.Context) error {
	if err := d.foldMails(ctx); err != nil {
		return err
	}
	return d.foldHooks(ctx)
}

func (d *Desk) foldMails(ctx context.Context) error {
	for {
		var mails []store.Mail
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			mails, err = tx.NewMail(1)
			return err
		})
		if err != nil || len(mails) == 0 {
			return err
		}
		for _, m := range mails {
			if err := d.foldMail(ctx, m); err != nil {
				return err
			}
			d.Changed()
		}
	}
}

func (d *Desk) foldMail(ctx context.Context, m store.Mail) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		incident, err := d.place(tx, m)
		if err != nil {
			return err
		}
		return tx.MailHandled(m.ID, incident)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	d.Log.ErrorContext(ctx, "a mail cannot be folded and is shown as it is", "mail", m.ID, "err", err)
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := showMail(tx, m.ID); err != nil {
			return err
		}
		return tx.MailHandled(m.ID, 0)
	})
}

// place puts a mail where it belongs and returns the incident that it became
// part of, or 0.
func (d *Desk) place(tx *store.Tx, m store.Mail) (incident int64, err error) {
	r := Read(m.Raw, d.Trust, d.Rules...)
	switch r.State {
	case Ignored:
		d.Log.Info("a mail is ignored", "mail", m.ID, "rule", r.Rule)
		return 0, nil
	case Note:
		if r.isNews() {
			return 0, d.showNews(tx, r, store.News{Channel: store.ByMail, Ref: m.ID, Received: m.Received, Card: MailCard, Subject: m.ID})
		}
		if r.Kind == Pflogsumm {
			if err := keepReport(tx, r, m); err != nil {
				return 0, err
			}
		}
		return 0, showMail(tx, m.ID)
	}
	return d.placeAlert(tx, r, heard{store.ByMail, m.Received})
}

// twin is how much later than a recovery one may be dated that says the same. A
// later one ends something that was never announced.
const twin = 10 * time.Minute

// weaker tells whether anyone could have written r, but not what is known of i.
func weaker(i store.Incident, r Reading) bool { return i.Verified && !r.Verified }

// stronger is the reverse of weaker.
func stronger(i store.Incident, r Reading) bool { return r.Verified && !i.Verified }

func showMail(tx *store.Tx, id int64) error {
	return tx.ShowCard(store.Card{Kind: MailCard, Subject: id, Room: room})
}

// pace is how soon the room has to see a change of an incident.
type pace int

// The paces: a count that may wait for others, the next edit, and what goes before other
// new cards.
const (
	calm pace = iota
	prompt
	urgent
)

func show(tx *store.Tx, id int64, p pace) error {
	return tx.ShowCard(store.Card{Kind: IncidentCard, Subject: id, Room: room, Urgent: p == urgent, Calm: p == calm})
}

// showAny shows an incident on its own card, if it has one or is part of no storm.
func showAny(tx *store.Tx, i store.Incident, p pace) error {
	if i.Storm != 0 {
		if _, shown, err := tx.CardOf(IncidentCard, i.ID); err != nil || !shown {
			return err
		}
	}
	return show(tx, i.ID, p)
}

// begin opens an incident.
func (d *Desk) begin(tx *store.Tx, r Reading, h heard) (int64, error) {
	source, thing := d.Settings.key(r)
	return d.add(tx, store.Incident{
		Source: source, Thing: thing, State: store.Firing, Fault: r.Fault,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, Alerts: 1, Alerted: earlier(r.Since, tx.Now),
		Critical: r.Critical, Group: r.Group, OpenedAt: tx.Now,
	}, r, h)
}

// beginEnded records an incident of which only the end was seen.
func (d *Desk) beginEnded(tx *store.Tx, r Reading, h heard) (int64, error) {
	source, thing := d.Settings.key(r)
	return d.add(tx, store.Incident{
		Source: source, Thing: thing, State: store.Resolved,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, ResolvedAt: r.Since,
	}, r, h)
}

func (d *Desk) add(tx *store.Tx, i store.Incident, r Reading, h heard) (id int64, err error) {
	if i.ID, err = tx.AddIncident(i); err != nil {
		return 0, err
	}
	if IsTie(i) {
		if err := tx.SaveWitness(witnessIn(i, r)); err != nil {
			return 0, err
		}
	}
	if err := sight(tx, i.ID, r, h); err != nil {
		return 0, err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return 0, err
	}
	if i.State = s.state(tx.Now); i.State == store.Resolved {
		return i.ID, d.settle(tx, i, prompt)
	}
	if err := tx.SaveIncident(i); err != nil {
		return 0, err
	}
	if storm, err := d.gather(tx, i); err != nil || storm != 0 {
		return i.ID, err
	}
	p := prompt
	if i.State == store.Firing {
		p = urgent
		if err := d.ringsByCard(tx, &i); err != nil {
			return 0, err
		}
	}
	if err := d.settle(tx, i, p); err != nil {
		return 0, err
	}
	s.Incident = i
	return i.ID, d.wantEvidence(tx, s)
}

// repeat counts one more alert about what is known to be broken.
func (d *Desk) repeat(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	i.Alerts++
	return d.hear(tx, s, i, r, h)
}

// hear notes in an open incident what an alert about it says. i is s with what was counted.
func (d *Desk) hear(tx *store.Tx, s standing, i store.Incident, r Reading, h heard) error {
	if !weaker(i, r) {
		i.Alerted = later(i.Alerted, earlier(r.Since, tx.Now))
	}
	fold(&i, r)
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	return d.note(tx, s, i, r, calm)
}

// fold takes what an alert says into its incident. One that anyone could have written
// changes nothing of what a verified one said.
func fold(i *store.Incident, r Reading) {
	if weaker(*i, r) {
		return
	}
	if r.Fault != "" && (i.Fault == "" || stronger(*i, r) || newer(*i, r)) {
		i.Fault = r.Fault
	}
	if stronger(*i, r) || r.Since.After(i.Newest) {
		i.Newest = r.Since
	}
	i.Since = earlier(i.Since, r.Since)
	i.Verified = r.Verified
	i.Critical = i.Critical || r.Critical
}

// newer tells whether the fault in r is to stand instead of that of i. Of two that
// are told with the same time it is always the same one, whichever came first.
func newer(i store.Incident, r Reading) bool {
	return r.Since.After(i.Newest) || r.Since.Equal(i.Newest) && r.Fault > i.Fault
}

// refire reopens an incident that had ended only just now.
func (d *Desk) refire(tx *store.Tx, s standing, r Reading, h heard) error {
	if err := d.leaveOver(tx, &s); err != nil {
		return err
	}
	i, err := d.reopened(tx, s)
	if err != nil {
		return err
	}
	s.Incident = i
	say := d.repeat
	if IsTie(i) {
		s, say = s.as(s.witness(r)), d.raise
	}
	if err := say(tx, s, r, h); err != nil {
		return err
	}
	return d.riseAgain(tx, i.ID, firesAgain)
}

// reopened returns an incident that had ended as it opens again. One that had no card,
// because it was part of a storm, rings by its new one.
func (d *Desk) reopened(tx *store.Tx, s standing) (store.Incident, error) {
	i := s.Incident
	i.Flaps++
	i.CalmAt, i.RefiredAt, i.ResolvedAt, i.OpenedAt = s.ended(), tx.Now, time.Time{}, tx.Now
	i.RangAt = earlier(i.RangAt, tx.Now.Add(-time.Millisecond)) // the clock may have been set back since
	_, shown, err := tx.CardOf(IncidentCard, i.ID)
	if err != nil || shown || i.Storm != 0 {
		return i, err
	}
	err = d.ringsByCard(tx, &i)
	return i, err
}

// riseAgain has an incident that opened again be part of a storm, or ring.
func (d *Desk) riseAgain(tx *store.Tx, id int64, why string) error {
	i, _, err := tx.Incident(id)
	if err != nil || i.Storm != 0 {
		return err
	}
	if storm, err := d.gather(tx, i); err != nil || storm != 0 {
		return err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	if err := d.wantEvidence(tx, s); err != nil {
		return err
	}
	if why != firesStill || s.State != store.Firing {
		_, err = d.ring(tx, &s)
		return err
	}
	if held, _, err := d.holdBack(tx, i); held || err != nil {
		return err
	}
	return d.ringFor(tx, &s, why)
}

// late takes note of an alert that arrived after the end of its incident. It reopens
// nothing, and nobody has to see that it was only said once more.
func (d *Desk) late(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	seen := i.Alerts > 0 && s.spoke(h.channel, store.Down)
	if i.Alerts == 0 {
		i.Since, i.Newest, i.Fault, i.Verified = r.Since, r.Since, r.Fault, r.Verified
	} else {
		fold(&i, r)
	}
	_, twin := s.twin(r, h.channel)
	if !twin {
		i.Alerts++
	}
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	if s.whole != nil {
		return d.noteLate(tx, s, i, r, seen && twin)
	}
	if err := tx.SaveIncident(i); err != nil || seen && twin {
		return err
	}
	return showAny(tx, i, prompt)
}

// recover ends an incident. One that anyone could have written does not end what a
// verified alert began.
func (d *Desk) recover(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	if weaker(i, r) {
		p := calm
		if i.Doubted++; i.Doubted == 1 {
			p = prompt
		}
		return d.note(tx, s, i, r, p)
	}
	i.ResolvedAt, i.Verified = r.Since, r.Verified
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	return d.note(tx, s, i, r, prompt)
}

// again takes note of the twin of a recovery, which nobody has to see: an alert
// from before it is not news.
func (d *Desk) again(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	if weaker(i, r) {
		return nil
	}
	if err := sight(tx, i.ID, r, h); err != nil || !r.Since.After(i.ResolvedAt) || i.ResolvedAt.IsZero() {
		return err
	}
	i.ResolvedAt = r.Since
	if i.Alerts == 0 {
		i.Since, i.Newest = r.Since, r.Since
	}
	if s.whole != nil {
		return d.noteLate(tx, s, i, r, true)
	}
	return tx.SaveIncident(i)
}

// RenderIncident writes the card of an incident.
func (d *Desk) RenderIncident(tx *store.Tx, id int64) (cards.Content, error) {
	s, err := d.standsNow(tx, id)
	if err != nil {
		return cards.Content{}, err
	}
	if IsStorm(s.Incident) {
		return d.writeStorm(tx, s)
	}
	content := d.writeIncident(s, tx.Now)
	held, err := wasHeld(tx, id)
	content.Message.Rings = content.Message.Rings && !held
	return content, err
}

// RenderMail writes the card of a mail that is no alert.
func (d *Desk) RenderMail(tx *store.Tx, id int64) (cards.Content, error) {
	m, known, err := tx.Mail(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no mail %d", id)
	}
	seen, err := tx.NewsOfCard(MailCard, id)
	if err != nil {
		return cards.Content{}, err
	}
	if hook, known := hookOf(seen); known {
		return d.renderHook(tx, hook, seen)
	}
	if m.Emptied {
		return d.writeGone(d.source(string(Plain)), m.Received, tx.Now), nil
	}
	return d.writeMail(tx, Read(m.Raw, d.Trust, d.Rules...), m)
}

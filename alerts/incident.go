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
)

// The reactions that are buttons of an incident's card.
const (
	AckEmoji     = "👀"
	SilenceEmoji = "🔕"
	HandledEmoji = "✅"
)

// room is where alerts go.
const room = "supervision"

// Notices takes what has to be said once under a card. [cards.Outbox] is one.
type Notices interface {
	AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error
}

// Settings is how incidents are followed.
type Settings struct {
	Reopen time.Duration       // how soon after its end an incident that fires again is the same
	Age    time.Duration       // after how long without a word the room is asked whether it is over; 0 for never
	Lease  time.Duration       // how long an ack holds; 0 for as long as the incident is open
	Hosts  map[string][]string // the hosts, and by which words the names of what runs on each are known
}

// Desk folds what the mailbox brought into incidents and writes their cards.
type Desk struct {
	Store    *store.Store
	Trust    Trust
	Rules    []Rule // the first that takes a mail says what it is
	Settings Settings
	Notices  Notices
	// Quiet returns when the quiet hours end in which an instant lies, or the instant
	// itself; nil knows none.
	Quiet    func(now time.Time) (end time.Time)
	Location *time.Location
	Language *text.Language
	Log      *slog.Logger
	// Changed is called after a fold was committed.
	Changed func()

	wake chan struct{}
}

// NewDesk makes a desk whose fields are set ready to run.
func NewDesk(d *Desk) *Desk {
	d.wake = make(chan struct{}, 1)
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

// FoldAll folds all mail that is new, each in a transaction of its own. A mail
// that cannot be folded is shown as a plain one.
func (d *Desk) FoldAll(ctx context.Context) error {
	for {
		var mails []store.Mail
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			mails, err = tx.NewMail(20)
			return err
		})
		if err != nil || len(mails) == 0 {
			return err
		}
		for _, m := range mails {
			if err := d.fold(ctx, m); err != nil {
				return err
			}
			d.Changed()
		}
	}
}

func (d *Desk) fold(ctx context.Context, m store.Mail) error {
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
	if r.Since.IsZero() || r.Since.After(m.Received.Add(time.Hour)) {
		r.Since = m.Received // a sender whose clock is far ahead must not outlive every recovery
	}
	switch r.State {
	case Ignored:
		d.Log.Info("a mail is ignored", "mail", m.ID, "rule", r.Rule)
		return 0, nil
	case Note:
		return 0, showMail(tx, m.ID)
	}
	last, known, err := tx.LastIncident(r.source(), r.Thing)
	if err != nil {
		return 0, err
	}
	s, err := d.stands(tx, last)
	if err != nil {
		return 0, err
	}
	open := known && last.State != store.Resolved
	_, byHand := s.handled()
	switch {
	case r.State == Firing && open:
		return last.ID, d.repeat(tx, last, r)
	case r.State == Firing && known && s.outlived(r):
		return last.ID, d.late(tx, last, r)
	case r.State == Firing && known && s.soon(r, d.Settings.Reopen):
		last.CalmAt = s.ended()
		return last.ID, d.refire(tx, last, r)
	case r.State == Firing:
		return d.begin(tx, r, store.Firing)
	case open || byHand && last.ResolvedAt.IsZero():
		return last.ID, d.recover(tx, last, r)
	case known && r.Since.Before(last.ResolvedAt.Add(twin)):
		return last.ID, d.again(tx, last, r)
	}
	return d.begin(tx, r, store.Resolved)
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

func show(tx *store.Tx, id int64, urgent bool) error {
	return tx.ShowCard(store.Card{Kind: IncidentCard, Subject: id, Room: room, Urgent: urgent})
}

// begin opens an incident, or records one of which only the end was seen.
func (d *Desk) begin(tx *store.Tx, r Reading, state store.IncidentState) (int64, error) {
	i := store.Incident{
		Source: r.source(), Thing: r.Thing, State: state, Fault: r.Fault,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, Alerts: 1, Alerted: earlier(r.Since, tx.Now),
	}
	if state == store.Resolved {
		i.Alerts, i.Alerted = 0, time.Time{}
	}
	id, err := tx.AddIncident(i)
	if err != nil {
		return 0, err
	}
	i.ID = id
	if state == store.Resolved {
		i.ResolvedAt = r.Since
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return 0, err
	}
	rings := s.state(tx.Now) == store.Firing
	if rings {
		i.RangAt = tx.Now
	}
	return id, d.settle(tx, i, rings)
}

// repeat counts one more alert about what is known to be broken. One that anyone
// could have written changes nothing else of what a verified one said.
func (d *Desk) repeat(tx *store.Tx, i store.Incident, r Reading) error {
	hear(tx, &i, r)
	return d.settle(tx, i, true)
}

// hear notes in an incident what one more alert about it says.
func hear(tx *store.Tx, i *store.Incident, r Reading) {
	i.Alerts++
	if weaker(*i, r) {
		return
	}
	if stronger(*i, r) || !r.Since.Before(i.Newest) {
		i.Newest, i.Fault = r.Since, r.Fault
	}
	i.Since = earlier(i.Since, r.Since)
	i.Alerted = later(i.Alerted, earlier(r.Since, tx.Now))
	i.Verified = r.Verified
}

// refire reopens an incident that had ended only just now.
func (d *Desk) refire(tx *store.Tx, i store.Incident, r Reading) error {
	hear(tx, &i, r)
	i.Flaps++
	i.RefiredAt, i.ResolvedAt = tx.Now, time.Time{}
	if err := d.settle(tx, i, true); err != nil {
		return err
	}
	i, _, err := tx.Incident(i.ID)
	if err != nil {
		return err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	_, err = d.ring(tx, &s)
	return err
}

// late counts an alert that arrived after the recovery that ended it. It reopens
// nothing.
func (d *Desk) late(tx *store.Tx, i store.Incident, r Reading) error {
	unseen := i.Alerts == 0
	i.Alerts++
	if unseen {
		i.Since, i.Fault, i.Verified = r.Since, r.Fault, r.Verified
	}
	if err := tx.SaveIncident(i); err != nil {
		return err
	}
	if !unseen {
		return nil
	}
	return show(tx, i.ID, false)
}

// recover ends an incident. A recovery that is older than the newest alert says
// nothing new; one that anyone could have written does not end what a verified
// alert began.
func (d *Desk) recover(tx *store.Tx, i store.Incident, r Reading) error {
	switch {
	case r.Since.Before(i.Newest) && !stronger(i, r):
		return nil
	case weaker(i, r):
		i.Doubted++
	default:
		i.ResolvedAt, i.Verified = r.Since, r.Verified
	}
	return d.settle(tx, i, true)
}

// again takes note of the twin of a recovery, which nobody has to see: an alert
// from before it is not news.
func (d *Desk) again(tx *store.Tx, i store.Incident, r Reading) error {
	if weaker(i, r) || !r.Since.After(i.ResolvedAt) {
		return nil
	}
	i.ResolvedAt = r.Since
	return tx.SaveIncident(i)
}

// RenderIncident writes the card of an incident.
func (d *Desk) RenderIncident(tx *store.Tx, id int64) (cards.Content, error) {
	i, known, err := tx.Incident(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no incident %d", id)
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return cards.Content{}, err
	}
	return d.writeIncident(s, tx.Now), nil
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
	return d.writeMail(Read(m.Raw, d.Trust, d.Rules...), m, tx.Now), nil
}

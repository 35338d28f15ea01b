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

// AckEmoji is the reaction that acknowledges an incident from its card.
const AckEmoji = "👀"

// room is where alerts go.
const room = "supervision"

// Desk folds what the mailbox, the webhooks and Uptime Kuma's own messages brought
// into incidents and writes their cards.
type Desk struct {
	Store    *store.Store
	Trust    Trust
	KumaUser string // the account with which Uptime Kuma posts in the rooms; "" for none
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
			mails, err = tx.NewMail(20)
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
	r := Read(m.Raw, d.Trust)
	if r.State == Note {
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

func show(tx *store.Tx, id int64, urgent bool) error {
	return tx.ShowCard(store.Card{Kind: IncidentCard, Subject: id, Room: room, Urgent: urgent})
}

// begin opens an incident.
func (d *Desk) begin(tx *store.Tx, r Reading, h heard) (int64, error) {
	i := store.Incident{
		Source: string(r.Kind), Thing: r.Thing, State: store.Firing, Fault: r.Fault,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, Alerts: 1,
	}
	id, err := tx.AddIncident(i)
	if err != nil {
		return 0, err
	}
	i.ID = id
	if _, err := sight(tx, i, r, h); err != nil {
		return 0, err
	}
	return id, show(tx, id, true)
}

// beginEnded records an incident of which only the end was seen.
func (d *Desk) beginEnded(tx *store.Tx, r Reading, h heard) (int64, error) {
	i := store.Incident{
		Source: string(r.Kind), Thing: r.Thing, State: store.Resolved,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, ResolvedAt: r.Since,
	}
	id, err := tx.AddIncident(i)
	if err != nil {
		return 0, err
	}
	i.ID = id
	if _, err := sight(tx, i, r, h); err != nil {
		return 0, err
	}
	if err := tx.SaveIncident(i); err != nil {
		return 0, err
	}
	return id, show(tx, id, false)
}

// repeat takes note of one more alert about what is known to be broken.
func (d *Desk) repeat(tx *store.Tx, i store.Incident, r Reading, h heard) error {
	if err := fold(tx, &i, r, h); err != nil {
		return err
	}
	return show(tx, i.ID, true)
}

// fold takes what an alert says into its incident. One that anyone could have
// written is counted, and changes nothing of what a verified one said.
func fold(tx *store.Tx, i *store.Incident, r Reading, h heard) (err error) {
	unseen := i.Alerts == 0
	if i.Alerts, err = sight(tx, *i, r, h); err != nil {
		return err
	}
	switch {
	case unseen:
		i.Since, i.Newest, i.Fault, i.Verified = r.Since, r.Since, r.Fault, r.Verified
	case !weaker(*i, r):
		if r.Fault != "" && (i.Fault == "" || stronger(*i, r) || newer(*i, r)) {
			i.Fault = r.Fault
		}
		if stronger(*i, r) || r.Since.After(i.Newest) {
			i.Newest = r.Since
		}
		if r.Since.Before(i.Since) {
			i.Since = r.Since
		}
		i.Verified = r.Verified
	}
	return tx.SaveIncident(*i)
}

// newer tells whether the fault in r is to stand instead of that of i. Of two that
// are told with the same time it is always the same one, whichever came first.
func newer(i store.Incident, r Reading) bool {
	return r.Since.After(i.Newest) || r.Since.Equal(i.Newest) && r.Fault > i.Fault
}

// late takes note of an alert that arrived after the recovery that ended it. It
// reopens nothing, and nobody has to see that it was only said once more.
func (d *Desk) late(tx *store.Tx, p past, r Reading, h heard) error {
	i := p.Incident
	unseen := i.Alerts == 0
	_, spoke := p.said(h.channel, store.Down)
	if err := fold(tx, &i, r, h); err != nil {
		return err
	}
	if spoke && !unseen {
		return nil
	}
	return show(tx, i.ID, false)
}

// recover ends an incident. A recovery that anyone could have written does not end
// what a verified alert began.
func (d *Desk) recover(tx *store.Tx, i store.Incident, r Reading, h heard) error {
	if weaker(i, r) {
		i.Doubted++
	} else {
		i.State, i.ResolvedAt, i.Verified = store.Resolved, r.Since, r.Verified
		if _, err := sight(tx, i, r, h); err != nil {
			return err
		}
	}
	if err := tx.SaveIncident(i); err != nil {
		return err
	}
	return show(tx, i.ID, true)
}

// again takes note of the twin of a recovery, which nobody has to see: an alert
// from before it is not news.
func (d *Desk) again(tx *store.Tx, i store.Incident, r Reading, h heard) error {
	if weaker(i, r) {
		return nil
	}
	if _, err := sight(tx, i, r, h); err != nil || !r.Since.After(i.ResolvedAt) {
		return err
	}
	i.ResolvedAt = r.Since
	if i.Alerts == 0 {
		i.Since, i.Newest = r.Since, r.Since
	}
	return tx.SaveIncident(i)
}

// Acknowledge records that somebody takes care of an incident.
func (d *Desk) Acknowledge(tx *store.Tx, id int64, a store.Acknowledgement) error {
	if err := tx.Acknowledge(id, a); err != nil {
		return err
	}
	return d.settle(tx, id)
}

// Unacknowledge takes back the acknowledgement that a reaction made. known is
// false when that reaction made none.
func (d *Desk) Unacknowledge(tx *store.Tx, eventID string) (incident int64, known bool, err error) {
	incident, known, err = tx.Unacknowledge(eventID)
	if err != nil || !known {
		return 0, false, err
	}
	return incident, true, d.settle(tx, incident)
}

// settle gives an open incident the state that its acknowledgements say.
func (d *Desk) settle(tx *store.Tx, id int64) error {
	i, known, err := tx.Incident(id)
	if err != nil || !known {
		return err
	}
	acks, err := tx.Acknowledgements(id)
	if err != nil {
		return err
	}
	switch {
	case i.State == store.Firing && len(acks) > 0:
		i.State = store.Acknowledged
	case i.State == store.Acknowledged && len(acks) == 0:
		i.State = store.Firing
	}
	if err := tx.SaveIncident(i); err != nil {
		return err
	}
	return show(tx, id, true)
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
	acks, err := tx.Acknowledgements(id)
	if err != nil {
		return cards.Content{}, err
	}
	seen, err := tx.Sightings(id)
	if err != nil {
		return cards.Content{}, err
	}
	return d.writeIncident(i, acks, seen, tx.Now), nil
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
	return d.writeMail(Read(m.Raw, d.Trust), m, tx.Now), nil
}

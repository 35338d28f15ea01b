package commands

import (
	"context"
	"fmt"
	"strconv"

	"ronde/alerts"
	"ronde/cards"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// button is what a reaction to a card does.
type button struct {
	kind  string // of card
	emoji string // without variation selectors and skin tones
	name  string // in the audit log, the same as the command that does it
	// press does it and returns what it was about, for the audit log.
	press func(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (subject string, err error)
}

// buttons lists the reactions that mean something.
var buttons = []button{
	{routines.CardKind, routines.DoneEmoji, "done", pressDone},
	{alerts.IncidentCard, alerts.AckEmoji, "ack", pressAck},
}

func pressDone(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.Routines.CompleteOccurrence(tx, card.Subject, store.Completion{
		At: e.At, Who: e.Sender, How: "reaction", EventID: e.EventID,
	})
}

func pressAck(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return subjectOf(card), d.Alerts.Acknowledge(tx, card.Subject, store.Acknowledgement{At: e.At, Who: e.Sender, EventID: e.EventID})
}

// reacted does what a reaction to a card means; any other reaction is only a
// reaction.
func (d *Desk) reacted(ctx context.Context, e store.RoomEvent) error {
	card, pressed, err := d.button(ctx, e)
	if err != nil {
		return err
	}
	if pressed.press == nil {
		return d.ignore(ctx, e)
	}
	allowed, err := d.mayAct(ctx, e)
	if err != nil {
		return err
	}
	deed := store.Deed{Who: e.Sender, Action: pressed.name, Subject: subjectOf(card), How: "reaction", EventID: e.EventID}
	if !allowed {
		return d.denyReaction(ctx, e, card, deed)
	}
	return d.act(ctx, e, deed, func(tx *store.Tx) (string, error) { return pressed.press(d, tx, card, e) })
}

func (d *Desk) button(ctx context.Context, e store.RoomEvent) (card store.Card, found button, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) (err error) {
		card, _, err = tx.CardOfEvent(e.Target)
		return err
	})
	for _, b := range buttons {
		if b.kind == card.Kind && text.PlainEmoji(e.Emoji) == b.emoji && card.RoomID == e.Room {
			return card, b, err
		}
	}
	return card, button{}, err
}

func subjectOf(c store.Card) string { return c.Kind + " " + strconv.FormatInt(c.Subject, 10) }

// act runs an action with its audit line, and marks the event as handled. An
// action that fails is logged and left: the person sees that the card stayed as
// it was.
func (d *Desk) act(ctx context.Context, e store.RoomEvent, deed store.Deed, do func(tx *store.Tx) (subject string, err error)) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		subject, err := do(tx)
		if err != nil {
			return err
		}
		done := deed
		done.Subject, done.Outcome = subject, "done"
		return record(tx, e, done)
	})
	if err != nil && ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "a reaction failed", "action", deed.Action, "event", e.EventID, "err", err, "stack", stackOf(err))
		deed.Outcome = "failed"
		err = d.Store.Update(ctx, func(tx *store.Tx) error { return record(tx, e, deed) })
	}
	if err == nil {
		d.Outbox.Wake()
	}
	return err
}

func record(tx *store.Tx, e store.RoomEvent, deed store.Deed) error {
	if err := tx.Record(deed); err != nil {
		return err
	}
	return tx.EventHandled(e.ID)
}

// denyReaction tells somebody, once for each card, that they lack the right.
func (d *Desk) denyReaction(ctx context.Context, e store.RoomEvent, card store.Card, deed store.Deed) error {
	deed.Outcome = "refused"
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		var m text.Message
		m.Text(d.Language.Say("command.denied-reaction", "Who", text.Person(e.Sender)))
		key := fmt.Sprintf("denied-%d-%s", card.ID, e.Sender)
		if err := d.Outbox.AddNotice(tx, key, e.Room, cards.Message{Plain: m.Plain(), HTML: m.HTML()}); err != nil {
			return err
		}
		return record(tx, e, deed)
	})
	if err == nil {
		d.Outbox.Wake()
	}
	return err
}

// redacted takes back what the removed reaction or command had done.
func (d *Desk) redacted(ctx context.Context, e store.RoomEvent) error {
	deed := store.Deed{Who: e.Sender, How: "removal", EventID: e.EventID, Outcome: "done"}
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := d.takeBack(tx, e, &deed); err != nil {
			return err
		}
		if deed.Action == "" {
			return tx.EventHandled(e.ID)
		}
		return record(tx, e, deed)
	})
	if err == nil {
		d.Outbox.Wake()
	}
	return err
}

func (d *Desk) takeBack(tx *store.Tx, e store.RoomEvent, deed *store.Deed) error {
	completion, known, err := d.Routines.UndoByEvent(tx, e.Target, e.Sender)
	if err != nil {
		return err
	}
	if known {
		deed.Action, deed.Subject = "undo", completion.Routine
		return nil
	}
	incident, known, err := d.Alerts.Unacknowledge(tx, e.Target)
	if err == nil && known {
		deed.Action, deed.Subject = "unack", alerts.IncidentCard+" "+strconv.FormatInt(incident, 10)
	}
	return err
}

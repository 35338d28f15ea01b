package commands

import (
	"context"
	"errors"
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
	emoji string // as the card seeds it; "" for the numbers of a round
	name  string // in the audit log, the same as the command that does it
	// press does it and returns what it was about, for the audit log.
	press func(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (subject string, err error)
}

// buttons lists the reactions that mean something.
var buttons = []button{
	{routines.CardKind, routines.DoneEmoji, "done", pressDone},
	{routines.CardKind, routines.ClaimEmoji, "claim", pressClaim},
	{routines.CardKind, routines.SnoozeEmoji, "snooze", pressSnooze},
	{routines.CardKind, routines.SkipEmoji, "skip", pressSkip},
	{routines.RoundKind, "", "done", pressNumber},
	{routines.RoundKind, routines.ClaimEmoji, "claim", pressClaimAll},
	{alerts.IncidentCard, alerts.AckEmoji, "ack", pressAck},
	{alerts.IncidentCard, alerts.SilenceEmoji, "silence", pressSilence},
	{alerts.IncidentCard, alerts.HandledEmoji, "resolve", pressHandled},
}

// means reports whether an emoji is that of the button.
func (b button) means(emoji string) bool {
	if b.emoji == "" {
		return numberOf(emoji) > 0
	}
	return text.PlainEmoji(emoji) == text.PlainEmoji(b.emoji)
}

// numberOf returns the number that an emoji shows, 0 for any other.
func numberOf(emoji string) int {
	for n := 1; routines.NumberEmoji(n) != ""; n++ {
		if text.PlainEmoji(emoji) == text.PlainEmoji(routines.NumberEmoji(n)) {
			return n
		}
	}
	return 0
}

func completed(e store.RoomEvent) store.Completion {
	return store.Completion{At: e.At, Who: e.Sender, How: "reaction", EventID: e.EventID}
}

func marked(e store.RoomEvent) store.Mark {
	return store.Mark{At: e.At, Who: e.Sender, EventID: e.EventID}
}

func pressDone(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.Routines.CompleteOccurrence(tx, card.Subject, completed(e))
}

func pressClaim(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.press(tx, card, e, func(id int64, _ routines.Routine) error { return d.Routines.Claim(tx, id, marked(e)) })
}

func pressSnooze(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.press(tx, card, e, func(id int64, r routines.Routine) error {
		return d.Routines.Snooze(tx, id, d.Routines.Tomorrow(r, tx.Now), marked(e))
	})
}

func pressSkip(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.press(tx, card, e, func(id int64, _ routines.Routine) error { return d.Routines.Skip(tx, id, marked(e)) })
}

// press does something with the occurrence that a reaction to a card is about. On what
// is closed already it means nothing.
func (d *Desk) press(tx *store.Tx, card store.Card, e store.RoomEvent, do func(id int64, r routines.Routine) error) (string, error) {
	o, known, err := d.Routines.Meant(tx, card.Subject, e.At)
	if err != nil || !known {
		return "", err
	}
	r, _, configured := d.Routines.Find(o.Routine)
	if !o.Open() || !configured {
		return o.Routine, nil
	}
	return o.Routine, do(o.ID, r)
}

func pressNumber(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	occurrence, known, err := routines.RoundLine(tx, card.Subject, numberOf(e.Emoji))
	if err != nil || !known {
		return subjectOf(card), err
	}
	return d.Routines.CompleteOccurrence(tx, occurrence, completed(e))
}

// pressClaimAll claims whatever is open in a round.
func pressClaimAll(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	items, err := tx.RoundItems(card.Subject)
	if err != nil {
		return "", err
	}
	for _, i := range items {
		o, _, err := tx.Occurrence(i.OccurrenceID)
		if err != nil {
			return "", err
		}
		if o.State != store.OccurrenceOpen {
			continue
		}
		if err := d.Routines.Claim(tx, o.ID, marked(e)); err != nil {
			return "", err
		}
	}
	return subjectOf(card), nil
}

func pressAck(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.pressIncident(tx, card, e, store.IncidentMark{Kind: store.Ack})
}

func pressHandled(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	return d.pressIncident(tx, card, e, store.IncidentMark{Kind: store.Handled})
}

func pressSilence(d *Desk, tx *store.Tx, card store.Card, e store.RoomEvent) (string, error) {
	step, err := d.Alerts.NextStep(tx, card.Subject)
	if err != nil {
		return "", err
	}
	until := earlier(e.At, tx.Now).Add(step)
	return d.pressIncident(tx, card, e, store.IncidentMark{Kind: store.Silence, Until: until})
}

// pressIncident marks an incident.
func (d *Desk) pressIncident(tx *store.Tx, card store.Card, e store.RoomEvent, m store.IncidentMark) (string, error) {
	m.At, m.Who, m.EventID, m.How = e.At, e.Sender, e.EventID, "reaction"
	_, err := d.Alerts.Mark(tx, card.Subject, m)
	return subjectOf(card), err
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
		card, _, err = tx.CardAt(e.Target)
		return err
	})
	for _, b := range buttons {
		if b.kind == card.Kind && b.means(e.Emoji) && card.RoomID == e.Room {
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

// errMayNot rolls back the removal of what somebody else did.
var errMayNot = errors.New("taking back what others did needs the right to act")

// redacted takes back what the removed reaction or command had done. Everybody may take
// back what they did themselves. What others did, only who may act: the homeserver lets
// moderators remove it, and who is that at another homeserver is not ours to trust.
func (d *Desk) redacted(ctx context.Context, e store.RoomEvent) error {
	removed, err := d.removed(ctx, e)
	if err != nil {
		return err
	}
	allowed := removed.Sender == e.Sender
	if !allowed {
		if allowed, err = d.mayAct(ctx, e); err != nil {
			return err
		}
	}
	deed := store.Deed{Who: e.Sender, How: "removal", EventID: e.EventID, Outcome: "done"}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := d.takeBack(tx, e, &deed); err != nil {
			return err
		}
		switch {
		case deed.Action == "":
			return tx.EventHandled(e.ID)
		case !allowed:
			return errMayNot
		}
		return record(tx, e, deed)
	})
	if errors.Is(err, errMayNot) {
		err = d.denyRemoval(ctx, e, removed, deed)
	}
	if err == nil {
		d.Outbox.Wake()
	}
	return err
}

// removed returns the event that another one removes; it is empty when that was nothing
// for the bot.
func (d *Desk) removed(ctx context.Context, e store.RoomEvent) (removed store.RoomEvent, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) (err error) {
		removed, _, err = tx.RoomEvent(e.Target)
		return err
	})
	return removed, err
}

// denyRemoval tells somebody, once for each thing removed, that it still counts.
func (d *Desk) denyRemoval(ctx context.Context, e, removed store.RoomEvent, deed store.Deed) error {
	deed.Outcome = "refused"
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		var m text.Message
		m.Text(d.Language.Say("command.denied-removal", "Who", text.Person(e.Sender)))
		key := fmt.Sprintf("denied-removal-%d-%s", removed.ID, e.Sender)
		if err := d.Outbox.AddNotice(tx, key, e.Room, cards.Message{Plain: m.Plain(), HTML: m.HTML()}); err != nil {
			return err
		}
		return record(tx, e, deed)
	})
}

func (d *Desk) takeBack(tx *store.Tx, e store.RoomEvent, deed *store.Deed) error {
	routine, known, err := d.Routines.UndoByEvent(tx, e.Target, e.Sender)
	if err != nil {
		return err
	}
	if known {
		deed.Action, deed.Subject = "undo", routine
		return nil
	}
	for _, undo := range []struct {
		action string
		do     func(eventID string) (bool, error)
	}{{"unaway", tx.UndoAbsences}, {"unswap", func(id string) (bool, error) { return d.Routines.UndoSwap(tx, id) }}} {
		if undone, err := undo.do(e.Target); err != nil || undone {
			deed.Action = undo.action
			return err
		}
	}
	return d.takeBackTriage(tx, e, deed)
}

// undone is how the audit log calls the removal of what was said of an incident.
var undone = map[store.IncidentMarkKind]string{
	store.Ack: "unack", store.Silence: "unsilence", store.Handled: "reopen", store.Note: "unnote",
}

func (d *Desk) takeBackTriage(tx *store.Tx, e store.RoomEvent, deed *store.Deed) error {
	m, known, err := d.Alerts.UndoByEvent(tx, e.Target, e.Sender)
	if err != nil {
		return err
	}
	if known {
		deed.Action, deed.Subject = undone[m.Kind], alerts.IncidentCard+" "+strconv.FormatInt(m.IncidentID, 10)
		return nil
	}
	rule, known, err := tx.SilenceByEvent(e.Target)
	if err != nil || !known {
		return err
	}
	deed.Action, deed.Subject = "unsilence", "silence "+strconv.FormatInt(rule.ID, 10)
	return d.Alerts.EndSilence(tx, rule.ID, e.Sender)
}

package routines

import (
	"fmt"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// open makes the occurrence for a date that is due or may be done already, unless
// the open one stands for it: a chore that comes every few days is asked for once
// until it is done, whatever its date would be now, and a clock that was set back
// asks for nothing. waits reports that its checks have to be made first.
func (d *Desk) open(tx *store.Tx, due Due, evidence Evidence) (changed, waits bool, err error) {
	r, _ := d.byKey(due.Routine)
	current, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return false, false, err
	}
	if isOpen && (r.rolls() || !due.Due.After(current.Due)) {
		changed, err = d.showLate(tx, current)
		return changed, false, err
	}
	there, known, err := tx.OccurrenceAt(r.Key, due.Due)
	if err != nil {
		return false, false, err
	}
	outcomes, looked := evidence[r.Key]
	if !known && len(r.Checks) > 0 && d.Checks != nil && !looked {
		return false, true, nil
	}
	if isOpen {
		if err := d.setState(tx, current, store.OccurrenceMissed); err != nil {
			return false, false, err
		}
	}
	if known {
		changed, err = d.reopen(tx, there)
		return changed || isOpen, false, err
	}
	if err := d.recordMissed(tx, r, due); err != nil {
		return false, false, err
	}
	return true, false, d.begin(tx, r, due, outcomes)
}

// mostMissed is how many dates that passed while the bot was away are recorded.
const mostMissed = 100

// recordMissed notes the dates that passed while nobody looked, for the history: they
// get no card.
func (d *Desk) recordMissed(tx *store.Tx, r Routine, due Due) error {
	if due.Missed == 0 {
		return nil
	}
	f, _, err := History(tx, r)
	if err != nil {
		return err
	}
	missed := Missed(r, f, tx.Now, d.Location)
	for _, date := range missed[max(0, len(missed)-mostMissed):] {
		o, fresh, err := tx.OpenOccurrence(r.Key, date)
		if err != nil {
			return err
		}
		if fresh {
			if err := tx.SetOccurrenceState(o.ID, store.OccurrenceMissed); err != nil {
				return err
			}
		}
	}
	return nil
}

// reopen brings back an occurrence that the bot itself had let go. What people said of
// it holds.
func (d *Desk) reopen(tx *store.Tx, o store.Occurrence) (changed bool, err error) {
	marks, err := tx.MarksOf(o.ID)
	if err != nil {
		return false, err
	}
	for _, m := range marks {
		if m.Kind != store.Skip || m.Who != "" {
			continue
		}
		if err := tx.UndoMark(m.ID, ""); err != nil {
			return false, err
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	return true, d.settle(tx, o.ID)
}

// begin makes the occurrence of a date that has none yet.
func (d *Desk) begin(tx *store.Tx, r Routine, due Due, outcomes []checks.Outcome) error {
	o, _, err := tx.OpenOccurrence(r.Key, due.Due)
	if err != nil {
		return err
	}
	if err := tx.SetOccurrenceLate(o.ID, due.Late); err != nil {
		return err
	}
	well, err := d.doesItself(tx, r, outcomes)
	if err != nil {
		return err
	}
	o.Title, o.Deadline, o.Nudged = d.title(o), due.Deadline.String(), tx.Now
	if o.Evidence, err = encodeEvidence(outcomes); err != nil {
		return err
	}
	if !well { // only what asks for somebody is anybody's turn
		if o, err = d.takeTurn(tx, r, o); err != nil {
			return err
		}
	}
	if err := tx.SetOccurrencePlan(o); err != nil {
		return err
	}
	if well {
		return d.completeByChecks(tx, o)
	}
	if err := d.show(tx, o); err != nil {
		return err
	}
	return d.showDetails(tx, o, CardKind, o.ID, outcomes)
}

// showDetails puts what the checks measured into the thread of a card.
func (d *Desk) showDetails(tx *store.Tx, o store.Occurrence, kind string, subject int64, outcomes []checks.Outcome) error {
	var m text.Message
	for _, outcome := range outcomes {
		if outcome.Detail != "" {
			m.Bold(outcome.Ref).Line().Pre(outcome.Detail)
		}
	}
	card, stands, err := tx.CardOf(kind, subject)
	if err != nil || !stands || m.Plain() == "" {
		return err
	}
	key := fmt.Sprintf("details-%d-%d", card.ID, o.ID)
	return d.Notices.AddUnder(tx, key, card, cards.Message{Plain: m.Plain(), HTML: m.HTML(), Thread: cards.TheCard})
}

// doesItself reports whether a routine may complete itself this time: it is
// configured so, all its checks are well, and people looked at it lately.
func (d *Desk) doesItself(tx *store.Tx, r Routine, outcomes []checks.Outcome) (bool, error) {
	if !r.WhenOK || len(outcomes) == 0 {
		return false, nil
	}
	for _, o := range outcomes {
		if o.Status != checks.OK {
			return false, nil
		}
	}
	n, err := tx.CompletedByChecks(r.Key)
	return n < r.askEvery()-1, err
}

// completeByChecks completes an occurrence without showing it: only the digest does.
func (d *Desk) completeByChecks(tx *store.Tx, o store.Occurrence) error {
	err := tx.AddCompletion(store.Completion{
		Routine: o.Routine, OccurrenceID: o.ID, At: tx.Now, How: "check", EventID: fmt.Sprintf("check-%d", o.ID),
	})
	if err != nil {
		return err
	}
	return tx.SetOccurrenceState(o.ID, store.OccurrenceDone)
}

// showLate brings what a card says of its lateness up to date.
func (d *Desk) showLate(tx *store.Tx, o store.Occurrence) (changed bool, err error) {
	deadline, _ := ParseDate(o.Deadline) // "" is none, and what else is there was written by us
	days := lateness(o.Due, deadline, tx.Now, d.Location)
	if o.Late == days {
		return false, nil
	}
	if err := tx.SetOccurrenceLate(o.ID, days); err != nil {
		return false, err
	}
	s, err := stands(tx, o)
	if err != nil {
		return false, err
	}
	if _, snoozed := s.snooze(tx.Now); snoozed || o.State == store.OccurrenceClaimed {
		return false, nil // its card does not say so
	}
	return true, d.show(tx, o)
}

// show has the room show how an occurrence stands: on its own card, or on the
// rounds in which it is. In a room with rounds, the round of the day takes it up.
func (d *Desk) show(tx *store.Tx, o store.Occurrence) error {
	r, _ := d.byKey(o.Routine)
	items, err := tx.RoundsOf(o.ID)
	if err != nil {
		return err
	}
	for _, i := range items {
		if err := tx.ShowCard(store.Card{Kind: RoundKind, Subject: i.RoundID, Room: r.room()}); err != nil {
			return err
		}
	}
	_, stands, err := tx.CardOf(CardKind, o.ID)
	if err != nil || !stands && (d.Settings.Rounds[r.room()] || len(items) > 0) {
		return err
	}
	return tx.ShowCard(store.Card{Kind: CardKind, Subject: o.ID, Room: r.room()})
}

package routines

import (
	"slices"
	"time"

	"ronde/store"
)

// standing is how an occurrence stands: what people said of it and did not take
// back. Its state is a fold over that, so taking anything back needs no special case.
type standing struct {
	store.Occurrence
	done  []store.Completion
	marks []store.Mark
}

// stands reads how an occurrence stands.
func stands(tx *store.Tx, o store.Occurrence) (s standing, err error) {
	s.Occurrence = o
	if s.done, err = tx.CompletionsOf(o.ID); err != nil {
		return s, err
	}
	s.marks, err = tx.MarksOf(o.ID)
	return s, err
}

// last returns the newest mark of a kind for which fits holds.
func (s standing) last(kind store.MarkKind, fits func(store.Mark) bool) (store.Mark, bool) {
	for _, m := range slices.Backward(s.marks) {
		if m.Kind == kind && fits(m) {
			return m, true
		}
	}
	return store.Mark{}, false
}

// claim returns who is on it now; the first who said so leads.
func (s standing) claim(now time.Time) (store.Mark, bool) {
	i := slices.IndexFunc(s.marks, func(m store.Mark) bool { return m.Kind == store.Claim && m.Until.After(now) })
	if i < 0 {
		return store.Mark{}, false
	}
	return s.marks[i], true
}

// snooze returns until when it is put off, if it is.
func (s standing) snooze(now time.Time) (store.Mark, bool) {
	return s.last(store.Snooze, func(m store.Mark) bool { return m.Until.After(now) })
}

// early reports whether it may be done but is not asked for yet: only its window is
// open. A clock that was set back does not make it so.
func (s standing) early(now time.Time) bool {
	return s.Due.After(now) && !s.Nudged.IsZero() && s.Nudged.Before(s.Due)
}

func (s standing) skip() (store.Mark, bool) {
	return s.last(store.Skip, func(store.Mark) bool { return true })
}

// state folds what people said. replaced is true when another occurrence
// stands for the routine.
func (s standing) state(now time.Time, replaced bool) store.OccurrenceState {
	_, skipped := s.skip()
	_, claimed := s.claim(now)
	switch {
	case len(s.done) > 0:
		return store.OccurrenceDone
	case skipped:
		return store.OccurrenceSkipped
	case replaced:
		return store.OccurrenceMissed
	case claimed:
		return store.OccurrenceClaimed
	}
	return store.OccurrenceOpen
}

// settle gives an occurrence the state that follows from what was said of it, and
// has the room show it.
func (d *Desk) settle(tx *store.Tx, id int64) error {
	o, known, err := tx.Occurrence(id)
	if err != nil || !known {
		return err
	}
	state, err := d.fold(tx, o)
	if err != nil {
		return err
	}
	return d.setState(tx, o, state)
}

// fold returns the state that follows from what was said of an occurrence. One that is
// not the newest of its routine never opens again: what asks is the newer one, or,
// where that is done, nothing.
func (d *Desk) fold(tx *store.Tx, o store.Occurrence) (store.OccurrenceState, error) {
	s, err := stands(tx, o)
	if err != nil {
		return "", err
	}
	if len(s.done) == 0 {
		if s.done, err = d.adopt(tx, o); err != nil {
			return "", err
		}
	}
	newest, err := tx.OccurrencesOf(o.Routine, 1)
	if err != nil {
		return "", err
	}
	open, isOpen, err := tx.OpenOccurrenceOf(o.Routine)
	if err != nil {
		return "", err
	}
	return s.state(tx.Now, newest[0].ID != o.ID || isOpen && open.ID != o.ID), nil
}

func (d *Desk) setState(tx *store.Tx, o store.Occurrence, state store.OccurrenceState) error {
	if err := tx.SetOccurrenceState(o.ID, state); err != nil {
		return err
	}
	o.State = state
	return d.show(tx, o)
}

// adopt gives an occurrence whose completions were all taken back the last one that
// was recorded without an occurrence since it was opened: somebody said "done" of
// what was done already, and that still holds.
func (d *Desk) adopt(tx *store.Tx, o store.Occurrence) ([]store.Completion, error) {
	last, known, err := tx.LastCompletion(o.Routine)
	if err != nil || !known || last.OccurrenceID != 0 || last.At.Before(o.OpenedAt) {
		return nil, err
	}
	return []store.Completion{last}, tx.GiveCompletion(last.ID, o.ID)
}

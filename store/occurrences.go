package store

import (
	"database/sql"
	"fmt"
	"time"
)

// OccurrenceState says how far an occurrence is.
type OccurrenceState string

// The states of an occurrence.
const (
	OccurrenceOpen    OccurrenceState = "open"
	OccurrenceClaimed OccurrenceState = "claimed" // somebody is on it
	OccurrenceDone    OccurrenceState = "done"
	OccurrenceSkipped OccurrenceState = "skipped" // left out on purpose
	OccurrenceMissed  OccurrenceState = "missed"  // the next one fell due before it was done
)

// Occurrence is one time that a routine was due.
type Occurrence struct {
	ID       int64
	Routine  string
	Title    string // the routine's when it opened
	Due      time.Time
	State    OccurrenceState
	OpenedAt time.Time
	Late     int       // whole days late, as its card says
	Deadline string    // the last day for it, "2026-01-31", or ""
	Turn     string    // whose turn it is, "" for nobody's
	Holder   string    // whose turn it was before any swap
	Evidence string    // JSON: what its checks said when it fell due
	Nudged   time.Time // every reminder up to then was said
}

// Open reports whether the occurrence still waits for somebody.
func (o Occurrence) Open() bool { return o.State == OccurrenceOpen || o.State == OccurrenceClaimed }

// OpenOccurrence records that a routine is due and returns the occurrence. When
// it is there already, in whatever state, it is returned as it is; fresh says
// whether it was made now.
func (tx *Tx) OpenOccurrence(routine string, due time.Time) (o Occurrence, fresh bool, err error) {
	n, err := tx.changed(`INSERT INTO occurrences (routine, due_at, state, opened_at) VALUES (?, ?, 'open', ?)
		ON CONFLICT (routine, due_at) DO NOTHING`, routine, ms(due), ms(tx.Now))
	if err != nil {
		return o, false, fmt.Errorf("open an occurrence of %s: %w", routine, err)
	}
	o, _, err = tx.OccurrenceAt(routine, due)
	return o, n > 0, err
}

// Occurrence returns an occurrence by its id.
func (tx *Tx) Occurrence(id int64) (Occurrence, bool, error) {
	o, known, err := one(tx, scanOccurrence, selectOccurrence+"WHERE id = ?", id)
	if err != nil {
		return o, false, fmt.Errorf("read occurrence %d: %w", id, err)
	}
	return o, known, nil
}

// OccurrenceAt returns the occurrence of a routine and a due date.
func (tx *Tx) OccurrenceAt(routine string, due time.Time) (Occurrence, bool, error) {
	o, known, err := one(tx, scanOccurrence, selectOccurrence+"WHERE routine = ? AND due_at = ?", routine, ms(due))
	if err != nil {
		return o, false, fmt.Errorf("read an occurrence of %s: %w", routine, err)
	}
	return o, known, nil
}

// OpenOccurrences returns the occurrences that wait for somebody, oldest due date first.
func (tx *Tx) OpenOccurrences() ([]Occurrence, error) {
	all, err := many(tx, scanOccurrence, selectOccurrence+"WHERE state IN ('open', 'claimed') ORDER BY due_at, id")
	if err != nil {
		return nil, fmt.Errorf("read open occurrences: %w", err)
	}
	return all, nil
}

// OpenOccurrenceOf returns the open occurrence of a routine.
func (tx *Tx) OpenOccurrenceOf(routine string) (Occurrence, bool, error) {
	o, known, err := one(tx, scanOccurrence, openOccurrenceOf, routine)
	if err != nil {
		return o, false, fmt.Errorf("read the open occurrence of %s: %w", routine, err)
	}
	return o, known, nil
}

// SetOccurrenceState moves an occurrence on.
func (tx *Tx) SetOccurrenceState(id int64, state OccurrenceState) error {
	if _, err := tx.exec("UPDATE occurrences SET state = ? WHERE id = ?", state, id); err != nil {
		return fmt.Errorf("set occurrence %d to %s: %w", id, state, err)
	}
	return nil
}

// SetOccurrencePlan stores what is decided when an occurrence opens: its title and
// deadline, whose turn it is, and what its checks said.
func (tx *Tx) SetOccurrencePlan(o Occurrence) error {
	_, err := tx.exec("UPDATE occurrences SET title = ?, deadline = ?, turn = ?, holder = ?, evidence = ?, nudged = ? WHERE id = ?",
		o.Title, o.Deadline, o.Turn, o.Holder, o.Evidence, ms(o.Nudged), o.ID)
	if err != nil {
		return fmt.Errorf("plan occurrence %d: %w", o.ID, err)
	}
	return nil
}

// SetOccurrenceTurn stores whose turn an occurrence is.
func (tx *Tx) SetOccurrenceTurn(id int64, who string) error {
	if _, err := tx.exec("UPDATE occurrences SET turn = ? WHERE id = ?", who, id); err != nil {
		return fmt.Errorf("set whose turn occurrence %d is: %w", id, err)
	}
	return nil
}

// Nudged stores that every reminder of an occurrence up to now was said.
func (tx *Tx) Nudged(id int64) error {
	if _, err := tx.exec("UPDATE occurrences SET nudged = ? WHERE id = ?", ms(tx.Now), id); err != nil {
		return fmt.Errorf("store that occurrence %d was said again: %w", id, err)
	}
	return nil
}

// SetOccurrenceLate stores how many days late an occurrence's card says it is.
func (tx *Tx) SetOccurrenceLate(id int64, days int) error {
	if _, err := tx.exec("UPDATE occurrences SET late = ? WHERE id = ?", days, id); err != nil {
		return fmt.Errorf("set how late occurrence %d is: %w", id, err)
	}
	return nil
}

// Replaced reports whether there is an occurrence of the same routine with a later due
// date.
func (tx *Tx) Replaced(o Occurrence) (bool, error) {
	_, later, err := one(tx, scanOccurrence, selectOccurrence+"WHERE routine = ? AND due_at > ? LIMIT 1", o.Routine, ms(o.Due))
	if err != nil {
		return false, fmt.Errorf("look for what replaced occurrence %d: %w", o.ID, err)
	}
	return later, nil
}

// SetOccurrenceDue moves the due date of an occurrence.
func (tx *Tx) SetOccurrenceDue(id int64, due time.Time) error {
	if _, err := tx.exec("UPDATE occurrences SET due_at = ? WHERE id = ?", ms(due), id); err != nil {
		return fmt.Errorf("move the due date of occurrence %d: %w", id, err)
	}
	return nil
}

// OccurrencesOf returns the occurrences of a routine, the newest due date first.
func (tx *Tx) OccurrencesOf(routine string, limit int) ([]Occurrence, error) {
	all, err := many(tx, scanOccurrence, selectOccurrence+"WHERE routine = ? ORDER BY due_at DESC LIMIT ?", routine, limit)
	if err != nil {
		return nil, fmt.Errorf("read the occurrences of %s: %w", routine, err)
	}
	return all, nil
}

// OccurrencesSince returns the occurrences of all routines that fell due from a
// time on, oldest first.
func (tx *Tx) OccurrencesSince(since time.Time) ([]Occurrence, error) {
	all, err := many(tx, scanOccurrence, selectOccurrence+"WHERE due_at >= ? ORDER BY due_at, id", ms(since))
	if err != nil {
		return nil, fmt.Errorf("read the occurrences since %s: %w", since.Format(time.DateOnly), err)
	}
	return all, nil
}

const openOccurrenceOf = selectOccurrence + "WHERE routine = ? AND state IN ('open', 'claimed')"

const selectOccurrence = `SELECT id, routine, title, due_at, state, opened_at, late, deadline, turn, holder, evidence, nudged FROM occurrences `

func scanOccurrence(row scanner) (o Occurrence, err error) {
	var due, opened, nudged sql.NullInt64
	err = row.Scan(&o.ID, &o.Routine, &o.Title, &due, &o.State, &opened, &o.Late, &o.Deadline, &o.Turn, &o.Holder, &o.Evidence, &nudged)
	o.Due, o.OpenedAt, o.Nudged = at(due), at(opened), at(nudged)
	return o, err
}

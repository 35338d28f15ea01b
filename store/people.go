package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Absence says that somebody is away on the days from First to Last, both included.
type Absence struct {
	ID          int64
	Who         string // Matrix user id
	First, Last string // "2026-12-24"
	EventID     string
}

// AddAbsence records an absence. The same event changes nothing the second time.
func (tx *Tx) AddAbsence(a Absence) error {
	_, err := tx.exec(`INSERT INTO absences (who, first, last, event_id) VALUES (?, ?, ?, ?)
		ON CONFLICT (event_id) DO NOTHING`, a.Who, a.First, a.Last, a.EventID)
	if err != nil {
		return fmt.Errorf("record an absence of %s: %w", a.Who, err)
	}
	return nil
}

// Absences returns the absences that have not ended before a day, soonest first.
func (tx *Tx) Absences(day string) ([]Absence, error) {
	all, err := many(tx, scanAbsence, "SELECT id, who, first, last, event_id FROM absences WHERE last >= ? AND undone_at IS NULL ORDER BY first, id", day)
	if err != nil {
		return nil, fmt.Errorf("read who is away: %w", err)
	}
	return all, nil
}

// UndoAbsences takes back what an event said of somebody's absence, and reports
// whether it had said anything.
func (tx *Tx) UndoAbsences(eventID string) (undone bool, err error) {
	n, err := tx.changed("UPDATE absences SET undone_at = ? WHERE event_id = ? AND undone_at IS NULL", ms(tx.Now), eventID)
	if err != nil {
		return false, fmt.Errorf("undo an absence: %w", err)
	}
	return n > 0, nil
}

// EndAbsences makes all absences of somebody end before a day: those that have
// begun are cut short, those to come are taken back. It returns how many.
func (tx *Tx) EndAbsences(who, day, before string) (int, error) {
	begun, err := tx.changed("UPDATE absences SET last = ? WHERE who = ? AND first < ? AND last >= ? AND undone_at IS NULL", before, who, day, day)
	if err != nil {
		return 0, fmt.Errorf("end the absence of %s: %w", who, err)
	}
	toCome, err := tx.changed("UPDATE absences SET undone_at = ? WHERE who = ? AND first >= ? AND undone_at IS NULL", ms(tx.Now), who, day)
	if err != nil {
		return 0, fmt.Errorf("end the absence of %s: %w", who, err)
	}
	return begun + toCome, nil
}

// Swap says that the next turn of Gives at a routine is taken by Takes, once.
type Swap struct {
	ID           int64
	Routine      string
	Gives, Takes string
	EventID      string
	UsedBy       int64 // the occurrence at which it was used, 0 for none
}

// AddSwap records a swap and returns its id.
func (tx *Tx) AddSwap(s Swap) (int64, error) {
	id, err := tx.insert("INSERT INTO swaps (routine, gives, takes, event_id) VALUES (?, ?, ?, ?)", s.Routine, s.Gives, s.Takes, s.EventID)
	if err != nil {
		return 0, fmt.Errorf("record a swap of %s: %w", s.Routine, err)
	}
	return id, nil
}

// SwapsToUse returns the swaps of a routine that no turn has used, oldest first.
func (tx *Tx) SwapsToUse(routine string) ([]Swap, error) {
	all, err := many(tx, scanSwap, selectSwap+"WHERE routine = ? AND used_by IS NULL AND undone_at IS NULL ORDER BY id", routine)
	if err != nil {
		return nil, fmt.Errorf("read the swaps of %s: %w", routine, err)
	}
	return all, nil
}

// UseSwap stores the occurrence at which a swap was used.
func (tx *Tx) UseSwap(id, occurrence int64) error {
	if _, err := tx.exec("UPDATE swaps SET used_by = ? WHERE id = ?", occurrence, id); err != nil {
		return fmt.Errorf("use swap %d: %w", id, err)
	}
	return nil
}

// SwapsByEvent returns the swaps that an event made, if they count, the giver's first.
func (tx *Tx) SwapsByEvent(eventID string) ([]Swap, error) {
	all, err := many(tx, scanSwap, selectSwap+"WHERE event_id = ? AND undone_at IS NULL ORDER BY id", eventID)
	if err != nil {
		return nil, fmt.Errorf("read the swaps by event %s: %w", eventID, err)
	}
	return all, nil
}

// UndoSwap flags a swap as taken back.
func (tx *Tx) UndoSwap(id int64) error {
	if _, err := tx.exec("UPDATE swaps SET undone_at = ? WHERE id = ? AND undone_at IS NULL", ms(tx.Now), id); err != nil {
		return fmt.Errorf("undo swap %d: %w", id, err)
	}
	return nil
}

// Turn is who was to do an occurrence.
type Turn struct {
	Routine string
	Due     time.Time
	Who     string // whose turn it was in the end
	Holder  string // whose turn it was before any swap
}

// TurnsSince returns the turns of all routines from a time on, oldest first.
func (tx *Tx) TurnsSince(since time.Time) ([]Turn, error) {
	all, err := many(tx, scanTurn, selectTurn+"WHERE turn <> '' AND due_at >= ? ORDER BY due_at, id", ms(since))
	if err != nil {
		return nil, fmt.Errorf("read whose turn it was: %w", err)
	}
	return all, nil
}

// LastTurn returns the newest turn at a routine.
func (tx *Tx) LastTurn(routine string) (Turn, bool, error) {
	t, known, err := one(tx, scanTurn, selectTurn+"WHERE routine = ? AND turn <> '' ORDER BY due_at DESC, id DESC LIMIT 1", routine)
	if err != nil {
		return t, false, fmt.Errorf("read whose turn %s was: %w", routine, err)
	}
	return t, known, nil
}

// LastDoneBy returns when each person last did a routine, helpers included.
func (tx *Tx) LastDoneBy(routine string) (map[string]time.Time, error) {
	all, err := many(tx, scanCompletion, selectCompletion+"WHERE routine = ? AND undone_at IS NULL ORDER BY at DESC LIMIT 500", routine)
	if err != nil {
		return nil, fmt.Errorf("read who did %s: %w", routine, err)
	}
	last := map[string]time.Time{}
	for _, c := range all {
		for _, who := range append(c.Helpers, c.Who) {
			if c.At.After(last[who]) {
				last[who] = c.At
			}
		}
	}
	return last, nil
}

// Reading is what a check said last.
type Reading struct {
	Ref              string
	At, Since, Until time.Time // Until is zero when the check reads no date
	Holds            bool
}

// SetReading stores what a check said. A condition that held before keeps since
// when it has.
func (tx *Tx) SetReading(r Reading) error {
	_, err := tx.exec(`INSERT INTO readings (ref, at, holds, since, until) VALUES (?1, ?2, ?3, ?2, ?4)
		ON CONFLICT (ref) DO UPDATE SET at = ?2, until = ?4, holds = ?3,
			since = CASE WHEN holds = ?3 THEN since ELSE ?2 END`, r.Ref, ms(r.At), r.Holds, ms(r.Until))
	if err != nil {
		return fmt.Errorf("store what %s says: %w", r.Ref, err)
	}
	return nil
}

// Reading returns what a check said last, zero when it never did.
func (tx *Tx) Reading(ref string) (Reading, error) {
	r, _, err := one(tx, scanReading, "SELECT ref, at, holds, since, until FROM readings WHERE ref = ?", ref)
	if err != nil {
		return r, fmt.Errorf("read what %s says: %w", ref, err)
	}
	return r, nil
}

const (
	selectSwap = `SELECT id, routine, gives, takes, event_id, coalesce(used_by, 0) FROM swaps `
	selectTurn = `SELECT routine, due_at, turn, holder FROM occurrences `
)

func scanAbsence(row scanner) (a Absence, err error) {
	return a, row.Scan(&a.ID, &a.Who, &a.First, &a.Last, &a.EventID)
}

func scanSwap(row scanner) (s Swap, err error) {
	return s, row.Scan(&s.ID, &s.Routine, &s.Gives, &s.Takes, &s.EventID, &s.UsedBy)
}

func scanTurn(row scanner) (t Turn, err error) {
	var due sql.NullInt64
	err = row.Scan(&t.Routine, &due, &t.Who, &t.Holder)
	t.Due = at(due)
	return t, err
}

func scanReading(row scanner) (r Reading, err error) {
	var when, since, until sql.NullInt64
	err = row.Scan(&r.Ref, &when, &r.Holds, &since, &until)
	r.At, r.Since, r.Until = at(when), at(since), at(until)
	return r, err
}

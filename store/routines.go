package store

import (
	"database/sql"
	"fmt"
	"strings"
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

// Completion is the record that a routine was done.
type Completion struct {
	ID           int64
	Routine      string
	OccurrenceID int64 // 0 when none was open
	At           time.Time
	Who          string   // Matrix user id; "" for a check
	Helpers      []string // who did it together with Who
	How          string   // reaction, command or check
	EventID      string   // the reaction or the command
	Note         string
	RecordedAt   time.Time // when the bot took note of it
	UndoneAt     time.Time // zero while it counts
}

// People returns everybody who did it; none for a check.
func (c Completion) People() []string {
	if c.Who == "" {
		return c.Helpers
	}
	return append([]string{c.Who}, c.Helpers...)
}

// KnowRoutine notes that a routine is configured, and returns since when.
func (tx *Tx) KnowRoutine(key string) (time.Time, error) {
	since, known, err := tx.RoutineSince(key)
	if err != nil || known {
		return since, err
	}
	if _, err := tx.exec("INSERT INTO routines (key, since) VALUES (?, ?)", key, ms(tx.Now)); err != nil {
		return time.Time{}, fmt.Errorf("note routine %s: %w", key, err)
	}
	since, _, err = tx.RoutineSince(key)
	return since, err
}

// RoutineConfig returns how a routine was configured when it was last looked at,
// "" for one that is new or was taken out of the configuration.
func (tx *Tx) RoutineConfig(key string) (string, error) {
	config, _, err := one(tx, func(row scanner) (c string, err error) { return c, row.Scan(&c) },
		"SELECT config FROM routines WHERE key = ?", key)
	if err != nil {
		return "", fmt.Errorf("read how routine %s was configured: %w", key, err)
	}
	return config, nil
}

// SetRoutineConfig stores how a known routine is configured.
func (tx *Tx) SetRoutineConfig(key, config string) error {
	if _, err := tx.exec("UPDATE routines SET config = ? WHERE key = ?", config, key); err != nil {
		return fmt.Errorf("store how routine %s is configured: %w", key, err)
	}
	return nil
}

// RoutineSince returns since when a routine is known.
func (tx *Tx) RoutineSince(key string) (since time.Time, known bool, err error) {
	since, known, err = one(tx, scanTime, "SELECT since FROM routines WHERE key = ?", key)
	if err != nil {
		return since, false, fmt.Errorf("read since when routine %s is known: %w", key, err)
	}
	return since, known, nil
}

// RoutineHistory is what of a routine's history decides when it is due.
type RoutineHistory struct {
	Key     string
	Since   time.Time // when it became known
	Done    time.Time // the newest completion that counts, zero for none
	DoneBy  string    // who did that, "" for a check
	Skipped time.Time // when a person last skipped it and it was not done after all, zero for never; what the bot skipped itself does not count
}

// RoutineHistories returns the history of every routine that is known, by its key. It
// is one query, whatever the number of routines and years.
func (tx *Tx) RoutineHistories() (map[string]RoutineHistory, error) {
	all, err := many(tx, scanHistory, selectHistory)
	if err != nil {
		return nil, fmt.Errorf("read the history of the routines: %w", err)
	}
	byKey := make(map[string]RoutineHistory, len(all))
	for _, h := range all {
		byKey[h.Key] = h
	}
	return byKey, nil
}

// RoutineHistory returns the history of one routine.
func (tx *Tx) RoutineHistory(key string) (RoutineHistory, bool, error) {
	h, known, err := one(tx, scanHistory, selectHistory+" WHERE r.key = ?", key)
	if err != nil {
		return h, false, fmt.Errorf("read the history of %s: %w", key, err)
	}
	return h, known, nil
}

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

// AddCompletion records a completion. The same event changes nothing the second
// time.
func (tx *Tx) AddCompletion(c Completion) error {
	var occurrence any
	if c.OccurrenceID != 0 {
		occurrence = c.OccurrenceID
	}
	_, err := tx.exec(`INSERT INTO completions (routine, occurrence_id, at, recorded_at, who, helpers, how, event_id, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (event_id) DO NOTHING`, c.Routine, occurrence, ms(c.At), ms(tx.Now), c.Who, strings.Join(c.Helpers, "\n"), c.How, c.EventID, c.Note)
	if err != nil {
		return fmt.Errorf("record a completion of %s: %w", c.Routine, err)
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

// CompletionsSince returns the completions that count, of all routines, from a
// time on, oldest first.
func (tx *Tx) CompletionsSince(since time.Time) ([]Completion, error) {
	all, err := many(tx, scanCompletion, selectCompletion+"WHERE at >= ? AND undone_at IS NULL ORDER BY at, id", ms(since))
	if err != nil {
		return nil, fmt.Errorf("read the completions since %s: %w", since.Format(time.DateOnly), err)
	}
	return all, nil
}

// AllCompletions returns every completion of a routine, or of all for "", those
// taken back too, oldest first.
func (tx *Tx) AllCompletions(routine string) ([]Completion, error) {
	all, err := many(tx, scanCompletion, selectCompletion+"WHERE routine = ? OR ? = '' ORDER BY at, id", routine, routine)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	return all, nil
}

// CompletedByChecks returns how many times in a row checks have completed a
// routine since a person last did.
func (tx *Tx) CompletedByChecks(routine string) (n int, err error) {
	n, _, err = one(tx, func(row scanner) (n int, err error) { return n, row.Scan(&n) },
		`SELECT count(*) FROM completions WHERE routine = ? AND undone_at IS NULL AND how = 'check' AND at >
			(SELECT coalesce(max(at), -1) FROM completions WHERE routine = ? AND undone_at IS NULL AND how <> 'check')`, routine, routine)
	if err != nil {
		return 0, fmt.Errorf("count how often checks completed %s: %w", routine, err)
	}
	return n, nil
}

// LastCompletion returns the newest completion of a routine that counts.
func (tx *Tx) LastCompletion(routine string) (Completion, bool, error) {
	c, known, err := one(tx, scanCompletion, lastCompletion, routine)
	if err != nil {
		return c, false, fmt.Errorf("read the last completion of %s: %w", routine, err)
	}
	return c, known, nil
}

// LastRecorded returns the completion of a routine that was recorded last and counts,
// whatever time it is of.
func (tx *Tx) LastRecorded(routine string) (Completion, bool, error) {
	c, known, err := one(tx, scanCompletion, selectCompletion+"WHERE routine = ? AND undone_at IS NULL ORDER BY recorded_at DESC, id DESC LIMIT 1", routine)
	if err != nil {
		return c, false, fmt.Errorf("read what was recorded last of %s: %w", routine, err)
	}
	return c, known, nil
}

// LastCompletions returns the newest completions of a routine that count, newest first.
func (tx *Tx) LastCompletions(routine string, limit int) ([]Completion, error) {
	all, err := many(tx, scanCompletion, selectCompletion+"WHERE routine = ? AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT ?", routine, limit)
	if err != nil {
		return nil, fmt.Errorf("read the last completions of %s: %w", routine, err)
	}
	return all, nil
}

// CompletionsOf returns the completions of an occurrence that count, oldest first.
func (tx *Tx) CompletionsOf(occurrence int64) ([]Completion, error) {
	all, err := many(tx, scanCompletion, selectCompletion+"WHERE occurrence_id = ? AND undone_at IS NULL ORDER BY at, id", occurrence)
	if err != nil {
		return nil, fmt.Errorf("read the completions of occurrence %d: %w", occurrence, err)
	}
	return all, nil
}

// CompletionByEvent returns the completion that an event made, if it counts.
func (tx *Tx) CompletionByEvent(eventID string) (Completion, bool, error) {
	c, known, err := one(tx, scanCompletion, selectCompletion+"WHERE event_id = ? AND undone_at IS NULL", eventID)
	if err != nil {
		return c, false, fmt.Errorf("read the completion by event %s: %w", eventID, err)
	}
	return c, known, nil
}

// GiveCompletion says of which occurrence a completion is.
func (tx *Tx) GiveCompletion(id, occurrence int64) error {
	if _, err := tx.exec("UPDATE completions SET occurrence_id = ? WHERE id = ?", occurrence, id); err != nil {
		return fmt.Errorf("give completion %d to occurrence %d: %w", id, occurrence, err)
	}
	return nil
}

// UndoCompletion flags a completion as taken back.
func (tx *Tx) UndoCompletion(id int64, who string) error {
	_, err := tx.exec("UPDATE completions SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL", ms(tx.Now), who, id)
	if err != nil {
		return fmt.Errorf("undo completion %d: %w", id, err)
	}
	return nil
}

const selectHistory = `SELECT r.key, r.since, c.at, coalesce(c.who, ''),
		(SELECT m.at FROM marks m JOIN occurrences o ON o.id = m.occurrence_id
			WHERE m.routine = r.key AND m.kind = 'skip' AND m.who <> '' AND m.undone_at IS NULL AND o.state = 'skipped'
			ORDER BY m.at DESC LIMIT 1)
	FROM routines r LEFT JOIN completions c ON c.id =
		(SELECT id FROM completions WHERE routine = r.key AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT 1)`

func scanHistory(row scanner) (h RoutineHistory, err error) {
	var since, done, skipped sql.NullInt64
	err = row.Scan(&h.Key, &since, &done, &h.DoneBy, &skipped)
	h.Since, h.Done, h.Skipped = at(since), at(done), at(skipped)
	return h, err
}

const (
	lastCompletion   = selectCompletion + "WHERE routine = ? AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT 1"
	openOccurrenceOf = selectOccurrence + "WHERE routine = ? AND state IN ('open', 'claimed')"
)

const selectOccurrence = `SELECT id, routine, title, due_at, state, opened_at, late, deadline, turn, holder, evidence, nudged FROM occurrences `

func scanOccurrence(row scanner) (o Occurrence, err error) {
	var due, opened, nudged sql.NullInt64
	err = row.Scan(&o.ID, &o.Routine, &o.Title, &due, &o.State, &opened, &o.Late, &o.Deadline, &o.Turn, &o.Holder, &o.Evidence, &nudged)
	o.Due, o.OpenedAt, o.Nudged = at(due), at(opened), at(nudged)
	return o, err
}

const selectCompletion = `SELECT id, routine, coalesce(occurrence_id, 0), at, recorded_at, who, helpers, how, event_id, note, undone_at FROM completions `

func scanCompletion(row scanner) (c Completion, err error) {
	var when, recorded, undone sql.NullInt64
	var helpers string
	err = row.Scan(&c.ID, &c.Routine, &c.OccurrenceID, &when, &recorded, &c.Who, &helpers, &c.How, &c.EventID, &c.Note, &undone)
	c.At, c.RecordedAt, c.UndoneAt, c.Helpers = at(when), at(recorded), at(undone), strings.Fields(helpers)
	return c, err
}

func scanTime(row scanner) (time.Time, error) {
	var when sql.NullInt64
	err := row.Scan(&when)
	return at(when), err
}

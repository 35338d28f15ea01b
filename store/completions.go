package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

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

const lastCompletion = selectCompletion + "WHERE routine = ? AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT 1"

const selectCompletion = `SELECT id, routine, coalesce(occurrence_id, 0), at, recorded_at, who, helpers, how, event_id, note, undone_at FROM completions `

func scanCompletion(row scanner) (c Completion, err error) {
	var when, recorded, undone sql.NullInt64
	var helpers string
	err = row.Scan(&c.ID, &c.Routine, &c.OccurrenceID, &when, &recorded, &c.Who, &helpers, &c.How, &c.EventID, &c.Note, &undone)
	c.At, c.RecordedAt, c.UndoneAt, c.Helpers = at(when), at(recorded), at(undone), strings.Fields(helpers)
	return c, err
}

package store

import (
	"database/sql"
	"fmt"
	"time"
)

// MarkKind is what somebody says of an open occurrence besides that it is done.
type MarkKind string

// The kinds of mark.
const (
	Claim  MarkKind = "claim"  // who is on it, until a time
	Snooze MarkKind = "snooze" // not before a time
	Skip   MarkKind = "skip"   // not this time
)

// Mark is one such word.
type Mark struct {
	ID           int64
	OccurrenceID int64
	Kind         MarkKind
	At           time.Time
	Until        time.Time // of a claim and a snooze
	Who          string    // Matrix user id; "" when the bot itself skips what is not due any more
	EventID      string    // the reaction or the command
	Note         string
	RecordedAt   time.Time // when the bot took note of it
	Told         int       // of a claim that ended: 1 the claimer was told, 2 the room
	ToldAt       time.Time // when
	UndoneAt     time.Time // zero while it counts
}

// AddMark records a mark. The same event changes nothing the second time, for the
// same occurrence.
func (tx *Tx) AddMark(m Mark) error {
	_, err := tx.exec(`INSERT INTO marks (occurrence_id, routine, kind, at, recorded_at, until, who, event_id, note)
		SELECT id, routine, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM occurrences WHERE id = ?1
		ON CONFLICT (event_id, occurrence_id) DO NOTHING`, m.OccurrenceID, m.Kind, ms(m.At), ms(tx.Now), ms(m.Until), m.Who, m.EventID, m.Note)
	if err != nil {
		return fmt.Errorf("record a %s of occurrence %d: %w", m.Kind, m.OccurrenceID, err)
	}
	return nil
}

// MarksOf returns the marks of an occurrence that count, oldest first.
func (tx *Tx) MarksOf(occurrence int64) ([]Mark, error) {
	all, err := many(tx, scanMark, selectMark+"WHERE occurrence_id = ? AND undone_at IS NULL ORDER BY id", occurrence)
	if err != nil {
		return nil, fmt.Errorf("read the marks of occurrence %d: %w", occurrence, err)
	}
	return all, nil
}

// MarksByEvent returns the marks that an event made, if they count: one for each
// occurrence that it was about.
func (tx *Tx) MarksByEvent(eventID string) ([]Mark, error) {
	all, err := many(tx, scanMark, selectMark+"WHERE event_id = ? AND undone_at IS NULL ORDER BY id", eventID)
	if err != nil {
		return nil, fmt.Errorf("read the marks by event %s: %w", eventID, err)
	}
	return all, nil
}

// UndoMark flags a mark as taken back.
func (tx *Tx) UndoMark(id int64, who string) error {
	_, err := tx.exec("UPDATE marks SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL", ms(tx.Now), who, id)
	if err != nil {
		return fmt.Errorf("undo mark %d: %w", id, err)
	}
	return nil
}

// SetMarkNote gives a mark its note.
func (tx *Tx) SetMarkNote(id int64, note string) error {
	if _, err := tx.exec("UPDATE marks SET note = ? WHERE id = ?", note, id); err != nil {
		return fmt.Errorf("give mark %d its note: %w", id, err)
	}
	return nil
}

// MarkTold stores who was told that a claim ended.
func (tx *Tx) MarkTold(id int64, told int) error {
	if _, err := tx.exec("UPDATE marks SET told = ?, told_at = ? WHERE id = ?", told, ms(tx.Now), id); err != nil {
		return fmt.Errorf("store who was told of mark %d: %w", id, err)
	}
	return nil
}

const selectMark = `SELECT id, occurrence_id, kind, at, recorded_at, until, who, event_id, note, told, told_at, undone_at FROM marks `

func scanMark(row scanner) (m Mark, err error) {
	var when, recorded, until, told, undone sql.NullInt64
	err = row.Scan(&m.ID, &m.OccurrenceID, &m.Kind, &when, &recorded, &until, &m.Who, &m.EventID, &m.Note, &m.Told, &told, &undone)
	m.At, m.RecordedAt, m.Until, m.ToldAt, m.UndoneAt = at(when), at(recorded), at(until), at(told), at(undone)
	return m, err
}

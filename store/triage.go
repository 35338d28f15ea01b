package store

import (
	"database/sql"
	"fmt"
	"time"
)

// IncidentMarkKind is what somebody says of an incident.
type IncidentMarkKind string

// The kinds of mark on an incident.
const (
	Ack     IncidentMarkKind = "ack"     // who is on it, until a time
	Silence IncidentMarkKind = "silence" // nobody wants to hear of it before a time
	Handled IncidentMarkKind = "handled" // it is over
	Note    IncidentMarkKind = "note"    // a word about it
)

// IncidentMark is one such word.
type IncidentMark struct {
	ID         int64
	IncidentID int64
	Kind       IncidentMarkKind
	At         time.Time
	RecordedAt time.Time // when the bot took note of it
	Until      time.Time // of an ack and a silence; zero for an ack without an end
	Who        string    // Matrix user id
	EventID    string    // the reaction or the message
	How        string    // reaction or command
	Note       string
	Told       int       // of an ack that ended: 1 who made it was told, 2 the room
	ToldAt     time.Time // when
	UndoneAt   time.Time // zero while it counts
}

// MarkIncident records a mark on an incident. The same event changes nothing the
// second time.
func (tx *Tx) MarkIncident(m IncidentMark) error {
	_, err := tx.exec(`INSERT INTO incident_marks (incident_id, kind, at, recorded_at, until, who, event_id, how, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING`,
		m.IncidentID, m.Kind, ms(m.At), ms(tx.Now), ms(m.Until), m.Who, m.EventID, m.How, m.Note)
	if err != nil {
		return fmt.Errorf("record a %s of incident %d: %w", m.Kind, m.IncidentID, err)
	}
	return nil
}

// IncidentMarks returns the marks on an incident, oldest first, also those that were
// taken back.
func (tx *Tx) IncidentMarks(incident int64) ([]IncidentMark, error) {
	all, err := many(tx, scanIncidentMark, selectIncidentMark+"WHERE incident_id = ? ORDER BY id", incident)
	if err != nil {
		return nil, fmt.Errorf("read the marks of incident %d: %w", incident, err)
	}
	return all, nil
}

// IncidentMarkByEvent returns the mark that an event made, if it counts.
func (tx *Tx) IncidentMarkByEvent(eventID string) (IncidentMark, bool, error) {
	m, known, err := one(tx, scanIncidentMark, selectIncidentMark+"WHERE event_id = ? AND undone_at IS NULL", eventID)
	if err != nil {
		return m, false, fmt.Errorf("read the mark by event %s: %w", eventID, err)
	}
	return m, known, nil
}

// UndoIncidentMark flags a mark on an incident as taken back.
func (tx *Tx) UndoIncidentMark(id int64, who string) error {
	_, err := tx.exec("UPDATE incident_marks SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL", ms(tx.Now), who, id)
	if err != nil {
		return fmt.Errorf("undo mark %d of an incident: %w", id, err)
	}
	return nil
}

// IncidentMarkTold stores who was told that an ack ended.
func (tx *Tx) IncidentMarkTold(id int64, told int) error {
	if _, err := tx.exec("UPDATE incident_marks SET told = ?, told_at = ? WHERE id = ?", told, ms(tx.Now), id); err != nil {
		return fmt.Errorf("store who was told of mark %d of an incident: %w", id, err)
	}
	return nil
}

const selectIncidentMark = `SELECT id, incident_id, kind, at, recorded_at, until, who, event_id, how, note, told, told_at, undone_at FROM incident_marks `

func scanIncidentMark(row scanner) (m IncidentMark, err error) {
	var when, recorded, until, told, undone sql.NullInt64
	err = row.Scan(&m.ID, &m.IncidentID, &m.Kind, &when, &recorded, &until, &m.Who, &m.EventID, &m.How, &m.Note, &m.Told, &told, &undone)
	m.At, m.RecordedAt, m.Until, m.ToldAt, m.UndoneAt = at(when), at(recorded), at(until), at(told), at(undone)
	return m, err
}

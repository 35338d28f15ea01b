package store

import (
	"database/sql"
	"fmt"
	"time"
)

// RoomMention stands for everybody in the room among those whom a message mentions.
const RoomMention = "@room"

// Mention says that a message about an incident mentioned somebody, or rang.
type Mention struct {
	Notice     string // the message's key in the outbox
	IncidentID int64
	Who        string // Matrix user id, or RoomMention; "" when phones rang and nobody was mentioned
	At         time.Time
}

// AddMention records a mention, now. The same one changes nothing the second time.
func (tx *Tx) AddMention(m Mention) error { return tx.addMention(m, time.Time{}) }

// AddRing is AddMention for a message at which phones ring, but of which nobody has to
// hear at the end of the incident: it mentions nobody (m.Who is ""), or says that it is over.
func (tx *Tx) AddRing(m Mention) error { return tx.addMention(m, tx.Now) }

func (tx *Tx) addMention(m Mention, over time.Time) error {
	_, err := tx.exec(`INSERT INTO mentions (notice, incident_id, who, at, over_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		m.Notice, m.IncidentID, m.Who, ms(tx.Now), ms(over))
	if err != nil {
		return fmt.Errorf("record who is told of incident %d: %w", m.IncidentID, err)
	}
	return nil
}

// MentionsOf returns the mentions and the rings for an incident, oldest first: its own,
// and those for the storms that it was part of at the time.
func (tx *Tx) MentionsOf(incident int64) ([]Mention, error) {
	all, err := many(tx, scanMention, `SELECT notice, incident_id, who, at FROM mentions WHERE incident_id = ?1
		UNION ALL SELECT notice, storm_id, who, at FROM storm_members m JOIN mentions ON mentions.incident_id = storm_id
		WHERE m.incident_id = ?1 AND at >= joined_at AND (left_at IS NULL OR at < left_at) ORDER BY at, notice, who`, incident)
	if err != nil {
		return nil, fmt.Errorf("read who was told of incident %d: %w", incident, err)
	}
	return all, nil
}

// MentioningNotice returns the message of which a mention or a ring is recorded and whose
// key begins with a prefix and a "-".
func (tx *Tx) MentioningNotice(prefix string) (notice string, known bool, err error) {
	scan := func(s scanner) (notice string, err error) { return notice, s.Scan(&notice) }
	// "." comes next after "-".
	notice, known, err = one(tx, scan, "SELECT notice FROM mentions WHERE notice > ?1 || '-' AND notice < ?1 || '.' LIMIT 1", prefix)
	if err != nil {
		return "", false, fmt.Errorf("look for the message %s: %w", prefix, err)
	}
	return notice, known, nil
}

// ForgetMentions takes the mentions of a message back that was never sent.
func (tx *Tx) ForgetMentions(notice string) error {
	if _, err := tx.exec("DELETE FROM mentions WHERE notice = ?", notice); err != nil {
		return fmt.Errorf("forget whom %s mentioned: %w", notice, err)
	}
	return nil
}

// MentionsOver returns the mentions for incidents that are over, of whom nobody was told
// so yet, by incident and oldest first.
func (tx *Tx) MentionsOver() ([]Mention, error) {
	all, err := many(tx, scanMention, `SELECT notice, incident_id, who, at FROM mentions
		WHERE over_at = 0 AND (SELECT state FROM incidents WHERE id = incident_id) = 'resolved' ORDER BY incident_id, at, who`)
	if err != nil {
		return nil, fmt.Errorf("read who is to be told that an incident is over: %w", err)
	}
	return all, nil
}

// MentionsTold stores that whoever was mentioned for an incident knows that it is over.
func (tx *Tx) MentionsTold(incident int64) error {
	if _, err := tx.exec("UPDATE mentions SET over_at = ? WHERE incident_id = ? AND over_at = 0", ms(tx.Now), incident); err != nil {
		return fmt.Errorf("store who was told that incident %d is over: %w", incident, err)
	}
	return nil
}

func scanMention(row scanner) (m Mention, err error) {
	var when sql.NullInt64
	err = row.Scan(&m.Notice, &m.IncidentID, &m.Who, &when)
	m.At = at(when)
	return m, err
}

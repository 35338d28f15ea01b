package store

import (
	"database/sql"
	"fmt"
	"time"
)

// SilenceScope says what a silence is about.
type SilenceScope string

// The scopes of a silence.
const (
	ThingScope SilenceScope = "thing"
	HostScope  SilenceScope = "host"
	AllScope   SilenceScope = "all"
)

// SilenceRule says that nobody wants to hear of some things before a time.
type SilenceRule struct {
	ID      int64
	Scope   SilenceScope
	Name    string // words of the thing's name, or the host's name; "" for all
	At      time.Time
	Until   time.Time
	Who     string // Matrix user id
	EventID string // the message
	Reason  string
	EndedAt time.Time // when somebody ended it before its time; zero for not
}

// AddSilence records a silence and returns its id. The same event changes nothing the
// second time.
func (tx *Tx) AddSilence(r SilenceRule) (int64, error) {
	_, err := tx.exec(`INSERT INTO silences (scope, name, at, until, who, event_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (event_id) DO NOTHING`, r.Scope, r.Name, ms(r.At), ms(r.Until), r.Who, r.EventID, r.Reason)
	if err != nil {
		return 0, fmt.Errorf("store a silence of %q: %w", r.Name, err)
	}
	known, _, err := one(tx, scanSilence, selectSilence+"WHERE event_id = ?", r.EventID)
	if err != nil {
		return 0, fmt.Errorf("read the silence by event %s: %w", r.EventID, err)
	}
	return known.ID, nil
}

// SilencesUntil returns the silences whose time ends after t, the first to end first; also
// those that somebody ended before.
func (tx *Tx) SilencesUntil(t time.Time) ([]SilenceRule, error) {
	all, err := many(tx, scanSilence, selectSilence+"WHERE until > ? ORDER BY until, id", ms(t))
	if err != nil {
		return nil, fmt.Errorf("read the silences: %w", err)
	}
	return all, nil
}

// EndSilence ends a silence before its time.
func (tx *Tx) EndSilence(id int64, who string) error {
	_, err := tx.exec("UPDATE silences SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL", ms(tx.Now), who, id)
	if err != nil {
		return fmt.Errorf("end silence %d: %w", id, err)
	}
	return nil
}

// SilenceByEvent returns the silence that a message made, if nobody ended it.
func (tx *Tx) SilenceByEvent(eventID string) (SilenceRule, bool, error) {
	r, known, err := one(tx, scanSilence, selectSilence+"WHERE event_id = ? AND ended_at IS NULL", eventID)
	if err != nil {
		return r, false, fmt.Errorf("read the silence by event %s: %w", eventID, err)
	}
	return r, known, nil
}

const selectSilence = `SELECT id, scope, name, at, until, who, event_id, reason, ended_at FROM silences `

func scanSilence(row scanner) (r SilenceRule, err error) {
	var when, until, ended sql.NullInt64
	err = row.Scan(&r.ID, &r.Scope, &r.Name, &when, &until, &r.Who, &r.EventID, &r.Reason, &ended)
	r.At, r.Until, r.EndedAt = at(when), at(until), at(ended)
	return r, err
}

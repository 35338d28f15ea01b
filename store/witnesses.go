package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Witness is what one source says of an incident about which several speak. Times are by
// its own clock, but for Alerted.
type Witness struct {
	Incident int64
	Source   string // the system that watches
	Thing    string // what broke, by the name that system gives it
	Fault    string
	Verified bool
	Since    time.Time // when it broke; when only the end was heard, that
	Newest   time.Time // its newest alert
	Alerts   int       // how many of its alerts said that it is broken
	Alerted  time.Time // the newest alert, at the latest when it came in
	EndedAt  time.Time // when it said that it is over; zero while it says that it is down
	CalmAt   time.Time // when it had ended before it fired again
}

// SaveWitness stores what a source says of an incident, in place of what it said before.
func (tx *Tx) SaveWitness(w Witness) error {
	_, err := tx.exec(`INSERT OR REPLACE INTO witnesses (incident_id, source, thing, fault, verified, since, newest, alerts, alerted_at, ended_at, calm_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, w.Incident, w.Source, w.Thing, w.Fault, w.Verified, ms(w.Since), ms(w.Newest), w.Alerts, ms(w.Alerted),
		sql.NullInt64{Int64: ms(w.EndedAt), Valid: !w.EndedAt.IsZero()}, ms(w.CalmAt))
	if err != nil {
		return fmt.Errorf("store what %s says of incident %d: %w", w.Source, w.Incident, err)
	}
	return nil
}

// Witnesses returns what each source says of an incident, that which saw it break first
// first.
func (tx *Tx) Witnesses(incident int64) ([]Witness, error) {
	all, err := many(tx, scanWitness, selectWitness+"WHERE incident_id = ? ORDER BY since, source, thing", incident)
	if err != nil {
		return nil, fmt.Errorf("read what sources say of incident %d: %w", incident, err)
	}
	return all, nil
}

// WitnessedBy returns the newest incidents of which a source said something of a thing
// among others, the newest first.
func (tx *Tx) WitnessedBy(source, thing string, limit int) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+`WHERE id IN (SELECT incident_id FROM witnesses WHERE source = ? AND thing = ?
		ORDER BY incident_id DESC LIMIT ?) ORDER BY id DESC`, source, thing, limit)
	if err != nil {
		return nil, fmt.Errorf("read the incidents of which %s spoke of %s: %w", source, thing, err)
	}
	return all, nil
}

const selectWitness = `SELECT incident_id, source, thing, fault, verified, since, newest, alerts, alerted_at, ended_at, calm_at FROM witnesses `

func scanWitness(row scanner) (w Witness, err error) {
	var since, newest, alerted, ended, calm sql.NullInt64
	err = row.Scan(&w.Incident, &w.Source, &w.Thing, &w.Fault, &w.Verified, &since, &newest, &w.Alerts, &alerted, &ended, &calm)
	w.Since, w.Newest, w.Alerted, w.EndedAt, w.CalmAt = at(since), at(newest), at(alerted), at(ended), at(calm)
	return w, err
}

package store

import (
	"database/sql"
	"fmt"
	"time"
)

// IncidentState says how far an incident is.
type IncidentState string

// The states of an incident.
const (
	Firing       IncidentState = "firing"
	Acknowledged IncidentState = "acknowledged"
	Silenced     IncidentState = "silenced"
	Resolved     IncidentState = "resolved"
)

// Incident is what the alerts about one thing fold into.
type Incident struct {
	ID         int64
	Source     string // the system that watches: kuma, healthchecks
	Thing      string // what broke, by the name that system gives it
	State      IncidentState
	Fault      string
	Verified   bool      // false: every alert came by a mail that anyone could have written
	Since      time.Time // when it broke, by the sender's clock
	Newest     time.Time // the newest alert folded, by the sender's clock
	Alerts     int       // how many said that it is broken
	Doubted    int       // recoveries that could not be trusted
	ResolvedAt time.Time // by the sender's clock; zero while the source did not say that it is over

	Alerted   time.Time // the newest alert folded, at the latest when it came in
	Flaps     int       // how often it fired again soon after its end
	RefiredAt time.Time // when it last did, by our clock
	CalmAt    time.Time // when it had ended before that
	RangAt    time.Time // when a phone last rang for it, by our clock; zero for never
	AskedAt   time.Time // when the room was last asked whether it is over
	Critical  bool      // an alert said that it cannot wait
	Group     string    // in which its source keeps the thing, "" for none
	OpenedAt  time.Time // when it opened, or last opened again, by our clock
	Storm     int64     // the incident that it is shown as a part of; 0 for none
}

// AddIncident stores a new incident and returns its id.
func (tx *Tx) AddIncident(i Incident) (int64, error) {
	id, err := tx.insert(`INSERT INTO incidents (source, thing, state, fault, verified, since, newest, alerts, alerted_at, critical,
		heap, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, i.Source, i.Thing, i.State, i.Fault, i.Verified, ms(i.Since), ms(i.Newest), i.Alerts, ms(i.Alerted), i.Critical,
		i.Group, ms(i.OpenedAt))
	if err != nil {
		return 0, fmt.Errorf("store an incident of %s: %w", i.Thing, err)
	}
	return id, nil
}

// SaveIncident stores what changed about an incident.
func (tx *Tx) SaveIncident(i Incident) error {
	_, err := tx.exec(`UPDATE incidents SET state = ?, fault = ?, verified = ?, since = ?, newest = ?, alerts = ?, doubted = ?, resolved_at = ?,
		alerted_at = ?, flaps = ?, refired_at = ?, calm_at = ?, rang_at = ?, asked_at = ?, critical = ?, heap = ?, opened_at = ? WHERE id = ?`,
		i.State, i.Fault, i.Verified, ms(i.Since), ms(i.Newest), i.Alerts, i.Doubted, sql.NullInt64{Int64: ms(i.ResolvedAt), Valid: !i.ResolvedAt.IsZero()},
		ms(i.Alerted), i.Flaps, ms(i.RefiredAt), ms(i.CalmAt), ms(i.RangAt), ms(i.AskedAt), i.Critical, i.Group, ms(i.OpenedAt), i.ID)
	if err != nil {
		return fmt.Errorf("store incident %d: %w", i.ID, err)
	}
	return nil
}

// Incident returns an incident by its id.
func (tx *Tx) Incident(id int64) (Incident, bool, error) {
	i, known, err := one(tx, scanIncident, selectIncident+"WHERE id = ?", id)
	if err != nil {
		return i, false, fmt.Errorf("read incident %d: %w", id, err)
	}
	return i, known, nil
}

// LastIncident returns the newest incident about a thing, open or resolved.
func (tx *Tx) LastIncident(source, thing string) (Incident, bool, error) {
	i, known, err := one(tx, scanIncident, selectIncident+"WHERE source = ? AND thing = ? ORDER BY id DESC LIMIT 1", source, thing)
	if err != nil {
		return i, false, fmt.Errorf("read the last incident of %s: %w", thing, err)
	}
	return i, known, nil
}

// OpenIncidents returns the incidents that are not resolved, oldest first.
func (tx *Tx) OpenIncidents() ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"WHERE state <> 'resolved' ORDER BY since, id")
	if err != nil {
		return nil, fmt.Errorf("read open incidents: %w", err)
	}
	return all, nil
}

// OpenIncidentsOf returns the incidents of a source that are not resolved, oldest first.
func (tx *Tx) OpenIncidentsOf(source string) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"WHERE source = ? AND state <> 'resolved' ORDER BY since, id", source)
	if err != nil {
		return nil, fmt.Errorf("read the open incidents of %s: %w", source, err)
	}
	return all, nil
}

// RecentIncidents returns the newest incidents, newest first.
func (tx *Tx) RecentIncidents(limit int) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read recent incidents: %w", err)
	}
	return all, nil
}

const selectIncident = `SELECT id, source, thing, state, fault, verified, since, newest, alerts, doubted, resolved_at,
	alerted_at, flaps, refired_at, calm_at, rang_at, asked_at, critical,
	heap, opened_at, coalesce((SELECT storm_id FROM storm_members WHERE incident_id = incidents.id AND left_at IS NULL), 0) FROM incidents `

func scanIncident(row scanner) (i Incident, err error) {
	var since, newest, resolved, alerted, refired, calm, rang, asked, opened sql.NullInt64
	err = row.Scan(&i.ID, &i.Source, &i.Thing, &i.State, &i.Fault, &i.Verified, &since, &newest, &i.Alerts, &i.Doubted, &resolved,
		&alerted, &i.Flaps, &refired, &calm, &rang, &asked, &i.Critical,
		&i.Group, &opened, &i.Storm)
	i.Since, i.Newest, i.ResolvedAt = at(since), at(newest), at(resolved)
	i.Alerted, i.RefiredAt, i.CalmAt, i.RangAt, i.AskedAt, i.OpenedAt = at(alerted), at(refired), at(calm), at(rang), at(asked), at(opened)
	return i, err
}

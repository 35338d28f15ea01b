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
	ResolvedAt time.Time // by the sender's clock; zero while it is open
}

// Acknowledgement says that somebody takes care of an incident.
type Acknowledgement struct {
	At      time.Time
	Who     string // Matrix user id
	EventID string // the reaction
}

// AddIncident stores a new incident and returns its id.
func (tx *Tx) AddIncident(i Incident) (int64, error) {
	id, err := tx.insert(`INSERT INTO incidents (source, thing, state, fault, verified, since, newest, alerts)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, i.Source, i.Thing, i.State, i.Fault, i.Verified, ms(i.Since), ms(i.Newest), i.Alerts)
	if err != nil {
		return 0, fmt.Errorf("store an incident of %s: %w", i.Thing, err)
	}
	return id, nil
}

// SaveIncident stores what changed about an incident.
func (tx *Tx) SaveIncident(i Incident) error {
	_, err := tx.exec(`UPDATE incidents SET state = ?, fault = ?, verified = ?, since = ?, newest = ?, alerts = ?, doubted = ?, resolved_at = ?
		WHERE id = ?`, i.State, i.Fault, i.Verified, ms(i.Since), ms(i.Newest), i.Alerts, i.Doubted,
		sql.NullInt64{Int64: ms(i.ResolvedAt), Valid: !i.ResolvedAt.IsZero()}, i.ID)
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

// OpenIncidents returns the incidents that are not resolved, oldest first.
func (tx *Tx) OpenIncidents() ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"WHERE state <> 'resolved' ORDER BY since, id")
	if err != nil {
		return nil, fmt.Errorf("read open incidents: %w", err)
	}
	return all, nil
}

// Acknowledge records that somebody takes care of an incident. The same event
// changes nothing the second time.
func (tx *Tx) Acknowledge(incident int64, a Acknowledgement) error {
	_, err := tx.exec(`INSERT INTO acknowledgements (incident_id, at, who, event_id) VALUES (?, ?, ?, ?)
		ON CONFLICT (event_id) DO NOTHING`, incident, ms(a.At), a.Who, a.EventID)
	if err != nil {
		return fmt.Errorf("acknowledge incident %d: %w", incident, err)
	}
	return nil
}

// Unacknowledge takes back the acknowledgement that an event made and returns its
// incident; known is false when there is none to take back.
func (tx *Tx) Unacknowledge(eventID string) (incident int64, known bool, err error) {
	incident, known, err = one(tx, func(row scanner) (id int64, err error) { return id, row.Scan(&id) },
		"UPDATE acknowledgements SET undone_at = ? WHERE event_id = ? AND undone_at IS NULL RETURNING incident_id", ms(tx.Now), eventID)
	if err != nil {
		return 0, false, fmt.Errorf("take back acknowledgement %s: %w", eventID, err)
	}
	return incident, known, nil
}

// Acknowledgements returns those of an incident that count, oldest first.
func (tx *Tx) Acknowledgements(incident int64) ([]Acknowledgement, error) {
	all, err := many(tx, scanAcknowledgement, acknowledgementsOf, incident)
	if err != nil {
		return nil, fmt.Errorf("read the acknowledgements of incident %d: %w", incident, err)
	}
	return all, nil
}

const acknowledgementsOf = `SELECT at, who, event_id FROM acknowledgements
	WHERE incident_id = ? AND undone_at IS NULL ORDER BY at, id`

const selectIncident = `SELECT id, source, thing, state, fault, verified, since, newest, alerts, doubted, resolved_at FROM incidents `

func scanIncident(row scanner) (i Incident, err error) {
	var since, newest, resolved sql.NullInt64
	err = row.Scan(&i.ID, &i.Source, &i.Thing, &i.State, &i.Fault, &i.Verified, &since, &newest, &i.Alerts, &i.Doubted, &resolved)
	i.Since, i.Newest, i.ResolvedAt = at(since), at(newest), at(resolved)
	return i, err
}

func scanAcknowledgement(row scanner) (a Acknowledgement, err error) {
	var when sql.NullInt64
	err = row.Scan(&when, &a.Who, &a.EventID)
	a.At = at(when)
	return a, err
}

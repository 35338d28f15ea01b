package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Evidence is that the bot has to look up by itself how things are, because an incident
// fires.
type Evidence struct {
	IncidentID int64
	Firing     int       // how often it had fired again by then: 0 the first time
	WantedAt   time.Time // by our clock
	SettledAt  time.Time // when nothing more was to be looked up; zero before
}

// WantEvidence records that evidence is wanted. It reports whether it was not before.
func (tx *Tx) WantEvidence(incident int64, firing int) (fresh bool, err error) {
	n, err := tx.changed("INSERT INTO evidence (incident_id, firing, wanted_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", incident, firing, ms(tx.Now))
	if err != nil {
		return false, fmt.Errorf("want evidence of incident %d: %w", incident, err)
	}
	return n > 0, nil
}

// WantedEvidence returns the evidence that is still to be looked up, oldest first.
func (tx *Tx) WantedEvidence(limit int) ([]Evidence, error) {
	all, err := many(tx, scanEvidence, "SELECT incident_id, firing, wanted_at, settled_at FROM evidence WHERE settled_at = 0 ORDER BY wanted_at, incident_id LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read what evidence is wanted: %w", err)
	}
	return all, nil
}

// LastEvidence returns the evidence of an incident that was wanted last.
func (tx *Tx) LastEvidence(incident int64) (e Evidence, known bool, err error) {
	e, known, err = one(tx, scanEvidence, "SELECT incident_id, firing, wanted_at, settled_at FROM evidence WHERE incident_id = ? ORDER BY firing DESC LIMIT 1", incident)
	if err != nil {
		return e, false, fmt.Errorf("read the last evidence of incident %d: %w", incident, err)
	}
	return e, known, nil
}

// EvidenceSince counts how often evidence was wanted after t and until now.
func (tx *Tx) EvidenceSince(t time.Time) (int, error) {
	n, _, err := one(tx, scanCount, "SELECT count(*) FROM evidence WHERE wanted_at > ? AND wanted_at <= ?", ms(t), ms(tx.Now))
	if err != nil {
		return 0, fmt.Errorf("count what evidence was wanted: %w", err)
	}
	return n, nil
}

// SettleEvidence records that nothing more is to be looked up.
func (tx *Tx) SettleEvidence(e Evidence) error {
	_, err := tx.exec("UPDATE evidence SET settled_at = ? WHERE incident_id = ? AND firing = ?", ms(tx.Now), e.IncidentID, e.Firing)
	if err != nil {
		return fmt.Errorf("settle the evidence of incident %d: %w", e.IncidentID, err)
	}
	return nil
}

// IncidentBefore returns the incident about the same thing that was the last to fire
// before one began.
func (tx *Tx) IncidentBefore(i Incident) (Incident, bool, error) {
	before, known, err := one(tx, scanIncident, selectIncident+"WHERE source = ? AND thing = ? AND id < ? AND alerts > 0 ORDER BY id DESC LIMIT 1", i.Source, i.Thing, i.ID)
	if err != nil {
		return before, false, fmt.Errorf("read what was before incident %d: %w", i.ID, err)
	}
	return before, known, nil
}

// IncidentsBefore counts the incidents about the same thing that fired before one and
// since a time.
func (tx *Tx) IncidentsBefore(i Incident, since time.Time) (int, error) {
	n, _, err := one(tx, scanCount, "SELECT count(*) FROM incidents WHERE source = ? AND thing = ? AND id < ? AND alerts > 0 AND since >= ?",
		i.Source, i.Thing, i.ID, ms(since))
	if err != nil {
		return 0, fmt.Errorf("count what was before incident %d: %w", i.ID, err)
	}
	return n, nil
}

func scanEvidence(row scanner) (e Evidence, err error) {
	var wanted, settled sql.NullInt64
	err = row.Scan(&e.IncidentID, &e.Firing, &wanted, &settled)
	e.WantedAt, e.SettledAt = at(wanted), at(settled)
	return e, err
}

func scanCount(row scanner) (n int, err error) { return n, row.Scan(&n) }

package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Vigil is how long an incident fires with nobody on it, and what quiet hours held back
// of it. The zero Vigil is that of an incident of which neither was noted.
type Vigil struct {
	IncidentID int64
	Since      time.Time     // since when it fires with nobody on it, by our clock, with pauses in which it seemed over; zero while it does not
	Said       time.Duration // the step that was said since then: after how long that is due; 0 for none
	HeldAt     time.Time     // when quiet hours last held something back; zero for never
	Waits      bool          // the morning has to tell it
}

// Vigil returns the vigil of an incident.
func (tx *Tx) Vigil(incident int64) (Vigil, error) {
	v, _, err := one(tx, scanVigil, selectVigil+"WHERE incident_id = ?", incident)
	if err != nil {
		return v, fmt.Errorf("read the vigil of incident %d: %w", incident, err)
	}
	v.IncidentID = incident
	return v, nil
}

// SaveVigil stores a vigil.
func (tx *Tx) SaveVigil(v Vigil) error {
	_, err := tx.exec(`INSERT INTO vigils (incident_id, since, said, held_at, waits) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (incident_id) DO UPDATE SET since = ?2, said = ?3, held_at = ?4, waits = ?5`,
		v.IncidentID, ms(v.Since), v.Said.Milliseconds(), ms(v.HeldAt), v.Waits)
	if err != nil {
		return fmt.Errorf("store the vigil of incident %d: %w", v.IncidentID, err)
	}
	return nil
}

// WaitingVigils returns the vigils that the morning has to tell, the oldest incident first.
func (tx *Tx) WaitingVigils() ([]Vigil, error) {
	all, err := many(tx, scanVigil, selectVigil+"WHERE waits = 1 ORDER BY incident_id")
	if err != nil {
		return nil, fmt.Errorf("read what waits for the morning: %w", err)
	}
	return all, nil
}

const selectVigil = `SELECT incident_id, since, said, held_at, waits FROM vigils `

func scanVigil(row scanner) (v Vigil, err error) {
	var since, held sql.NullInt64
	var said int64
	err = row.Scan(&v.IncidentID, &since, &said, &held, &v.Waits)
	v.Since, v.HeldAt, v.Said = at(since), at(held), time.Duration(said)*time.Millisecond
	return v, err
}

package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Channel is the way on which an alert came in.
type Channel string

// The channels.
const (
	Webhook Channel = "webhook"
	ByMail  Channel = "mail"
	InRoom  Channel = "room"
)

// Direction is what an alert says: that something is down, or up again.
type Direction string

// The directions.
const (
	Down Direction = "down"
	Up   Direction = "up"
)

// Sighting is what one channel said of an incident in one direction.
type Sighting struct {
	Channel     Channel
	What        Direction
	First, Last time.Time // by the sender's clock
	Received    time.Time // when the first of them came in
	Times       int       // how often; those with the same time count as one
}

// AddSighting records that a channel said of an incident that it is down or up, at
// a time by the sender's clock. The same again changes nothing.
func (tx *Tx) AddSighting(incident int64, s Sighting) error {
	_, err := tx.exec(`INSERT INTO sightings (incident_id, channel, what, at, received_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET received_at = min(received_at, excluded.received_at)`,
		incident, s.Channel, s.What, ms(s.First), ms(s.Received))
	if err != nil {
		return fmt.Errorf("store a sighting of incident %d: %w", incident, err)
	}
	return nil
}

// Sightings returns what each channel said of an incident, in the order in which
// they first came in.
func (tx *Tx) Sightings(incident int64) ([]Sighting, error) {
	all, err := many(tx, scanSighting, sightingsOf, incident)
	if err != nil {
		return nil, fmt.Errorf("read the sightings of incident %d: %w", incident, err)
	}
	return all, nil
}

// RecentIncidents returns the newest incidents about a thing, open or resolved,
// the newest first.
func (tx *Tx) RecentIncidents(source, thing string, limit int) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"WHERE source = ? AND thing = ? ORDER BY id DESC LIMIT ?", source, thing, limit)
	if err != nil {
		return nil, fmt.Errorf("read the incidents of %s: %w", thing, err)
	}
	return all, nil
}

const sightingsOf = `SELECT channel, what, min(at), max(at), min(received_at), count(*) FROM sightings
	WHERE incident_id = ? GROUP BY channel, what ORDER BY min(received_at), channel DESC`

func scanSighting(row scanner) (s Sighting, err error) {
	var first, last, received sql.NullInt64
	err = row.Scan(&s.Channel, &s.What, &first, &last, &received, &s.Times)
	s.First, s.Last, s.Received = at(first), at(last), at(received)
	return s, err
}

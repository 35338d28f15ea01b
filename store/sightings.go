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
	ByCheck Channel = "check" // one of the bot's own
)

// Direction is what an alert says: that something is down, or up again.
type Direction string

// The directions.
const (
	Down Direction = "down"
	Up   Direction = "up"
)

// Sighting is that a source said something of an incident by a channel.
type Sighting struct {
	Source   string // the system that watches
	Thing    string // what it is about, by the name that system gives it
	Channel  Channel
	What     Direction
	At       time.Time // by the sender's clock
	Received time.Time // when it first came in
}

// AddSighting records what a source said of an incident. The same again changes
// nothing.
func (tx *Tx) AddSighting(incident int64, s Sighting) error {
	_, err := tx.exec(`INSERT INTO sightings (incident_id, source, thing, channel, what, at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET received_at = min(received_at, excluded.received_at)`,
		incident, s.Source, s.Thing, s.Channel, s.What, ms(s.At), ms(s.Received))
	if err != nil {
		return fmt.Errorf("store a sighting of incident %d: %w", incident, err)
	}
	return nil
}

// Sightings returns what all sources said of an incident, in the order in which it
// came in.
func (tx *Tx) Sightings(incident int64) ([]Sighting, error) {
	all, err := many(tx, scanSighting, sightingsOf, incident)
	if err != nil {
		return nil, fmt.Errorf("read the sightings of incident %d: %w", incident, err)
	}
	return all, nil
}

// IncidentsOf returns the newest incidents about a thing, open or resolved, the newest
// first.
func (tx *Tx) IncidentsOf(source, thing string, limit int) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+"WHERE source = ? AND thing = ? ORDER BY id DESC LIMIT ?", source, thing, limit)
	if err != nil {
		return nil, fmt.Errorf("read the incidents of %s: %w", thing, err)
	}
	return all, nil
}

const sightingsOf = `SELECT source, thing, channel, what, at, received_at FROM sightings
	WHERE incident_id = ? ORDER BY received_at, channel DESC, at, source, thing`

func scanSighting(row scanner) (s Sighting, err error) {
	var said, received sql.NullInt64
	err = row.Scan(&s.Source, &s.Thing, &s.Channel, &s.What, &said, &received)
	s.At, s.Received = at(said), at(received)
	return s, err
}

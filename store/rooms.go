package store

import (
	"database/sql"
	"fmt"
	"time"
)

// RoomEvent is something that happened in a room.
type RoomEvent struct {
	ID                          int64 // in order of arrival
	EventID, Room, Sender, Kind string
	At                          time.Time
	Body, Target, Thread, Emoji string
	Raw                         []byte // of a sealed event
	State                       string // new, handled or sealed
}

const tokenKey = "matrix.sync_token" //nolint:gosec // the name of a setting, not a secret

// SyncToken returns the token of the last batch stored, "" before the first.
func (tx *Tx) SyncToken() (string, error) {
	token, _, err := tx.Value(tokenKey)
	return token, err
}

// SetSyncToken stores the token that covers the events stored with it.
func (tx *Tx) SetSyncToken(token string) error { return tx.SetValue(tokenKey, token) }

// AddRoomEvent stores an event once: one that is known changes nothing, except
// that a sealed one takes what can now be read. It reports whether the event is
// news.
func (tx *Tx) AddRoomEvent(e RoomEvent) (bool, error) {
	n, err := tx.changed(`
		INSERT INTO room_events (event_id, room, sender, at, kind, body, target, thread, emoji, raw, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (event_id) DO UPDATE SET kind = excluded.kind, body = excluded.body, target = excluded.target,
			thread = excluded.thread, emoji = excluded.emoji, raw = excluded.raw, state = excluded.state
		WHERE room_events.state = 'sealed' AND excluded.state <> 'sealed'`,
		e.EventID, e.Room, e.Sender, ms(e.At), e.Kind, e.Body, e.Target, e.Thread, e.Emoji, e.Raw, e.State)
	if err != nil {
		return false, fmt.Errorf("store event %s: %w", e.EventID, err)
	}
	return n > 0, nil
}

// RoomEventsInState returns the events that are new (to be handled) or sealed
// (to be decrypted), oldest first, at most limit of them.
func (tx *Tx) RoomEventsInState(state string, limit int) ([]RoomEvent, error) {
	events, err := many(tx, scanRoomEvent, roomEventsInState, state, limit)
	if err != nil {
		return nil, fmt.Errorf("read %s events: %w", state, err)
	}
	return events, nil
}

// RoomEvent returns one event by its Matrix id.
func (tx *Tx) RoomEvent(eventID string) (RoomEvent, bool, error) {
	e, known, err := one(tx, scanRoomEvent, selectRoomEvent+"WHERE event_id = ?", eventID)
	if err != nil {
		return e, false, fmt.Errorf("read event %s: %w", eventID, err)
	}
	return e, known, nil
}

// EventHandled marks an event as dealt with, in the transaction that dealt with it.
func (tx *Tx) EventHandled(id int64) error {
	if _, err := tx.exec("UPDATE room_events SET state = 'handled' WHERE id = ?", id); err != nil {
		return fmt.Errorf("mark event %d as handled: %w", id, err)
	}
	return nil
}

// roomEventsInState says twice that the event is not handled, because SQLite can
// not infer it and would read every event that there ever was.
const roomEventsInState = selectRoomEvent + "WHERE state <> 'handled' AND state = ? ORDER BY id LIMIT ?"

const selectRoomEvent = `SELECT id, event_id, room, sender, at, kind, body, target, thread, emoji, raw, state FROM room_events `

func scanRoomEvent(row scanner) (e RoomEvent, err error) {
	var when sql.NullInt64
	err = row.Scan(&e.ID, &e.EventID, &e.Room, &e.Sender, &when, &e.Kind, &e.Body, &e.Target, &e.Thread, &e.Emoji, &e.Raw, &e.State)
	e.At = at(when)
	return e, err
}

package store

import "fmt"

// Round is the one card of a day for all that is due in a room.
type Round struct {
	ID   int64
	Room string // configured name
	Day  string // "2026-01-31"
}

// RoundItem is one line of a round.
type RoundItem struct {
	RoundID      int64
	Number       int // as the round shows it, from 1
	OccurrenceID int64
}

// OpenRound returns the round of a room and a day, and makes it if there is none.
func (tx *Tx) OpenRound(room, day string) (Round, error) {
	_, err := tx.exec("INSERT INTO rounds (room, day) VALUES (?, ?) ON CONFLICT (room, day) DO NOTHING", room, day)
	if err != nil {
		return Round{}, fmt.Errorf("open the round of %s in %s: %w", day, room, err)
	}
	r, _, err := one(tx, scanRound, selectRound+"WHERE room = ? AND day = ?", room, day)
	if err != nil {
		return r, fmt.Errorf("read the round of %s in %s: %w", day, room, err)
	}
	return r, nil
}

// Round returns a round by its id.
func (tx *Tx) Round(id int64) (Round, bool, error) {
	r, known, err := one(tx, scanRound, selectRound+"WHERE id = ?", id)
	if err != nil {
		return r, false, fmt.Errorf("read round %d: %w", id, err)
	}
	return r, known, nil
}

// LastRound returns the newest round of a room.
func (tx *Tx) LastRound(room string) (Round, bool, error) {
	r, known, err := one(tx, scanRound, selectRound+"WHERE room = ? ORDER BY day DESC LIMIT 1", room)
	if err != nil {
		return r, false, fmt.Errorf("read the last round in %s: %w", room, err)
	}
	return r, known, nil
}

// AddRoundItem puts an occurrence at the end of a round. One that is there already
// keeps its number.
func (tx *Tx) AddRoundItem(round, occurrence int64) error {
	_, err := tx.exec(`INSERT INTO round_items (round_id, number, occurrence_id)
		SELECT ?1, 1 + coalesce(max(number), 0), ?2 FROM round_items WHERE round_id = ?1
		ON CONFLICT (round_id, occurrence_id) DO NOTHING`, round, occurrence)
	if err != nil {
		return fmt.Errorf("put occurrence %d into round %d: %w", occurrence, round, err)
	}
	return nil
}

// RoundItems returns the lines of a round in their order.
func (tx *Tx) RoundItems(round int64) ([]RoundItem, error) {
	all, err := many(tx, scanRoundItem, selectRoundItem+"WHERE round_id = ? ORDER BY number", round)
	if err != nil {
		return nil, fmt.Errorf("read round %d: %w", round, err)
	}
	return all, nil
}

// RoundsOf returns the lines at which an occurrence stands, oldest round first.
func (tx *Tx) RoundsOf(occurrence int64) ([]RoundItem, error) {
	all, err := many(tx, scanRoundItem, selectRoundItem+"WHERE occurrence_id = ? ORDER BY round_id", occurrence)
	if err != nil {
		return nil, fmt.Errorf("read the rounds of occurrence %d: %w", occurrence, err)
	}
	return all, nil
}

const (
	selectRound     = `SELECT id, room, day FROM rounds `
	selectRoundItem = `SELECT round_id, number, occurrence_id FROM round_items `
)

func scanRound(row scanner) (r Round, err error) { return r, row.Scan(&r.ID, &r.Room, &r.Day) }

func scanRoundItem(row scanner) (i RoundItem, err error) {
	return i, row.Scan(&i.RoundID, &i.Number, &i.OccurrenceID)
}

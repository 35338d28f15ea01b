package store

import (
	"database/sql"
	"fmt"
	"time"
)

// KnowRoutine notes that a routine is configured, and returns since when.
func (tx *Tx) KnowRoutine(key string) (time.Time, error) {
	since, known, err := tx.RoutineSince(key)
	if err != nil || known {
		return since, err
	}
	if _, err := tx.exec("INSERT INTO routines (key, since) VALUES (?, ?)", key, ms(tx.Now)); err != nil {
		return time.Time{}, fmt.Errorf("note routine %s: %w", key, err)
	}
	since, _, err = tx.RoutineSince(key)
	return since, err
}

// RoutineConfig returns how a routine was configured when it was last looked at,
// "" for one that is new or was taken out of the configuration.
func (tx *Tx) RoutineConfig(key string) (string, error) {
	config, _, err := one(tx, func(row scanner) (c string, err error) { return c, row.Scan(&c) },
		"SELECT config FROM routines WHERE key = ?", key)
	if err != nil {
		return "", fmt.Errorf("read how routine %s was configured: %w", key, err)
	}
	return config, nil
}

// SetRoutineConfig stores how a known routine is configured.
func (tx *Tx) SetRoutineConfig(key, config string) error {
	if _, err := tx.exec("UPDATE routines SET config = ? WHERE key = ?", config, key); err != nil {
		return fmt.Errorf("store how routine %s is configured: %w", key, err)
	}
	return nil
}

// RoutineSince returns since when a routine is known.
func (tx *Tx) RoutineSince(key string) (since time.Time, known bool, err error) {
	since, known, err = one(tx, scanTime, "SELECT since FROM routines WHERE key = ?", key)
	if err != nil {
		return since, false, fmt.Errorf("read since when routine %s is known: %w", key, err)
	}
	return since, known, nil
}

// RoutineHistory is what of a routine's history decides when it is due.
type RoutineHistory struct {
	Key     string
	Since   time.Time // when it became known
	Done    time.Time // the newest completion that counts, zero for none
	DoneBy  string    // who did that, "" for a check
	Skipped time.Time // when a person last skipped it and it was not done after all, zero for never; what the bot skipped itself does not count
}

// RoutineHistories returns the history of every routine that is known, by its key. It
// is one query, whatever the number of routines and years.
func (tx *Tx) RoutineHistories() (map[string]RoutineHistory, error) {
	all, err := many(tx, scanHistory, selectHistory)
	if err != nil {
		return nil, fmt.Errorf("read the history of the routines: %w", err)
	}
	byKey := make(map[string]RoutineHistory, len(all))
	for _, h := range all {
		byKey[h.Key] = h
	}
	return byKey, nil
}

// RoutineHistory returns the history of one routine.
func (tx *Tx) RoutineHistory(key string) (RoutineHistory, bool, error) {
	h, known, err := one(tx, scanHistory, selectHistory+" WHERE r.key = ?", key)
	if err != nil {
		return h, false, fmt.Errorf("read the history of %s: %w", key, err)
	}
	return h, known, nil
}

const selectHistory = `SELECT r.key, r.since, c.at, coalesce(c.who, ''),
		(SELECT m.at FROM marks m JOIN occurrences o ON o.id = m.occurrence_id
			WHERE m.routine = r.key AND m.kind = 'skip' AND m.who <> '' AND m.undone_at IS NULL AND o.state = 'skipped'
			ORDER BY m.at DESC LIMIT 1)
	FROM routines r LEFT JOIN completions c ON c.id =
		(SELECT id FROM completions WHERE routine = r.key AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT 1)`

func scanHistory(row scanner) (h RoutineHistory, err error) {
	var since, done, skipped sql.NullInt64
	err = row.Scan(&h.Key, &since, &done, &h.DoneBy, &skipped)
	h.Since, h.Done, h.Skipped = at(since), at(done), at(skipped)
	return h, err
}

func scanTime(row scanner) (time.Time, error) {
	var when sql.NullInt64
	err := row.Scan(&when)
	return at(when), err
}

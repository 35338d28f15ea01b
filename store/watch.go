package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Look is what a check said last.
type Look struct {
	Ref      string    // the check: "disk antigone"
	Host     string    // that it is about, "" for none
	Ran      time.Time // by our clock
	Answered time.Time // when it last could measure; zero for never
	Status   string    // ok, warning, critical or unknown
	Since    time.Time // since when its status is that
	Outcome  []byte    // all that it said, as JSON
}

// SaveLook stores what a check says, in place of what it said before.
func (tx *Tx) SaveLook(l Look) error {
	_, err := tx.exec(`INSERT OR REPLACE INTO looks (ref, host, ran_at, answered_at, status, since, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		l.Ref, l.Host, ms(l.Ran), ms(l.Answered), l.Status, ms(l.Since), l.Outcome)
	if err != nil {
		return fmt.Errorf("store what %s says: %w", l.Ref, err)
	}
	return nil
}

// Look returns what a check said last.
func (tx *Tx) Look(ref string) (Look, bool, error) {
	l, known, err := one(tx, scanLook, selectLook+"WHERE ref = ?", ref)
	if err != nil {
		return l, false, fmt.Errorf("read what %s said: %w", ref, err)
	}
	return l, known, nil
}

// ForgetLook forgets what a check said last.
func (tx *Tx) ForgetLook(ref string) error {
	if _, err := tx.exec("DELETE FROM looks WHERE ref = ?", ref); err != nil {
		return fmt.Errorf("forget what %s said: %w", ref, err)
	}
	return nil
}

// ForgetLooks forgets what checks said last that were not made since a time.
func (tx *Tx) ForgetLooks(before time.Time) error {
	if _, err := tx.exec("DELETE FROM looks WHERE ran_at < ?", ms(before)); err != nil {
		return fmt.Errorf("forget what checks said long ago: %w", err)
	}
	return nil
}

const selectLook = `SELECT ref, host, ran_at, answered_at, status, since, outcome FROM looks `

func scanLook(row scanner) (l Look, err error) {
	var ran, answered, since sql.NullInt64
	err = row.Scan(&l.Ref, &l.Host, &ran, &answered, &l.Status, &since, &l.Outcome)
	l.Ran, l.Answered, l.Since = at(ran), at(answered), at(since)
	return l, err
}

// Watched is one thing that a check finds bad, or that was and is not yet calm for long
// enough.
type Watched struct {
	Ref    string // the check
	Thing  string // as the check calls it
	Source string // with Name, whose incident that is
	Name   string
	Bad    time.Time // since when it is bad without a break; zero while it is not
	Calm   time.Time // of one with an incident: since when it is not bad; zero while it is
	Open   bool      // there is an incident
	Level  string    // the worst that was said of it
}

// SaveWatched stores how a thing stands.
func (tx *Tx) SaveWatched(w Watched) error {
	_, err := tx.exec(`INSERT OR REPLACE INTO watched (ref, thing, source, name, bad_at, calm_at, open, level) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		w.Ref, w.Thing, w.Source, w.Name, ms(w.Bad), ms(w.Calm), w.Open, w.Level)
	if err != nil {
		return fmt.Errorf("store how %s of %s stands: %w", w.Thing, w.Ref, err)
	}
	return nil
}

// ForgetWatched removes a thing that is well.
func (tx *Tx) ForgetWatched(ref, thing string) error {
	if _, err := tx.exec("DELETE FROM watched WHERE ref = ? AND thing = ?", ref, thing); err != nil {
		return fmt.Errorf("forget %s of %s: %w", thing, ref, err)
	}
	return nil
}

// WatchedRefs returns the checks that found something bad.
func (tx *Tx) WatchedRefs() ([]string, error) {
	all, err := many(tx, func(row scanner) (ref string, err error) { return ref, row.Scan(&ref) }, "SELECT DISTINCT ref FROM watched")
	if err != nil {
		return nil, fmt.Errorf("read which checks found something: %w", err)
	}
	return all, nil
}

// WatchedBy returns the things that a check found bad.
func (tx *Tx) WatchedBy(ref string) ([]Watched, error) {
	all, err := many(tx, scanWatched, selectWatched+"WHERE ref = ? ORDER BY thing", ref)
	if err != nil {
		return nil, fmt.Errorf("read what %s found: %w", ref, err)
	}
	return all, nil
}

// WatchedAs returns the things with an incident of a source and name.
func (tx *Tx) WatchedAs(source, name string) ([]Watched, error) {
	all, err := many(tx, scanWatched, selectWatched+"WHERE source = ? AND name = ? AND open = 1 ORDER BY ref, thing", source, name)
	if err != nil {
		return nil, fmt.Errorf("read which checks speak of %s: %w", name, err)
	}
	return all, nil
}

// LastLook returns when the last of the checks was made that hold open the incident of a
// source and name; zero when none does.
func (tx *Tx) LastLook(source, name string) (time.Time, error) {
	var ran sql.NullInt64
	_, _, err := one(tx, func(row scanner) (struct{}, error) { return struct{}{}, row.Scan(&ran) },
		`SELECT max(ran_at) FROM watched JOIN looks ON looks.ref = watched.ref WHERE source = ? AND name = ? AND open = 1`, source, name)
	if err != nil {
		return time.Time{}, fmt.Errorf("read when %s was last looked at: %w", name, err)
	}
	return at(ran), nil
}

const selectWatched = `SELECT ref, thing, source, name, bad_at, calm_at, open, level FROM watched `

func scanWatched(row scanner) (w Watched, err error) {
	var bad, calm sql.NullInt64
	err = row.Scan(&w.Ref, &w.Thing, &w.Source, &w.Name, &bad, &calm, &w.Open, &w.Level)
	w.Bad, w.Calm = at(bad), at(calm)
	return w, err
}

// Telling is what a check of the bot's own said that became part of an incident.
type Telling struct {
	Incident int64
	Ref      string // the check
	Source   string // as in the incident
	What     Direction
	At       time.Time // since when it is so
	Told     time.Time
	Fault    string
	Said     string // all that it found
}

// AddTelling records what a check said. The same again changes nothing.
func (tx *Tx) AddTelling(t Telling) error {
	_, err := tx.exec(`INSERT INTO tellings (incident_id, ref, source, what, at, told_at, fault, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, t.Incident, t.Ref, t.Source, t.What, ms(t.At), ms(t.Told), t.Fault, t.Said)
	if err != nil {
		return fmt.Errorf("store what %s said of incident %d: %w", t.Ref, t.Incident, err)
	}
	return nil
}

// Tellings returns the newest of what checks said of an incident, newest first.
func (tx *Tx) Tellings(incident int64, limit int) ([]Telling, error) {
	all, err := many(tx, scanTelling, `SELECT incident_id, ref, source, what, at, told_at, fault, said FROM tellings
		WHERE incident_id = ? ORDER BY told_at DESC, ref LIMIT ?`, incident, limit)
	if err != nil {
		return nil, fmt.Errorf("read what checks said of incident %d: %w", incident, err)
	}
	return all, nil
}

// EmptyTellings takes away all that checks found, as far as they said it before a time. What
// of it the incidents hold stays.
func (tx *Tx) EmptyTellings(before time.Time) error {
	if _, err := tx.exec("UPDATE tellings SET said = '' WHERE told_at < ? AND said <> ''", ms(before)); err != nil {
		return fmt.Errorf("take old texts out of tellings: %w", err)
	}
	return nil
}

func scanTelling(row scanner) (t Telling, err error) {
	var since, told sql.NullInt64
	err = row.Scan(&t.Incident, &t.Ref, &t.Source, &t.What, &since, &told, &t.Fault, &t.Said)
	t.At, t.Told = at(since), at(told)
	return t, err
}

package store

import (
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// OpenIncident returns the open incident about a thing.
func (tx *Tx) OpenIncident(source, thing string) (Incident, bool, error) {
	i, known, err := one(tx, scanIncident, selectIncident+"WHERE source = ? AND thing = ? AND state <> 'resolved'", source, thing)
	if err != nil {
		return i, false, fmt.Errorf("read the open incident of %s: %w", thing, err)
	}
	return i, known, nil
}

// JoinStorm makes an incident part of a storm.
func (tx *Tx) JoinStorm(storm, incident int64) error {
	_, err := tx.exec(`INSERT INTO storm_members (storm_id, incident_id, joined_at) VALUES (?1, ?2, ?3)
		ON CONFLICT (storm_id, incident_id) DO UPDATE SET joined_at = ?3, left_at = NULL`, storm, incident, ms(tx.Now))
	if err != nil {
		return fmt.Errorf("make incident %d part of storm %d: %w", incident, storm, err)
	}
	return nil
}

// LeaveStorm makes an incident stand for itself again.
func (tx *Tx) LeaveStorm(incident int64) error {
	_, err := tx.exec("UPDATE storm_members SET left_at = ? WHERE incident_id = ? AND left_at IS NULL", ms(tx.Now), incident)
	if err != nil {
		return fmt.Errorf("take incident %d out of its storm: %w", incident, err)
	}
	return nil
}

// StormMembers returns the incidents that are part of a storm now, open or resolved,
// the earliest first.
func (tx *Tx) StormMembers(storm int64) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+`WHERE id IN (SELECT incident_id FROM storm_members WHERE storm_id = ? AND left_at IS NULL)
		ORDER BY since, id`, storm)
	if err != nil {
		return nil, fmt.Errorf("read the members of storm %d: %w", storm, err)
	}
	return all, nil
}

// LeftOfStorm returns the incidents that were part of a storm, stand for themselves and are
// not resolved, the earliest first.
func (tx *Tx) LeftOfStorm(storm int64) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+`WHERE id IN (SELECT incident_id FROM storm_members WHERE storm_id = ? AND left_at IS NOT NULL)
		AND NOT EXISTS (SELECT 1 FROM storm_members WHERE incident_id = incidents.id AND left_at IS NULL) AND state <> 'resolved' ORDER BY since, id`, storm)
	if err != nil {
		return nil, fmt.Errorf("read what is left of storm %d: %w", storm, err)
	}
	return all, nil
}

// StormTally is what the members of a storm amount to. A thing that broke, came back and
// broke again in it is one.
type StormTally struct {
	Total   int                   // how many things there ever were
	In      map[IncidentState]int // how many of those that are part of it now are in a state
	Untold  int                   // how many of them whose source did not say that they are over
	Alerts  int                   // how many alerts about all there ever were
	Since   time.Time             // the earliest beginning
	Newest  time.Time             // the newest alert, by the sender's clock
	Alerted time.Time             // the newest alert, at the latest when it came in
	Ended   time.Time             // the latest end that a source told; zero for none
	Joined  time.Time             // when the last one joined
}

// Open is how many members are not resolved.
func (t StormTally) Open() int { return t.In[Firing] + t.In[Acknowledged] + t.In[Silenced] }

// StormHolds reports whether something open is part of a storm that is critical, or whose
// source does not begin with a prefix.
func (tx *Tx) StormHolds(storm int64, prefix string) (holds bool, err error) {
	_, holds, err = one(tx, scanID, `SELECT i.id FROM storm_members m JOIN incidents i ON i.id = m.incident_id
		WHERE m.storm_id = ?1 AND m.left_at IS NULL AND i.state <> 'resolved'
			AND (i.critical OR substr(i.source, 1, length(?2)) <> ?2) LIMIT 1`, storm, prefix)
	if err != nil {
		return false, fmt.Errorf("look for what is bad in storm %d: %w", storm, err)
	}
	return holds, nil
}

// brokeAgain tells of a member of a storm whether a newer one is about the same thing.
const brokeAgain = `EXISTS (SELECT 1 FROM incidents n JOIN storm_members k ON k.incident_id = n.id
	WHERE n.source = i.source AND n.thing = i.thing AND n.id > i.id AND k.storm_id = m.storm_id)`

// StormTally counts what the members of a storm amount to.
func (tx *Tx) StormTally(storm int64) (StormTally, error) {
	t := StormTally{In: make(map[IncidentState]int)}
	rows, err := many(tx, scanTally, `SELECT m.left_at IS NULL, i.state, count(*) - sum(`+brokeAgain+`), count(*) - count(i.resolved_at), sum(i.alerts),
		min(i.since), max(i.newest), max(i.alerted_at), max(i.resolved_at), max(m.joined_at)
		FROM storm_members m JOIN incidents i ON i.id = m.incident_id WHERE m.storm_id = ? GROUP BY 1, 2`, storm)
	if err != nil {
		return t, fmt.Errorf("count the members of storm %d: %w", storm, err)
	}
	for _, r := range rows {
		t.Total += r.count
		t.Alerts += r.Alerts
		if t.Since.IsZero() || r.Since.Before(t.Since) {
			t.Since = r.Since
		}
		t.Joined = latest(t.Joined, r.Joined)
		if !r.in {
			continue
		}
		t.In[r.state] += r.count
		t.Untold += r.Untold
		t.Newest, t.Alerted, t.Ended = latest(t.Newest, r.Newest), latest(t.Alerted, r.Alerted), latest(t.Ended, r.Ended)
	}
	return t, nil
}

// tallied is one row of a tally: the members in one state.
type tallied struct {
	StormTally
	in    bool
	state IncidentState
	count int
}

func scanTally(row scanner) (r tallied, err error) {
	var since, newest, alerted, ended, joined sql.NullInt64
	err = row.Scan(&r.in, &r.state, &r.count, &r.Untold, &r.Alerts, &since, &newest, &alerted, &ended, &joined)
	r.Since, r.Newest, r.Alerted, r.Ended, r.Joined = at(since), at(newest), at(alerted), at(ended), at(joined)
	return r, err
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// LooseIncidents returns the open incidents that opened at a time or later, are part of
// no storm and are none of the given sources, oldest first.
func (tx *Tx) LooseIncidents(since time.Time, verified bool, but ...string) ([]Incident, error) {
	all, err := many(tx, scanIncident, selectIncident+`WHERE state <> 'resolved' AND opened_at >= ? AND verified = ?
		AND NOT EXISTS (SELECT 1 FROM storm_members WHERE incident_id = incidents.id AND left_at IS NULL) ORDER BY opened_at, id`, ms(since), verified)
	if err != nil {
		return nil, fmt.Errorf("read what broke lately: %w", err)
	}
	return without(all, but), nil
}

func without(all []Incident, sources []string) (kept []Incident) {
	for _, i := range all {
		if !slices.Contains(sources, i.Source) {
			kept = append(kept, i)
		}
	}
	return kept
}

// MarksOn returns the marks that count for an incident, oldest first, also those that
// were taken back: its own, and all but the notes on the storms that it was part of at
// the time.
func (tx *Tx) MarksOn(incident int64) ([]IncidentMark, error) {
	all, err := many(tx, scanIncidentMark, selectIncidentMark+`WHERE incident_id = ?1 UNION ALL `+selectIncidentMark+`
		WHERE kind <> 'note' AND EXISTS (SELECT 1 FROM storm_members m
			WHERE m.incident_id = ?1 AND m.storm_id = incident_marks.incident_id AND (m.left_at IS NULL OR incident_marks.recorded_at < m.left_at))
		AND incident_id IN (SELECT storm_id FROM storm_members WHERE incident_id = ?1) ORDER BY id`, incident)
	if err != nil {
		return nil, fmt.Errorf("read the marks on incident %d: %w", incident, err)
	}
	return all, nil
}

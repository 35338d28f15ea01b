package store

import (
	"fmt"
	"math"
	"time"
)

// How long what was measured is kept, and as what.
const (
	// RawFor is how long each value is kept.
	RawFor = 14 * 24 * time.Hour
	// HourlyFor is how long each hour is kept: thirteen weeks, so that what an hour of
	// the week is usually like rests on a dozen of them.
	HourlyFor = 13 * 7 * 24 * time.Hour
	// DailyFor is how long each day is kept.
	DailyFor = 10 * 366 * 24 * time.Hour
)

// Series is one thing that is measured again and again.
type Series struct {
	ID     int64
	Check  string // the kind of check: "disk"
	Name   string // of the host, or of the [[check]]
	Metric string // "used"
	Thing  string // "/srv"; "" where there is only one
	Unit   string
	Since  time.Time // when its first value was measured
}

// Measured is one value of a series, which is found by Check, Name, Metric and Thing.
type Measured struct {
	Series
	Value float64
}

// Point is one value of a series, or what a time of some length was like.
type Point struct {
	At                time.Time // in whole seconds; of an hour or a day, its begin
	Low, Median, High float64   // all the same of one value
	Count             int       // how many values it stands for
}

// AddMetrics keeps what was measured at one time. Measured again in the same second, the
// later value counts. A value that is no number is left out, and so is what is older
// than [RawFor].
func (tx *Tx) AddMetrics(at time.Time, all []Measured) error {
	if at.Before(tx.Now.Add(-RawFor)) {
		return nil
	}
	for _, m := range all {
		if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
			continue
		}
		if err := tx.addMetric(at, m); err != nil {
			return fmt.Errorf("keep %s of %s %s %s: %w", m.Metric, m.Check, m.Name, m.Thing, err)
		}
	}
	return nil
}

func (tx *Tx) addMetric(at time.Time, m Measured) error {
	id, known, err := one(tx, scanID, "SELECT id FROM series WHERE kind = ? AND name = ? AND metric = ? AND thing = ? AND unit = ?",
		m.Check, m.Name, m.Metric, m.Thing, m.Unit)
	if err == nil && !known {
		id, err = tx.addSeries(at, m.Series)
	}
	if err == nil {
		_, err = tx.exec("INSERT OR REPLACE INTO points (series, at, value) VALUES (?, ?, ?)", id, at.Unix(), m.Value)
	}
	return err
}

// addSeries makes a series, or gives one that is there another unit.
func (tx *Tx) addSeries(at time.Time, s Series) (int64, error) {
	id, _, err := one(tx, scanID, `INSERT INTO series (kind, name, metric, thing, unit, since) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, name, metric, thing) DO UPDATE SET unit = excluded.unit RETURNING id`,
		s.Check, s.Name, s.Metric, s.Thing, s.Unit, at.Unix())
	return id, err
}

// AllSeries returns every series of which something is kept, by kind, name, metric and
// thing.
func (tx *Tx) AllSeries() ([]Series, error) {
	all, err := many(tx, scanSeries, selectSeries+"ORDER BY kind, name, metric, thing")
	if err != nil {
		return nil, fmt.Errorf("read what is measured: %w", err)
	}
	return all, nil
}

// FindSeries returns the series with the Check, Name, Metric and Thing of like.
func (tx *Tx) FindSeries(like Series) (Series, bool, error) {
	s, known, err := one(tx, scanSeries, selectSeries+"WHERE kind = ? AND name = ? AND metric = ? AND thing = ?",
		like.Check, like.Name, like.Metric, like.Thing)
	if err != nil {
		return s, false, fmt.Errorf("find %s of %s %s %s: %w", like.Metric, like.Check, like.Name, like.Thing, err)
	}
	return s, known, nil
}

const selectSeries = "SELECT id, kind, name, metric, thing, unit, since FROM series "

func scanSeries(row scanner) (s Series, err error) {
	var since int64
	err = row.Scan(&s.ID, &s.Check, &s.Name, &s.Metric, &s.Thing, &s.Unit, &since)
	s.Since = time.Unix(since, 0)
	return s, err
}

func scanID(row scanner) (id int64, err error) { return id, row.Scan(&id) }

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// foldedAtOnce bounds how many hours or days one transaction folds, so that nobody waits
// long for the database meanwhile.
const foldedAtOnce = 100

// foldAfter is how long after its end an hour is folded: what was measured at its end may
// be stored a little later.
const foldAfter = 5 * time.Minute

// FoldMetrics makes the values of hours that are over into one row for each hour, makes
// hours that are too old into days, and forgets what is older than it is kept. It folds
// at most limit hours and days, in transactions of a hundred, and reports whether there
// is more to do. A step that was cut off is simply done again: what it reads goes in the
// transaction that writes what came of it.
func (s *Store) FoldMetrics(ctx context.Context, limit int) (more bool, err error) {
	for _, step := range []folding{{hoursToFold, (*Tx).foldHour}, {daysToFold, (*Tx).foldDay}} {
		if limit, err = s.fold(ctx, step, limit); err != nil {
			return true, fmt.Errorf("fold what was measured: %w", err)
		}
	}
	if err := s.Update(ctx, (*Tx).forgetMetrics); err != nil {
		return true, fmt.Errorf("forget what was measured long ago: %w", err)
	}
	return limit <= 0, nil
}

// folding is how hours or days are folded.
type folding struct {
	toDo func(tx *Tx, limit int) ([]stretch, error) // the oldest of each series
	fold func(tx *Tx, one stretch) error
}

// stretch is an hour or a day of a series, counted since 1970.
type stretch struct{ series, n int64 }

// fold folds until nothing is left to do, or at most limit. It returns what is left of
// the limit.
func (s *Store) fold(ctx context.Context, f folding, limit int) (left int, err error) {
	for limit > 0 {
		var due []stretch
		err := s.View(ctx, func(tx *Tx) (err error) {
			due, err = f.toDo(tx, limit)
			return err
		})
		if err != nil || len(due) == 0 {
			return limit, err
		}
		for some := range slices.Chunk(due, foldedAtOnce) {
			if err := s.Update(ctx, func(tx *Tx) error { return tx.foldAll(f, some) }); err != nil {
				return limit, err
			}
		}
		limit -= len(due)
	}
	return limit, nil
}

func (tx *Tx) foldAll(f folding, some []stretch) error {
	for _, one := range some {
		if err := f.fold(tx, one); err != nil {
			return err
		}
	}
	return nil
}

// hoursToFold finds hours that are over.
func hoursToFold(tx *Tx, limit int) ([]stretch, error) {
	return tx.stretches("points", "at", secondsPerHour, tx.Now.Add(-foldAfter).Unix()/secondsPerHour, limit)
}

// daysToFold finds days of which no hour is to be kept.
func daysToFold(tx *Tx, limit int) ([]stretch, error) {
	return tx.stretches("hours", "hour", hoursPerDay, tx.Now.Add(-HourlyFor).Unix()/secondsPerHour/hoursPerDay, limit)
}

// stretches finds the first stretch, of a length, of each series that has something in a
// table from before a stretch.
func (tx *Tx) stretches(table, column string, length, before int64, limit int) ([]stretch, error) {
	return many(tx, func(row scanner) (s stretch, err error) { return s, row.Scan(&s.series, &s.n) },
		"SELECT id, first / ?1 FROM (SELECT id, (SELECT min("+column+") FROM "+table+" WHERE series = id) AS first FROM series) WHERE first < ?1 * ?2 LIMIT ?3",
		length, before, limit)
}

// foldHour adds the loose values of an hour to what is packed of it already, which is
// something only if a clock went backwards.
func (tx *Tx) foldHour(o stretch) error {
	from, to := o.n*secondsPerHour, (o.n+1)*secondsPerHour
	points, err := tx.loose(o.series, from, to)
	if err != nil || len(points) == 0 {
		return err
	}
	before, err := tx.unpacked(o.series, o.n, o.n+1)
	if err != nil {
		return err
	}
	points = inOrder(append(points, before...))
	if _, err := tx.exec("INSERT OR REPLACE INTO packed (series, hour, points) VALUES (?, ?, ?)", o.series, o.n, packPoints(o.n, points)); err != nil {
		return err
	}
	if err := tx.putFolded("hours", o, Fold(points)); err != nil {
		return err
	}
	_, err = tx.exec("DELETE FROM points WHERE series = ? AND at >= ? AND at < ?", o.series, from, to)
	return err
}

// inOrder sorts values by time. Of two of the same second the first counts.
func inOrder(points []Point) []Point {
	slices.SortStableFunc(points, func(a, b Point) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(points, func(a, b Point) bool { return a.At.Equal(b.At) })
}

func (tx *Tx) putFolded(table string, o stretch, p Point) error {
	_, err := tx.exec("INSERT OR REPLACE INTO "+table+" VALUES (?, ?, ?, ?, ?, ?)", o.series, o.n, p.Count, p.Low, p.Median, p.High)
	return err
}

// foldDay makes a day of its hours.
func (tx *Tx) foldDay(o stretch) error {
	hours, err := tx.folded("hours", o.series, o.n*hoursPerDay, (o.n+1)*hoursPerDay)
	if err != nil || len(hours) == 0 {
		return err
	}
	if err := tx.putFolded("days", o, Fold(hours)); err != nil {
		return err
	}
	_, err = tx.exec("DELETE FROM hours WHERE series = ? AND hour >= ? AND hour < ?", o.series, o.n*hoursPerDay, (o.n+1)*hoursPerDay)
	return err
}

// forgetMetrics forgets packed values and days that are too old, and the series of which
// nothing is left.
func (tx *Tx) forgetMetrics() error {
	if err := tx.forgetBefore("packed", "hour", tx.Now.Add(-RawFor).Unix()/secondsPerHour); err != nil {
		return err
	}
	if err := tx.forgetBefore("days", "day", tx.Now.Add(-DailyFor).Unix()/secondsPerHour/hoursPerDay); err != nil {
		return err
	}
	return tx.forgetSeries()
}

func (tx *Tx) forgetBefore(table, column string, first int64) error {
	_, err := tx.exec("DELETE FROM "+table+" WHERE series IN (SELECT id FROM series) AND "+column+" < ?", first)
	return err
}

// forgetSeries forgets the series of which nothing is kept any more.
func (tx *Tx) forgetSeries() error {
	_, err := tx.exec(`DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM days WHERE series = id) AND NOT EXISTS (SELECT 1 FROM hours WHERE series = id)
		AND NOT EXISTS (SELECT 1 FROM packed WHERE series = id) AND NOT EXISTS (SELECT 1 FROM points WHERE series = id)`)
	return err
}

// Fold makes one point of several, which must be in order and not empty: with the time of
// the first, the lowest and the highest of all, and the median of the medians, each of
// which counts as often as it stands for values.
func Fold(points []Point) Point {
	sum := points[0]
	for _, p := range points[1:] {
		sum.Low, sum.High, sum.Count = min(sum.Low, p.Low), max(sum.High, p.High), sum.Count+p.Count
	}
	sum.Median = weighted(points, sum.Count)
	return sum
}

// weighted is the median of values, each taken Count times, which are count in all. Of an
// even number of values it is the mean of the two in the middle.
func weighted(points []Point, count int) float64 {
	sorted := slices.Clone(points)
	slices.SortFunc(sorted, func(a, b Point) int { return cmp.Compare(a.Median, b.Median) })
	return (nth(sorted, (count-1)/2) + nth(sorted, count/2)) / 2
}

// nth is the n-th of sorted values, from 0.
func nth(sorted []Point, n int) float64 {
	for _, p := range sorted {
		if n -= p.Count; n < 0 {
			return p.Median
		}
	}
	return sorted[len(sorted)-1].Median
}

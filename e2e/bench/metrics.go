package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"ronde/graph"
	"ronde/history"
	"ronde/store"
)

// What is measured in the year: three metrics of each container, once a minute.
const (
	metricsContainers = 60
	metricsSeries     = 3 * metricsContainers
	metricsRaw        = 6 // series that the yardstick keeps, the rest is computed from them
	metricsAsked      = 200
	metricsChunk      = 6 * time.Hour
	metricsYear       = 365 * store.Day
)

// measureMetrics compares what a year of metrics takes, and what a graph of it takes to
// read, with plain rows of all values in a table of their own.
func measureMetrics(ctx context.Context, t *town) (figures []figure, err error) {
	dir, err := t.folder("metrics")
	if err != nil {
		return nil, err
	}
	s, now := (*store.Store)(nil), time.Now().Truncate(time.Minute)
	file := filepath.Join(dir, "ronde.db")
	if s, err = store.Open(ctx, file); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	kept, err := keepYear(ctx, s, file, now)
	if err != nil {
		return nil, err
	}
	raw, err := openRaw(ctx, filepath.Join(dir, "raw.db"), now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, raw.db.Close()) }()
	t.say("metrics_year: %.1f MiB, of plain rows %.0f MiB", kept, raw.size)
	figures = append(figures, figure{name: "metrics_year_size", value: kept, unit: "MiB", ratio: kept / raw.size})
	for _, span := range []struct {
		name   string
		length time.Duration
	}{{"24h", store.Day}, {"7d", 7 * store.Day}, {"1y", metricsYear}} {
		f, err := compareGraphs(ctx, s, raw, now, span.length)
		if err != nil {
			return figures, err
		}
		f.name = "metrics_year_" + span.name
		figures = append(figures, f)
	}
	return figures, nil
}

// valueAt is what a series is at a minute: a day's rhythm and some noise, of CPU with two
// decimals, of memory in pages, of PIDs a whole number.
func valueAt(series int, at time.Time) float64 {
	minute := float64(at.Unix() / 60)
	wave := 1 + math.Sin(minute/1440*2*math.Pi+float64(series)) + 0.3*math.Sin(minute*float64(7+series))
	switch series % 3 {
	case 0:
		return math.Round(wave*4000) / 100
	case 1:
		return math.Round(wave*60000) * 4096
	}
	return math.Round(wave * 40)
}

// keepYear fills a store as a year of measurements leaves it, and returns its size in
// MiB. The last two weeks are folded by the bot itself; what is older is written as a
// fold would have left it.
func keepYear(ctx context.Context, s *store.Store, file string, now time.Time) (size float64, err error) {
	db, err := sql.Open("sqlite3", "file:"+file+"?_busy_timeout=5000&_synchronous=OFF&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := inTx(ctx, db, func(tx *sql.Tx) error { return fillOld(ctx, tx, now) }); err != nil {
		return 0, err
	}
	for from := now.Add(-store.RawFor); from.Before(now); from = from.Add(metricsChunk) {
		if err := inTx(ctx, db, func(tx *sql.Tx) error {
			return fillPoints(ctx, tx, metricsSeries, from, from.Add(metricsChunk))
		}); err != nil {
			return 0, err
		}
		if more, err := s.FoldMetrics(ctx, 1<<20); more || err != nil {
			return 0, fmt.Errorf("the values are not all folded: %w", err)
		}
	}
	return sizeOf(ctx, db, file)
}

func inTx(ctx context.Context, db *sql.DB, do func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// fillOld writes the series, and the hours and days that are older than two weeks.
func fillOld(ctx context.Context, tx *sql.Tx, now time.Time) error {
	begin, hourly := now.Add(-metricsYear), now.Add(-store.HourlyFor)
	for n := range metricsSeries {
		_, err := tx.ExecContext(ctx, "INSERT INTO series VALUES (?, 'stats', 'antigone', ?, ?, ?, ?)", n+1,
			[]string{"cpu", "memory", "pids"}[n%3], fmt.Sprintf("container-%02d", n/3), []string{"%", "B", ""}[n%3], begin.Unix())
		if err != nil {
			return err
		}
		for _, old := range []foldedRows{{"days", begin, hourly, store.Day}, {"hours", hourly, now.Add(-store.RawFor), time.Hour}} {
			if err := old.fill(ctx, tx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// foldedRows are the rows of a table, each of a stretch of time.
type foldedRows struct {
	table    string
	from, to time.Time
	length   time.Duration
}

func (f foldedRows) fill(ctx context.Context, tx *sql.Tx, series int) error {
	insert, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO "+f.table+" VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for at := f.from; at.Before(f.to); at = at.Add(f.length) {
		v := valueAt(series, at)
		if _, err := insert.ExecContext(ctx, series+1, at.Unix()/int64(f.length.Seconds()), int(f.length.Minutes()), v*0.7, v, v*1.4); err != nil {
			return err
		}
	}
	return nil
}

// fillPoints writes one value a minute of the first so many series.
func fillPoints(ctx context.Context, tx *sql.Tx, series int, from, to time.Time) error {
	insert, err := tx.PrepareContext(ctx, "INSERT INTO points VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		for n := range series {
			if _, err := insert.ExecContext(ctx, n+1, at.Unix(), valueAt(n, at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sizeOf is the size of a database in MiB, with all that was written in its file.
func sizeOf(ctx context.Context, db *sql.DB, file string) (float64, error) {
	if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return 0, err
	}
	stat, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return float64(stat.Size()) / (1 << 20), nil
}

// rawValues are the yardstick: every value of the year of a few series, each a row in a
// table without a row id. size is what all series would take, in MiB.
type rawValues struct {
	db   *sql.DB
	size float64
}

func openRaw(ctx context.Context, file string, now time.Time) (*rawValues, error) {
	db, err := sql.Open("sqlite3", "file:"+file+"?_synchronous=OFF&_stmt_cache_size=8")
	if err != nil {
		return nil, err
	}
	r := &rawValues{db: db}
	_, err = db.ExecContext(ctx, "CREATE TABLE points (series INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID")
	if err == nil {
		err = inTx(ctx, db, func(tx *sql.Tx) error { return fillPoints(ctx, tx, metricsRaw, now.Add(-metricsYear), now) })
	}
	if err == nil {
		r.size, err = sizeOf(ctx, db, file)
		r.size *= metricsSeries / metricsRaw
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// read reads what a graph needs, in as many points.
func (r *rawValues) read(ctx context.Context, series int, from, to time.Time, step time.Duration) (n int, err error) {
	rows, err := r.db.QueryContext(ctx, "SELECT min(at), min(value), avg(value), max(value) FROM points WHERE series = ? AND at BETWEEN ? AND ? GROUP BY at / ?",
		series, from.Unix(), to.Unix(), int(step.Seconds()))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var at int64
		var low, mean, high float64
		if err := rows.Scan(&at, &low, &mean, &high); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// compareGraphs reads graphs of one length, in turns.
func compareGraphs(ctx context.Context, s *store.Store, raw *rawValues, now time.Time, length time.Duration) (f figure, err error) {
	var ours, plain []time.Duration
	for n := range metricsAsked {
		series, from := n%metricsRaw+1, now.Add(-length)
		begun := time.Now()
		var curves history.Curves
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			curves, err = history.Read(tx, []store.Series{{ID: int64(series)}}, from, now, graph.MostLines)
			return err
		})
		ours = append(ours, time.Since(begun))
		if err != nil || len(curves.All) != 1 || curves.All[0].Count() < 100 {
			return f, fmt.Errorf("a graph of %s has %d curves: %w", length, len(curves.All), err)
		}
		if n >= metricsAsked/10 { // which is enough of what is slow
			continue
		}
		begun = time.Now()
		points, err := raw.read(ctx, series, from, now, curves.Step)
		plain = append(plain, time.Since(begun))
		if err != nil || points < 100 {
			return f, fmt.Errorf("plain rows of %s make %d points: %w", length, points, err)
		}
	}
	return milliseconds("", median(ours), median(plain)), nil
}

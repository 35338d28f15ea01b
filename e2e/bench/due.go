package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ronde/config"
	"ronde/e2e/decade"
	"ronde/routines"
	"ronde/store"
)

const (
	decisions = 200
	yearRuns  = 20
)

// measureDecision has a desk decide what is due, in turns with the plain reading of
// the same rows.
func measureDecision(ctx context.Context, t *town) (figures []figure, err error) {
	dir, err := t.folder("due")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "ronde.db")
	s, err := store.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	d, err := decade.Desk()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	begun := time.Now()
	if err := decade.Fill(ctx, s, d, now); err != nil {
		return nil, err
	}
	t.say("wrote ten years of %d routines in %.1f s", len(d.Routines), time.Since(begun).Seconds())
	plain, err := openRows(ctx, file, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, plain.db.Close()) }()
	var deciding, reading []time.Duration
	for range decisions {
		begun := time.Now()
		due, err := decade.Decide(ctx, s, d, now)
		deciding = append(deciding, time.Since(begun))
		if err != nil || len(due) == 0 {
			return nil, fmt.Errorf("%d routines are due: %w", len(due), err)
		}
		begun = time.Now()
		if err := plain.read(ctx); err != nil {
			return nil, err
		}
		reading = append(reading, time.Since(begun))
	}
	t.say("due_decision: p50 %v, p99 %v; plain reading of %d rows: p50 %v", median(deciding), quantile(deciding, 0.99), len(plain.rows), median(reading))
	return []figure{milliseconds("due_decision", median(deciding), median(reading))}, nil
}

// rows are the rows that a decision needs, by their keys.
type rows struct {
	db   *sql.DB
	rows []row
}

type row struct {
	query string
	key   any
}

// openRows finds out once which rows they are.
func openRows(ctx context.Context, file string, d *routines.Desk) (*rows, error) {
	db, err := sql.Open("sqlite3", "file:"+file+"?_stmt_cache_size=64")
	if err != nil {
		return nil, err
	}
	r := &rows{db: db}
	for _, routine := range d.Routines {
		r.rows = append(r.rows, row{"SELECT since FROM routines WHERE key = ?", routine.Key})
		for find, read := range map[string]string{
			"SELECT id FROM completions WHERE routine = ? AND undone_at IS NULL ORDER BY at DESC LIMIT 1":                           "SELECT at FROM completions WHERE id = ?",
			"SELECT id FROM marks WHERE routine = ? AND kind = 'skip' AND who <> '' AND undone_at IS NULL ORDER BY at DESC LIMIT 1": "SELECT at FROM marks WHERE id = ?",
		} {
			var id int64
			if err := db.QueryRowContext(ctx, find, routine.Key).Scan(&id); err != nil {
				return nil, errors.Join(fmt.Errorf("find a row of %s: %w", routine.Key, err), db.Close())
			}
			r.rows = append(r.rows, row{read, id})
		}
		if ref := routine.When + routine.Expires; ref != "" {
			r.rows = append(r.rows, row{"SELECT at FROM readings WHERE ref = ?", ref})
		}
	}
	return r, nil
}

// read reads all of them in one transaction, as a decision does.
func (r *rows) read(ctx context.Context) (err error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Commit()) }()
	for _, one := range r.rows {
		var at int64
		if err := tx.QueryRowContext(ctx, one.query, one.key).Scan(&at); err != nil {
			return fmt.Errorf("%s with %v: %w", one.query, one.key, err)
		}
	}
	return nil
}

// measureYear decides for a year of the example.
func measureYear(_ context.Context, t *town) ([]figure, error) {
	const file = "config.example.toml"
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("run this in the project's folder: %w", err)
	}
	c, _ := config.Parse(file, doc, func(name string) (string, bool) { return "secret", strings.HasPrefix(name, "RONDE_") })
	var took []time.Duration
	ahead, done := 0, 0
	for range yearRuns {
		begun := time.Now()
		ahead, done = decade.Year(c.Routines, time.Date(2026, 1, 1, 0, 0, 0, 0, c.Location), c.Location)
		took = append(took, time.Since(begun))
	}
	if ahead < 2000 || done < 2000 {
		return nil, fmt.Errorf("a year of %d routines had %d dates ahead and %d done", len(c.Routines), ahead, done)
	}
	t.say("due_year: %d dates ahead, %d done; p50 %v, max %v", ahead, done, median(took), quantile(took, 1))
	return []figure{milliseconds("due_year", median(took), 0)}, nil
}

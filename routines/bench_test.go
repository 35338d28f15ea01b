package routines_test

import (
	"path/filepath"
	"testing"
	"time"

	"ronde/e2e/decade"
	"ronde/routines"
	"ronde/store"
)

// BenchmarkDueDecision reads what is known of 200 routines with ten years of history,
// and decides.
func BenchmarkDueDecision(b *testing.B) {
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "ronde.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	d, err := decade.Desk()
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	if err := decade.Fill(b.Context(), s, d, now); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if due, err := decade.Decide(b.Context(), s, d, now); err != nil || len(due) == 0 {
			b.Fatal(len(due), err)
		}
	}
}

// BenchmarkDueNow decides from facts that are known already.
func BenchmarkDueNow(b *testing.B) {
	d, err := decade.Desk()
	if err != nil {
		b.Fatal(err)
	}
	now, facts := time.Now(), map[string]routines.Facts{}
	for i, r := range d.Routines {
		facts[r.Key] = routines.Facts{Since: now.AddDate(-10, 0, 0), Last: routines.Done{At: now.AddDate(0, 0, -i)}}
	}
	for b.Loop() {
		routines.DueNow(d.Routines, facts, now, d.Location)
	}
}

// BenchmarkDueYear decides at each hour of a year.
func BenchmarkDueYear(b *testing.B) {
	d, err := decade.Desk()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		decade.Year(d.Routines[:16], time.Date(2026, 1, 1, 0, 0, 0, 0, d.Location), d.Location)
	}
}

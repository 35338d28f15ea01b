package watch

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/checks"
	"ronde/hosts"
	"ronde/store"
	"ronde/text"
)

// world is a watch over things that a test sets, and what it tells.
type world struct {
	*Watch
	t *testing.T

	mu     sync.Mutex
	says   map[string]checks.Outcome // by check
	made   map[string][]time.Time    // by check
	last   map[string]checks.Outcome // by check: what it said last
	busy   int
	most   int           // how many were made at once
	takes  time.Duration // how long each takes
	told   []alerts.Found
	refuse bool // nothing can be told
}

func newWorld(t *testing.T, all ...checks.Config) *world {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	english, err := text.In("en")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, says: map[string]checks.Outcome{}, made: map[string][]time.Time{}, last: map[string]checks.Outcome{}}
	w.Watch = &Watch{
		Store: s, Suite: w, Checks: all, Hosts: []hosts.Config{{Name: "antigone", Local: true}}, Incidents: w, Language: english,
		Log: slog.New(slog.DiscardHandler), Changed: func() {},
	}
	return w
}

// makes makes one check.
func (w *world) makes(ctx context.Context, ref string) checks.Outcome {
	w.mu.Lock()
	w.made[ref] = append(w.made[ref], time.Now())
	w.busy++
	w.most = max(w.most, w.busy)
	o, known := w.says[ref]
	w.mu.Unlock()
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if !known {
		o = found("nothing")
	}
	o.Ref, o.At = ref, time.Now()
	w.last[ref] = o
	return o
}

// Run makes checks as a suite does.
func (w *world) Run(ctx context.Context, refs []string, _ *text.Language) (all []checks.Outcome) {
	for _, ref := range refs {
		all = append(all, w.makes(ctx, ref))
	}
	return all
}

// Recent says again what a check said within a time, as a suite does.
func (w *world) Recent(ctx context.Context, refs []string, maxAge time.Duration, _ *text.Language) (all []checks.Outcome) {
	for _, ref := range refs {
		w.mu.Lock()
		o, known := w.last[ref]
		w.mu.Unlock()
		if !known || o.Status == checks.Unknown || o.Age(time.Now()) > maxAge {
			o = w.makes(ctx, ref)
		}
		all = append(all, o)
	}
	return all
}

// Tell takes what the watch finds.
func (w *world) Tell(_ *store.Tx, f alerts.Found) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse {
		return 0, errors.New("the disk is full")
	}
	w.told = append(w.told, f)
	return 1, nil
}

// Forgotten is never so here; the conversations have it.
func (w *world) Forgotten(*store.Tx, string, string) (bool, error) { return false, nil }

func (w *world) say(ref string, o checks.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.says[ref] = o
}

// heard writes what was told, and forgets it.
func (w *world) heard() (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.told {
		word := "down"
		if f.Over {
			word = "up"
		}
		all = append(all, word+" "+f.Kind+" "+f.Thing)
	}
	w.told = nil
	return all
}

// found is the outcome that finds things: warnings, or "!" and a critical one, or why it
// says nothing.
func found(things ...string) checks.Outcome {
	o := checks.Outcome{Result: checks.Result{Check: "disk", Host: "antigone", Status: checks.OK, Findings: []checks.Finding{}}}
	for _, thing := range things {
		f := checks.Finding{Status: checks.Warning, Thing: thing, Fault: checks.FaultSpace, Value: 91, Limit: 85, Unit: checks.Percent}
		switch {
		case thing == "nothing":
			continue
		case thing == string(checks.FaultAway), thing == string(checks.FaultLate):
			o.Status = checks.Unknown
			o.Findings = []checks.Finding{{Thing: "antigone", Fault: checks.Fault(thing)}}
			return o
		case thing[0] == '!':
			f.Status, f.Thing = checks.Critical, thing[1:]
		}
		o.Findings, o.Status = append(o.Findings, f), max(o.Status, f.Status)
	}
	slices.SortStableFunc(o.Findings, func(a, b checks.Finding) int { return int(b.Status - a.Status) })
	return o
}

// work runs the watch for a time, as if the bot had been started and then stopped.
func (w *world) work(d time.Duration) {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), d)
	defer stop()
	if err := w.Watch.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		w.t.Errorf("it ended with %v", err)
	}
}

func disk(name string) checks.Config {
	c := every(name, 5*time.Minute)
	c.Host = "antigone"
	return c
}

func inBubble(t *testing.T, story func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, story)
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func (w *world) workInPieces(r *rand.Rand, d time.Duration) {
	for d > 0 {
		piece := min(d, 70*time.Second+time.Duration(r.IntN(600))*time.Second)
		w.work(piece)
		d -= piece
	}
}

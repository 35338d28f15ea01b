package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
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

func TestEachThingIsAnIncidentOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		w.say("disk antigone", found("/srv", "!/home"))
		w.work(20 * time.Minute)
		expect(t, w.heard(), "down disk antigone · /home", "down disk antigone · /srv")
		w.say("disk antigone", found("/srv"))
		w.work(20 * time.Minute)
		expect(t, w.heard(), "up disk antigone · /home")
	})
}

func TestAHostThatCannotBeReachedIsOneIncident(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var all []checks.Config
		for n := range 10 {
			all = append(all, disk(fmt.Sprintf("check-%d", n)))
		}
		w := newWorld(t, all...)
		defer w.Store.Close()
		for _, c := range all {
			w.say(c.Ref(), found(string(checks.FaultLate)))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down unknown antigone")
		w.say(all[3].Ref(), found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard())
		for _, c := range all {
			w.say(c.Ref(), found(string(checks.FaultAway)))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down unknown antigone") // it is worse than was known
		for _, c := range all[1:] {
			w.say(c.Ref(), found("nothing"))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard())
		w.say(all[0].Ref(), found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "up unknown antigone")
	})
}

// TestACheckThatIsNoLongerConfiguredHoldsNothingOpen: what others of its host say counts.
func TestACheckThatIsNoLongerConfiguredHoldsNothingOpen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("one"), disk("two"))
		defer w.Store.Close()
		w.say("disk one", found(string(checks.FaultAway)))
		w.say("disk two", found(string(checks.FaultAway)))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down unknown antigone")
		w.Checks = w.Checks[:1]
		w.say("disk one", found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "up unknown antigone")
		err := w.Store.View(t.Context(), func(tx *store.Tx) error {
			if refs, err := tx.WatchedRefs(); len(refs) > 0 || err != nil {
				t.Errorf("still watched: %q, %v", refs, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWhatNobodyAsksForAnyMoreIsForgotten: after a while, so that nothing only grows.
func TestWhatNobodyAsksForAnyMoreIsForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.Store.Close()
		for _, tt := range []struct {
			after time.Duration
			known bool
		}{{0, true}, {80 * 24 * time.Hour, true}, {20 * 24 * time.Hour, false}} {
			if tt.after == 0 {
				w.Look(t.Context(), []string{"disk antigone"})
			}
			time.Sleep(tt.after)
			w.work(time.Minute)
			err := w.Store.View(t.Context(), func(tx *store.Tx) error {
				if _, known, err := tx.Look("disk antigone"); known != tt.known || err != nil {
					t.Errorf("after %s more: known %v, %v", tt.after, known, err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestOfTooManyThingsTheRestIsOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		var things []string
		for n := range 200 {
			things = append(things, fmt.Sprintf("/data/%d", n))
		}
		w.say("disk antigone", found(things...))
		w.work(time.Hour)
		if n := len(w.heard()); n != mostThings+1 {
			t.Errorf("%d incidents", n)
		}
		slices.Reverse(things) // those that are known stay, whichever are first
		w.say("disk antigone", found(things...))
		w.work(time.Hour)
		expect(t, w.heard())
		w.say("disk antigone", found("nothing"))
		w.work(time.Hour)
		if n := len(w.heard()); n != mostThings+1 {
			t.Errorf("%d ended", n)
		}
	})
}

// TestWhatCannotBeToldIsToldLater: what is remembered and what is told are one transaction.
func TestWhatCannotBeToldIsToldLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		w.say("disk antigone", found("/srv"))
		w.refuse = true
		w.work(time.Hour)
		w.refuse = false
		expect(t, w.heard())
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down disk antigone · /srv")
	})
}

// TestAHostThatIsBackIsNotHeldByItsSlowestCheck: a check that is made once a day found its
// host away, and finds within minutes that it is not.
func TestAHostThatIsBackIsNotHeldByItsSlowestCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		daily := disk("daily")
		daily.Work.Every = 24 * time.Hour
		w := newWorld(t, disk("antigone"), daily)
		defer w.Store.Close()
		w.say("disk antigone", found(string(checks.FaultAway)))
		w.say("disk daily", found(string(checks.FaultAway)))
		w.work(8 * time.Hour)
		expect(t, w.heard(), "down unknown antigone")
		w.say("disk antigone", found("nothing"))
		w.say("disk daily", found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "up unknown antigone")
	})
}

// TestOneThatCannotBeKeptTakesNoOtherWithIt: of several that somebody asked for.
func TestOneThatCannotBeKeptTakesNoOtherWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("one"), disk("two"))
		defer w.Store.Close()
		odd, changed := found("/srv"), 0
		odd.Findings[0].Value = math.NaN()
		w.say("disk one", odd)
		w.Changed = func() { changed++ }
		w.Look(t.Context(), []string{"disk one", "disk two"})
		err := w.Store.View(t.Context(), func(tx *store.Tx) error {
			if _, known, err := tx.Look("disk two"); !known || err != nil || changed != 1 {
				t.Errorf("kept: %v, %v; told of %d times", known, err, changed)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWhatCannotBeReadAnyMoreIsMadeAgain: another version of the bot wrote it.
func TestWhatCannotBeReadAnyMoreIsMadeAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.SaveLook(store.Look{Ref: "disk antigone", Ran: tx.Now, Status: "ok", Outcome: []byte(`{"status":"splendid"}`)}); err != nil {
				return err
			}
			all, err := w.Seen(tx)
			if err != nil || len(all) != 1 || all[0].Made {
				t.Errorf("seen: %v, %v", all, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestNoStormOfChecksAfterAPause: a bot that was away for a week makes each check once
// within a minute or so, three at a time, and then as ever.
func TestNoStormOfChecksAfterAPause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var all []checks.Config
		for n := range 60 {
			all = append(all, every(fmt.Sprintf("host-%d", n), 10*time.Minute))
		}
		w := newWorld(t, all...)
		defer w.Store.Close()
		w.takes = 2 * time.Second
		w.work(time.Hour)
		time.Sleep(7 * 24 * time.Hour)
		clear(w.made)
		w.most = 0
		w.work(5 * time.Minute)
		for ref, times := range w.made {
			if len(times) > 2 {
				t.Errorf("%s was made %d times in five minutes", ref, len(times))
			}
		}
		if w.most > atOnce || len(w.made) != 60 {
			t.Errorf("%d checks at once, %d of 60 made", w.most, len(w.made))
		}
	})
}

// TestRestartsChangeNothing: random outages, with the bot stopped and started all the time.
// Each that is much longer than it takes is one incident, each that is shorter is none, and
// all are over in the end.
func TestRestartsChangeNothing(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				w := newWorld(t, disk("antigone"))
				defer w.Store.Close()
				w.work(10 * time.Minute)
				for range 12 {
					long := r.IntN(2) == 0
					lasts := time.Duration(1+r.IntN(9)) * time.Minute
					if long {
						lasts += 25 * time.Minute
					}
					w.say("disk antigone", found("/srv"))
					w.workInPieces(r, lasts)
					w.say("disk antigone", found("nothing"))
					w.workInPieces(r, 30*time.Minute)
					if long {
						expect(t, w.heard(), "down disk antigone · /srv", "up disk antigone · /srv")
					} else {
						expect(t, w.heard())
					}
				}
			})
		})
	}
}

func (w *world) workInPieces(r *rand.Rand, d time.Duration) {
	for d > 0 {
		piece := min(d, 70*time.Second+time.Duration(r.IntN(600))*time.Second)
		w.work(piece)
		d -= piece
	}
}

// TestALookThatWasBrokenOffSaysNothing: when the bot stops while a check is made.
// TestAGlanceMakesNoCheckTwice: what somebody else was told within the last minute is kept
// as of then; what is older, or said nothing, is made.
func TestAGlanceMakesNoCheckTwice(t *testing.T) {
	const ref = "disk antigone"
	inBubble(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.Store.Close()
		glance := func(made int, age time.Duration) {
			t.Helper()
			w.Glance(t.Context(), []string{ref})
			if got := len(w.made[ref]); got != made {
				t.Errorf("made %d times, want %d", got, made)
			}
			err := w.Store.View(t.Context(), func(tx *store.Tx) error {
				look, _, err := tx.Look(ref)
				if got := tx.Now.Sub(look.Ran); got != age || tx.Now.Sub(look.Since) < age {
					t.Errorf("kept as %s old, and as so since %s; want %s", got, tx.Now.Sub(look.Since), age)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
		w.Recent(t.Context(), []string{ref}, time.Minute, nil) // as "!disk antigone" asks
		time.Sleep(40 * time.Second)
		glance(1, 40*time.Second)
		time.Sleep(21 * time.Second)
		w.say(ref, found(string(checks.FaultLate)))
		glance(2, 0)
		time.Sleep(time.Second)
		glance(3, 0)
	})
}

func TestALookThatWasBrokenOffSaysNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		w.takes = 10 * time.Minute
		w.work(5 * time.Minute)
		if err := w.Store.View(t.Context(), func(tx *store.Tx) error {
			if _, known, err := tx.Look("disk antigone"); known || err != nil {
				t.Errorf("it is kept: %v", err)
			}
			return nil
		}); err != nil || len(w.made) != 1 {
			t.Fatal(err, w.made)
		}
	})
}

// TestWhatACheckSaidIsKeptWhole: as it is shown later, with its details and figures.
func TestWhatACheckSaidIsKeptWhole(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		said := found("/srv")
		said.Detail, said.Count, said.Metrics = "mount  use%", 3, []checks.Metric{{Name: "space", Thing: "/srv", Value: 91, Unit: checks.Percent}}
		w.say("disk antigone", said)
		w.Look(t.Context(), []string{"disk antigone"})
		err := w.Store.View(t.Context(), func(tx *store.Tx) error {
			all, err := w.Seen(tx)
			if err != nil || len(all) != 1 || !all[0].Made {
				t.Fatal(all, err)
			}
			said.Ref, said.At = "disk antigone", all[0].Outcome.At
			want, _ := json.Marshal(said)
			got, _ := json.Marshal(all[0].Outcome)
			if string(got) != string(want) {
				t.Errorf("kept\n%s\nwant\n%s", got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

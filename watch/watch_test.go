package watch

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"ronde/checks"
	"ronde/store"
)

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

// TestALookThatWasBrokenOffSaysNothing: when the bot stops while a check is made.
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

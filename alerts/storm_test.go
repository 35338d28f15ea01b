package alerts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

// weather is a desk to which anything happens.
type weather struct {
	*play
	lots  *rand.Rand
	marks []string // events that said something
	done  []string // what happened, for who has to find out why
}

var fleet = []string{
	"Nuage", "Forge", "Wiki", "Liens", "Blog antigone", "Pad antigone", "Courriel", "Agenda", "Sondages", "Galerie", "Listes", "Visio",
}

// TestAStormHidesNothing: whatever breaks, comes back, and is said of it, in whatever
// order, each thing that is down is on a card, its own or that of the storm which it is
// part of; and no storm stands there of which nothing is left.
func TestAStormHidesNothing(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.Settings.Storm = 3
				p.Settings.Hosts = map[string][]string{"antigone": {"nuage", "forge", "wiki", "liens"}}
				p.Settings.Critical = []string{"courriel"}
				w := &weather{play: p, lots: rand.New(rand.NewPCG(seed, 7))}
				for range 100 {
					w.pass()
					if err := w.Store.Update(t.Context(), w.happen); err != nil {
						t.Fatal(err)
					}
					w.check()
				}
				_ = p.Store.Close()
			})
		})
	}
}

// pass lets some time go by: most of it is a gust.
func (w *weather) pass() {
	switch n := w.lots.IntN(20); {
	case n < 12:
		time.Sleep(time.Duration(w.lots.IntN(20)) * time.Second)
	case n < 19:
		time.Sleep(time.Duration(w.lots.IntN(5)) * time.Minute)
	default:
		time.Sleep(time.Duration(w.lots.IntN(300)) * time.Minute)
	}
	if w.lots.IntN(3) == 0 {
		if err := w.Tick(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *weather) happen(tx *store.Tx) error {
	w.events++
	switch n := w.lots.IntN(20); {
	case n < 9:
		return w.tell(tx, Firing)
	case n < 14:
		return w.tell(tx, Resolved)
	case n < 17:
		return w.mark(tx)
	case n < 19 && len(w.marks) > 0:
		event := w.marks[w.lots.IntN(len(w.marks))]
		w.note("undo %s", event)
		_, _, err := w.UndoByEvent(tx, event, "ana")
		return err
	}
	w.note("silence antigone")
	_, _, err := w.Silence(tx, store.SilenceRule{Scope: store.HostScope, Name: "antigone", At: tx.Now, Until: tx.Now.Add(10 * time.Minute), Who: "ana", EventID: fmt.Sprintf("$%d", w.events)})
	return err
}

func (w *weather) note(what string, args ...any) {
	w.done = append(w.done, time.Now().Format("15:04:05 ")+fmt.Sprintf(what, args...))
}

func (w *weather) tell(tx *store.Tx, state State) error {
	r := Reading{Kind: Kuma, State: state, Thing: fleet[w.lots.IntN(len(fleet))], Since: tx.Now, Verified: w.lots.IntN(3) > 0}
	w.note("%s %s %v", r.Thing, state, r.Verified)
	_, err := w.placeAlert(tx, r, heard{store.Webhook, tx.Now})
	return err
}

// mark says something of one of the newest incidents, be it a storm or not.
func (w *weather) mark(tx *store.Tx) error {
	recent, err := tx.RecentIncidents(8)
	if err != nil || len(recent) == 0 {
		return err
	}
	i := recent[w.lots.IntN(len(recent))]
	kinds := []store.IncidentMarkKind{store.Ack, store.Silence, store.Handled, store.Note}
	m := store.IncidentMark{
		Kind: kinds[w.lots.IntN(len(kinds))], At: tx.Now, Who: "ana", EventID: fmt.Sprintf("$%d", w.events), How: "reaction", Until: tx.Now.Add(time.Hour),
	}
	w.note("%s %d %s as %s", m.Kind, i.ID, i.Thing, m.EventID)
	w.marks = append(w.marks, m.EventID)
	_, err = w.Mark(tx, i.ID, m)
	return err
}

// check looks at all that is or was broken. That a silence or an ack ended by itself, the
// next minute sees to.
func (w *weather) check() {
	if err := w.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	err := w.Store.View(w.t.Context(), func(tx *store.Tx) error {
		recent, err := tx.RecentIncidents(40)
		for _, i := range recent {
			if err := w.checkOne(tx, i); err != nil {
				return fmt.Errorf("incident %d, %s: %w", i.ID, i.Thing, err)
			}
		}
		return err
	})
	if err != nil {
		w.t.Errorf("%v", err)
		for _, line := range w.done {
			w.t.Log(line)
		}
		w.t.FailNow()
	}
}

func (w *weather) checkOne(tx *store.Tx, i store.Incident) error {
	s, err := w.stands(tx, i)
	if err != nil {
		return err
	}
	if state := s.state(tx.Now); state != i.State {
		return fmt.Errorf("kept as %s, it stands as %s", i.State, state)
	}
	_, shown, err := tx.CardOf(IncidentCard, i.ID)
	if err != nil {
		return err
	}
	if IsStorm(i) {
		return w.checkStorm(i, s.tally.Open(), shown)
	}
	if i.Storm == 0 {
		if !shown {
			return fmt.Errorf("%s, and on no card", i.State)
		}
		return nil
	}
	storm, known, err := tx.Incident(i.Storm)
	switch {
	case err != nil || !known:
		return fmt.Errorf("part of storm %d: %v, %w", i.Storm, known, err)
	case i.State != store.Resolved && storm.State == store.Resolved:
		return fmt.Errorf("%s, and part of a storm that is over", i.State)
	case i.State != store.Resolved && i.Verified != storm.Verified:
		return fmt.Errorf("verified %v, and part of a storm that is %v", i.Verified, storm.Verified)
	}
	return nil
}

func (w *weather) checkStorm(i store.Incident, open int, shown bool) error {
	switch {
	case !shown:
		return fmt.Errorf("a storm on no card")
	case (open > 0) != (i.State != store.Resolved):
		return fmt.Errorf("%s with %d members down", i.State, open)
	}
	return nil
}

package watch

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
)

// silent takes what the desk has to say beside its cards.
type silent struct{}

func (silent) AddUnder(*store.Tx, string, store.Card, cards.Message) error { return nil }
func (silent) AddNotice(*store.Tx, string, string, cards.Message) error    { return nil }
func (silent) Withdraw(*store.Tx, string) (bool, error)                    { return false, nil }

// standing returns what is open, and how often something opened or opened again.
func (w *world) standing(t *testing.T) (open []string, fired int) {
	t.Helper()
	err := w.Store.View(t.Context(), func(tx *store.Tx) error {
		incidents, err := tx.RecentIncidents(1000)
		for _, i := range incidents {
			if fired += 1 + i.Flaps; i.State != store.Resolved {
				open = append(open, i.Thing)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open, fired
}

// TestEveryIncidentEnds: random faults of two file systems, and times in which the host
// cannot be reached, with the real desk, which folds and reopens. Whenever all has been
// well for long, nothing is open; and no more opens than was told.
func TestEveryIncidentEnds(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 11))
				w := newWorld(t, disk("antigone"), disk("two"))
				defer w.Store.Close()
				desk := alerts.NewDesk(&alerts.Desk{
					Store: w.Store, Location: time.UTC, Language: w.Language, Log: slog.New(slog.DiscardHandler), Changed: func() {},
					Notices: silent{}, Settings: alerts.Settings{Reopen: 15 * time.Minute, Hosts: map[string][]string{"antigone": nil}},
				})
				told := &counting{Desk: desk}
				w.Incidents = told
				for range 8 {
					for range 6 {
						for _, c := range w.Checks {
							w.say(c.Ref(), found([][]string{{"nothing"}, {"/srv"}, {"!/srv", "/home"}, {"late"}, {"unreachable"}, {"nothing"}}[r.IntN(6)]...))
						}
						w.workInPieces(r, time.Duration(1+r.IntN(30))*time.Minute)
					}
					for _, c := range w.Checks {
						w.say(c.Ref(), found("nothing"))
					}
					w.workInPieces(r, 30*time.Minute)
					if open, _ := w.standing(t); len(open) > 0 {
						t.Fatalf("open: %q", open)
					}
				}
				if _, fired := w.standing(t); fired != told.fires || fired == 0 {
					t.Errorf("%d times something opened, %d times that was told", fired, told.fires)
				}
			})
		})
	}
}

// counting counts what is told for the first time.
type counting struct {
	*alerts.Desk
	fires int
	open  map[string]bool
}

func (c *counting) Tell(tx *store.Tx, f alerts.Found) (int64, error) {
	if c.open == nil {
		c.open = map[string]bool{}
	}
	if name := f.Source() + f.Name(); f.Over {
		delete(c.open, name)
	} else if !c.open[name] {
		c.open[name] = true
		c.fires++
	}
	return c.Desk.Tell(tx, f)
}

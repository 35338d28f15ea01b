package alerts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"ronde/store"
)

// TestWhatWasClosedByHandJoinsNoStorm: that somebody else, too, had said that it is down,
// before it was closed, is no outage of now.
func TestWhatWasClosedByHandJoinsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.Settings.Same, p.Settings.Storm = []Tie{nuage}, 2
		for _, step := range []string{"10:00 kuma down 502", "10:10 ana handles", "10:14 forge down 502", "10:14 wiki down 502", "10:15 hcmail down@10:05 no ping"} {
			p.tied(step)
		}
		err := p.Store.View(t.Context(), func(tx *store.Tx) error {
			i, _, err := tx.Incident(1)
			if i.State != store.Resolved || i.Storm != 0 || i.Alerts != 2 {
				t.Errorf("%s, part of storm %d, %d alerts", i.State, i.Storm, i.Alerts)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Store.Close()
	})
}

// TestAStormHidesNothingThatIsTied: what is tied may be part of a storm like anything else.
func TestAStormHidesNothingThatIsTied(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				p.Settings.Storm = 3
				p.Settings.Hosts = map[string][]string{"antigone": {"forge", "cloud"}}
				p.Settings.Same = []Tie{{"Tout le reste", []string{"Nuage", "Wiki", "Liens"}}, {"cloud", []string{"Courriel", "Agenda"}}}
				w := &weather{play: p, lots: rand.New(rand.NewPCG(seed, 11))}
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

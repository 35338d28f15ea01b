package watch

import (
	"testing"
	"time"

	"ronde/checks"
	"ronde/hosts"
	"ronde/store"
)

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

// TestWhatACheckKnewGoesWithIt: with its [[check]], its host or the way to it, at the next
// start, for which a new configuration counts. What people can still ask for goes on.
func TestWhatACheckKnewGoesWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, checks.Config{Kind: "logs", Name: "Traefik", Host: "antigone"})
		defer w.Store.Close()
		w.Hosts = append(w.Hosts, hosts.Config{Name: "two", SSH: "ronde@two"}, hosts.Config{Name: "three", Local: true})
		all := []string{"logs Traefik", "logs antigone", "logs removed", "logs three", "logs two", "sorcery antigone"}
		for _, ref := range all {
			if kept, err := w.Store.Remember(t.Context(), ref, nil, map[string][]byte{"": []byte("x"), "a": []byte("y")}); !kept || err != nil {
				t.Fatal(kept, err)
			}
		}
		left := func() (refs []string) {
			w.work(time.Minute)
			err := w.Store.View(t.Context(), func(tx *store.Tx) (err error) {
				refs, err = tx.Remembered()
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return refs
		}
		expect(t, left(), "logs Traefik", "logs antigone", "logs three", "logs two")
		w.Checks, w.Hosts = nil, []hosts.Config{{Name: "antigone", Docker: "unix:///run/docker.sock"}, {Name: "three", Local: true}, {Name: "Two", SSH: "ronde@two"}}
		expect(t, left(), "logs three") // what is called otherwise now knows nothing of before
	})
}

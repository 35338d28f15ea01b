package cards_test

import (
	"fmt"
	"testing"
	"time"

	"ronde/cards"
)

func TestWhatWasTriedFirstStandsAndTheStateOfNowFollowsAsOneEdit(t *testing.T) {
	story(t, "the homeserver knows the transaction id", func(w *town) {
		w.start()
		w.hs.does(always(errLost))
		w.becomes(1, "one")
		w.becomes(1, "two")
		w.becomes(1, "three")
		w.hs.does(nil)
		w.after(time.Minute)
		w.syncs() // tells nothing of it yet
		w.shows("one", "$1 → three")
		w.tried(2, func(out cards.Outgoing) bool { return out.Edits == "" })
	})
	story(t, "it is seen in the room", func(w *town) {
		w.start()
		w.hs.does(always(errLost))
		w.becomes(1, "one")
		w.becomes(1, "two")
		w.becomes(1, "three")
		w.hs.does(nil)
		w.echoes()
		w.after(time.Minute)
		w.shows("one", "$1 → three")
		w.tried(1, func(out cards.Outgoing) bool { return out.Edits == "" })
	})
	story(t, "it never arrived", func(w *town) {
		w.start()
		w.hs.does(always(errBroken))
		w.becomes(1, "one")
		w.becomes(1, "two")
		w.hs.does(nil)
		w.after(time.Minute)
		w.syncs()
		// Nobody can tell which of the two the homeserver shows, so the edit is sent.
		w.shows("two", "$1 → two")
		w.after(time.Hour)
		w.tried(2, func(out cards.Outgoing) bool { return out.Edits == "" })
	})
}

// sending is one kind of thing that goes out, and how to make it the next.
type sending struct {
	name          string
	meant         func(cards.Outgoing) bool
	begin, cause  func(w *town)
	shown         []string // when all went well
	table, column string   // where it is stored that it went out
}

func sendings() []sending {
	nothing := func(*town) {}
	one := func(w *town) { w.becomes(1, "one") }
	return []sending{
		{"a new card", says("one"), nothing, one, []string{"one"}, "cards", "event_id"},
		{"an edit", says("two"), one, func(w *town) { w.becomes(1, "two") }, []string{"one", "$1 → two"}, "cards", "sent"},
		{"a notice", says("note"), nothing, func(w *town) { w.notice("n", "note") }, []string{"note"}, "outbox", "done"},
		{"a seed", isSeed, func(w *town) { w.seed("👀") }, one, []string{"one", "$1 👀"}, "outbox", "done"},
	}
}

func TestALostAnswerIsJudgedByALaterSync(t *testing.T) {
	for _, kind := range sendings() {
		for _, restarted := range []bool{false, true} {
			for _, arrived := range []bool{false, true} {
				name := fmt.Sprintf("%s, restarted %v, arrived %v", kind.name, restarted, arrived)
				story(t, name, func(w *town) {
					w.hs.forgets = true // so that trying again what arrived shows twice
					w.start()
					kind.begin(w)
					trouble := errBroken
					if arrived {
						trouble = errLost
					}
					w.hs.does(only(kind.meant, trouble))
					kind.cause(w)
					w.hs.does(nil)
					w.tried(1, kind.meant)
					if len(w.hs.nudges) != 1 {
						w.Errorf("the bot was nudged %d times, want once", len(w.hs.nudges))
					}
					asked := time.Now()
					w.after(time.Minute)
					if restarted {
						w.restart() // which ends the /sync that was under way
					} else {
						w.receives(asked) // long under way, so it says nothing
					}
					w.after(10 * time.Minute)
					w.tried(1, kind.meant)

					w.echoes()
					w.after(time.Hour)
					w.shows(kind.shown...)
					if arrived {
						w.tried(1, kind.meant)
					} else {
						w.tried(2, kind.meant)
					}
					if n := w.waits(); n != 0 {
						w.Errorf("%d things still wait", n)
					}
				})
			}
		}
	}
}

func TestKilledWhileSending(t *testing.T) {
	for _, kind := range sendings() {
		story(t, kind.name, func(w *town) {
			w.hs.forgets = true
			w.start()
			kind.begin(w)
			killed := make(chan struct{})
			w.hs.does(func(out cards.Outgoing) error {
				if !kind.meant(out) {
					return nil
				}
				<-killed
				return errLost
			})
			kind.cause(w)
			w.cancel()
			close(killed)
			w.restart()
			w.hs.does(nil)
			w.after(time.Hour)
			w.tried(1, kind.meant)
			w.echoes()
			w.after(time.Hour)
			w.shows(kind.shown...)
		})
	}
}

func TestAnAnswerThatCannotBeStoredCountsAsLost(t *testing.T) {
	for _, kind := range sendings() {
		story(t, kind.name, func(w *town) {
			w.hs.forgets = true
			w.syncs()
			w.start()
			kind.begin(w)
			mend := w.breaks(kind.table, kind.column)
			kind.cause(w)
			w.after(time.Minute)
			w.tried(1, kind.meant)
			mend()
			w.after(10 * time.Minute)
			w.tried(1, kind.meant)
			w.echoes()
			w.after(time.Hour)
			w.shows(kind.shown...)
		})
	}
}

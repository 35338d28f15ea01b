package cards_test

import (
	"fmt"
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

// TestWhatOnlyCountsCostsFewEdits: told a thousand times, once a second, a card is edited
// at once, and then less and less often; it shows the last count in the end.
func TestWhatOnlyCountsCostsFewEdits(t *testing.T) {
	story(t, "a thousand times", func(w *town) {
		w.start()
		w.becomes(1, "once")
		for n := range 1000 {
			w.after(time.Second)
			w.counts(1, fmt.Sprint(n+1))
		}
		w.after(10 * time.Minute)
		w.shows("once", "$1 → 4", "$1 → 24", "$1 → 104", "$1 → 404", "$1 → 704", "$1 → 1000")
	})
}

// TestWhatElseChangesDoesNotWait: not behind counts that do, nor does it make them wait
// any longer.
func TestWhatElseChangesDoesNotWait(t *testing.T) {
	story(t, "over", func(w *town) {
		w.start()
		w.becomes(1, "down")
		w.counts(1, "down, 2")
		w.after(5 * time.Second)
		w.counts(1, "down, 3")
		w.becomes(1, "over")
		w.shows("down", "$1 → down, 2", "$1 → over")
		w.counts(1, "over, 4")
		w.after(5 * time.Second)
		w.shows("down", "$1 → down, 2", "$1 → over", "$1 → over, 4")
	})
}

// TestWhatCountsWhileACardIsUnderWayWaits: that the room is behind does not make a count
// any more urgent.
func TestWhatCountsWhileACardIsUnderWayWaits(t *testing.T) {
	story(t, "under way", func(w *town) {
		w.start()
		w.hs.does(func(cards.Outgoing) error {
			w.hs.does(nil)
			w.put(store.Card{Room: "technique", Subject: 1, Calm: true}, "2")
			return nil
		})
		w.becomes(1, "1")
		w.after(time.Second)
		w.counts(1, "3")
		w.shows("1")
		w.after(4 * time.Second)
		w.shows("1", "$1 → 3")
	})
}

// TestAnEditThatChangesNothingIsNotSent: not twice, nor after a restart; but when it is
// not known what the room shows, it is.
func TestAnEditThatChangesNothingIsNotSent(t *testing.T) {
	story(t, "the same again", func(w *town) {
		w.syncs()
		w.start()
		w.becomes(1, "down")
		w.becomes(1, "down")
		w.restart()
		w.becomes(1, "down")
		w.shows("down")
		w.becomes(1, "over")
		w.becomes(1, "over")
		w.shows("down", "$1 → over")
		if n := w.waits(); n != 0 {
			t.Errorf("%d things still wait", n)
		}
	})
	story(t, "the answer is lost", func(w *town) {
		w.syncs()
		w.start()
		w.becomes(1, "down")
		w.hs.does(only(func(out cards.Outgoing) bool { return out.Edits != "" }, errLost))
		w.becomes(1, "over")
		w.hs.does(nil)
		w.becomes(1, "down")
		w.echoes()
		w.after(time.Hour)
		w.shows("down", "$1 → over", "$1 → down")
	})
}

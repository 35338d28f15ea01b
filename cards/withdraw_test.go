package cards_test

import (
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

// TestWhatIsNotTrueAnyMoreIsWithdrawn: a notice that waits is never said; one that has
// gone out, or may have, is left alone.
func TestWhatIsNotTrueAnyMoreIsWithdrawn(t *testing.T) {
	withdraw := func(w *town, want bool) {
		w.Helper()
		w.update(func(tx *store.Tx) error {
			withdrawn, err := w.outbox.Withdraw(tx, "step")
			if withdrawn != want {
				w.Errorf("withdrawn: %v, want %v", withdrawn, want)
			}
			return err
		})
	}
	say := func(w *town) {
		w.update(func(tx *store.Tx) error {
			return w.outbox.AddUnder(tx, "step", w.cardIn(tx, 1), cards.Message{Plain: "nobody is on it", ReplyTo: cards.TheCard})
		})
	}
	story(t, "its card is not there yet", func(w *town) {
		w.start()
		w.hs.does(away())
		w.becomes(1, "one")
		say(w)
		w.after(time.Minute)
		withdraw(w, true)
		withdraw(w, false)
		w.hs.does(nil)
		w.after(time.Minute)
		w.shows("one")
	})
	sent := func(w *town, want bool) {
		w.Helper()
		w.update(func(tx *store.Tx) error {
			sent, err := w.outbox.Sent(tx, "step")
			if sent != want {
				w.Errorf("sent: %v, want %v", sent, want)
			}
			return err
		})
	}
	story(t, "it is true again", func(w *town) {
		w.start()
		w.hs.does(away())
		w.becomes(1, "one")
		say(w)
		withdraw(w, true)
		say(w)
		w.hs.does(nil)
		w.after(time.Minute)
		w.shows("one", "nobody is on it")
	})
	story(t, "it has gone out", func(w *town) {
		w.start()
		w.becomes(1, "one")
		sent(w, false)
		say(w)
		sent(w, false)
		w.after(time.Minute)
		sent(w, true)
		withdraw(w, false)
		w.shows("one", "nobody is on it")
	})
}

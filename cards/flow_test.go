package cards_test

import (
	"errors"
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

// flows checks that nothing is held up, or for how long something is.
func (w *town) flows(wantHeld time.Duration) {
	w.Helper()
	held := time.Since(w.outbox.Flowed())
	if held < wantHeld || held > wantHeld+6*time.Minute {
		w.Errorf("held up for %s, want %s", held, wantHeld)
	}
	if !w.outbox.Alive() {
		w.Error("the loop counts as dead")
	}
}

func TestWhatHoldsUpTheOutbox(t *testing.T) {
	story(t, "nothing to do", func(w *town) {
		if !w.outbox.Flowed().IsZero() || !w.outbox.Alive() {
			w.Error("before its start it is late already")
		}
		w.start()
		w.after(2 * time.Hour)
		w.flows(0)
	})
	story(t, "one event that always fails", func(w *town) {
		w.listens()
		w.start()
		w.after(time.Hour)
		w.hs.does(only(says("poison"), errBroken))
		w.becomes(1, "poison")
		for n := range 60 {
			w.becomes(2, string(rune('a'+n%26)))
			w.after(time.Minute)
		}
		w.flows(time.Hour)
		w.hs.does(nil)
		w.after(6 * time.Minute)
		w.flows(0)
	})
	story(t, "events whose keys cannot be shared", func(w *town) {
		w.start()
		w.hs.does(always(cards.ErrNotSent))
		w.becomes(1, "one")
		w.after(time.Hour)
		w.flows(time.Hour)
	})
	story(t, "a full disk", func(w *town) {
		w.start()
		mend := w.breaks("cards", "attempted")
		w.becomes(1, "one")
		w.after(time.Hour)
		w.flows(time.Hour)
		mend()
		w.after(time.Minute)
		w.flows(0)
	})
	story(t, "a room that the bot is not in", func(w *town) {
		delete(w.hs.rooms, "supervision")
		w.start()
		w.change(store.Card{Room: "supervision", Subject: 1, Urgent: true}, "alert")
		w.after(time.Hour)
		w.flows(0)
	})
	story(t, "a homeserver that wants a pause", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RateLimitError{After: 2 * time.Hour}))
		w.becomes(1, "one")
		w.after(time.Hour)
		w.flows(0)
	})
	story(t, "an event that is refused", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RefusedError{Code: "M_TOO_LARGE", Err: errors.New("413")}))
		w.becomes(1, "one")
		w.after(time.Hour)
		w.flows(0)
	})
}

func TestABacklogWithinTheRateIsNotHeldUp(t *testing.T) {
	inTown(t, cards.Config{EventsPerSecond: 0.01, Burst: 1}, func(w *town) {
		for n := range 100 {
			w.becomes(int64(n+1), "news")
		}
		w.start()
		w.after(2 * time.Hour)
		if w.waits() == 0 {
			w.Fatal("nothing waits any more")
		}
		w.flows(0)
	})
}

func TestAnOutboxThatHangsIsDead(t *testing.T) {
	story(t, "no answer at all", func(w *town) {
		w.start()
		release := make(chan struct{})
		w.hs.does(func(cards.Outgoing) error { <-release; return nil })
		w.becomes(1, "one")
		w.after(6 * time.Minute)
		if w.outbox.Alive() {
			w.Error("it counts as alive")
		}
		if held := time.Since(w.outbox.Flowed()); held < 6*time.Minute {
			w.Errorf("held up for %s only", held)
		}
		close(release)
		w.after(time.Minute)
		w.flows(0)
	})
}

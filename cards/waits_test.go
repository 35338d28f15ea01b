package cards_test

import (
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

// TestAReactionGoesWhenItIsNotTrueAnyMore: what stands in the room is taken out of it,
// what waits never goes there, and nothing is taken back twice.
func TestAReactionGoesWhenItIsNotTrueAnyMore(t *testing.T) {
	add := func(w *town) {
		w.Helper()
		w.update(func(tx *store.Tx) error { return w.outbox.AddReaction(tx, "wait-1", "technique", "$asked", "⏳") })
	}
	remove := func(w *town) {
		w.Helper()
		w.update(func(tx *store.Tx) error { return w.outbox.RemoveReaction(tx, "wait-1") })
	}
	story(t, "it stands there", func(w *town) {
		w.start()
		add(w)
		add(w)
		w.after(time.Second)
		w.shows("$asked ⏳")
		remove(w)
		remove(w)
		w.after(time.Second)
		w.shows("$asked ⏳", "without $1")
	})
	story(t, "it has not gone out", func(w *town) {
		add(w)
		remove(w)
		w.start()
		w.after(time.Minute)
		w.shows()
	})
	story(t, "there was none", func(w *town) {
		w.start()
		remove(w)
		w.after(time.Minute)
		w.shows()
	})
	story(t, "its answer is lost", func(w *town) {
		w.start()
		w.hs.does(only(isSeed, errLost))
		add(w)
		w.after(0)
		remove(w)
		w.after(time.Minute)
		w.shows("$asked ⏳")
		w.receives(time.Now(), w.hs.news()...)
		w.after(time.Minute)
		w.shows("$asked ⏳", "without $1")
	})
	story(t, "the homeserver refuses it", func(w *town) {
		w.start()
		w.hs.does(only(isSeed, &cards.RefusedError{Code: "M_FORBIDDEN"}))
		add(w)
		w.after(time.Second)
		remove(w)
		w.after(time.Minute)
		w.shows()
	})
	story(t, "the bot restarts in between", func(w *town) {
		w.start()
		add(w)
		w.after(time.Second)
		w.receives(time.Now(), w.hs.news()...)
		w.restart()
		remove(w)
		w.receives(time.Now())
		w.after(time.Minute)
		w.shows("$asked ⏳", "without $1")
	})
}

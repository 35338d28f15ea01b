package cards_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ronde/cards"
	"ronde/store"
)

func TestARefusedCardIsTriedAgainAtItsNextChangeOnly(t *testing.T) {
	refusal := &cards.RefusedError{Code: "M_TOO_LARGE", Err: errors.New("413")}
	story(t, "a new card", func(w *town) {
		w.start()
		w.hs.does(only(says("far too long"), refusal))
		w.becomes(1, "far too long")
		w.becomes(2, "another")
		w.after(time.Hour)
		w.restart()
		w.syncs()
		w.after(time.Hour)
		w.tried(1, says("far too long"))
		w.becomes(1, "short")
		w.after(time.Hour)
		w.shows("another", "short")
	})
	story(t, "what has to be said under it is such a change", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RefusedError{Code: "M_FORBIDDEN", Err: errors.New("403")}))
		w.becomes(1, "one")
		w.after(time.Hour)
		w.hs.does(nil)
		w.after(time.Hour)
		w.shows()
		under := cards.Message{Plain: "nobody is on it", ReplyTo: cards.TheCard}
		w.update(func(tx *store.Tx) error { return w.outbox.AddUnder(tx, "step", w.cardIn(tx, 1), under) })
		w.after(time.Hour)
		w.shows("one", "nobody is on it")
	})
	story(t, "an edit", func(w *town) {
		w.start()
		w.becomes(1, "one")
		w.hs.does(only(says("far too long"), refusal))
		w.becomes(1, "far too long")
		w.after(time.Hour)
		w.tried(1, says("far too long"))
		w.becomes(1, "short")
		w.after(time.Hour)
		w.shows("one", "$1 → short")
	})
	story(t, "a notice has no next change", func(w *town) {
		w.start()
		w.hs.does(always(refusal))
		w.notice("n", "far too long")
		w.hs.does(nil)
		w.notice("n", "far too long")
		w.notice("m", "another")
		w.after(time.Hour)
		w.shows("another")
	})
}

func TestADeadTokenRefusesNoEvent(t *testing.T) {
	story(t, "logged out", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RefusedError{Code: "M_UNKNOWN_TOKEN", Err: errors.New("401")}))
		w.urgently(1, "down")
		w.notice("n", "a notice")
		w.after(time.Minute)
		w.shows()
		w.hs.does(nil)
		w.restart()
		w.shows("down", "a notice")
	})
}

func TestOnePoisonedEventHoldsUpNobodyForLong(t *testing.T) {
	story(t, "500 for ever", func(w *town) {
		w.listens()
		w.start()
		w.hs.does(only(says("poison"), errBroken))
		w.urgently(1, "poison")
		w.becomes(2, "two")
		w.notice("n", "a notice")
		w.change(store.Card{Room: "supervision", Subject: 3, Urgent: false}, "elsewhere")
		w.shows("elsewhere")
		w.after(time.Minute)
		w.shows("elsewhere", "two", "a notice")
		w.after(2 * time.Hour)
		if tries := len(w.hs.tries(says("poison"))); tries < 20 || tries > 40 {
			w.Errorf("tried %d times in two hours", tries)
		}
		for n := range 10 { // each may meet one try of the poison
			w.becomes(int64(10+n), fmt.Sprint("later ", n))
			w.after(time.Minute)
			if shown := w.hs.shows(); shown[len(shown)-1] != fmt.Sprint("later ", n) {
				w.Errorf("a minute later the last event is %q", shown[len(shown)-1])
			}
		}
		w.hs.does(nil)
		w.after(6 * time.Minute)
		if !has(w.hs.shows(), "poison") {
			w.Error("what can be sent again is not")
		}
	})
}

func TestWhatCannotBeReadHoldsUpNobody(t *testing.T) {
	story(t, "a damaged row", func(w *town) {
		w.update(func(tx *store.Tx) error {
			return tx.AddParcel(store.Parcel{Txn: w.store.Name() + "-notice-x", Room: "technique", Message: `{"plain":`})
		})
		w.notice("n", "a notice")
		w.start()
		w.shows("a notice")
		if n := w.waits(); n != 0 {
			w.Errorf("%d things still wait", n)
		}
	})
}

func TestARoomThatIsNotJoinedYetWaits(t *testing.T) {
	story(t, "the id is not known", func(w *town) {
		delete(w.hs.rooms, "supervision")
		w.start()
		w.change(store.Card{Room: "supervision", Subject: 1, Urgent: true}, "alert")
		w.becomes(2, "routine")
		w.after(time.Hour)
		w.shows("routine")
		w.tried(0, says("alert"))
		w.hs.mu.Lock()
		w.hs.rooms["supervision"] = "!supervision"
		w.hs.mu.Unlock()
		w.syncs()
		w.shows("routine", "alert")
	})
	story(t, "the bot is not in it", func(w *town) {
		w.start()
		w.hs.does(only(says("alert"), fmt.Errorf("the bot is not in the room: %w", cards.ErrNotSent)))
		w.change(store.Card{Room: "supervision", Subject: 1, Urgent: true}, "alert")
		w.becomes(2, "routine")
		w.shows("routine")
		w.after(time.Hour)
		if c := w.card(1); c.Attempted != 0 {
			w.Errorf("an attempt is kept: %+v", c)
		}
		w.hs.does(nil)
		w.after(20 * time.Second)
		w.shows("routine", "alert")
	})
	story(t, "a hundred wait, and what is behind them goes", func(w *town) {
		delete(w.hs.rooms, "supervision")
		w.update(func(tx *store.Tx) error {
			for n := range int64(100) {
				if err := tx.ShowCard(store.Card{Kind: "thing", Subject: 1000 + n, Room: "supervision"}); err != nil {
					return err
				}
			}
			return nil
		})
		w.notice("n", "a notice")
		w.start()
		w.shows("a notice")
	})
}

func TestACardThatCannotBeWrittenSaysSo(t *testing.T) {
	for _, kind := range []string{"failing", "panicing", "nobody's"} {
		story(t, kind, func(w *town) {
			w.update(func(tx *store.Tx) error {
				return tx.ShowCard(store.Card{Kind: kind, Subject: 7, Room: "technique"})
			})
			w.start()
			w.after(time.Hour)
			tries := w.hs.tries(nil)
			if len(tries) != 1 {
				w.Fatalf("sent %q", w.hs.shows())
			}
			m := tries[0].out.Message
			if want := fmt.Sprintf("❗ Il y a du nouveau (%s 7), mais je n’arrive pas à l’écrire. Le journal du bot dit pourquoi.", kind); m.Plain != want {
				w.Errorf("sent %q, want %q", m.Plain, want)
			}
			if !m.Rings || m.HTML == "" {
				w.Errorf("the message is %+v", m)
			}
		})
	}
}

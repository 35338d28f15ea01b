package cards_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
)

// synapse is the rate that Synapse allows by default.
func synapse() cards.Config { return cards.Config{EventsPerSecond: 0.2, Burst: 10} }

func away() func(cards.Outgoing) error {
	return always(fmt.Errorf("connect: %w", cards.ErrNotSent))
}

func TestWhatMattersMostGoesFirst(t *testing.T) {
	story(t, "urgent, new, edits, notices, seeds", func(w *town) {
		w.becomes(1, "one")
		w.start()
		w.stop()
		w.seed("👀", "✅")
		w.notice("n", "a notice")
		w.becomes(1, "one, changed")
		w.becomes(2, "two")
		w.urgently(3, "three")
		w.start()
		w.shows("one", "three", "two", "$1 → one, changed", "a notice", "$2 👀", "$2 ✅", "$3 👀", "$3 ✅", "$1 👀", "$1 ✅")
	})
	story(t, "what becomes urgent while it waits, and what no longer is", func(w *town) {
		w.becomes(1, "one")
		w.becomes(2, "two")
		w.urgently(3, "down")
		w.urgently(2, "two, down")
		w.becomes(3, "up again")
		w.start()
		w.shows("two, down", "one", "up again")
	})
}

func TestAHundredChangesWhileTheHomeserverIsAwayAreOneEvent(t *testing.T) {
	for _, known := range []bool{false, true} {
		story(t, fmt.Sprint("a card that stands there already: ", known), func(w *town) {
			var want []string
			if known {
				w.becomes(1, "at first")
				want = append(want, "at first")
			}
			w.start()
			w.hs.does(away())
			for n := range 100 {
				w.becomes(1, fmt.Sprint("state ", n))
				w.after(36 * time.Second)
			}
			w.hs.does(nil)
			w.after(20 * time.Second)
			if known {
				w.shows(append(want, "$1 → state 99")...)
			} else {
				w.shows("state 99")
			}
			if c := w.card(1); c.Sent != c.Revision || c.Attempted != c.Revision {
				w.Errorf("the card is %+v", c)
			}
			w.after(time.Hour)
			if n := len(w.hs.shows()); n != len(want)+1 {
				w.Errorf("%d events in the room", n)
			}
		})
	}
}

func TestAnEditBringsTheButtonsThatAreNew(t *testing.T) {
	story(t, "a list that grows", func(w *town) {
		w.seed("1️⃣")
		w.start()
		w.becomes(1, "one line")
		w.seed("1️⃣", "2️⃣")
		w.becomes(1, "two lines")
		w.becomes(1, "two lines, one of them done")
		w.restart()
		w.shows("one line", "$1 1️⃣", "$1 → two lines", "$1 2️⃣", "$1 → two lines, one of them done")
	})
}

func TestWhatStandsUnderACardWaitsForIt(t *testing.T) {
	for _, inThread := range []bool{true, false} {
		story(t, fmt.Sprint("in its thread: ", inThread), func(w *town) {
			w.start()
			w.hs.does(away())
			w.becomes(1, "one")
			under := cards.Message{Plain: "under it", ReplyTo: cards.TheCard}
			if inThread {
				under = cards.Message{Plain: "under it", Thread: cards.TheCard}
			}
			for range 2 {
				w.update(func(tx *store.Tx) error { return w.outbox.AddUnder(tx, "more", w.cardIn(tx, 1), under) })
			}
			w.after(time.Minute)
			w.hs.does(nil)
			w.after(20 * time.Second)
			w.shows("one", "under it")
			m := w.hs.tries(func(out cards.Outgoing) bool { return out.Message != nil && out.Message.Plain == "under it" })[0].out
			if got := m.Message.ReplyTo + m.Message.Thread; got != "$1" || (m.Message.Thread == "$1") != inThread || m.Room != "!technique" {
				w.Errorf("it went out as %+v %+v", m, m.Message)
			}
		})
	}
}

func TestWhatWaitsForARoomGoesOutAsSoonAsTheBotCanSendThere(t *testing.T) {
	story(t, "not known at first, then not ready, then ready", func(w *town) {
		w.hs.enters("technique", "")
		w.start()
		w.becomes(1, "one")
		w.after(10 * time.Second)
		w.tried(0, nil)
		w.hs.does(away())
		w.hs.enters("technique", "!technique")
		w.after(10 * time.Minute) // the pauses are long by now
		w.hs.does(nil)
		began := time.Now()
		w.outbox.Ready()
		synctest.Wait()
		w.shows("one")
		if waited := time.Since(began); waited > 0 {
			w.Errorf("it went out %s later", waited)
		}
	})
}

func TestAfterALongOutageTheMostUrgentGoesFirstAndSoon(t *testing.T) {
	story(t, "an hour", func(w *town) {
		w.start()
		w.hs.does(away())
		for n := range 8 {
			w.becomes(int64(n), fmt.Sprint("card ", n))
		}
		w.notice("n", "a notice")
		w.after(time.Hour)
		w.urgently(100, "down")
		w.after(10 * time.Minute)
		w.hs.does(nil)
		w.after(20 * time.Second)
		w.shows("down", "card 0", "card 1", "card 2", "card 3", "card 4", "card 5", "card 6", "card 7", "a notice")
		if tries := len(w.hs.tries(nil)); tries > 300 {
			w.Errorf("the homeserver was tried %d times in 70 minutes", tries)
		}
	})
}

func TestARateLimitHoldsEverythingAndCostsNothing(t *testing.T) {
	story(t, "thirty seconds", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RateLimitError{After: 30 * time.Second}))
		w.becomes(1, "one")
		w.hs.does(nil)
		w.change(store.Card{Room: "supervision", Subject: 2, Urgent: true}, "two")
		w.notice("n", "a notice")
		w.after(10 * time.Second)
		w.becomes(1, "one, changed")
		w.syncs()
		if c := w.card(1); c.Attempted != 0 {
			w.Errorf("an attempt is kept: %+v", c)
		}
		w.after(20*time.Second - 2*time.Millisecond)
		w.tried(1, nil)
		w.after(2 * time.Millisecond)
		w.shows("two", "one, changed", "a notice")
		w.after(time.Hour)
		w.tried(2, func(out cards.Outgoing) bool { return out.TxnID == w.store.Name()+"-card-1" })
	})
	story(t, "an attempt that may have arrived is not forgotten", func(w *town) {
		w.hs.forgets = true
		w.start()
		w.hs.does(always(errLost))
		w.becomes(1, "one")
		w.syncs() // tells nothing of it
		w.hs.does(always(&cards.RateLimitError{After: time.Minute}))
		w.after(10 * time.Second)
		w.hs.does(nil)
		w.restart()
		w.echoes()
		w.after(time.Hour)
		w.shows("one")
	})
}

func TestTheRateOfTheHomeserverIsKeptTo(t *testing.T) {
	t.Run("a burst, then one in five seconds, urgent ones first", func(t *testing.T) {
		inTown(t, synapse(), func(w *town) {
			for n := range 14 {
				w.becomes(int64(n), fmt.Sprint("card ", n))
			}
			w.start()
			w.after(12 * time.Second)
			w.urgently(100, "down")
			w.after(time.Hour)
			want := []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 10, 15, 20, 25}
			if diff := cmp.Diff(want, seconds(w.hs.tries(nil))); diff != "" {
				w.Errorf("sent at (-want +got):\n%s", diff)
			}
			if shown := w.hs.shows(); shown[12] != "down" {
				w.Errorf("sent in the order %q", shown)
			}
		})
	})
	t.Run("seeds leave half of the burst", func(t *testing.T) {
		inTown(t, synapse(), func(w *town) {
			w.seed("1", "2", "3", "4", "5", "6")
			w.start()
			w.becomes(1, "one")
			w.after(6 * time.Second)
			if diff := cmp.Diff([]int{0, 0, 0, 0, 5}, seconds(w.hs.tries(isSeed))); diff != "" {
				w.Errorf("seeded at (-want +got):\n%s", diff)
			}
			for n := range 6 {
				w.notice(fmt.Sprint(n), fmt.Sprint("notice ", n))
			}
			noticed := w.hs.tries(func(out cards.Outgoing) bool { return out.Message != nil })[1:]
			if diff := cmp.Diff([]int{6, 6, 6, 6, 6}, seconds(noticed)); diff != "" {
				w.Errorf("noticed at (-want +got):\n%s", diff)
			}
			w.after(time.Hour)
			if n := w.waits(); n != 0 {
				w.Errorf("%d things still wait", n)
			}
		})
	})
	t.Run("seeds that are dropped cost nothing", func(t *testing.T) {
		inTown(t, synapse(), func(w *town) {
			w.seed("1", "2", "3", "4", "5", "6", "7", "8", "9")
			w.start()
			w.becomes(1, "one")
			w.seed()
			w.after(6 * time.Second)
			if n := w.waits(); n != 0 {
				w.Errorf("%d seeds still wait", n)
			}
			w.shows("one", "$1 1", "$1 2", "$1 3", "$1 4")
		})
	})
}

func TestSeedsThatTheCardNoLongerWantsAreDropped(t *testing.T) {
	story(t, "some", func(w *town) {
		w.seed("👀", "✅", "🔇")
		w.start()
		w.hs.does(only(isSeed, fmt.Errorf("connect: %w", cards.ErrNotSent)))
		w.becomes(1, "one")
		w.seed("✅")
		w.becomes(1, "two")
		w.hs.does(nil)
		w.after(time.Minute)
		w.shows("one", "$1 → two", "$1 ✅")
		if n := w.waits(); n != 0 {
			w.Errorf("%d things still wait", n)
		}
	})
}

// TestASeedThatWasDroppedComesWhenItIsWantedAgain: an incident that is over before its
// buttons have gone out, and then fires again, can be answered with them.
func TestASeedThatWasDroppedComesWhenItIsWantedAgain(t *testing.T) {
	story(t, "over and again", func(w *town) {
		w.seed("👀", "✅")
		w.start()
		w.hs.does(only(isSeed, fmt.Errorf("connect: %w", cards.ErrNotSent)))
		w.becomes(1, "fires")
		w.seed()
		w.becomes(1, "over")
		w.hs.does(nil)
		w.after(time.Minute)
		w.seed("👀", "✅")
		w.becomes(1, "fires again")
		w.restart()
		w.becomes(1, "fires still")
		w.after(time.Minute)
		w.shows("fires", "$1 → over", "$1 → fires again", "$1 👀", "$1 ✅", "$1 → fires still")
	})
}

func TestANoticeGoesOutOnce(t *testing.T) {
	story(t, "with one key", func(w *town) {
		w.notice("n", "a notice")
		w.notice("n", "the same notice")
		w.start()
		w.notice("n", "the same notice")
		w.restart()
		w.notice("n", "the same notice")
		w.notice("m", "another")
		w.update(func(tx *store.Tx) error {
			return w.outbox.AddNotice(tx, "r", "!elsewhere", cards.Message{Plain: "by room id", HTML: "<b>by</b>", Rings: true, Mentions: []string{"@a:b"}, ReplyTo: "$r", Thread: "$t"})
		})
		w.after(time.Minute)
		w.shows("a notice", "another", "by room id")
		want := cards.Outgoing{
			Room: "!elsewhere", TxnID: w.store.Name() + "-notice-r",
			Message: &cards.Message{Plain: "by room id", HTML: "<b>by</b>", Rings: true, Mentions: []string{"@a:b"}, ReplyTo: "$r", Thread: "$t"},
		}
		if diff := cmp.Diff(want, w.hs.took[2]); diff != "" {
			w.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestTransactionIDsAreThoseOfTheDesign(t *testing.T) {
	story(t, "all four", func(w *town) {
		w.seed("👀")
		w.start()
		w.becomes(1, "one")
		w.becomes(1, "two")
		w.notice("reply-$x", "a notice")
		var got []string
		for _, a := range w.hs.tries(nil) {
			got = append(got, a.out.TxnID)
		}
		name := w.store.Name()
		want := []string{name + "-card-1", name + "-card-1-seed-f09f9180", name + "-card-1-2", name + "-notice-reply-$x"}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("transaction ids (-want +got):\n%s", diff)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	for name, wait := range map[string]func(w *town){
		"while idle":                func(*town) {},
		"during a pause":            func(w *town) { w.hs.does(always(&cards.RateLimitError{After: time.Hour})) },
		"while the homeserver away": func(w *town) { w.hs.does(away()) },
	} {
		story(t, name, func(w *town) {
			wait(w)
			w.start()
			w.becomes(1, "one")
			began := time.Now()
			w.stop()
			if late := time.Since(began); late > 0 {
				w.Errorf("it ended %s late", late)
			}
		})
	}
	story(t, "before it began", func(w *town) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.becomes(1, "one")
		if err := w.outbox.Run(ctx, w.hs); !errors.Is(err, context.Canceled) {
			w.Errorf("Run returned %v", err)
		}
		w.tried(0, nil)
	})
	story(t, "an answer that is there is stored all the same", func(w *town) {
		w.start()
		w.hs.does(func(cards.Outgoing) error { w.cancel(); return nil })
		w.hs.forgets = true
		w.becomes(1, "one")
		synctest.Wait()
		w.hs.does(nil)
		w.restart()
		w.syncs()
		w.after(time.Hour)
		w.shows("one")
	})
}

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

var synapse = cards.Config{EventsPerSecond: 0.2, Burst: 10}

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
		w.shows("one", "three", "two", "$1 → one, changed", "a notice", "$2 👀", "$2 ✅", "$3 👀", "$3 ✅")
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

func TestARateLimitHoldsEverythingAndCostsNothing(t *testing.T) {
	story(t, "thirty seconds", func(w *town) {
		w.start()
		w.hs.does(always(&cards.RateLimitError{After: 30 * time.Second}))
		w.becomes(1, "one")
		w.hs.does(nil)
		w.change("supervision", 2, "two", true)
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
		inTown(t, synapse, func(w *town) {
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
		inTown(t, synapse, func(w *town) {
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
		inTown(t, synapse, func(w *town) {
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
						w.restart()
						asked = time.Now()
					}
					w.after(time.Minute)
					w.receives(asked) // long under way, so it says nothing
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
		w.change("supervision", 3, "elsewhere", false)
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
		w.change("supervision", 1, "alert", true)
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
		w.change("supervision", 1, "alert", true)
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
		want := []string{name + "-card-1", name + "-card-1-seed-0", name + "-card-1-2", name + "-notice-reply-$x"}
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

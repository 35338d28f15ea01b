package cards_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
)

func said(id, body string) cards.Event {
	return cards.Event{ID: id, Room: "!technique", Sender: "@alice:x", At: time.UnixMilli(1000), Kind: cards.Said, Body: body}
}

// stored lists the events of a state by id and body, of those that the town was
// given, in the order in which they came.
func (w *town) stored(state string) (all []string) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx *store.Tx) error {
		for _, id := range w.given {
			e, known, err := tx.RoomEvent(id)
			if err != nil {
				return err
			}
			if known && e.State == state {
				all = append(all, e.EventID+" "+e.Body)
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *town) wantStored(state string, want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.stored(state)); diff != "" {
		w.Errorf("%s (-want +got):\n%s", state, diff)
	}
}

func (w *town) wantToken(want string) {
	w.Helper()
	if token, err := w.outbox.SyncToken(w.Context()); err != nil || token != want {
		w.Errorf("the token is %q (%v), want %q", token, err, want)
	}
}

func TestWhatIsHandedOnAndWhatIsNot(t *testing.T) {
	sealed := func(e cards.Event) cards.Event {
		e.Kind, e.Body, e.Raw = cards.Sealed, "", []byte("{}")
		return e
	}
	for _, test := range []struct {
		name    string
		event   func(*cards.Event)
		state   string // "" when it is not kept
		arrives bool
	}{
		{"said", func(*cards.Event) {}, "new", true},
		{"a reaction", func(e *cards.Event) { e.Kind, e.Target, e.Emoji = cards.Reacted, "$1", "✅" }, "new", true},
		{"a redaction", func(e *cards.Event) { e.Kind, e.Target = cards.Redacted, "$1" }, "new", true},
		{"before the bot came", func(e *cards.Event) { e.History = true }, "handled", false},
		{"a notice", func(e *cards.Event) { e.Kind = cards.Noticed }, "", false},
		{"an edit", func(e *cards.Event) { e.Edit = true }, "", false},
		{"the bot's own", func(e *cards.Event) { e.Own = true }, "", false},
		{"the bot's own, of an earlier database", func(e *cards.Event) { e.Own, e.Txn = true, "abc-card-1" }, "", false},
		{"sealed", func(e *cards.Event) { *e = sealed(*e) }, "sealed", false},
		{"sealed, before the bot came", func(e *cards.Event) { *e = sealed(*e); e.History = true }, "sealed", false},
	} {
		story(t, test.name, func(w *town) {
			e := said("$x", "hello")
			test.event(&e)
			w.receives(time.Now(), e)
			w.receives(time.Now(), e)
			if (w.arrived == 1) != test.arrives || w.arrived > 1 {
				w.Errorf("arrived was called %d times", w.arrived)
			}
			for _, state := range []string{"new", "handled", "sealed"} {
				if n := len(w.stored(state)); (n == 1) != (state == test.state) || n > 1 {
					w.Errorf("%d events are %s", n, state)
				}
			}
			w.wantToken("s2")
		})
	}
}

func TestAnEventIsKeptAsItCame(t *testing.T) {
	story(t, "in full", func(w *town) {
		e := said("$x", "salut\x00 « ça »")
		e.Target, e.Thread = "$r", "$t"
		w.receives(time.Now(), e)
		var got store.RoomEvent
		err := w.store.View(w.Context(), func(tx *store.Tx) (err error) {
			got, _, err = tx.RoomEvent("$x")
			return err
		})
		want := store.RoomEvent{
			ID: 1, EventID: "$x", Room: "!technique", Sender: "@alice:x", At: time.UnixMilli(1000), Kind: "said",
			Body: "salut\x00 « ça »", Target: "$r", Thread: "$t", State: "new",
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			w.Errorf("stored (-want +got): %v\n%s", err, diff)
		}
	})
}

func TestATokenIsStoredWithItsEventsOrNotAtAll(t *testing.T) {
	story(t, "a full disk", func(w *town) {
		w.receives(time.Now(), said("$1", "one"))
		w.start()
		w.hs.does(always(errLost))
		w.becomes(1, "card")
		w.hs.does(nil)
		w.after(time.Minute)
		mend := w.breaks("settings", "value")
		batch := cards.Batch{Events: []cards.Event{said("$2", "two")}, Token: "s2", Asked: time.Now()}
		if err := w.outbox.Receive(w.Context(), batch); err == nil {
			w.Fatal("a batch that could not be stored was accepted")
		}
		mend()
		w.after(time.Minute)
		w.wantStored("new", "$1 one")
		w.wantToken("s1")
		w.tried(1, says("card")) // a batch that is not stored judges no attempt
		if w.arrived != 1 {
			w.Errorf("arrived was called %d times", w.arrived)
		}
		w.receives(time.Now(), said("$2", "two"))
		w.wantStored("new", "$1 one", "$2 two")
		w.wantToken("s2")
		w.tried(2, says("card"))
	})
}

func TestASealedEventBecomesReadable(t *testing.T) {
	raw := cards.Event{ID: "$x", Room: "!technique", Sender: "@alice:x", At: time.UnixMilli(1000), Kind: cards.Sealed, Raw: []byte(`{"sealed":1}`)}
	for _, test := range []struct {
		name           string
		opened         func(*cards.Event)
		arrived        int
		isNew, handled []string
	}{
		{"a command", func(*cards.Event) {}, 1, []string{"$x hello"}, nil},
		{"from before the bot came", func(e *cards.Event) { e.History = true }, 0, nil, []string{"$x hello"}},
		{"an edit", func(e *cards.Event) { e.Kind, e.Edit = cards.Noticed, true }, 0, nil, []string{"$x "}},
		{"broken for good", func(e *cards.Event) { e.Kind = cards.Noticed }, 0, nil, []string{"$x "}},
	} {
		story(t, test.name, func(w *town) {
			w.receives(time.Now(), raw)
			w.receives(time.Now(), raw)
			kept, err := w.outbox.SealedEvents(w.Context())
			if diff := cmp.Diff([]cards.Event{raw}, kept); err != nil || diff != "" {
				w.Errorf("kept (-want +got): %v\n%s", err, diff)
			}
			e := said("$x", "hello")
			test.opened(&e)
			w.receives(time.Now(), e)
			w.receives(time.Now(), raw) // the same batch again, before the keys were there
			if kept, err := w.outbox.SealedEvents(w.Context()); err != nil || len(kept) != 0 {
				w.Errorf("still sealed: %v %v", kept, err)
			}
			if w.arrived != test.arrived {
				w.Errorf("arrived was called %d times, want %d", w.arrived, test.arrived)
			}
			w.wantStored("new", test.isNew...)
			w.wantStored("handled", test.handled...)
		})
	}
}

func TestAForgedTransactionIDAdoptsNothing(t *testing.T) {
	for _, kind := range sendings() {
		story(t, kind.name, func(w *town) {
			w.hs.forgets = true
			w.start()
			kind.begin(w)
			w.hs.does(only(kind.meant, errBroken))
			kind.cause(w)
			w.hs.does(nil)
			forged := said("$evil", "click here")
			forged.Txn = w.hs.tries(kind.meant)[0].out.TxnID
			w.syncs(append(w.hs.news(), forged)...)
			w.after(time.Hour)
			w.shows(kind.shown...)
			w.tried(2, kind.meant)
			if c := w.card(1); c.EventID == "$evil" {
				w.Errorf("the card is %+v", c)
			}
			w.wantStored("new", "$evil click here")
		})
	}
}

func TestAnEditSeenInTheRoomIsConfirmed(t *testing.T) {
	story(t, "also late", func(w *town) {
		w.syncs()
		w.start()
		w.becomes(1, "one")
		w.hs.does(only(says("two"), errLost))
		w.becomes(1, "two")
		w.becomes(1, "three")
		w.after(time.Minute)
		if c := w.card(1); c.Sent != 3 {
			w.Errorf("the card is %+v", c)
		}
		w.echoes()
		w.echoes()
		if c := w.card(1); c.Sent != 3 || c.EventID != "$1" {
			w.Errorf("after all came back, the card is %+v", c)
		}
		w.shows("one", "$1 → two", "$1 → three")
	})
	story(t, "of a revision that never was", func(w *town) {
		w.start()
		w.becomes(1, "one")
		w.syncs(cards.Event{ID: "$9", Own: true, Kind: cards.Noticed, Edit: true, Txn: w.store.Name() + "-card-1-99"})
		w.becomes(1, "two")
		w.shows("one", "$1 → two")
	})
}

// FuzzTransactionID has events of the bot's own come back with any transaction
// id: none may make a batch fail, which would hold up /sync for ever.
func FuzzTransactionID(f *testing.F) {
	for _, rest := range []string{"-card-1", "-card-1-2", "-card-1-seed-0", "-notice-x", "-card-", "-card-99999999999999999999", "-card-1-x", "-card--1"} {
		f.Add(rest)
	}
	s, err := store.Open(f.Context(), f.TempDir()+"/ronde.db")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, rest string) {
		w := &town{T: t, store: s, states: map[int64]string{}}
		w.outbox = w.newOutbox()
		w.update(func(tx *store.Tx) error { return tx.ShowCard(store.Card{Kind: "thing", Subject: 1, Room: "technique"}) })
		before := w.card(1)
		event := cards.Event{ID: fmt.Sprintf("$%x", rest), Own: true, Kind: cards.Noticed, Txn: s.Name() + rest}
		if err := w.outbox.Receive(t.Context(), cards.Batch{Events: []cards.Event{event}, Token: "s"}); err != nil {
			t.Fatal(err)
		}
		c := w.card(1)
		named, _ := strconv.ParseInt(strings.TrimPrefix(rest, "-card-"), 10, 64)
		if c.EventID != before.EventID && (named != c.ID || before.EventID != "") {
			t.Errorf("%q was taken for the card: %+v", rest, c)
		}
	})
}

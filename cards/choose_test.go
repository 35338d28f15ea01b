package cards

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
	"ronde/text"
)

// silent is a homeserver to which nothing should be sent.
type silent struct{ *testing.T }

func (s silent) Send(_ context.Context, out Outgoing) (string, error) {
	s.Errorf("%s was sent again", out.TxnID)
	return "$again", nil
}

func (silent) RoomID(string) (string, bool) { return "!room", true }

func (silent) Nudge() {}

func (silent) Upload(context.Context, string, Image) (string, error) { return "", nil }

// An event may be seen in the room in the moment between the choice of what goes
// out next and its sending.
func TestWhatIsSeenInTheRoomAfterItWasChosenIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := lookingAt(t)
		for _, round := range []string{"a new card", "an edit", "a notice", "a seed"} {
			o.synced = time.Now()
			items, err := o.waiting(t.Context(), 64)
			if err != nil {
				t.Fatal(err)
			}
			it, _ := o.choose(items, time.Now())
			if it == nil {
				t.Fatalf("%s: nothing to send", round)
			}
			seen := Event{ID: "$" + it.txn, Own: true, Kind: Noticed, Txn: it.txn}
			if err := o.Receive(t.Context(), Batch{Token: "s", Events: []Event{seen}}); err != nil {
				t.Fatal(err)
			}
			if err := o.send(t.Context(), it); err != nil {
				t.Fatal(err)
			}
			if round == "a new card" {
				show(t, o)
			}
		}
	})
}

func lookingAt(t *testing.T) *Outbox {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	english, err := text.In("en")
	if err != nil {
		t.Fatal(err)
	}
	renders := map[string]Render{"thing": func(*store.Tx, int64) (Content, error) { return Content{Seeds: []string{"👀"}}, nil }}
	o := New(s, english, Config{}, slog.New(slog.DiscardHandler)).Connect(renders, func() {})
	o.homeserver = silent{t}
	show(t, o)
	err = s.Update(t.Context(), func(tx *store.Tx) error { return o.AddNotice(tx, "n", "room", Message{Plain: "note"}) })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func show(t *testing.T, o *Outbox) {
	t.Helper()
	err := o.store.Update(t.Context(), func(tx *store.Tx) error {
		return tx.ShowCard(store.Card{Kind: "thing", Subject: 1, Room: "room"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

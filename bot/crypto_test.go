package bot

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

// messagesInClear are the room's messages that the server can read.
func (w *town) messagesInClear(room string) (clear []string) {
	for _, e := range w.srv.Timeline(room) {
		if e.Type == "m.room.message" {
			clear = append(clear, e.Body())
		}
	}
	return clear
}

// sends tries like the outbox until the message is taken.
func (w *town) sends(out cards.Outgoing) string {
	w.t.Helper()
	var eventID string
	w.until("the bot sends "+out.TxnID, func() bool {
		var err error
		eventID, err = w.bot.Send(w.t.Context(), out)
		return err == nil
	})
	return eventID
}

func TestNothingGoesOutInClear(t *testing.T) {
	failing := func(kind homeserver.Kind, fault homeserver.Fault) func(homeserver.Request) homeserver.Fault {
		return func(r homeserver.Request) homeserver.Fault {
			if r.Kind == kind && r.User == self && r.Nth < 6 {
				return fault
			}
			return homeserver.Fault{}
		}
	}
	tests := []struct {
		name   string
		faults func(homeserver.Request) homeserver.Fault
	}{
		{"right after joining", nil},
		{"while the state cannot be asked for", failing(homeserver.GetState, homeserver.Fault{Status: 500})},
		{"while a proxy answers 404 for the state", failing(homeserver.GetState, homeserver.Fault{Status: 404})},
		{"while the members cannot be asked for", failing(homeserver.Members, homeserver.Fault{Status: 503})},
		{"while the sync is cut", failing(homeserver.Sync, homeserver.Fault{Drop: homeserver.DropHalf})},
		{"while keys cannot be handed out", failing(homeserver.SendToDevice, homeserver.Fault{Status: 502})},
		{"while keys cannot be claimed", failing(homeserver.KeysClaim, homeserver.Fault{Drop: homeserver.DropAnswer})},
	}
	for _, test := range tests {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t)
			w.person("alice")
			w.rooms(homeserver.RoomOptions{Encrypted: true})
			w.srv.SetFaults(test.faults)
			w.start()
			eventID := w.sends(message(w.cfg.Technique, "txn", "the root password"))
			if clear := w.messagesInClear(w.cfg.Technique); len(clear) > 0 {
				t.Errorf("went out in clear: %q", clear)
			}
			w.until("the bot sees its own event", func() bool { e, _ := w.inbox.find(eventID); return e.Txn == "txn" && e.Own })
		})
	}
}

func TestARoomOnceEncryptedStaysSo(t *testing.T) {
	other := map[string]any{"algorithm": "org.example.rot13"}
	tests := []struct {
		name   string
		happen func(w *town)
	}{
		{"when it is encrypted while the bot is there", func(w *town) {
			w.srv.SetState("alice", w.cfg.Technique, "m.room.encryption", "", map[string]any{"algorithm": "m.megolm.v1.aes-sha2"})
		}},
		{"when the event names an algorithm that nobody knows", func(w *town) {
			w.srv.SetState("alice", w.cfg.Technique, "m.room.encryption", "", other)
		}},
		{"when the event is malformed", func(w *town) {
			w.srv.SetState("alice", w.cfg.Technique, "m.room.encryption", "", map[string]any{"algorithm": 5})
		}},
		{"when the homeserver forgets it over a restart", func(w *town) {
			w.stopped()
			if err := w.kept.SetValue(w.t.Context(), encryptedKey(id.RoomID(w.cfg.Technique)), "1"); err != nil {
				w.t.Fatal(err)
			}
			w.settled()
		}},
	}
	for _, test := range tests {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t)
			w.person("alice")
			w.rooms(homeserver.RoomOptions{}).settled()
			test.happen(w)
			time.Sleep(time.Second)
			w.sends(message(w.cfg.Technique, "txn", "the root password"))
			if clear := w.messagesInClear(w.cfg.Technique); len(clear) > 0 {
				t.Errorf("went out in clear: %q", clear)
			}
		})
	}
}

func TestNothingIsSentBeforeTheRoomIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{})
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.GetState {
				return homeserver.Fault{Status: 500}
			}
			return homeserver.Fault{}
		})
		w.start()
		for range 100 {
			if _, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "txn", "hello")); !errors.Is(err, cards.ErrNotSent) {
				t.Fatalf("Send returned %v, want ErrNotSent", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := w.requests(homeserver.Send); n > 0 {
			t.Errorf("%d events were sent", n)
		}
	})
}

func TestTheBotTalksEncrypted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		al := w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.knows(al, w.cfg.Technique)
		card := w.sends(message(w.cfg.Technique, "store-card-1", "one"))
		w.sends(cards.Outgoing{Room: w.cfg.Technique, TxnID: "store-card-1-2", Edits: card, Message: &cards.Message{Plain: "two"}})
		w.until("alice hears both", func() bool { return len(al.ears.all()) == 2 })
		if want := []string{"one, cross-signed-tofu", "* two, cross-signed-tofu"}; !slices.Equal(al.ears.all(), want) {
			t.Errorf("alice heard %q, want %q", al.ears.all(), want)
		}
		if _, err := al.SendText(t.Context(), id.RoomID(w.cfg.Technique), "!due"); err != nil {
			t.Fatal(err)
		}
		if _, err := al.SendReaction(t.Context(), id.RoomID(w.cfg.Technique), id.EventID(card), "✅"); err != nil {
			t.Fatal(err)
		}
		w.hears("!due")
		w.until("the bot sees the reaction", func() bool {
			return slices.ContainsFunc(w.inbox.all(), func(e cards.Event) bool { return e.Kind == cards.Reacted && e.Target == card && e.Emoji == "✅" })
		})
		own := w.inbox.all()[slices.IndexFunc(w.inbox.all(), func(e cards.Event) bool { return e.Txn == "store-card-1-2" })]
		if !own.Own || !own.Edit || own.Kind != cards.Noticed {
			t.Errorf("the bot's own edit came back as %+v", own)
		}

		// After a restart it is the same device, and reads what was said meanwhile.
		w.stopped()
		if _, err := al.SendText(t.Context(), id.RoomID(w.cfg.Technique), "while you were down"); err != nil {
			t.Fatal(err)
		}
		w.settled().hears("!due", "while you were down")
		w.sends(message(w.cfg.Technique, "store-card-2", "back"))
		w.until("alice hears it", func() bool { return len(al.ears.all()) == 3 && strings.HasPrefix(al.ears.all()[2], "back") })
	})
}

// lostKeys has the keys for the bot's device that alice hands out get lost, as
// long as the flag is set.
func lostKeys(lost *atomic.Bool) func(homeserver.Request) homeserver.Fault {
	return func(r homeserver.Request) homeserver.Fault {
		if r.Kind == homeserver.SendToDevice && r.User == alice && lost.Load() {
			return homeserver.Fault{Status: 200}
		}
		return homeserver.Fault{}
	}
}

func TestASealedEventIsOpenedWhenItsKeyComes(t *testing.T) {
	for _, restart := range []bool{false, true} {
		name := map[bool]string{false: "while running", true: "after a restart"}[restart]
		story(t, name, func(t *testing.T) {
			w := newTown(t)
			al := w.person("alice")
			w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
			w.knows(al, w.cfg.Technique)
			var lost atomic.Bool
			lost.Store(true)
			w.srv.SetFaults(lostKeys(&lost))
			sent, err := al.SendText(t.Context(), id.RoomID(w.cfg.Technique), "!done backups")
			if err != nil {
				t.Fatal(err)
			}
			w.until("the event is stored sealed", func() bool {
				e, _ := w.inbox.find(sent.EventID.String())
				return e.Kind == cards.Sealed && len(e.Raw) > 0
			})
			if restart {
				w.stopped()
				w.start()
			}
			time.Sleep(time.Second)
			lost.Store(false) // the bot asks for the key, and this time the answer arrives
			w.hears("!done backups")
			if e, _ := w.inbox.find(sent.EventID.String()); e.Raw != nil || e.Sender != alice || e.History {
				t.Errorf("it was opened as %+v", e)
			}
			asked := 0
			for _, r := range w.srv.Requests() {
				if r.Kind == homeserver.SendToDevice && r.User == self && r.Type == "m.room_key_request" {
					asked++
				}
			}
			if asked != 1 {
				t.Errorf("the key was asked for %d times, want once", asked)
			}
		})
	}
}

func TestASealedEventOfTheHistoryStaysHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		al := w.person("alice")
		w.cfg.Technique = w.srv.CreateRoom("alice", homeserver.RoomOptions{Encrypted: true})
		w.cfg.Supervision = w.srv.CreateRoom("alice", homeserver.RoomOptions{Invite: []string{"ronde"}})
		w.loggedIn()
		w.until("alice knows the room", func() bool {
			encrypted, _ := al.StateStore.IsEncrypted(t.Context(), id.RoomID(w.cfg.Technique))
			return encrypted
		})
		sent, err := al.SendText(t.Context(), id.RoomID(w.cfg.Technique), "!done backups")
		if err != nil {
			t.Fatal(err)
		}
		w.srv.Invite("alice", w.cfg.Technique, "ronde")
		w.settled()
		e, _ := w.inbox.find(sent.EventID.String())
		evt, history, err := decodeSealed(e.Raw)
		if err != nil || !history || !e.History || evt.ID != sent.EventID {
			t.Errorf("stored as %+v, decoded history %v, %v", e, history, err)
		}
		time.Sleep(time.Minute)
		for _, r := range w.srv.Requests() {
			if r.Type == "m.room_key_request" {
				t.Error("a key of the history was asked for")
			}
		}
	})
}

func TestSealedEventsKeepTheirJSON(t *testing.T) {
	for _, history := range []bool{false, true} {
		var evt event.Event
		const wire = `{"event_id":"$1","sender":"@a:b","type":"m.room.encrypted","origin_server_ts":5,"content":{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"AwgA","session_id":"s","org.example.more":[1]}}`
		if err := json.Unmarshal([]byte(wire), &evt); err != nil {
			t.Fatal(err)
		}
		if err := prepare(&evt, "!r:b"); err != nil {
			t.Fatal(err)
		}
		raw, err := encodeSealed(&evt, history)
		if err != nil {
			t.Fatal(err)
		}
		again, was, err := decodeSealed(raw)
		if err != nil || was != history || again.ID != "$1" || string(again.Content.VeryRaw) != string(evt.Content.VeryRaw) {
			t.Errorf("history %v: %s came back as %s (%v, %v)", history, wire, raw, was, err)
		}
	}
}

// sessions are the Megolm sessions of what the bot sent to a room, in order.
func (w *town) sessions(room string) (sessions []string) {
	for _, e := range w.srv.Timeline(room) {
		if e.Type == "m.room.encrypted" && e.Sender == self {
			sessions = append(sessions, e.Text("session_id"))
		}
	}
	return sessions
}

func TestWhoLeftTheRoomGetsNoNewMessages(t *testing.T) {
	tests := []struct {
		name   string
		happen func(w *town)
	}{
		{"normally", func(*town) {}},
		{"in a room whose algorithm was replaced", func(w *town) {
			w.srv.SetState("alice", w.cfg.Technique, "m.room.encryption", "", map[string]any{"algorithm": "org.example.rot13"})
		}},
		{"in a room that the record has as clear", func(w *town) {
			w.stopped()
			if _, err := w.db.Exec(w.t.Context(), "UPDATE mx_room_state SET encryption=NULL"); err != nil {
				w.t.Fatal(err)
			}
			w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
				if r.Kind == homeserver.GetState && r.Type == "m.room.encryption" {
					return homeserver.Fault{Status: 404, Code: "M_NOT_FOUND"}
				}
				return homeserver.Fault{}
			})
			w.settled()
		}},
	}
	for _, test := range tests {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t)
			w.person("alice")
			w.rooms(homeserver.RoomOptions{Encrypted: true})
			w.srv.Invite("alice", w.cfg.Technique, "mallory")
			w.srv.Join("mallory", w.cfg.Technique)
			w.settled()
			test.happen(w)
			time.Sleep(time.Second)
			w.sends(message(w.cfg.Technique, "one", "one"))
			w.sends(message(w.cfg.Technique, "two", "two"))
			w.srv.Leave("mallory", w.cfg.Technique)
			time.Sleep(time.Second)
			w.sends(message(w.cfg.Technique, "three", "three"))
			if s := w.sessions(w.cfg.Technique); len(s) != 3 || s[0] != s[1] || s[1] == s[2] {
				t.Errorf("sessions %q, want the third to be new", s)
			}
		})
	}
}

func TestEveryMemberGetsTheKeysWhateverTheRecordSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		al := w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.knows(al, w.cfg.Technique)
		w.stopped()
		if _, err := w.db.Exec(t.Context(), "DELETE FROM mx_user_profile WHERE user_id=$1", alice); err != nil {
			t.Fatal(err)
		}
		w.settled()
		w.sends(message(w.cfg.Technique, "txn", "hello"))
		w.until("alice can read it", func() bool { return len(al.ears.all()) == 1 })
	})
}

func TestANewDeviceCanReadInSpiteOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.person("alice")
		w.rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		w.sends(message(w.cfg.Technique, "one", "before"))
		var queries atomic.Int32
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.KeysQuery && r.User == self && queries.Add(1) <= 2 {
				return homeserver.Fault{Status: 500}
			}
			return homeserver.Fault{}
		})
		phone := w.person("alice")
		time.Sleep(2 * time.Minute)
		w.sends(message(w.cfg.Technique, "two", "after"))
		w.until("the new device can read it", func() bool { return len(phone.ears.all()) == 1 })
		if asked := queries.Load(); asked < 3 {
			t.Errorf("asked %d times, want two failures and a success: the test proves nothing", asked)
		}
		before := w.requests(homeserver.KeysQuery)
		time.Sleep(10 * time.Minute)
		if after := w.requests(homeserver.KeysQuery); after > before {
			t.Errorf("the devices were asked for %d times more", after-before)
		}
	})
}

func TestAKeyPassedOnBySomebodyElseIsNotActedOn(t *testing.T) {
	tests := []struct {
		info event.MautrixInfo
		want bool
	}{
		{event.MautrixInfo{TrustState: id.TrustStateUnset}, false},
		{event.MautrixInfo{TrustState: id.TrustStateUnknownDevice}, false}, // logged out since
		{event.MautrixInfo{TrustState: id.TrustStateForwarded, ForwardedKeys: true}, true},
		{event.MautrixInfo{TrustState: id.TrustStateVerified, ForwardedKeys: true}, true},
		{event.MautrixInfo{TrustState: id.TrustStateDeviceKeyMismatch}, true},
	}
	for _, test := range tests {
		if got := impersonates(&event.Event{Mautrix: test.info}); got != test.want {
			t.Errorf("%+v: %v, want %v", test.info, got, test.want)
		}
	}
}

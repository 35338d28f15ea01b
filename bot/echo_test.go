package bot

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

// echo asks once, for at most twenty seconds, and says whether it came back.
func (w *town) echo() bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	asked := time.Now()
	return !w.bot.Echo(ctx).Before(asked)
}

func TestAnEchoComesBackPastTheRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{Encrypted: true}).settled()
		time.Sleep(time.Minute)
		sends, heard, logged := w.requests(homeserver.Send), len(w.inbox.all()), w.logs.String()
		for range 3 {
			if !w.echo() {
				t.Fatalf("it did not come back; the log:\n%s", w.logs)
			}
		}
		time.Sleep(time.Minute)
		if w.requests(homeserver.Send) != sends || len(w.inbox.all()) != heard {
			t.Error("an echo is seen in a room")
		}
		if said := strings.TrimPrefix(w.logs.String(), logged); said != "" {
			t.Errorf("an echo is logged:\n%s", said)
		}
		txns := map[string]bool{}
		for _, r := range w.srv.Requests() {
			if r.Type == echoType {
				txns[r.Txn] = true
			}
		}
		if len(txns) != 3 {
			t.Errorf("three echoes have %d transaction ids", len(txns))
		}
	})
}

// TestAnEchoThatIsLostIsMissed breaks each part of the way by itself, and mends it.
func TestAnEchoThatIsLostIsMissed(t *testing.T) {
	silent := func(kind homeserver.Kind) func(w *town) {
		return func(w *town) {
			w.srv.SetFaults(func(r homeserver.Request) (f homeserver.Fault) {
				if r.Kind == kind || kind == "" {
					f.Delay = time.Hour
				}
				return f
			})
		}
	}
	for name, breakIt := range map[string]func(w *town){
		"the homeserver takes connections and says nothing": silent(""),
		"sending gets no answer":                            silent(homeserver.SendToDevice),
		"sync delivers nothing":                             silent(homeserver.Sync),
		"the homeserver is gone":                            func(w *town) { w.srv.GoAway() },
		"what came cannot be stored": func(w *town) {
			w.inbox.failing(func(cards.Batch) error { return errors.New("the disk is full") })
		},
	} {
		story(t, name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			if !w.echo() {
				t.Fatal("it does not come back when all is well")
			}
			time.Sleep(time.Minute) // the poll under way ends
			breakIt(w)
			time.Sleep(time.Minute)
			asked := time.Now()
			if w.echo() {
				t.Error("it came back all the same")
			}
			if took := time.Since(asked); took > 20*time.Second {
				t.Errorf("it was waited for for %s", took)
			}
			w.srv.SetFaults(nil)
			if err := w.srv.ComeBack(); err != nil {
				t.Fatal(err)
			}
			w.inbox.failing(nil)
			time.Sleep(3 * time.Minute)
			if !w.echo() {
				t.Errorf("it does not come back afterwards; the log:\n%s", w.logs)
			}
		})
	}
}

func TestNobodyElseCanMakeAnEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		p := w.person("mallory")
		back := w.bot.echoes.expect("guessed")
		logged := w.logs.String()
		for _, content := range []map[string]any{{"nonce": "guessed"}, {"nonce": 7}, {}} {
			_, err := p.SendToDevice(t.Context(), event.Type{Type: echoType, Class: event.ToDeviceEventType}, &mautrix.ReqSendToDevice{
				Messages: map[id.UserID]map[id.DeviceID]*event.Content{self: {"*": {Raw: content}}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		select {
		case <-back:
			t.Error("another's message counts")
		default:
		}
		if said := strings.TrimPrefix(w.logs.String(), logged); said != "" {
			t.Errorf("it is logged:\n%s", said)
		}
	})
}

func TestAnOutageIsNoDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.rooms(homeserver.RoomOptions{})
		w.srv.GoAway()
		w.start()
		for range 12 {
			time.Sleep(30 * time.Minute)
			if !w.bot.Alive() {
				t.Fatal("the bot counts as dead because the homeserver is away")
			}
		}
		select {
		case <-w.bot.Synced():
			t.Fatal("it synced with nobody")
		default:
		}
		if err := w.srv.ComeBack(); err != nil {
			t.Fatal(err)
		}
		w.inRooms()
		<-w.bot.Synced()
		w.srv.SetFaults(func(homeserver.Request) homeserver.Fault { return homeserver.RateLimited(5 * time.Hour) })
		time.Sleep(4 * time.Hour)
		if !w.bot.Alive() {
			t.Error("the bot counts as dead because the homeserver wants a pause")
		}
	})
}

func TestALoopThatHangsIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		release := make(chan struct{})
		w.inbox.failing(func(cards.Batch) error { <-release; return nil })
		time.Sleep(5 * time.Minute)
		if !w.bot.Alive() {
			t.Error("the bot is given up too early")
		}
		time.Sleep(15 * time.Minute)
		if w.bot.Alive() {
			t.Error("a loop that hangs counts as alive")
		}
		close(release)
		time.Sleep(time.Minute)
		if !w.bot.Alive() {
			t.Error("the loop goes on and counts as dead")
		}
	})
}

package bot

import (
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/e2e/homeserver"
)

func TestInvitations(t *testing.T) {
	type invitation struct {
		from    string
		room    func(w *town) string
		address func(w *town, room string) string // what is configured
	}
	byID := func(_ *town, room string) string { return room }
	private := func(w *town) string { return w.srv.CreateRoom("alice", homeserver.RoomOptions{}) }
	tests := []struct {
		name string
		invitation
		want string // the bot's membership in the end
	}{
		{"of an allowed user to a configured room", invitation{"alice", private, byID}, "join"},
		{"of a stranger to a configured room", invitation{"mallory", func(w *town) string {
			room := w.srv.CreateRoom("mallory", homeserver.RoomOptions{})
			return room
		}, byID}, "leave"},
		{"of an allowed user to another room", invitation{"alice", private, func(w *town, _ string) string {
			return w.srv.CreateRoom("alice", homeserver.RoomOptions{})
		}}, "leave"},
		{"to a room configured by alias", invitation{"alice", func(w *town) string {
			return w.srv.CreateRoom("alice", homeserver.RoomOptions{Alias: "technique"})
		}, func(*town, string) string { return "#technique:ronde.test" }}, "join"},
		{"to a room that only says it has the alias", invitation{"alice", func(w *town) string {
			w.srv.CreateRoom("mallory", homeserver.RoomOptions{Alias: "technique"})
			return w.srv.CreateRoom("alice", homeserver.RoomOptions{})
		}, func(*town, string) string { return "#technique:ronde.test" }}, "leave"},
	}
	for _, before := range []bool{true, false} {
		when := map[bool]string{true: "before the start ", false: "while running "}[before]
		for _, test := range tests {
			story(t, when+test.name, func(t *testing.T) {
				w := newTown(t)
				room := test.room(w)
				w.cfg.Technique = test.address(w, room)
				w.cfg.Supervision = w.srv.CreateRoom("alice", homeserver.RoomOptions{Invite: []string{"ronde"}})
				w.loggedIn()
				if before {
					w.srv.Invite(test.from, room, "ronde")
					w.start()
				} else {
					w.start()
					time.Sleep(time.Minute)
					w.srv.Invite(test.from, room, "ronde")
				}
				time.Sleep(30 * time.Minute)
				if got := w.srv.Membership(room, "ronde"); got != test.want {
					t.Errorf("membership %q, want %q; the log:\n%s", got, test.want, w.logs)
				}
				// Whatever became of it, the other room works.
				w.sends(message(w.cfg.Supervision, "txn", "hello"))
				if n := strings.Count(w.logs.String(), "waiting for an invitation"); n > 1 {
					t.Errorf("the missing invitation was logged %d times", n)
				}
			})
		}
	}
}

func TestARoomByAliasIsJoinedAndKnownByItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		room := w.srv.CreateRoom("alice", homeserver.RoomOptions{Alias: "technique", Public: true})
		w.cfg.Technique = "#technique:ronde.test"
		w.cfg.Supervision = w.srv.CreateRoom("alice", homeserver.RoomOptions{Invite: []string{"ronde"}})
		w.loggedIn()
		w.start()
		w.sends(message(room, "txn", "hello"))
		want := map[string]string{Technique: room, Supervision: w.cfg.Supervision}
		if diff := cmp.Diff(want, w.bot.Rooms()); diff != "" {
			t.Errorf("Rooms (-want +got):\n%s", diff)
		}
		if id, known := w.bot.RoomID(Technique); id != room || !known {
			t.Errorf("RoomID gave %q, %v", id, known)
		}

		// The next start knows the room before anybody says which it is, so that
		// nothing said meanwhile is missed.
		w.stopped()
		w.srv.Say("alice", room, "!due")
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == "alias" {
				return homeserver.Fault{Status: 504}
			}
			return homeserver.Fault{}
		})
		w.start().hears("!due")
	})
}

// TestTheBotTellsWhenItCanSend: the outbox asks before, and is told once for each
// room and each time that the bot comes back into one.
func TestTheBotTellsWhenItCanSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{})
		w.start()
		if id, ready := w.bot.RoomID(Technique); ready {
			t.Errorf("before anything was asked, %s is ready", id)
		}
		w.inRooms()
		for _, room := range []string{Technique, w.cfg.Technique} {
			if id, ready := w.bot.RoomID(room); id != w.cfg.Technique || !ready {
				t.Errorf("RoomID(%s) = %q, %v", room, id, ready)
			}
		}
		if n := w.inbox.readied(); n != 2 {
			t.Errorf("told %d times, want once for each room", n)
		}
		if _, ready := w.bot.RoomID("!elsewhere"); !ready {
			t.Error("what is to be sent to a room that is none of the bot's waits for ever")
		}
		w.srv.Kick("alice", w.cfg.Technique, "ronde")
		w.until("the bot knows that it is out", func() bool { _, ready := w.bot.RoomID(Technique); return !ready })
		w.srv.Invite("alice", w.cfg.Technique, "ronde")
		w.until("the bot is told that it is back", func() bool { return w.inbox.readied() == 3 })
	})
}

func TestPowerLevels(t *testing.T) {
	tests := []struct {
		version string
		user    string
		want    int
	}{
		{"11", alice, 100}, {"11", mallory, 50}, {"11", "@nobody:ronde.test", 0},
		{"12", alice, math.MaxInt}, {"12", mallory, 50}, {"12", "@nobody:ronde.test", 0},
	}
	for _, test := range tests {
		story(t, test.version+" "+test.user, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{Version: test.version, PowerLevels: map[string]int{"mallory": 50}}).settled()
			time.Sleep(time.Second) // the sync that brings the room's state
			got, err := w.bot.PowerLevel(t.Context(), w.cfg.Technique, test.user)
			if err != nil || got != test.want {
				t.Errorf("by sync: %d, %v; want %d", got, err, test.want)
			}
			for _, forgotten := range []string{"create_event=NULL", "power_levels=NULL", "create_event=NULL, power_levels=NULL"} {
				if _, err := w.db.Exec(t.Context(), "UPDATE mx_room_state SET "+forgotten); err != nil {
					t.Fatal(err)
				}
				got, err = w.bot.PowerLevel(t.Context(), w.cfg.Technique, test.user)
				if err != nil || got != test.want {
					t.Errorf("after %s: %d, %v; want %d", forgotten, got, err, test.want)
				}
			}
		})
	}
}

func TestAnInvitationIsAnsweredInSpiteOfFailures(t *testing.T) {
	for name, fault := range map[string]homeserver.Fault{
		"a rate limit":   homeserver.RateLimited(time.Second),
		"a server error": {Status: 500},
		"a lost answer":  {Drop: homeserver.DropAnswer},
	} {
		story(t, name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{})
			w.srv.Kick("alice", w.cfg.Technique, "ronde")
			other := w.srv.CreateRoom("mallory", homeserver.RoomOptions{})
			w.start()
			time.Sleep(time.Minute)
			var tries atomic.Int32
			w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
				if (r.Kind == homeserver.Join || r.Kind == "leave") && tries.Add(1) <= 2 {
					return fault
				}
				return homeserver.Fault{}
			})
			w.srv.Invite("alice", w.cfg.Technique, "ronde")
			w.srv.Invite("mallory", other, "ronde")
			w.until("both are answered", func() bool {
				return w.srv.Membership(w.cfg.Technique, "ronde") == "join" && w.srv.Membership(other, "ronde") == "leave"
			})
			w.sends(message(w.cfg.Technique, "txn", "hello"))
		})
	}
}

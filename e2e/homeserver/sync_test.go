package homeserver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/homeserver"
)

func poll(t *testing.T, cli *mautrix.Client, since string) *mautrix.RespSync {
	t.Helper()
	resp, err := cli.SyncRequest(t.Context(), 0, since, "", false, "")
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// heard are the texts in a batch's timeline of the room.
func heard(resp *mautrix.RespSync, room id.RoomID) []string {
	list := []string{}
	if joined := resp.Rooms.Join[room]; joined != nil {
		for _, evt := range joined.Timeline.Events {
			if body, ok := evt.Content.Raw["body"].(string); ok {
				list = append(list, body)
			}
		}
	}
	return list
}

func TestALongPollWaitsForNewsAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{})
		alice := client(t, s, "alice")
		since := poll(t, alice, "").NextBatch
		begun := time.Now()
		resp, err := alice.SyncRequest(t.Context(), 30000, since, "", false, "")
		if err != nil || time.Since(begun) != 30*time.Second || resp.NextBatch != since {
			t.Fatalf("an idle poll: %v after %s, next %s", err, time.Since(begun), resp.NextBatch)
		}
		time.AfterFunc(12*time.Second, func() { s.Say("bob", room.String(), "hello") })
		begun = time.Now()
		resp, err = alice.SyncRequest(t.Context(), 30000, since, "", false, "")
		if err != nil || time.Since(begun) != 12*time.Second || !cmp.Equal(heard(resp, room), []string{"hello"}) {
			t.Errorf("a poll with news: %v after %s: %q", err, time.Since(begun), heard(resp, room))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := alice.SyncRequest(ctx, 30000, resp.NextBatch, "", false, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a poll given up: %v", err)
		}
	})
}

func TestAMautrixClientSyncsThroughADayOfFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{})
		alice := client(t, s, "alice")
		var got []string
		alice.Syncer.(*mautrix.DefaultSyncer).OnEventType(event.EventMessage, func(_ context.Context, evt *event.Event) {
			got = append(got, evt.Content.AsMessage().Body)
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- alice.SyncWithContext(ctx) }()
		for _, body := range []string{"midnight", "six", "noon", "evening"} {
			time.Sleep(6 * time.Hour)
			s.Say("bob", room.String(), body)
		}
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the sync ended with %v", err)
		}
		if diff := cmp.Diff([]string{"midnight", "six", "noon", "evening"}, got); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

func TestTheSameSinceGivesTheSameEventsAgain(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	since := poll(t, alice, "").NextBatch
	s.Say("bob", room.String(), "one")
	poll(t, alice, since)
	s.Say("bob", room.String(), "two")
	if got := heard(poll(t, alice, since), room); !cmp.Equal(got, []string{"one", "two"}) {
		t.Errorf("again: %q", got)
	}
}

func TestARepeatedBatchGivesOldEventsForALaterSince(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	for _, body := range []string{"one", "two", "three"} {
		s.Say("bob", room.String(), body)
	}
	since := poll(t, alice, "").NextBatch
	s.SetFaults(func(r homeserver.Request) homeserver.Fault { return homeserver.Fault{Repeat: 2} })
	resp := poll(t, alice, since)
	if got := heard(resp, room); !cmp.Equal(got, []string{"two", "three"}) || resp.NextBatch != since {
		t.Errorf("repeated: %q, next %s; want the last two and %s", got, resp.NextBatch, since)
	}
	s.SetFaults(nil)
	if got := heard(poll(t, alice, since), room); len(got) != 0 {
		t.Errorf("without the fault: %q", got)
	}
}

func TestALimitedTimelineHasItsGapBehindPrevBatch(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	since := poll(t, alice, "").NextBatch
	s.Say("bob", room.String(), "one")
	s.SetState("alice", room.String(), "m.room.topic", "", map[string]string{"topic": "in the gap"})
	for _, body := range []string{"two", "three", "four"} {
		s.Say("bob", room.String(), body)
	}
	s.SetFaults(func(homeserver.Request) homeserver.Fault { return homeserver.Fault{Limit: 2} })
	resp := poll(t, alice, since)
	joined := resp.Rooms.Join[room]
	if got := heard(resp, room); !cmp.Equal(got, []string{"three", "four"}) || !joined.Timeline.Limited {
		t.Fatalf("timeline is %q, limited %v", got, joined.Timeline.Limited)
	}
	if len(joined.State.Events) != 1 || joined.State.Events[0].Type.Type != "m.room.topic" {
		t.Errorf("the state of the gap is %v, want the topic", joined.State.Events)
	}
	gap, err := alice.Messages(t.Context(), room, joined.Timeline.PrevBatch, since, mautrix.DirectionBackward, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, evt := range gap.Chunk {
		types = append(types, evt.Type.Type)
	}
	if diff := cmp.Diff([]string{"m.room.message", "m.room.topic", "m.room.message"}, types); diff != "" || gap.End != "" {
		t.Errorf("the gap (-want +got), end %q:\n%s", gap.End, diff)
	}
}

func TestTheFilterLimitsTheTimeline(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	made, err := alice.CreateFilter(t.Context(), &mautrix.Filter{Room: &mautrix.RoomFilter{
		Timeline: &mautrix.FilterPart{Limit: 1, NotTypes: []event.Type{event.EventReaction}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.React("bob", room.String(), s.Say("bob", room.String(), "hello"), "✅")
	resp, err := alice.SyncRequest(t.Context(), 0, "", made.FilterID, false, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := heard(resp, room); !cmp.Equal(got, []string{"hello"}) || len(resp.Rooms.Join[room].Timeline.Events) != 1 {
		t.Errorf("timeline is %v", resp.Rooms.Join[room].Timeline.Events)
	}
}

func TestInvitationsJoinsAndLeavesAreTold(t *testing.T) {
	s, _ := town(t, homeserver.Options{})
	bob := client(t, s, "bob")
	since := poll(t, bob, "").NextBatch
	room := id.RoomID(s.CreateRoom("alice", homeserver.RoomOptions{Name: "Supervision", Encrypted: true, Invite: []string{"bob"}}))
	resp := poll(t, bob, since)
	invited := resp.Rooms.Invite[room]
	if invited == nil || len(invited.State.Events) < 4 {
		t.Fatalf("invitations are %v", resp.Rooms.Invite)
	}
	if _, err := bob.JoinRoomByID(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	resp = poll(t, bob, resp.NextBatch)
	if resp.Rooms.Join[room] == nil || len(resp.Rooms.Invite) != 0 {
		t.Fatalf("after joining: %v", resp.Rooms)
	}
	encrypted := false
	for _, evt := range append(resp.Rooms.Join[room].State.Events, resp.Rooms.Join[room].Timeline.Events...) {
		encrypted = encrypted || evt.Type.Type == "m.room.encryption"
	}
	if !encrypted {
		t.Error("the sync that tells of the join does not tell that the room is encrypted")
	}
	s.Kick("alice", room.String(), "bob")
	resp = poll(t, bob, resp.NextBatch)
	if resp.Rooms.Leave[room] == nil || resp.Rooms.Join[room] != nil {
		t.Errorf("after the kick: %v", resp.Rooms)
	}
	if resp = poll(t, bob, resp.NextBatch); !resp.Rooms.IsZero() {
		t.Errorf("and then: %v", resp.Rooms)
	}
}

func TestTheSenderSeesItsTransactionIDAndNobodyElse(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice, bob := client(t, s, "alice"), client(t, s, "bob")
	if _, err := say(t.Context(), alice, room, "txn-7", "hello"); err != nil {
		t.Fatal(err)
	}
	for cli, want := range map[*mautrix.Client]string{alice: "txn-7", bob: ""} {
		events := poll(t, cli, "").Rooms.Join[room].Timeline.Events
		if got := events[len(events)-1].Unsigned.TransactionID; got != want {
			t.Errorf("%s sees the transaction id %q, want %q", cli.UserID, got, want)
		}
	}
}

func TestWaitForEndsWhenItHoldsOrTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, room := town(t, homeserver.Options{})
		said := func(s *homeserver.Server) bool { return len(s.Roots(room.String())) == 2 }
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for i := range 2 {
			time.AfterFunc(time.Duration(1+i)*time.Minute, func() { s.Say("bob", room.String(), "hello") })
		}
		begun := time.Now()
		if err := s.WaitFor(ctx, said); err != nil || time.Since(begun) != 2*time.Minute {
			t.Errorf("%v after %s, want two minutes", err, time.Since(begun))
		}
		never := func(*homeserver.Server) bool { return false }
		if err := s.WaitFor(ctx, never); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for nothing: %v", err)
		}
	})
}

func TestAMessageToADeviceComesUntilItIsAcknowledged(t *testing.T) {
	s, _ := town(t, homeserver.Options{})
	alice, bob := client(t, s, "alice"), client(t, s, "bob")
	since := poll(t, bob, "").NextBatch
	_, err := alice.SendToDevice(t.Context(), event.NewEventType("org.ronde.test"), &mautrix.ReqSendToDevice{
		Messages: map[id.UserID]map[id.DeviceID]*event.Content{bob.UserID: {"*": {Raw: map[string]any{"a": "b"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	next := ""
	for _, again := range []string{"once", "again"} {
		resp := poll(t, bob, since)
		if len(resp.ToDevice.Events) != 1 || resp.ToDevice.Events[0].Sender != alice.UserID {
			t.Errorf("%s: to_device is %v, want alice's message", again, resp.ToDevice.Events)
		}
		next = resp.NextBatch
	}
	for _, later := range []string{next, since} {
		if resp := poll(t, bob, later); len(resp.ToDevice.Events) != 0 {
			t.Errorf("acknowledged, it comes again: %v", resp.ToDevice.Events)
		}
	}
}

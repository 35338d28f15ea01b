package homeserver_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/homeserver"
)

// town is a homeserver with alice and bob, who share a room.
func town(t *testing.T, options homeserver.Options) (s *homeserver.Server, room id.RoomID) {
	t.Helper()
	s = homeserver.New(options)
	s.Register("alice", "secret of alice")
	s.Register("bob", "secret of bob")
	name := s.CreateRoom("alice", homeserver.RoomOptions{Name: "Technique", Alias: "technique", Invite: []string{"bob"}})
	s.Join("bob", name)
	return s, id.RoomID(name)
}

// client is a mautrix client, logged in, that reaches the server in process.
func client(t *testing.T, s *homeserver.Server, name string) *mautrix.Client {
	t.Helper()
	return clientAt(t, homeserver.URL, s.Client(), name)
}

func clientAt(t *testing.T, url string, hc *http.Client, name string) *mautrix.Client {
	t.Helper()
	cli, err := mautrix.NewClient(url, "", "")
	if err != nil {
		t.Fatal(err)
	}
	cli.Client = hc
	_, err = cli.Login(t.Context(), &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password:         "secret of " + name,
		StoreCredentials: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cli
}

// say sends with a transaction id of the test's choice.
func say(ctx context.Context, cli *mautrix.Client, room id.RoomID, txn, body string) (id.EventID, error) {
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: body}
	resp, err := cli.SendMessageEvent(ctx, room, event.EventMessage, content, mautrix.ReqSendEvent{TransactionID: txn})
	if err != nil {
		return "", err
	}
	return resp.EventID, nil
}

// bodies are the texts that stand in the room.
func bodies(s *homeserver.Server, room id.RoomID) []string {
	list := []string{}
	for _, e := range s.Roots(room.String()) {
		list = append(list, e.Body())
	}
	return list
}

func wantBodies(t *testing.T, s *homeserver.Server, room id.RoomID, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), bodies(s, room)); diff != "" {
		t.Errorf("the room has (-want +got):\n%s", diff)
	}
}

func TestTheSameTransactionIsOneEvent(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	first, err := say(t.Context(), alice, room, "txn-1", "hello")
	if err != nil {
		t.Fatal(err)
	}
	again, err := say(t.Context(), alice, room, "txn-1", "hello")
	if err != nil || again != first {
		t.Errorf("again: %s, %v; want %s", again, err, first)
	}
	other, err := say(t.Context(), client(t, s, "alice"), room, "txn-1", "from another device")
	if err != nil || other == first {
		t.Errorf("another token: %s, %v; want a new event", other, err)
	}
	wantBodies(t, s, room, "hello", "from another device")
}

func TestIDsComeFromTheSeed(t *testing.T) {
	ids := func(seed uint64) []string {
		s, room := town(t, homeserver.Options{Seed: seed})
		return []string{room.String(), s.Say("alice", room.String(), "hello"), s.Token("alice", "")}
	}
	if diff := cmp.Diff(ids(1), ids(1)); diff != "" {
		t.Errorf("the same seed gives other ids:\n%s", diff)
	}
	for i, one := range ids(1) {
		if two := ids(2)[i]; one == two {
			t.Errorf("seeds 1 and 2 both give %s", one)
		}
	}
}

func TestRefusals(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	s.Register("eve", "secret of eve")
	hello := s.Say("alice", room.String(), "hello")
	s.React("bob", room.String(), hello, "✅")
	bob, eve := client(t, s, "bob"), client(t, s, "eve")
	stranger, _ := mautrix.NewClient(homeserver.URL, "@bob:ronde.test", "wrong token")
	stranger.Client = s.Client()

	for _, test := range []struct {
		name   string
		do     func(ctx context.Context) error
		status int
		code   string
	}{
		{"a wrong password", func(ctx context.Context) error {
			_, err := bob.Login(ctx, &mautrix.ReqLogin{Type: "m.login.password", Identifier: mautrix.UserIdentifier{Type: "m.id.user", User: "bob"}, Password: "?"})
			return err
		}, 403, "M_FORBIDDEN"},
		{"an unknown token", func(ctx context.Context) error {
			_, err := stranger.SyncRequest(ctx, 0, "", "", false, "")
			return err
		}, 401, "M_UNKNOWN_TOKEN"},
		{"no token", func(ctx context.Context) error {
			stranger.AccessToken = ""
			_, err := stranger.Whoami(ctx)
			return err
		}, 401, "M_MISSING_TOKEN"},
		{"a room one is not in", func(ctx context.Context) error {
			_, err := say(ctx, eve, room, "txn", "let me in")
			return err
		}, 403, "M_FORBIDDEN"},
		{"joining uninvited", func(ctx context.Context) error {
			_, err := eve.JoinRoom(ctx, "#technique:ronde.test", nil)
			return err
		}, 403, "M_FORBIDDEN"},
		{"state without the power", func(ctx context.Context) error {
			_, err := bob.SendStateEvent(ctx, room, event.StateRoomName, "", map[string]string{"name": "Bob's"})
			return err
		}, 403, "M_FORBIDDEN"},
		{"taking back what another said", func(ctx context.Context) error {
			_, err := bob.RedactEvent(ctx, room, id.EventID(hello))
			return err
		}, 403, "M_FORBIDDEN"},
		{"the same reaction twice", func(ctx context.Context) error {
			_, err := bob.SendReaction(ctx, room, id.EventID(hello), "✅")
			return err
		}, 400, "M_DUPLICATE_ANNOTATION"},
		{"an event over 65536 bytes", func(ctx context.Context) error {
			_, err := say(ctx, bob, room, "large", strings.Repeat("x", 65536))
			return err
		}, 413, "M_TOO_LARGE"},
		{"an unknown alias", func(ctx context.Context) error {
			_, err := bob.ResolveAlias(ctx, "#nowhere:ronde.test")
			return err
		}, 404, "M_NOT_FOUND"},
		{"no key backup", func(ctx context.Context) error {
			_, err := bob.GetKeyBackupLatestVersion(ctx)
			return err
		}, 404, "M_NOT_FOUND"},
		{"no such endpoint", func(ctx context.Context) error {
			_, err := bob.TurnServer(ctx)
			return err
		}, 404, "M_UNRECOGNIZED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefusal(t, test.do(t.Context()), test.status, test.code)
		})
	}
}

func wantRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	var he mautrix.HTTPError
	if !errors.As(err, &he) || he.RespError == nil {
		t.Fatalf("error is %v, want %d %s", err, status, code)
	}
	if he.RespError.StatusCode != status || he.RespError.ErrCode != code {
		t.Errorf("refused with %d %s, want %d %s", he.RespError.StatusCode, he.RespError.ErrCode, status, code)
	}
}

func TestAReactionMayComeAgainOnceItIsTakenBack(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	hello := s.Say("alice", room.String(), "hello")
	first := s.React("bob", room.String(), hello, "✅")
	s.Redact("bob", room.String(), first)
	second := s.React("bob", room.String(), hello, "✅")
	reactions := s.ReactionsTo(hello)
	if len(reactions) != 1 || reactions[0].ID != second {
		t.Errorf("reactions are %v, want only %s", reactions, second)
	}
}

func TestEditsAndRedactions(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	hello := s.Say("alice", room.String(), "hello")
	gone := s.Say("alice", room.String(), "to be taken back")
	edit := s.Edit("alice", room.String(), hello, "good morning")
	if _, err := alice.RedactEvent(t.Context(), room, id.EventID(gone), mautrix.ReqRedact{TxnID: "r"}); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, s, room, "hello")
	if edits := s.EditsOf(hello); len(edits) != 1 || edits[0].ID != edit || edits[0].Body() != "good morning" {
		t.Errorf("edits are %v", edits)
	}
	relations, err := alice.GetRelations(t.Context(), room, id.EventID(hello), &mautrix.ReqGetRelations{RelationType: event.RelReplace})
	if err != nil || len(relations.Chunk) != 1 {
		t.Errorf("relations are %v, %v; want the edit", relations, err)
	}
	evt, err := alice.GetEvent(t.Context(), room, id.EventID(gone))
	if err != nil || len(evt.Content.Raw) != 0 || evt.Unsigned.RedactedBecause == nil {
		t.Errorf("the redacted event reads %v, %v; want no content and the reason", evt, err)
	}
}

func TestRooms(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	ctx := t.Context()
	alice, bob := client(t, s, "alice"), client(t, s, "bob")
	for _, version := range []string{"10", "11", "12"} {
		t.Run(version, func(t *testing.T) {
			made, err := alice.CreateRoom(ctx, &mautrix.ReqCreateRoom{
				Name: "Supervision", RoomAliasName: "v" + version, Invite: []id.UserID{bob.UserID}, RoomVersion: id.RoomVersion(version),
			})
			if err != nil {
				t.Fatal(err)
			}
			joined, err := bob.JoinRoom(ctx, "#v"+version+":ronde.test", nil)
			if err != nil || joined.RoomID != made.RoomID {
				t.Fatalf("joined %v, %v; want %s", joined, err, made.RoomID)
			}
			if _, err := alice.SendStateEvent(ctx, made.RoomID, event.StateTopic, "", map[string]string{"topic": "alerts"}); err != nil {
				t.Errorf("the creator sets the topic: %v", err)
			}
			members, err := bob.JoinedMembers(ctx, made.RoomID)
			if err != nil || len(members.Joined) != 2 {
				t.Errorf("members are %v, %v", members, err)
			}
			if _, err := bob.LeaveRoom(ctx, made.RoomID); err != nil {
				t.Error(err)
			}
			if m := s.Membership(made.RoomID.String(), "bob"); m != "leave" {
				t.Errorf("bob's membership is %q after leaving", m)
			}
		})
	}
	rooms, err := bob.JoinedRooms(ctx)
	if err != nil || !cmp.Equal(rooms.JoinedRooms, []id.RoomID{room}) {
		t.Errorf("bob is in %v, %v", rooms, err)
	}
	state, err := bob.State(ctx, room)
	if err != nil || state[event.StateRoomName][""].Content.AsRoomName().Name != "Technique" {
		t.Errorf("the state is %v, %v", state, err)
	}
	var powers event.PowerLevelsEventContent
	if err := bob.StateEvent(ctx, room, event.StatePowerLevels, "", &powers); err != nil || powers.GetUserLevel(alice.UserID) != 100 {
		t.Errorf("power levels are %v, %v", powers.Users, err)
	}
}

func TestMessagesArePaged(t *testing.T) {
	s, room := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	for _, body := range []string{"one", "two", "three", "four", "five"} {
		s.Say("bob", room.String(), body)
	}
	var got []string
	from := ""
	for range 10 {
		page, err := alice.Messages(t.Context(), room, from, "", mautrix.DirectionBackward, nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, evt := range page.Chunk {
			if evt.Type.Type == "m.room.message" {
				got = append(got, evt.Content.Raw["body"].(string))
			}
		}
		if from = page.End; from == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"five", "four", "three", "two", "one"}, got); diff != "" {
		t.Errorf("paged backwards (-want +got):\n%s", diff)
	}
}

func TestAccountDataComesBack(t *testing.T) {
	s, _ := town(t, homeserver.Options{})
	alice := client(t, s, "alice")
	var got map[string]string
	wantRefusal(t, alice.GetAccountData(t.Context(), "org.ronde.test", &got), 404, "M_NOT_FOUND")
	if err := alice.SetAccountData(t.Context(), "org.ronde.test", map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	if err := alice.GetAccountData(t.Context(), "org.ronde.test", &got); err != nil || got["a"] != "b" {
		t.Errorf("account data is %v, %v", got, err)
	}
}

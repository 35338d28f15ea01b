package homeserver_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/homeserver"
)

// person is an encrypting client that listens.
type person struct {
	*mautrix.Client
	crypto *cryptohelper.CryptoHelper
	heard  chan string
}

// encrypting turns a client into a person, with stores of its own, and syncs
// until the test ends.
func encrypting(t *testing.T, cli *mautrix.Client) person {
	t.Helper()
	helper, err := cryptohelper.NewCryptoHelper(cli, []byte("a test's pickle key"), filepath.Join(t.TempDir(), "crypto.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	cli.Crypto = helper
	p := person{cli, helper, make(chan string, 10)}
	cli.Syncer.(*mautrix.DefaultSyncer).OnEventType(event.EventMessage, func(_ context.Context, evt *event.Event) {
		if evt.Sender != cli.UserID {
			p.heard <- evt.Content.AsMessage().Body
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cli.SyncWithContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		// mautrix v0.31.0 panics where its store says that the context has ended, and
		// makes an error of that (HandleHistoryVisibility uses the session it did not get).
		if err := <-done; !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "ProcessResponse panicked") {
			t.Errorf("the sync ended with %v", err)
		}
		_ = helper.Close()
	})
	return p
}

func (p person) hears(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-p.heard:
		if got != want {
			t.Errorf("%s heard %q, want %q", p.UserID, got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s heard nothing, want %q", p.UserID, want)
	}
}

func TestTwoClientsTalkEncrypted(t *testing.T) {
	t.Run("in a bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := town(t, homeserver.Options{})
			conversation(t, s, homeserver.URL, s.Client())
		})
	})
	t.Run("over TCP", func(t *testing.T) {
		s, _ := town(t, homeserver.Options{})
		conversation(t, s, listen(t, s), &http.Client{})
	})
}

func conversation(t *testing.T, s *homeserver.Server, url string, hc *http.Client) {
	t.Helper()
	alice := encrypting(t, clientAt(t, url, hc, "alice"))
	bob := encrypting(t, clientAt(t, url, hc, "bob"))
	room := id.RoomID(s.CreateRoom("alice", homeserver.RoomOptions{Encrypted: true, Invite: []string{"bob"}}))
	if _, err := bob.JoinRoomByID(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	knows(t, alice, bob, room)
	for _, turn := range []struct {
		from, to person
		body     string
	}{{alice, bob, "how is antigone?"}, {bob, alice, "all is well"}, {alice, bob, "good night"}} {
		if _, err := turn.from.SendText(t.Context(), room, turn.body); err != nil {
			t.Fatal(err)
		}
		turn.to.hears(t, turn.body)
	}
	inClear(t, s, room)
}

// knows waits until both clients know that both are in the encrypted room.
func knows(t *testing.T, alice, bob person, room id.RoomID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, p := range []person{alice, bob} {
		for ctx.Err() == nil {
			encrypted, _ := p.StateStore.IsEncrypted(ctx, room)
			members, _ := p.StateStore.GetRoomJoinedOrInvitedMembers(ctx, room)
			if encrypted && len(members) == 2 && p.StateStore.IsMembership(ctx, room, bob.UserID, event.MembershipJoin) {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	if ctx.Err() != nil {
		t.Fatal("the clients do not learn of the room")
	}
}

// inClear fails if anything said is readable on the server.
func inClear(t *testing.T, s *homeserver.Server, room id.RoomID) {
	t.Helper()
	encrypted := 0
	for _, e := range s.Timeline(room.String()) {
		if e.Type == "m.room.encrypted" {
			encrypted++
		}
		if e.Type == "m.room.message" || strings.Contains(string(e.Content), "antigone") {
			t.Errorf("the server can read %s", e.Content)
		}
	}
	if encrypted != 3 {
		t.Errorf("%d encrypted events, want 3", encrypted)
	}
}

func TestADeviceCrossSignsItselfAndComesBackWithItsRecoveryKey(t *testing.T) {
	s, _ := town(t, homeserver.Options{})
	alice := encrypting(t, client(t, s, "alice"))
	recovery, err := alice.crypto.Machine().GenerateAndVerifyWithRecoveryKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := encrypting(t, client(t, s, "alice"))
	if err := second.crypto.Machine().VerifyWithRecoveryKey(t.Context(), recovery); err != nil {
		t.Fatal(err)
	}
	bob := encrypting(t, client(t, s, "bob"))
	keys, err := bob.QueryKeys(t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{alice.UserID: {}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys.MasterKeys) != 1 || len(keys.UserSigningKeys) != 0 {
		t.Errorf("bob sees master keys %v and user-signing keys %v, want one and none", keys.MasterKeys, keys.UserSigningKeys)
	}
	for device, key := range keys.DeviceKeys[alice.UserID] {
		if n := len(key.Signatures[alice.UserID]); n != 2 {
			t.Errorf("device %s has %d signatures, want its own and the self-signing key's", device, n)
		}
	}
	for _, p := range []person{alice, second} {
		devices, err := bob.crypto.Machine().FetchKeys(t.Context(), []id.UserID{alice.UserID}, true)
		if err != nil {
			t.Fatal(err)
		}
		device := devices[alice.UserID][p.DeviceID]
		trust, err := bob.crypto.Machine().ResolveTrustContext(t.Context(), device)
		if err != nil || trust != id.TrustStateCrossSignedTOFU {
			t.Errorf("bob trusts %s %s, %v; want cross-signed", p.DeviceID, trust, err)
		}
	}
}

func TestReplacingCrossSigningKeysNeedsThePassword(t *testing.T) {
	s, _ := town(t, homeserver.Options{})
	alice := encrypting(t, client(t, s, "alice"))
	machine := alice.crypto.Machine()
	if _, _, err := machine.GenerateAndUploadCrossSigningKeysWithPassword(t.Context(), "unused", ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := machine.GenerateAndUploadCrossSigningKeysWithPassword(t.Context(), "wrong", ""); err == nil {
		t.Error("replaced with a wrong password")
	}
	if _, _, err := machine.GenerateAndUploadCrossSigningKeysWithPassword(t.Context(), "secret of alice", ""); err != nil {
		t.Error(err)
	}
}

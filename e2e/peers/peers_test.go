package peers_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/peers"
)

const password = "long enough"

func TestDendriteKeepsRoomsOverARestart(t *testing.T) {
	server := peers.NeedDendrite(t)
	ctx := t.Context()
	if err := server.Register(ctx, "anne", password); err != nil {
		t.Fatal(err)
	}
	anne := logIn(t, server, "anne")
	room, err := anne.CreateRoom(ctx, &mautrix.ReqCreateRoom{Name: "Technique"})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := anne.SendText(ctx, room.RoomID, "bonjour")
	if err != nil {
		t.Fatal(err)
	}

	server.Stop()
	if _, err := anne.GetEvent(ctx, room.RoomID, sent.EventID); err == nil {
		t.Error("a stopped homeserver answered")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	event, err := anne.GetEvent(ctx, room.RoomID, sent.EventID)
	if err != nil {
		t.Fatal(err)
	}
	if got := event.Content.Raw["body"]; got != "bonjour" {
		t.Errorf("body after restart = %q, want bonjour", got)
	}
}

func TestLimitedDendriteSaysWhenToComeBack(t *testing.T) {
	const cooloff = time.Minute  // four requests must find room in it, however busy the machine is
	peers.NeedDendrite(t).Stop() // skips where there is none
	server, err := peers.StartLimitedDendrite(t.Context(), t.TempDir(), peers.Limit{Requests: 3, Cooloff: cooloff})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	if err := server.Register(t.Context(), "anne", password); err != nil {
		t.Fatal(err)
	}
	anne := logIn(t, server, "anne")

	for range 10 {
		_, err = anne.JoinRoomByID(t.Context(), id.RoomID("!nowhere:localhost"))
		if errors.Is(err, mautrix.MLimitExceeded) {
			break
		}
	}
	refused, ok := errors.AsType[mautrix.HTTPError](err)
	if !ok || refused.Response == nil || refused.Response.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("ten requests at once: %v, want 429", err)
	}
	if wait := refused.RespError.ExtraData["retry_after_ms"]; wait != float64(cooloff.Milliseconds()) {
		t.Errorf("retry_after_ms = %v, want those of %s", wait, cooloff)
	}
}

func logIn(t *testing.T, server *peers.Dendrite, name string) *mautrix.Client {
	t.Helper()
	client, err := mautrix.NewClient(server.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Login(t.Context(), &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password:         password,
		StoreCredentials: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := id.NewUserID(name, server.ServerName); client.UserID != want {
		t.Errorf("user id = %s, want %s", client.UserID, want)
	}
	return client
}

const letter = "From: Kuma <kuma@example.org>\nTo: ops@localhost\nSubject: [Web] [Down]\n\n.dot at the start of a line\n"

func TestDovecotDeliversAndTellsIdle(t *testing.T) {
	server := peers.NeedDovecot(t)
	news := make(chan uint32, 10)
	client, err := imapclient.DialInsecure(server.Addr, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				news <- *data.NumMessages
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := errors.Join(client.Login(server.User, server.Password).Wait(), selectInbox(client, 0)); err != nil {
		t.Fatal(err)
	}
	idle, err := client.Idle()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Deliver([]byte(letter)); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-news:
		if n != 1 {
			t.Errorf("IDLE told of %d messages, want 1", n)
		}
	case <-time.After(time.Minute):
		t.Error("IDLE told nothing in a minute")
	}
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		t.Error(err)
	}
}

func TestDovecotKeepsMailOverARestart(t *testing.T) {
	server := peers.NeedDovecot(t)
	if err := server.Deliver([]byte(letter)); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	client, err := imapclient.DialTLS(server.TLSAddr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: trusted}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := errors.Join(client.Login(server.User, server.Password).Wait(), selectInbox(client, 1)); err != nil {
		t.Fatal(err)
	}
}

// selectInbox opens INBOX and expects so many messages in it.
func selectInbox(client *imapclient.Client, messages uint32) error {
	inbox, err := client.Select("INBOX", nil).Wait()
	if err == nil && inbox.NumMessages != messages {
		err = errors.New("INBOX holds another number of messages")
	}
	return err
}

func TestDockerRunsAndMeasuresContainers(t *testing.T) {
	engine := peers.NeedDocker(t)
	if err := engine.RunBusybox("ronde-calm", "sleep", "1000"); err != nil {
		t.Fatal(err)
	}
	if err := engine.RunBusybox("ronde-busy", "sh", "-c", "while :; do :; done"); err != nil {
		t.Fatal(err)
	}
	all, err := engine.Stats()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]peers.ContainerStats{}
	for _, one := range all {
		seen[one.Name] = one
	}
	for _, name := range []string{"ronde-calm", "ronde-busy"} {
		if one := seen[name]; !strings.HasSuffix(one.CPUPerc, "%") || !strings.Contains(one.MemUsage, " / ") || one.PIDs == "" {
			t.Errorf("stats of %s = %+v, want every figure", name, one)
		}
	}
}

func TestAMissingPeerSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("RONDE_DOCKER_HOST", "")
	_, err := peers.StartDocker(context.Background(), t.TempDir())
	if !peers.IsMissing(err) || !strings.Contains(err.Error(), "apt-get install docker.io") {
		t.Errorf("StartDocker without docker: %v, want what to install", err)
	}
	if peers.IsMissing(net.ErrClosed) {
		t.Error("any error counts as a missing peer")
	}
}

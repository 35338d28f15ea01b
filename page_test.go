package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/e2e/homeserver"
	"ronde/e2e/postbox"
)

// pagedChat is a chat whose bot has both roads, and for which Nuage is critical. Its log
// may hold errors.
func pagedChat(t *testing.T) *chat {
	t.Helper()
	c := newChat(t)
	c.harmed = true
	c.happens("pager")
	c.happens("critical Nuage")
	c.happens("start")
	return c
}

// happens does what a line of a script says.
func (c *chat) happens(line string) {
	c.t.Helper()
	if err := c.do(step{text: line}); err != nil {
		c.t.Fatal(err)
	}
}

// TestWhichHomeserverIsOutOfReach: one that does not answer, fails or no longer knows the
// bot is; one that is slow, asks to wait or refuses is not, and neither is one whose room
// shows the incident all the same.
func TestWhichHomeserverIsOutOfReach(t *testing.T) {
	only := func(kind homeserver.Kind, f homeserver.Fault) func(homeserver.Request) homeserver.Fault {
		return func(r homeserver.Request) (none homeserver.Fault) {
			if r.Kind == kind {
				return f
			}
			return none
		}
	}
	all := func(f homeserver.Fault) func(homeserver.Request) homeserver.Fault {
		return func(homeserver.Request) homeserver.Fault { return f }
	}
	for _, tt := range []struct {
		name   string
		faults func(homeserver.Request) homeserver.Fault
		away   bool // people are paged
	}{
		{"it takes connections and says nothing", all(homeserver.Fault{Delay: time.Hour}), true},
		{"it refuses connections", all(homeserver.Fault{Drop: homeserver.DropConnection}), true},
		{"a proxy says that it is away", all(homeserver.Fault{Status: 502}), true},
		{"it takes no message, though it answers else", only(homeserver.Send, homeserver.Fault{Status: 500}), true},
		{"it no longer knows the bot", all(homeserver.Fault{Status: 401, Code: "M_UNKNOWN_TOKEN"}), true},
		{"it gives no news, but takes messages", only(homeserver.Sync, homeserver.Fault{Status: 500}), false},
		{"it is slow", all(homeserver.Fault{Delay: 20 * time.Second}), false},
		{"it asks to wait", all(homeserver.RateLimited(time.Minute)), false},
		{"it refuses every message", only(homeserver.Send, homeserver.Fault{Status: 403, Code: "M_FORBIDDEN"}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := pagedChat(t)
				defer c.closePages()
				defer c.stop()
				time.Sleep(time.Minute)
				c.srv.SetFaults(tt.faults)
				c.happens("kuma down Nuage | 502")
				time.Sleep(3 * time.Minute)
				c.happens("restart")
				time.Sleep(12 * time.Minute)
				synctest.Wait()
				if got := len(c.pages.Posts()); (got == 2) != tt.away || got != 0 && got != 2 {
					t.Errorf("people got %+v; the log:\n%s", c.pages.Posts(), c.log)
				}
				c.srv.SetFaults(nil)
			})
		})
	}
}

// TestLoggedOutTheBotGoesOnPaging until somebody logs it in; then it ends, to start anew.
func TestLoggedOutTheBotGoesOnPaging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pagedChat(t)
		defer c.closePages()
		time.Sleep(time.Minute)
		c.srv.SetFaults(func(homeserver.Request) homeserver.Fault {
			return homeserver.Fault{Status: 401, Code: "M_UNKNOWN_TOKEN"}
		})
		time.Sleep(24 * time.Hour)
		c.happens("kuma down Nuage | 502")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := c.pages.Posts(); len(got) != 2 {
			t.Errorf("people got %+v; the log:\n%s", got, c.log)
		}
		if stuck := c.service.atWork().stuck(); stuck != "" || !alive(t.Context(), c.store) {
			t.Errorf("it looks dead; stuck: %q", stuck)
		}
		account, err := json.Marshal(bot.Account{Homeserver: homeserver.URL, UserID: self, DeviceID: "NEW", AccessToken: "another", PickleKey: "of a story"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.store.SetValue(context.Background(), "matrix.account", string(account)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := c.end(); !errors.Is(err, errLoggedInAgain) {
			t.Errorf("it ends with %v", err)
		}
		c.end = nil
		c.stop()
	})
}

func TestWithoutAPagerABotThatIsLoggedOutEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChat(t)
		if err := c.start(); err != nil {
			t.Fatal(err)
		}
		c.srv.SetFaults(func(homeserver.Request) homeserver.Fault {
			return homeserver.Fault{Status: 401, Code: "M_UNKNOWN_TOKEN"}
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, out := errors.AsType[*bot.LoggedOutError](c.end()); !out {
			t.Error("it does not say that it is logged out")
		}
		c.end = nil
		c.stop()
	})
}

// TestPageTest tries both roads, and says what came of it without a secret.
func TestPageTest(t *testing.T) {
	box := postbox.New()
	defer box.Close()
	ntfy := httptest.NewServer(box)
	defer ntfy.Close()
	mails, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = box.ServeMail(mails) }()
	config := configured(t)
	dir := filepath.Dir(config)
	plain := string(mustRead(t, config))
	write := func(files map[string]string) {
		t.Helper()
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, errs, code := command(t, "page", "--test", "-c", config); code != exitFailure || !strings.Contains(errs, "no [pager]") {
		t.Errorf("without a pager: %d, %s", code, errs)
	}
	write(map[string]string{"token": postbox.Token, "config.toml": plain + fmt.Sprintf(
		"[pager.ntfy]\nserver = %q\ntopic = \"ronde\"\ntoken_file = \"token\"\n[pager.mail]\naddress = %q\ntls = \"none\"\nfrom = \"ronde@example.net\"\nto = [\"ana@example.com\", \"bruno@example.org\"]\n",
		ntfy.URL, mails.Addr())})
	out, errs, code := command(t, "page", "--test", "-c", config)
	if want := "ntfy: sent\nmail ana@example.com: sent\nmail bruno@example.org: sent\n"; code != 0 || out != want {
		t.Errorf("exit code %d, %q, %s", code, out, errs)
	}
	if got := box.Posts(); len(got) != 3 || !strings.Contains(got[0].Title, "Essai") {
		t.Errorf("people got %+v", got)
	}
	write(map[string]string{"token": "tk_hunter2"})
	out, errs, code = command(t, "page", "--test", "-c", config)
	if code != exitFailure || !strings.HasPrefix(out, "ntfy: the ntfy server answers with HTTP status 403") || !strings.Contains(out, "bruno@example.org: sent") {
		t.Errorf("with a wrong token: exit code %d, %q, %s", code, out, errs)
	}
	if strings.Contains(out+errs, "hunter2") {
		t.Errorf("it tells a secret: %s%s", out, errs)
	}
	if _, _, code := command(t, "page", "-c", config); code != exitUsage {
		t.Errorf("without --test: exit code %d", code)
	}
}

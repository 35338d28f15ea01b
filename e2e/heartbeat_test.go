package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ronde/e2e/scene"
)

// TestAHeartbeatGoesAllTheWayRound lets a bot live for a minute, after which it looks
// for the first time: what it sends to itself comes back from Dendrite, and only then
// does it ping. Meanwhile it tells a service manager that it lives.
func TestAHeartbeatGoesAllTheWayRound(t *testing.T) {
	pings := make(chan string, 100)
	hc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		pings <- fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, body)
		_, _ = io.WriteString(w, "OK")
	}))
	defer hc.Close()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "url"), []byte(hc.URL+"/ping/5b9d5b0a\n"), 0o600))
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	must(t, err)
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	t.Setenv("WATCHDOG_USEC", "2000000")
	said := make(chan string, 1000)
	go listen(manager, said)
	w := settle(t, func(s *scene.Settings) {
		s.Routines += fmt.Sprintf("\n[[heartbeat]]\nname = \"hc\"\nurl_file = %q\nevery = \"1m\"\n", filepath.Join(dir, "url"))
	})
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := <-said; got != want {
			t.Fatalf("the service manager is told %q, want %q", got, want)
		}
	}
	for _, want := range []string{"POST /ping/5b9d5b0a/log: ronde ", "POST /ping/5b9d5b0a/start: ", "POST /ping/5b9d5b0a: Tout va bien."} {
		select {
		case got := <-pings:
			if !strings.HasPrefix(got, want) {
				t.Fatalf("pinged %q, want %q", got, want)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("no ping %q; the bot's log:\n%s", want, w.bot.Log())
		}
	}
	reload(t, w, said) // nothing has changed
	config, err := os.OpenFile(w.bot.Config, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = config.WriteString("\n[rights]\nact = 1\n")
	must(t, err)
	must(t, config.Close())
	reload(t, w, said) // another takes over
	must(t, w.bot.Stop())
	for got := <-said; got != "STOPPING=1"; got = <-said {
		if got != "WATCHDOG=1" {
			t.Fatalf("at its end the service manager is told %q", got)
		}
	}
	if log := w.bot.Log(); strings.Contains(log, "5b9d5b0a") || strings.Contains(log, "nonce") {
		t.Errorf("the log tells too much:\n%s", log)
	}
}

// reload hangs up and waits until the service manager has heard that this is over.
func reload(t *testing.T, w *town, said <-chan string) {
	t.Helper()
	must(t, syscall.Kill(w.bot.PID(), syscall.SIGHUP))
	for _, want := range []string{"RELOADING=1\nMONOTONIC_USEC=", "READY=1"} {
		got := <-said
		for got == "WATCHDOG=1" {
			got = <-said
		}
		if !strings.HasPrefix(got, want) {
			t.Fatalf("the service manager is told %q, want %q", got, want)
		}
	}
}

// listen passes on what a service manager is told, until the end of the test.
func listen(manager *net.UnixConn, said chan<- string) {
	defer close(said)
	buffer := make([]byte, 1024)
	for {
		n, err := manager.Read(buffer)
		if err != nil {
			return
		}
		said <- string(buffer[:n])
	}
}

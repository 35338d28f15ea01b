package pulse

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// manager is systemd's end of the socket.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// newManager listens where the environment then says; an address that begins with @ is
// in the abstract name space.
func newManager(t *testing.T, address string, watchdog time.Duration) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(watchdog.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return &manager{t, conn}
}

// hears returns the next message, or "" when none comes within the given time.
func (m *manager) hears(within time.Duration) string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		m.t.Fatal(err)
	}
	buffer := make([]byte, 1024)
	n, err := m.conn.Read(buffer)
	if err != nil {
		return ""
	}
	return string(buffer[:n])
}

func (m *manager) wants(want string) {
	m.t.Helper()
	if got := m.hears(20 * time.Second); got != want {
		m.t.Fatalf("heard %q, want %q", got, want)
	}
}

// watched is a process that systemd watches.
func watched(t *testing.T) (w *Watchdog, ready chan struct{}, stuck *atomic.Value, stop func()) {
	t.Helper()
	ready, stuck = make(chan struct{}), &atomic.Value{}
	stuck.Store("")
	w = &Watchdog{
		Stuck: func() string { return stuck.Load().(string) },
		Ready: func() <-chan struct{} { return ready },
		Log:   slog.New(slog.DiscardHandler),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return w, ready, stuck, func() { cancel(); <-done }
}

func TestSystemdHearsOfALife(t *testing.T) {
	for name, address := range map[string]string{
		"a file":           filepath.Join(t.TempDir(), "notify"),
		"an abstract name": "@ronde-test-" + strconv.Itoa(os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, address, 200*time.Millisecond)
			w, ready, stuck, stop := watched(t)
			w.Reloading() // nothing, before it is at work
			w.Reloaded()
			if said := m.hears(300 * time.Millisecond); said != "" {
				t.Errorf("before it is at work it says %q", said)
			}
			close(ready)
			m.wants("READY=1")
			for range 3 {
				m.wants("WATCHDOG=1")
			}
			stuck.Store("clock")
			for m.hears(time.Second) != "" { // one may be under way
			}
			stuck.Store("")
			m.wants("WATCHDOG=1")
			stop()
			for said := m.hears(20 * time.Second); said != "STOPPING=1"; said = m.hears(20 * time.Second) {
				if said != "WATCHDOG=1" {
					t.Fatalf("at its end it says %q", said)
				}
			}
		})
	}
}

func TestSystemdHearsOfAReload(t *testing.T) {
	m := newManager(t, filepath.Join(t.TempDir(), "notify"), 0)
	w, ready, _, stop := watched(t)
	defer stop()
	close(ready)
	m.wants("READY=1")
	w.Reloaded() // of nothing
	w.Reloading()
	said := m.hears(20 * time.Second)
	at, found := strings.CutPrefix(said, "RELOADING=1\nMONOTONIC_USEC=")
	if n, err := strconv.ParseInt(at, 10, 64); !found || err != nil || n <= 0 {
		t.Errorf("heard %q", said)
	}
	w.Reloaded()
	m.wants("READY=1")
	w.Reloaded()
	if said := m.hears(300 * time.Millisecond); said != "" {
		t.Errorf("afterwards it says %q", said)
	}
}

// TestALongStartAsksForTime: nothing of it waits for the socket, so it can be in a
// bubble.
func TestALongStartAsksForTime(t *testing.T) {
	m := newManager(t, filepath.Join(t.TempDir(), "notify"), 0)
	synctest.Test(t, func(t *testing.T) {
		_, _, stuck, stop := watched(t)
		time.Sleep(time.Minute + time.Second)
		stuck.Store("matrix")
		time.Sleep(time.Minute)
		stop()
	})
	for range 3 {
		m.wants("EXTEND_TIMEOUT_USEC=90000000")
	}
	m.wants("STOPPING=1")
}

// TestASystemdThatDoesNotReadKeepsNothingUp: a socket takes some ten messages that
// nobody reads, and then no more.
func TestASystemdThatDoesNotReadKeepsNothingUp(t *testing.T) {
	newManager(t, filepath.Join(t.TempDir(), "notify"), 2*time.Millisecond)
	w, ready, _, stop := watched(t)
	close(ready)
	for !w.unheard.Load() {
		<-time.After(10 * time.Millisecond)
	}
	begun := time.Now()
	w.Reloading()
	w.Reloaded()
	stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

func TestWithoutSystemdNothingHappens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	w, ready, _, stop := watched(t)
	close(ready)
	w.Reloading()
	w.Reloaded()
	stop()
}

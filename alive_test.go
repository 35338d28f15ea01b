package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/cards"
	"ronde/checks"
	"ronde/e2e/homeserver"
	"ronde/store"
	"ronde/text"
)

const pingSecret = "5b9d5b0a-a8a3-4f39"

// watched is a chat whose bot has a heartbeat.
type watched struct {
	*chat
	began time.Time
	deaf  atomic.Bool   // /sync loses what the bot sends to itself
	hang  chan struct{} // if not nil, events are sent once it is closed

	mu    sync.Mutex
	pings []string // "minute signal"
	said  string   // with the last of them
}

// guard runs a test of a bot with a heartbeat in a bubble. The log may hold errors.
func guard(t *testing.T, name string, play func(w *watched)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &watched{chat: newChat(t), began: time.Now()}
			w.harmed = true
			w.outside = func(homeserver http.RoundTripper) http.RoundTripper { return &network{w, homeserver} }
			w.tables = "[[heartbeat]]\nname = \"hc\"\nurl_file = \"ping.url\"\n"
			w.do("write the address", w.putFile("ping.url", "https://hc.example.org/ping/"+pingSecret+"\n"))
			w.do("start", w.start())
			play(w)
			w.stop()
			if log := w.log.String(); strings.Contains(log, pingSecret) || strings.Contains(log, "nonce") {
				t.Errorf("the log tells too much:\n%s", log)
			}
		})
	})
}

func (w *watched) do(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// network leads to Healthchecks and to the homeserver.
type network struct {
	w          *watched
	homeserver http.RoundTripper
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hc.example.org" {
		return n.w.heard(r)
	}
	if n.w.hang != nil && strings.Contains(r.URL.Path, "/send/") {
		<-n.w.hang
	}
	resp, err := n.homeserver.RoundTrip(r)
	if err == nil && n.w.deaf.Load() && strings.HasSuffix(r.URL.Path, "/sync") {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.ReplaceAll(body, []byte("org.ronde.heartbeat"), []byte("org.ronde.elsewhere"))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return resp, err
}

func (w *watched) heard(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, signal, _ := strings.Cut(r.URL.Path, pingSecret); signal != "/start" {
		if signal == "" {
			signal = "/ok"
		}
		w.pings = append(w.pings, fmt.Sprintf("%d %s", int(time.Since(w.began).Minutes()), signal[1:]))
		w.said = string(body)
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("OK")), Request: r}, nil
}

// after lets time pass and returns what was pinged since it last did, and what was said
// with the last ping.
func (w *watched) after(d time.Duration) (pings, said string) {
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.pings = nil }()
	return strings.Join(w.pings, ", "), w.said
}

func (w *watched) wants(d time.Duration, want string) {
	w.t.Helper()
	if got, _ := w.after(d); got != want {
		w.t.Errorf("pinged %q, want %q; the log:\n%s", got, want, w.log)
	}
}

func TestALivingBotPingsOnTime(t *testing.T) {
	guard(t, "and after a restart and a reload", func(w *watched) {
		if _, said := w.after(time.Second); !strings.HasPrefix(said, "ronde unknown commence") {
			t.Errorf("at its start it says %q", said)
		}
		w.wants(12*time.Minute, "1 ok, 6 ok, 11 ok")
		w.stop()
		w.wants(10*time.Minute, "")
		w.do("start", w.start())
		w.wants(5*time.Minute, "22 log, 23 ok")
		w.settings = "language = \"en\"\n"
		w.hangups <- syscall.SIGHUP
		if got, said := w.after(90 * time.Second); got != "27 log, 28 ok" || said != "All is well.\n" {
			t.Errorf("after the reload: %q, %q", got, said)
		}
		for _, r := range w.srv.Requests() {
			if r.Kind == homeserver.Send && r.User == self {
				if !strings.Contains(string(r.Body), "Configuration") {
					t.Errorf("sent into a room: %s", r.Body)
				}
			}
		}
	})
}

func TestABrokenWayIsToldAndMended(t *testing.T) {
	for name, tt := range map[string]struct {
		says         string
		within       time.Duration
		breaks, mend func(w *watched)
	}{
		"the homeserver takes connections and says nothing": {"Matrix", 10 * time.Minute,
			func(w *watched) {
				w.srv.SetFaults(func(homeserver.Request) homeserver.Fault { return homeserver.Fault{Delay: time.Hour} })
			},
			func(w *watched) { w.srv.SetFaults(nil) }},
		"the homeserver is gone": {"Matrix", 10 * time.Minute,
			func(w *watched) { w.srv.GoAway(); w.notice() },
			func(w *watched) { w.do("come back", w.srv.ComeBack()) }},
		"sync does not deliver": {"Matrix", 10 * time.Minute,
			func(w *watched) { w.deaf.Store(true) },
			func(w *watched) { w.deaf.Store(false) }},
		"no event is taken": {"Envois", 15 * time.Minute,
			func(w *watched) {
				w.srv.SetFaults(func(r homeserver.Request) (f homeserver.Fault) {
					if r.Kind == homeserver.Send {
						f.Status = 500
					}
					return f
				})
				w.srv.Say("ana", w.rooms[bot.Technique], "!aide")
			},
			func(w *watched) { w.srv.SetFaults(nil) }},
	} {
		guard(t, name, func(w *watched) {
			w.wants(90*time.Second, "0 log, 1 ok")
			tt.breaks(w)
			w.after(tt.within)
			pings, said := w.after(time.Hour)
			if strings.Contains(pings, "ok") || strings.Count(pings, "fail") != 12 || !strings.HasPrefix(said, tt.says) || strings.Count(said, "\n") != 1 {
				t.Errorf("in an hour: %s\n%s", pings, said)
			}
			for name, room := range w.rooms {
				if strings.Contains(said, room) || strings.Contains(strings.ToLower(said), name) || strings.Contains(said, "aide") {
					t.Errorf("it tells too much: %s", said)
				}
			}
			tt.mend(w)
			if pings, said := w.after(10 * time.Minute); !strings.HasSuffix(pings, "ok") || said != "Tout va bien.\n" {
				t.Errorf("afterwards: %s\n%s", pings, said)
			}
		})
	}
}

func TestAMailboxThatCannotBeReadIsTold(t *testing.T) {
	guard(t, "nothing listens there", func(w *watched) {
		w.stop()
		w.tables += "[mailbox]\naddress = \"127.0.0.1:1\"\ntls = \"none\"\nuser = \"u\"\npassword_file = \"ping.url\"\n"
		w.do("start", w.start())
		if pings, said := w.after(time.Hour); strings.Contains(pings, "ok") || !strings.HasPrefix(said, "Boîte mail") {
			t.Errorf("in an hour: %s\n%s", pings, said)
		}
	})
}

// notice has the bot say something.
func (w *watched) notice() {
	w.t.Helper()
	r := w.service.atWork()
	w.do("add a notice", w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		return r.outbox.AddNotice(tx, "notice", bot.Technique, cards.Message{Plain: "a notice"})
	}))
	r.outbox.Wake()
}

func TestAnOutboxThatHangsIsTold(t *testing.T) {
	guard(t, "in a request that nothing ends", func(w *watched) {
		w.stop()
		w.hang = make(chan struct{})
		w.do("start", w.start())
		r := w.service.atWork()
		w.notice()
		w.after(15 * time.Minute)
		if pings, said := w.after(time.Hour); strings.Contains(pings, "ok") || !strings.HasPrefix(said, "Envois") || r.stuck() != "outbox" {
			t.Errorf("in an hour: %s\n%s\nstuck: %q", pings, said, r.stuck())
		}
		alive, _, err := w.store.Value(w.t.Context(), heartbeat)
		w.do("read the heartbeat", err)
		if at, err := time.Parse(time.RFC3339, alive); err != nil || time.Since(at) < time.Hour {
			t.Errorf("`ronde health` would see a life at %q: %v", alive, err)
		}
		close(w.hang)
		if pings, _ := w.after(3 * time.Minute); !strings.HasSuffix(pings, "ok") || r.stuck() != "" {
			t.Errorf("afterwards: %s; stuck: %q", pings, r.stuck())
		}
	})
}

// hanging is a check that does not end before it is released.
type hanging chan struct{}

func (h hanging) Run(context.Context, []string, *text.Language) []checks.Outcome {
	<-h
	return nil
}

func TestAClockThatHangsIsTold(t *testing.T) {
	guard(t, "in a check", func(w *watched) {
		w.stop()
		release := make(hanging)
		w.prepare = func(r *ronde) { r.routines.Checks = release }
		w.tables += "[[host]]\nname = \"antigone\"\nlocal = true\n" +
			"[[routine]]\nkey = \"a\"\ntitle = { fr = \"A\" }\nevery = \"1d\"\nat = \"02:00\"\nchecks = [\"reboot antigone\"]\n"
		w.do("start", w.start())
		r := w.service.atWork()
		w.after(0)
		w.wants(58*time.Minute, "1 ok, 6 ok, 11 ok, 16 ok, 21 ok, 26 ok, 31 ok, 36 ok, 41 ok, 46 ok, 51 ok, 56 ok")
		pings, said := w.after(time.Hour)
		if !strings.HasPrefix(pings, "61 ok, 63 fail") || strings.Count(pings, "ok") != 1 || !strings.HasPrefix(said, "Horloge") {
			t.Errorf("in an hour: %s\n%s", pings, said)
		}
		if r.stuck() != "clock" {
			t.Errorf("stuck: %q", r.stuck())
		}
		before, _, err := w.store.Value(w.t.Context(), heartbeat)
		w.do("read the heartbeat", err)
		if at, err := time.Parse(time.RFC3339, before); err != nil || time.Since(at) < 50*time.Minute {
			t.Errorf("`ronde health` would see a life at %q: %v", before, err)
		}
		close(release)
		if pings, _ := w.after(3 * time.Minute); !strings.HasSuffix(pings, "ok") || r.stuck() != "" {
			t.Errorf("afterwards: %s; stuck: %q", pings, r.stuck())
		}
	})
}

// TestNoClockThatCanBeSetDecides: what the parts show comes from the monotonic clock,
// which a clock that is set back does not change. A bubble has none.
func TestNoClockThatCanBeSetDecides(t *testing.T) {
	s, _ := idleService(t)
	r := s.atWork()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.run(ctx) }()
	for limit := time.Now().Add(time.Minute); r.lastTick().IsZero() || r.outbox.Flowed().IsZero(); {
		if time.Now().After(limit) {
			t.Fatal("the clock and the outbox do not show any life")
		}
		<-time.After(10 * time.Millisecond)
	}
	for name, seen := range map[string]time.Time{"clock": r.lastTick(), "outbox": r.outbox.Flowed()} {
		if !strings.Contains(seen.String(), " m=") {
			t.Errorf("the %s was seen at %s", name, seen)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWithoutAHeartbeatNobodyIsTold(t *testing.T) {
	guard(t, "nothing is sent", func(w *watched) {
		w.stop()
		w.tables = ""
		w.do("start", w.start())
		w.after(0)
		w.wants(time.Hour, "")
		for _, r := range w.srv.Requests() {
			if r.Kind == homeserver.SendToDevice {
				t.Fatal("the bot sends to itself")
			}
		}
	})
}

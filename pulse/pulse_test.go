package pulse

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestThatAllIsWellIsToldOnTime(t *testing.T) {
	story(t, "every five minutes", func(w *world) {
		w.start()
		w.after(17 * time.Minute)
		if p := w.last(); p.body != "All is well.\n" {
			t.Errorf("said %q", p.body)
		}
		w.wants("0 log, 1 ok, 6 ok, 11 ok, 16 ok")
		if log := w.log.String(); log != "" {
			t.Errorf("it is logged:\n%s", log)
		}
	})
	story(t, "each in its own time", func(w *world) {
		w.pulse.Heartbeats[0].Every = time.Hour
		w.start()
		w.after(3 * time.Hour)
		w.wants("0 log, 1 ok, 61 ok, 121 ok")
	})
	story(t, "each round has a start and an end", func(w *world) {
		w.start()
		w.after(12 * time.Minute)
		var runs []string
		for _, p := range w.pings[1:] {
			runs = append(runs, p.signal+p.run)
		}
		if len(runs) != 6 || len(runs[1]) != 36 || runs[1] == runs[3] {
			t.Fatalf("rounds %q", runs)
		}
		for i := 0; i < 6; i += 2 {
			if runs[i] != start+runs[i+1] {
				t.Errorf("%q and %q are one round", runs[i], runs[i+1])
			}
		}
	})
}

func TestABotThatDiesSoonAfterItsStartDoesNotLookAlive(t *testing.T) {
	story(t, "every 50 seconds", func(w *world) {
		for range 10 {
			w.start()
			w.after(50 * time.Second)
			_ = w.stop()
			w.pulse.beats = nil
		}
		if heard := w.heard(); strings.Contains(heard, "ok") {
			t.Errorf("heard %q", heard)
		}
		w.start()
	})
}

func TestABrokenPartIsTold(t *testing.T) {
	for _, tt := range []struct{ part, says, heard string }{
		{Matrix, "Matrix: what the bot sends to itself does not come back, since Sat 1 Jan 00:02", "6 fail, 11 fail, 16 fail"},
		{Mailbox, "Mailbox: it cannot be read, since Sat 1 Jan 00:02", "6 ok, 11 fail, 16 fail"},
		{Clock, "Clock: the bot does not look at what is due, since Sat 1 Jan 00:02", "6 fail, 11 fail, 16 fail"},
		{Outbox, "Outbox: something waits and does not go out, since Sat 1 Jan 00:02", "6 ok, 11 ok, 13 fail"},
	} {
		story(t, tt.part, func(w *world) {
			w.start()
			w.after(2*time.Minute + 30*time.Second)
			w.heard()
			w.breaks(tt.part)
			w.after(15 * time.Minute)
			if p := w.last(); p.signal != fail || !strings.HasPrefix(p.body, tt.says) || strings.Count(p.body, "\n") != 1 {
				t.Errorf("said %q: %q", p.signal, p.body)
			}
			w.wants(tt.heard)
			w.after(time.Hour)
			if heard := w.heard(); strings.Contains(heard, "ok") || strings.Count(heard, "fail") != 12 {
				t.Errorf("in another hour: %s", heard)
			}
			w.mends(tt.part)
			w.after(time.Minute + 30*time.Second)
			if heard := w.heard(); !strings.HasSuffix(heard, " ok") || strings.Contains(heard, "fail") {
				t.Errorf("once it is well: %s", heard)
			}
			if log := w.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "parts="+tt.part) || !strings.Contains(log, "whole again") {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

func TestEachChangeIsToldOnce(t *testing.T) {
	story(t, "one after the other", func(w *world) {
		w.pulse.Heartbeats[0].Every = time.Hour
		w.start()
		w.after(90 * time.Second)
		w.breaks(Clock)
		w.after(10 * time.Minute)
		w.breaks(Mailbox)
		w.after(10 * time.Minute)
		if p := w.last(); strings.Count(p.body, "\n") != 2 || p.run != "" {
			t.Errorf("said %+v", p)
		}
		w.mends(Clock)
		w.after(10 * time.Minute)
		w.mends(Mailbox)
		w.after(10 * time.Minute)
		w.wants("0 log, 1 ok, 5 fail, 20 fail, 22 fail, 32 ok")
	})
}

func TestAShortOutageRingsNobody(t *testing.T) {
	story(t, "two minutes", func(w *world) {
		w.start()
		w.after(5*time.Minute + 30*time.Second)
		w.breaks(Matrix)
		w.after(2 * time.Minute)
		w.mends(Matrix)
		w.after(5 * time.Minute)
		w.wants("0 log, 1 ok, 8 ok")
	})
}

func TestWithoutASignOfLifeNothingIsWell(t *testing.T) {
	for _, part := range []string{Matrix, Mailbox, Clock, Outbox} {
		story(t, part, func(w *world) {
			w.never(part)
			w.start()
			w.after(8*time.Minute + 30*time.Second)
			w.wants("0 log, 3 fail, 8 fail")
		})
	}
}

// TestWhatWaitsForTheHomeserverIsNotStuck: the outbox is not blamed for an outage, nor
// right after it.
func TestWhatWaitsForTheHomeserverIsNotStuck(t *testing.T) {
	story(t, "an hour", func(w *world) {
		w.start()
		w.after(90 * time.Second)
		w.breaks(Matrix, Outbox)
		w.after(time.Hour)
		if p := w.last(); strings.Count(p.body, "\n") != 1 || !strings.HasPrefix(p.body, "Matrix") {
			t.Errorf("said %q", p.body)
		}
		w.mends(Matrix)
		w.heard()
		w.after(5 * time.Minute)
		w.wants("62 ok")
		w.after(10 * time.Minute)
		if p := w.last(); p.signal != fail || !strings.Contains(p.body, "since Sat 1 Jan 01:02") {
			t.Errorf("said %q: %q", p.signal, p.body)
		}
	})
}

func TestAPingIsTriedAgain(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, tt := range map[string]struct {
		serve func(*http.Request) (*http.Response, error)
		logs  string
	}{
		"500":              {answers(500, ""), "HTTP status 500"},
		"too many":         {answers(429, ""), "HTTP status 429"},
		"not counted":      {answers(200, "OK (rate limited)"), "did not count it"},
		"no answer":        {hangs, "no answer in time"},
		"no connection":    {func(*http.Request) (*http.Response, error) { return nil, refused }, "dial: connection refused"},
		"no such name":     {func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{Name: "hc.example.org"} }, "name of its server is not known"},
		"some other error": {func(*http.Request) (*http.Response, error) { return nil, &net.AddrError{Err: pingURL} }, "the connection failed"},
	} {
		story(t, name, func(w *world) {
			w.start()
			w.after(30 * time.Second)
			w.serves(tt.serve)
			w.after(20 * time.Minute)
			if n := len(w.pings); n < 30 || n > 200 {
				t.Errorf("tried %d times in 20 minutes", n)
			}
			w.heard()
			w.serves(nil)
			w.after(6 * time.Minute)
			w.wants("21 ok, 26 ok")
			log := w.log.String()
			if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, tt.logs) || !strings.Contains(log, "arrive again") {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

func TestARefusedPingIsLoggedAndNotRepeated(t *testing.T) {
	for name, serve := range map[string]func(*http.Request) (*http.Response, error){
		"404": answers(404, "not found"), "a check that is gone": answers(200, "OK (not found)"),
		"a redirect elsewhere": answers(302, ""), "a redirect that repeats the body": answers(307, ""),
	} {
		story(t, name, func(w *world) {
			w.serves(serve)
			w.start()
			w.after(7 * time.Minute)
			w.wants("0 log, 1 ok, 6 ok")
			if log := w.log.String(); strings.Count(log, "level=ERROR") != 3 {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

// TestOneServerKeepsNothingFromAnother: the first never answers.
func TestOneServerKeepsNothingFromAnother(t *testing.T) {
	story(t, "two", func(w *world) {
		w.pulse.Heartbeats = append(w.pulse.Heartbeats, Heartbeat{Name: "silent", URL: "https://silent.example.org/ping/x", Every: time.Minute})
		w.serves(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "silent.example.org" {
				return hangs(r)
			}
			return answers(200, "OK")(r)
		})
		w.start()
		w.after(12 * time.Minute)
		heard := 0
		for _, p := range w.pings {
			if p.signal == success {
				heard++
			}
		}
		if heard != 3 {
			t.Errorf("the other one heard of it %d times", heard)
		}
	})
}

// TestNoAddressIsPrinted, however somebody prints a configuration.
func TestNoAddressIsPrinted(t *testing.T) {
	if got := fmt.Sprintf("%v %+v", []Heartbeat{{Name: "hc", URL: pingURL}}, Heartbeat{Name: "hc", URL: pingURL}); got != "[hc] hc" {
		t.Errorf("printed as %q", got)
	}
}

package pulse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/text"
)

const (
	pingPath = "/ping/5b9d5b0a-a8a3-4f39"
	pingURL  = "https://hc.example.org" + pingPath
)

// ping is what Healthchecks heard.
type ping struct {
	at                time.Duration // since the world began
	signal, body, run string
}

// world is a Healthchecks server, and a bot of which each part can be broken.
type world struct {
	t     *testing.T
	pulse *Pulse
	log   *logbook
	began time.Time

	mu     sync.Mutex
	broken map[string]time.Time // parts that show no life, since then
	pings  []ping
	serve  func(*http.Request) (*http.Response, error) // nil answers OK
	stop   func() error
}

type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// story runs a test in a bubble, over a world whose one heartbeat is every five
// minutes, and sees that the address is never told.
func story(t *testing.T, name string, play func(w *world)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			play(w)
			if w.stop != nil {
				if err := w.stop(); !errors.Is(err, context.Canceled) {
					t.Errorf("Run returned %v, want the context's error", err)
				}
			}
			if log := w.log.String(); strings.Contains(log, path.Base(pingPath)) {
				t.Errorf("the log tells the address:\n%s", log)
			}
		})
	})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	english, err := text.In("en")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: &logbook{}, began: time.Now(), broken: map[string]time.Time{}}
	w.pulse = &Pulse{
		Parts: []Part{
			w.part(Part{Name: Matrix, Within: 30 * time.Second}),
			w.part(Part{Name: Mailbox, Within: 8 * time.Minute}),
			w.part(Part{Name: Clock, Within: 3 * time.Minute}),
			w.part(Part{Name: Outbox, Within: 10 * time.Minute, Behind: Matrix}),
		},
		Heartbeats: []Heartbeat{{Name: "hc", URL: pingURL, Every: 5 * time.Minute}},
		Version:    "1.2.3", Language: english, Location: time.UTC,
		Log:  slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		HTTP: w,
	}
	return w
}

func (w *world) part(p Part) Part {
	p.Seen = func(ctx context.Context) time.Time {
		w.mu.Lock()
		since, broken := w.broken[p.Name]
		w.mu.Unlock()
		if !broken {
			return time.Now()
		}
		if p.Name == Matrix { // it waits for the homeserver
			<-ctx.Done()
		}
		return since
	}
	return p
}

// RoundTrip is what the server does. It counts what arrived, whatever it answers.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	signal := strings.Trim(strings.TrimPrefix(r.URL.Path, pingPath), "/")
	w.pings = append(w.pings, ping{time.Since(w.began), signal, string(body), r.URL.Query().Get("rid")})
	serve := w.serve
	w.mu.Unlock()
	if serve != nil {
		return serve(r)
	}
	return answers(200, "OK")(r)
}

func answers(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r,
			Header: http.Header{"Location": {"https://elsewhere.example.org" + pingPath}},
		}, nil
	}
}

// hangs answers nothing until the client gives up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (w *world) serves(serve func(*http.Request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serve = serve
}

// start runs the pulse until the end of the story.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.pulse.Run(ctx) }()
	w.stop = func() error { cancel(); return <-done }
}

func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// breaks has parts show no more life, and mends has them live again.
func (w *world) breaks(parts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range parts {
		w.broken[part] = time.Now()
	}
}

func (w *world) never(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken[part] = time.Time{}
}

func (w *world) mends(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.broken, part)
}

// heard returns what came since it was last asked, as "minute signal"; the start of a
// round is left out.
func (w *world) heard() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, p := range w.pings {
		signal := p.signal
		switch signal {
		case start:
			continue
		case success:
			signal = "ok"
		}
		all = append(all, fmt.Sprintf("%d %s", int(p.at.Minutes()), signal))
	}
	w.pings = nil
	return strings.Join(all, ", ")
}

// wants compares what was heard.
func (w *world) wants(want string) {
	w.t.Helper()
	if got := w.heard(); got != want {
		w.t.Errorf("heard %q\nwant  %q\nthe log:\n%s", got, want, w.log)
	}
}

// last returns the last ping.
func (w *world) last() ping {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pings) == 0 {
		return ping{}
	}
	return w.pings[len(w.pings)-1]
}

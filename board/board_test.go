package board

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/store"
)

const secret = "a-long-secret-of-kuma"

// town is a board that serves on a port of this machine, with a real store.
type town struct {
	t     *testing.T
	url   string
	store *store.Store
	log   *logbook
	alive atomic.Bool
	taken atomic.Int64
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

// serve runs a board until the test ends. A nil inbox is the store.
func serve(t *testing.T, inbox Inbox) *town {
	t.Helper()
	return servePatiently(t, inbox, requestTime)
}

// servePatiently is serve with so much time for each request to come whole.
func servePatiently(t *testing.T, inbox Inbox, patience time.Duration) *town {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &town{t: t, store: s, log: &logbook{}}
	w.alive.Store(true)
	if inbox == nil {
		inbox = s
	}
	c := Config{Listen: "127.0.0.1:0", Hooks: []Hook{
		{Name: "kuma", Kind: alerts.Kuma, Secret: secret},
		{Name: "diun", Kind: alerts.Diun, Secret: "another-long-secret"},
		{Name: "offline", Kind: alerts.Diun},
	}}
	b := New(&Board{
		Config: c, Inbox: inbox, Alive: func(context.Context) bool { return w.alive.Load() }, Taken: func() { w.taken.Add(1) },
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Sockets: &Sockets{},
	})
	t.Cleanup(func() { _ = b.Sockets.Close() })
	listen := b.listen
	listens := make(chan string, 1)
	b.patience = patience
	b.listen = func(ctx context.Context, address string) (net.Listener, error) {
		l, err := listen(ctx, address)
		if err == nil {
			listens <- l.Addr().String()
		}
		return l, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the board ended with %v", err)
		}
		for _, s := range []string{secret, "another-long-secret"} {
			if strings.Contains(w.log.String(), s) {
				t.Errorf("the log holds a secret:\n%s", w.log)
			}
		}
	})
	w.url = "http://" + <-listens
	return w
}

// request is one of the tables below.
type request struct {
	method, path string
	header       map[string]string
	body         string
}

func (w *town) send(r request) (status int, body string, header http.Header) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), r.method, w.url+r.path, strings.NewReader(r.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(all), resp.Header
}

// stored returns how many requests are in the inbox.
func (w *town) stored() int {
	w.t.Helper()
	n := 0
	err := w.store.View(w.t.Context(), func(tx *store.Tx) error {
		hooks, err := tx.NewHooks(10 * burst)
		n = len(hooks)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

const down = `{"heartbeat":{"status":0,"time":"2026-03-02 09:00:00.000","msg":"502"},"monitor":{"name":"Cloud"},"msg":"[Cloud] [🔴 Down] 502"}`

func bearer(secret string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + secret}
}

func TestWhoMayPost(t *testing.T) {
	w := serve(t, nil)
	for _, tt := range []struct {
		name   string
		r      request
		status int
		stored int // more than before
	}{
		{"a bearer", request{"POST", "/hooks/kuma", bearer(secret), down}, 200, 1},
		{"a header of its own", request{"POST", "/hooks/kuma", map[string]string{"X-Ronde-Secret": secret}, down}, 200, 1},
		{"in the address", request{"POST", "/hooks/kuma/" + secret, nil, down}, 200, 1},
		{"a bearer in small letters", request{"POST", "/hooks/kuma", map[string]string{"Authorization": "bearer " + secret}, down}, 200, 1},
		{"what is not understood", request{"POST", "/hooks/kuma", bearer(secret), "hello"}, 202, 1},
		{"nothing at all", request{"POST", "/hooks/kuma", bearer(secret), ""}, 202, 1},
		{"no secret", request{"POST", "/hooks/kuma", nil, down}, 401, 0},
		{"a wrong secret", request{"POST", "/hooks/kuma", bearer(secret + "x"), down}, 401, 0},
		{"a part of the secret", request{"POST", "/hooks/kuma", bearer(secret[:10]), down}, 401, 0},
		{"a wrong secret in the address", request{"POST", "/hooks/kuma/nonsense", nil, down}, 401, 0},
		{"a wrong one in the address beside a right header", request{"POST", "/hooks/kuma/nonsense", bearer(secret), down}, 401, 0},
		{"the secret of another webhook", request{"POST", "/hooks/diun", bearer(secret), down}, 401, 0},
		{"another scheme", request{"POST", "/hooks/kuma", map[string]string{"Authorization": "Basic " + secret}, down}, 401, 0},
		{"no such webhook", request{"POST", "/hooks/none", bearer(secret), down}, 401, 0},
		{"no such webhook and no secret", request{"POST", "/hooks/none", nil, down}, 401, 0},
		{"the secret in place of the name", request{"POST", "/hooks/" + secret, nil, down}, 401, 0},
		{"a webhook whose secret is not there", request{"POST", "/hooks/offline", bearer(""), down}, 401, 0},
		{"GET", request{"GET", "/hooks/kuma/" + secret, nil, ""}, 405, 0},
		{"HEAD", request{"HEAD", "/hooks/kuma", bearer(secret), ""}, 405, 0},
		{"PUT", request{"PUT", "/hooks/kuma", bearer(secret), down}, 405, 0},
		{"elsewhere", request{"POST", "/", bearer(secret), down}, 404, 0},
		{"longer than it may be", request{"POST", "/hooks/kuma", bearer(secret), strings.Repeat("x", maxBody+1)}, 413, 0},
		{"as long as it may be", request{"POST", "/hooks/kuma", bearer(secret), strings.Repeat("x", maxBody)}, 202, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := w.stored()
			status, body, _ := w.send(tt.r)
			if status != tt.status || w.stored()-before != tt.stored {
				t.Errorf("%d %s, %d stored; want %d, %d stored", status, body, w.stored()-before, tt.status, tt.stored)
			}
			if strings.Contains(body, secret) {
				t.Errorf("the answer holds the secret: %s", body)
			}
		})
	}
	if n := w.taken.Load(); n != int64(w.stored()) {
		t.Errorf("%d wake-ups for %d requests", n, w.stored())
	}
}

// TestNobodyLearnsWhichWebhooksThereAre: the answers to a wrong secret and to a wrong
// name are the same, to the byte.
func TestNobodyLearnsWhichWebhooksThereAre(t *testing.T) {
	w := serve(t, nil)
	var answers []string
	for _, path := range []string{"/hooks/kuma", "/hooks/none", "/hooks/kuma/x", "/hooks/none/x"} {
		status, body, header := w.send(request{"POST", path, bearer("wrong"), down})
		header.Del("Date")
		answers = append(answers, fmt.Sprint(status, body, header))
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("%s\nand\n%s", a, answers[0])
		}
	}
}

// TestAFloodIsHeldBack: those without the secret use nothing up of what the others may.
func TestAFloodIsHeldBack(t *testing.T) {
	w := serve(t, nil)
	for range 2 * burst {
		w.send(request{"POST", "/hooks/diun", bearer("wrong"), down})
	}
	var refused http.Header
	for range 2 * burst {
		status, _, header := w.send(request{"POST", "/hooks/diun", bearer("another-long-secret"), `{"image":"a/b","status":"new"}`})
		if status == http.StatusTooManyRequests {
			refused = header
			break
		}
		if status != 200 {
			t.Fatalf("status %d", status)
		}
	}
	if stored := w.stored(); stored < burst || refused.Get("Retry-After") != "1" {
		t.Errorf("%d stored, then %v", stored, refused)
	}
	if status, _, _ := w.send(request{"POST", "/hooks/kuma", bearer(secret), down}); status != 200 {
		t.Errorf("another webhook answers %d", status)
	}
	if lines := strings.Count(w.log.String(), "was refused"); lines > 4 {
		t.Errorf("strangers wrote %d lines into the log", lines)
	}
}

// slowInbox commits when it is told to, or fails.
type slowInbox struct {
	begun  chan store.Hook
	result chan error
}

func (i slowInbox) TakeHook(_ context.Context, h store.Hook) error {
	i.begun <- h
	return <-i.result
}

// TestTheAnswerComesAfterTheCommit: a kill at any time before leaves a sender that was
// not told that all is well.
func TestTheAnswerComesAfterTheCommit(t *testing.T) {
	inbox := slowInbox{make(chan store.Hook), make(chan error)}
	w := serve(t, inbox)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /hooks/kuma HTTP/1.1\r\nHost: x\r\nX-Ronde-Secret: %s\r\nContent-Length: %d\r\n\r\n%s", secret, len(down), down)
	if h := <-inbox.begun; string(h.Raw) != down || h.Name != "kuma" || h.Kind != "kuma" {
		t.Errorf("stored %+v", h)
	}
	// Not a byte has come, and none will before the commit.
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatal("there is an answer before anything is committed")
	}
	inbox.result <- errors.New("disk full at /var/lib/ronde")
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, _ := conn.Read(answer)
	if got := string(answer[:n]); !strings.HasPrefix(got, "HTTP/1.1 503") || !strings.Contains(got, "Retry-After: 30") || strings.Contains(got, "disk") {
		t.Errorf("a commit that failed is answered with\n%s", got)
	}
}

// TestWhoNeverEndsIsShutOut: a request that does not come to its end holds no connection
// for long, and leaves nothing behind.
func TestWhoNeverEndsIsShutOut(t *testing.T) {
	w := servePatiently(t, nil, 500*time.Millisecond)
	for name, start := range map[string]string{
		"nothing": "",
		"header":  "POST /hooks/kuma HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"body":    "POST /hooks/kuma HTTP/1.1\r\nHost: x\r\nX-Ronde-Secret: " + secret + "\r\nContent-Length: 1000\r\n\r\n{",
		"chunks":  "POST /hooks/kuma HTTP/1.1\r\nHost: x\r\nX-Ronde-Secret: " + secret + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, start); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn) // until the server hangs up
			if errors.Is(err, os.ErrDeadlineExceeded) || strings.HasPrefix(string(got), "HTTP/1.1 2") {
				t.Errorf("%v: %s", err, got)
			}
		})
	}
	if n := w.stored(); n != 0 {
		t.Errorf("%d requests that never ended are stored", n)
	}
}

func TestHealth(t *testing.T) {
	w := serve(t, nil)
	if status, body, _ := w.send(request{"GET", "/healthz", nil, ""}); status != 200 || body != "ok\n" {
		t.Errorf("%d %q", status, body)
	}
	w.alive.Store(false)
	if status, _, _ := w.send(request{"GET", "/healthz", nil, ""}); status != 503 {
		t.Errorf("%d of a bot without a sign of life", status)
	}
	if status, _, _ := w.send(request{"POST", "/healthz", nil, ""}); status != 405 {
		t.Errorf("POST: %d", status)
	}
}

// TestAnAddressThatIsTakenIsTriedAgain: the bot goes on meanwhile.
func TestAnAddressThatIsTakenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logbook{}
		b := New(&Board{Config: Config{Listen: "127.0.0.1:8080"}, Log: slog.New(slog.NewTextHandler(log, nil))})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		tries := 0
		b.listen = func(context.Context, string) (net.Listener, error) {
			tries++
			return nil, errors.New("address already in use")
		}
		if err := b.Run(ctx); !errors.Is(err, context.DeadlineExceeded) || tries != 15 || !strings.Contains(log.String(), "address already in use") {
			t.Errorf("%v after %d tries:\n%s", err, tries, log)
		}
	})
}

// TestWhatComesBetweenTwoBoardsWaits: a request that comes while one board has ended and
// the next has not begun is answered by the next.
func TestWhatComesBetweenTwoBoardsWaits(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sockets := &Sockets{}
	defer sockets.Close()
	first, err := sockets.listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, store: s, url: "http://" + first.Addr().String()}
	begin := func() (end func()) {
		b := New(&Board{
			Config: Config{Listen: "127.0.0.1:0", Hooks: []Hook{{Name: "kuma", Kind: alerts.Kuma, Secret: secret}}},
			Inbox:  s, Taken: func() {}, Log: slog.New(slog.DiscardHandler), Sockets: sockets,
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		return func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("a board ended with %v", err)
			}
		}
	}
	end := begin()
	if status, _, _ := w.send(request{"POST", "/hooks/kuma", bearer(secret), down}); status != 200 {
		t.Fatalf("the first answers %d", status)
	}
	end()
	http.DefaultClient.CloseIdleConnections()
	answered := make(chan int)
	go func() {
		status, _, _ := w.send(request{"POST", "/hooks/kuma", bearer(secret), down})
		answered <- status
	}()
	select {
	case status := <-answered:
		t.Fatalf("nobody answers %d", status)
	case <-time.After(50 * time.Millisecond):
	}
	defer begin()()
	if status := <-answered; status != 200 || w.stored() != 2 {
		t.Errorf("the second answers %d, %d stored", status, w.stored())
	}
}

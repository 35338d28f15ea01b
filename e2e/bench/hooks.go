package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ronde/e2e/scene"
)

// hookCount is how many webhooks a bot has: each takes 120 requests at once, and no
// more than that is to be measured.
const hookCount = 12

const hookSecret = "the secret of the webhooks"

// poster posts to the webhooks of a bot, or to a bare one, in turns.
type poster struct {
	url    string
	client http.Client

	mu sync.Mutex
	n  int
}

// openHooks returns tables of a configuration with webhooks, and who posts to them.
func (t *town) openHooks(name string) (*poster, string, error) {
	dir, err := t.folder("hooks-" + name)
	if err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	secret := filepath.Join(dir, "hook.secret")
	if err := os.WriteFile(secret, []byte(hookSecret), 0o600); err != nil {
		return nil, "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[board]\nlisten = %q\n", address)
	for n := range hookCount {
		fmt.Fprintf(&b, "[[webhook]]\nname = \"kuma-%d\"\nkind = \"kuma\"\nsecret_file = %q\n", n, secret)
	}
	return newPoster("http://" + address), b.String(), nil
}

func newPoster(url string) *poster {
	return &poster{url: url, client: http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// post posts that a monitor of Uptime Kuma went down or up, and returns when it was told
// that this is stored.
func (p *poster) post(ctx context.Context, thing string, isUp bool) (accepted time.Time, err error) {
	status, line := 0, fmt.Sprintf("[%s] [🔴 Down] Request failed with status code 502", thing)
	if isUp {
		status, line = 1, fmt.Sprintf("[%s] [✅ Up] 200 - OK", thing)
	}
	_, said, _ := strings.Cut(line, "] [")
	_, said, _ = strings.Cut(said, "] ")
	body, err := json.Marshal(map[string]any{
		"heartbeat": map[string]any{"monitorID": 1, "status": status, "time": time.Now().UTC().Format("2006-01-02 15:04:05.000"), "msg": said},
		"monitor":   map[string]any{"id": 1, "name": thing}, "msg": line,
	})
	if err != nil {
		return accepted, err
	}
	p.mu.Lock()
	p.n++
	hook := p.n % hookCount
	p.mu.Unlock()
	return p.send(ctx, fmt.Sprintf("%s/hooks/kuma-%d", p.url, hook), body)
}

func (p *poster) send(ctx context.Context, url string, body []byte) (accepted time.Time, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return accepted, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+hookSecret)
	answer, err := p.client.Do(r)
	accepted = time.Now()
	if err != nil {
		return accepted, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode/100 != 2 {
		err = errors.Join(err, fmt.Errorf("post to %s: %s", url, answer.Status))
	}
	return accepted, errors.Join(err, answer.Body.Close())
}

// ready waits until what listens takes something.
func (p *poster) ready(ctx context.Context) error {
	for {
		_, err := p.post(ctx, "Sonde zéro", true)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// recover has a thing be up again and waits until the room shows it.
func (p *poster) recover(ctx context.Context, tap *matrixTap, room, thing string) error {
	sent := message(room, thing)
	came := tap.expect(func(c call) bool { return sent(c) && strings.Contains(c.body, "🟢") })
	if _, err := p.post(ctx, thing, true); err != nil {
		return err
	}
	_, err := await(ctx, "the recovery", came)
	return err
}

// needHooked starts a bot with webhooks only.
func (t *town) needHooked(ctx context.Context) error {
	if t.hooked != nil {
		return nil
	}
	if err := t.needHomeserver(ctx); err != nil {
		return err
	}
	posts, tables, err := t.openHooks(hookedName)
	if err != nil {
		return err
	}
	b, err := t.newBot(ctx, hookedName, false, func(s *scene.Settings) { s.Routines = tables })
	if err != nil {
		return err
	}
	if err := errors.Join(t.move(ctx, b), posts.ready(ctx)); err != nil {
		return fmt.Errorf("%w; the bot's log:\n%s", err, b.Log())
	}
	t.hooked, t.poster = b, posts
	return nil
}

// bareWebhook is the yardstick of the webhooks: it answers at once, and puts what it was
// told into a room, with nothing stored, understood or retried.
type bareWebhook struct {
	sender bareSender
	poster *poster
	queue  chan []byte
	failed chan error
}

func (t *town) openBareWebhook(ctx context.Context) (*bareWebhook, error) {
	sender, err := t.newSender(ctx, bareHook)
	if err != nil {
		return nil, err
	}
	w := &bareWebhook{sender: sender, queue: make(chan []byte, 4096), failed: make(chan error, 1)}
	url, err := t.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.queue <- body
		}
	}))
	if err != nil {
		return nil, err
	}
	w.poster = newPoster(url)
	go func() {
		for body := range w.queue {
			if err := w.sender.put(ctx, body); err != nil && ctx.Err() == nil {
				w.failed <- err
				return
			}
		}
	}()
	t.later(func() error { close(w.queue); return nil })
	return w, nil
}

// newSender makes an account with a room of its own.
func (t *town) newSender(ctx context.Context, name string) (bareSender, error) {
	client, err := t.logIn(ctx, name)
	if err != nil {
		return bareSender{}, err
	}
	room, err := t.ana.CreateRoom(ctx, name, false, client.UserID)
	if err != nil {
		return bareSender{}, err
	}
	return openBareSender(ctx, client, room)
}

// serve answers on this machine until the end of the run.
func (t *town) serve(handler http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }() // ends with close
	t.later(server.Close)
	return "http://" + l.Addr().String(), nil
}

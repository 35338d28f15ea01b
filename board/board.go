// Package board is what the bot serves over HTTP: the webhooks of those who report
// that something broke, and whether the bot is alive.
//
// A webhook's request is answered with 2xx only once its body is committed, so that
// whoever tries again does it until then, and no longer. It stands behind a reverse
// proxy that does TLS; it changes nothing but the inbox, and GET changes nothing.
package board

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"ronde/alerts"
	"ronde/store"
)

// Config says what is served. Without a Listen there is no server.
type Config struct {
	Listen string // host:port
	Hooks  []Hook // in the order of the file
}

// Hook is one webhook.
type Hook struct {
	Name   string // the last part of its address
	Kind   alerts.Kind
	Secret string // never logged, never in an answer
}

// Inbox keeps what webhooks bring; *store.Store is one.
type Inbox interface {
	// TakeHook stores one request. When it returns nil, it is committed.
	TakeHook(ctx context.Context, h store.Hook) error
}

// Limits of what is served.
const (
	maxBody        = 256 << 10 // bytes of one request
	maxHeader      = 16 << 10
	maxConnections = 256
	headerTime     = 5 * time.Second
	requestTime    = 15 * time.Second // to read a whole request
	answerTime     = 30 * time.Second // to handle and answer it, too
	idleTime       = time.Minute
	lastWord       = 5 * time.Second // for what is under way when the server stops
)

// Board serves. Fill the exported fields, then call [New].
type Board struct {
	Config Config
	Inbox  Inbox
	Alive  func(ctx context.Context) bool // tells whether the bot is at work
	Taken  func()                         // called after each commit to the inbox; must not block
	Log    *slog.Logger
	// Sockets keeps the address open from one board to the next.
	Sockets *Sockets

	doors  map[string]*door
	strays *stray
	mux    *http.ServeMux
	// Tests put their own here.
	listen   func(ctx context.Context, address string) (net.Listener, error)
	patience time.Duration // to read a whole request
}

// New makes a board whose fields are set ready to serve.
func New(b *Board) *Board {
	b.doors, b.strays, b.mux, b.patience = map[string]*door{}, newStray(), http.NewServeMux(), requestTime
	b.listen = func(ctx context.Context, address string) (net.Listener, error) { return b.Sockets.listen(ctx, address) }
	for _, h := range b.Config.Hooks {
		b.doors[h.Name] = newDoor(h)
	}
	b.mux.HandleFunc("POST /hooks/{name}", b.hook)
	b.mux.HandleFunc("POST /hooks/{name}/{secret}", b.hook)
	b.mux.HandleFunc("GET /healthz", b.health)
	return b
}

// ServeHTTP answers one request. A handler that panics has changed nothing.
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			b.Log.Error("a request failed", "panic", fmt.Sprint(p))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
	}()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	b.mux.ServeHTTP(w, r)
}

// Run serves until ctx ends, and then returns its error; what is under way is
// answered first. While it cannot listen it tries again, and the rest of the bot
// goes on without it.
func (b *Board) Run(ctx context.Context) error {
	pause := time.Second
	for ctx.Err() == nil {
		l, err := b.listen(ctx, b.Config.Listen)
		if err == nil {
			pause = time.Second
			err = b.serve(ctx, l)
		}
		if ctx.Err() != nil {
			break
		}
		b.Log.ErrorContext(ctx, "webhooks are not served", "listen", b.Config.Listen, "err", err, "retry", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Minute)
	}
	return ctx.Err()
}

func (b *Board) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           b,
		ReadHeaderTimeout: min(headerTime, b.patience), ReadTimeout: b.patience, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		// What has been received is stored although the bot is to stop.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		// Its messages hold what strangers sent.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	b.Log.InfoContext(ctx, "webhooks are served", "listen", l.Addr().String(), "webhooks", len(b.doors))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(l, maxConnections)) }()
	select {
	case err := <-ended:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(err, server.Close())
	}
	return ctx.Err()
}

// health says whether the bot is at work, for a monitor outside of it.
func (b *Board) health(w http.ResponseWriter, r *http.Request) {
	if !b.Alive(r.Context()) {
		http.Error(w, "no sign of life", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

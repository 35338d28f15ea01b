package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// A mailWorld is a mailbox, its inbox and an IMAP server in memory, joined by pipes inside one bubble.
type mailWorld struct {
	t     *testing.T
	box   *Mailbox
	inbox *memoryInbox
	log   *lockedBuffer
	taken atomic.Int64

	user        *imapmemserver.User
	listener    *pipeListener
	fetch       func(fetchCall) (handled bool, err error) // takes over a FETCH of the server
	hide        []string                                  // what the server does not say that it can
	step        func(step string, do func() error) error  // takes over what changes a folder
	cutAfter    atomic.Int64                              // bytes from the server after which a connection breaks; 0: never
	silentAfter atomic.Int64                              // the same, but it falls silent
	down        atomic.Bool
	logins      atomic.Int64
	toWrite     atomic.Int64 // how often a folder was opened not only for reading

	mu     sync.Mutex
	dialed []time.Time
	conns  []net.Conn
	stop   func() error
}

const mailPassword = "hunter2-very-secret"

func newMailWorld(t *testing.T) *mailWorld {
	w := &mailWorld{t: t, inbox: &memoryInbox{t: t}, log: new(lockedBuffer), user: imapmemserver.NewUser("ops", mailPassword)}
	must(t, w.user.Create("INBOX", nil))
	memory := imapmemserver.New()
	memory.AddUser(w.user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(conn *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &meddledSession{Session: memory.NewSession(), world: w, conn: conn}, nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	w.listener = &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = server.Serve(w.listener) }()
	w.box = &Mailbox{
		Config: MailboxConfig{Address: "127.0.0.1:143", TLS: TLSNone, User: "ops", Password: mailPassword},
		Inbox:  w.inbox,
		Log:    slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Taken:  func() { w.taken.Add(1) },
		dial:   w.dial,
	}
	t.Cleanup(func() {
		if w.stop != nil {
			_ = w.stop()
		}
		w.dropConnections()
		synctest.Wait() // Close must not meet a Serve that has only begun
		_ = server.Close()
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

func (w *mailWorld) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.box.Run(ctx) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
}

func (w *mailWorld) dial(context.Context) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialed = append(w.dialed, time.Now())
	if w.down.Load() {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	w.conns = append(w.conns, server)
	w.listener.conns <- server
	cut, silent := w.cutAfter.Load(), w.silentAfter.Load()
	return &meddledConn{Conn: client, world: w, closed: make(chan struct{}), silent: silent > 0, left: int(cut + silent)}, nil
}

func (w *mailWorld) dialTimes() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.dialed)
}

func (w *mailWorld) dropConnections() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		conn.Close()
	}
	w.conns = nil
}

func (w *mailWorld) deliver(subject string, age time.Duration) {
	w.appendRaw(fmt.Appendf(nil, "Subject: %s\r\n\r\nHello.\r\n", subject), time.Now().Add(-age))
}

// redeliver appends exactly the mail that deliver made before.
func (w *mailWorld) redeliver(subject string) { w.deliver(subject, 0) }

func (w *mailWorld) appendRaw(raw []byte, at time.Time) { w.appendTo("INBOX", raw, at) }

func (w *mailWorld) deliverTo(folder, subject string) {
	w.appendTo(folder, fmt.Appendf(nil, "Subject: %s\r\n\r\nHello.\r\n", subject), time.Now())
}

func (w *mailWorld) appendTo(folder string, raw []byte, at time.Time) {
	w.t.Helper()
	_, err := w.user.Append(folder, bytes.NewReader(raw), &imap.AppendOptions{Time: at})
	must(w.t, err)
}

func (w *mailWorld) recreateFolder() {
	w.t.Helper()
	must(w.t, w.user.Delete("INBOX"))
	must(w.t, w.user.Create("INBOX", nil))
}

func (w *mailWorld) expunge(f fetchCall, uid imap.UID) {
	set := imap.UIDSetNum(uid)
	if err := f.session.Store(nil, set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil); err != nil {
		w.t.Error(err)
	}
	if err := f.session.Expunge(nil, &set); err != nil {
		w.t.Error(err)
	}
}

func (w *mailWorld) wantSubjects(want ...string) {
	w.t.Helper()
	if got := w.inbox.subjects(); !slices.Equal(got, want) {
		w.t.Errorf("stored are %q, want %q", got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

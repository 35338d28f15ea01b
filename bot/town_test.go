package bot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

const (
	password = "a long password"
	self     = "@ronde:ronde.test"
	alice    = "@alice:ronde.test"
	mallory  = "@mallory:ronde.test"
)

// drawer is a Keeper in memory.
type drawer struct {
	mu     sync.Mutex
	values map[string]string
}

func (d *drawer) Value(_ context.Context, key string) (string, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	value, ok := d.values[key]
	return value, ok, nil
}

func (d *drawer) SetValue(_ context.Context, key, value string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.values[key] = value
	return nil
}

// inbox is a cards.Receiver in memory, which does what the contract says.
type inbox struct {
	mu      sync.Mutex
	token   string
	events  []cards.Event
	batches []cards.Batch
	ready   int // how often the bot could send to one more room
	fail    func(cards.Batch) error
	news    chan struct{}
}

func newInbox() *inbox { return &inbox{news: make(chan struct{})} }

func (i *inbox) Receive(_ context.Context, b cards.Batch) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil {
		if err := i.fail(b); err != nil {
			return err
		}
	}
	for _, e := range b.Events {
		at := slices.IndexFunc(i.events, func(known cards.Event) bool { return known.ID == e.ID })
		switch {
		case at < 0:
			i.events = append(i.events, e)
		case i.events[at].Kind == cards.Sealed && e.Kind != cards.Sealed:
			i.events[at] = e
		}
	}
	i.token = b.Token
	i.batches = append(i.batches, b)
	close(i.news)
	i.news = make(chan struct{})
	return nil
}

func (i *inbox) SyncToken(context.Context) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.token, nil
}

func (i *inbox) Ready() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ready++
}

func (i *inbox) readied() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.ready
}

// SealedEvents forgets History, as a store without a column for it would.
func (i *inbox) SealedEvents(context.Context) (sealed []cards.Event, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range i.events {
		if e.Kind == cards.Sealed {
			e.History = false
			sealed = append(sealed, e)
		}
	}
	return sealed, nil
}

func (i *inbox) failing(fail func(cards.Batch) error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = fail
}

func (i *inbox) all() []cards.Event {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.events)
}

func (i *inbox) taken() []cards.Batch {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.batches)
}

// bodies are the texts said by others than the bot.
func (i *inbox) bodies() (bodies []string) {
	for _, e := range i.all() {
		if e.Kind == cards.Said && !e.Own {
			bodies = append(bodies, e.Body)
		}
	}
	return bodies
}

func (i *inbox) find(eventID string) (cards.Event, bool) {
	for _, e := range i.all() {
		if e.ID == eventID {
			return e, true
		}
	}
	return cards.Event{}, false
}

// town is a homeserver with the bot, alice (an allowed inviter) and mallory (not
// one), and everything of the bot that survives a restart.
type town struct {
	t     *testing.T
	srv   *homeserver.Server
	cfg   Config
	kept  *drawer
	db    *dbutil.Database
	inbox *inbox
	logs  *logbook
	login LoginResult

	bot  *Bot
	stop func() error
}

// logbook is where the bot logs to.
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

func newTown(t *testing.T) *town {
	t.Helper()
	srv := homeserver.New(homeserver.Options{})
	srv.Register("ronde", password)
	srv.Register("alice", "alice's")
	srv.Register("mallory", "mallory's")
	return &town{
		t: t, srv: srv, kept: &drawer{values: map[string]string{}}, inbox: newInbox(), logs: &logbook{},
		db:  openDatabase(t),
		cfg: Config{Homeserver: homeserver.URL, User: self, DeviceName: "ronde", Inviters: []string{alice}},
	}
}

func openDatabase(t *testing.T) *dbutil.Database {
	t.Helper()
	db, err := dbutil.NewWithDialect("file:"+filepath.Join(t.TempDir(), "ronde.db")+"?_txlock=immediate", "sqlite3-fk-wal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *town) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// logIn logs the bot in as its account.
func (w *town) logIn(secret Credentials) (LoginResult, error) {
	l := &login{cfg: w.cfg, secret: secret, keeper: w.kept, db: w.db, log: w.logger()}
	return l.run(w.t.Context(), w.srv.Client())
}

// rooms makes the two rooms, invites the bot and logs it in. The options are
// those of the technique room.
func (w *town) rooms(technique homeserver.RoomOptions) *town {
	w.t.Helper()
	technique.Invite = []string{"ronde"}
	w.cfg.Technique = w.srv.CreateRoom("alice", technique)
	w.cfg.Supervision = w.srv.CreateRoom("alice", homeserver.RoomOptions{Invite: []string{"ronde"}})
	w.loggedIn()
	return w
}

func (w *town) loggedIn() {
	w.t.Helper()
	result, err := w.logIn(Credentials{Password: password})
	if err != nil {
		w.t.Fatal(err)
	}
	w.login = result
}

// home is the drawer with the database beside it, as the bot gets them.
func (w *town) home() Store { return home{w.kept, w.db} }

type home struct {
	*drawer
	db *dbutil.Database
}

func (h home) Matrix() any { return h.db }

// start runs a new bot on what is kept.
func (w *town) start() *town {
	w.t.Helper()
	client := w.srv.Client()
	client.Transport = rewriting{client.Transport}
	b, err := New(w.cfg, w.home(), w.inbox, w.logger(), client)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	w.bot = b
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	w.t.Cleanup(func() { _ = w.stop() })
	return w
}

// rewriting makes an event that says "poison" one that no client can decode,
// which the fake homeserver would never take.
type rewriting struct{ http.RoundTripper }

func (r rewriting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(err)))
		return resp, nil
	}
	body = bytes.ReplaceAll(body, []byte(`{"body":"poison","msgtype":"m.text"}`), []byte(`"no object"`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// settled starts the bot and waits until it can send to both rooms.
func (w *town) settled() *town {
	w.t.Helper()
	return w.start().inRooms()
}

func (w *town) inRooms() *town {
	w.t.Helper()
	w.until("the bot can send to its rooms", func() bool {
		_, one := w.bot.rooms.sendable(id.RoomID(w.cfg.Technique))
		_, two := w.bot.rooms.sendable(id.RoomID(w.cfg.Supervision))
		return one == nil && two == nil
	})
	return w
}

const patienceOfTests = 5 * time.Minute // of a bubble's time

// until waits for something to hold, looking often; time is free in a bubble.
func (w *town) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patienceOfTests); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it never came to pass that %s; the log:\n%s", what, w.logs)
		}
	}
}

func (w *town) hears(bodies ...string) {
	w.t.Helper()
	w.until("the bot hears "+strings.Join(bodies, ", "), func() bool { return slices.Equal(w.inbox.bodies(), bodies) })
}

func (w *town) stopped() {
	w.t.Helper()
	if err := w.stop(); !errors.Is(err, context.Canceled) {
		w.t.Fatalf("Run returned %v, want the context's error", err)
	}
}

func message(room, txn, text string) cards.Outgoing {
	return cards.Outgoing{Room: room, TxnID: txn, Message: &cards.Message{Plain: text}}
}

// requests counts the finished requests of the bot of a kind.
func (w *town) requests(kind homeserver.Kind) (n int) {
	for _, r := range w.srv.Requests() {
		if r.Kind == kind && r.User == self {
			n++
		}
	}
	return n
}

// person is somebody with an encrypting client.
type person struct {
	*mautrix.Client
	ears *ears
}

// ears keep what a person hears of others, with how far the device is trusted.
type ears struct {
	mu    sync.Mutex
	heard []string
	last  *event.MessageEventContent
}

func (e *ears) hear(evt *event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = evt.Content.AsMessage()
	e.heard = append(e.heard, evt.Content.AsMessage().Body+", "+evt.Mautrix.TrustState.String())
}

func (e *ears) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

func (w *town) person(name string) person {
	w.t.Helper()
	cli, err := mautrix.NewClient(homeserver.URL, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	cli.Client = w.srv.Client()
	cli.AccessToken = w.srv.Token(name, "")
	who, err := cli.Whoami(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	cli.UserID, cli.DeviceID = who.UserID, who.DeviceID
	helper, err := cryptohelper.NewCryptoHelper(cli, []byte("a person's"), openDatabase(w.t))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := helper.Init(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	cli.Crypto = helper
	p := person{cli, &ears{}}
	cli.Syncer.(*mautrix.DefaultSyncer).OnEventType(event.EventMessage, func(_ context.Context, evt *event.Event) {
		if evt.Sender != cli.UserID {
			p.ears.hear(evt)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cli.SyncWithContext(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.t.Errorf("the person's sync ended with %v", err)
		}
	})
	return p
}

// knows waits until the person's client would encrypt for the bot.
func (w *town) knows(p person, room string) {
	w.t.Helper()
	w.until("the person knows the room", func() bool {
		encrypted, _ := p.StateStore.IsEncrypted(w.t.Context(), id.RoomID(room))
		return encrypted && p.StateStore.IsInRoom(w.t.Context(), id.RoomID(room), self)
	})
}

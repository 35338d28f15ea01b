package pager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/e2e/postbox"
	"ronde/store"
	"ronde/text"
)

// town has a pager with both roads, its store, and a homeserver that is there or not.
type town struct {
	t      *testing.T
	config Config
	box    *postbox.Box
	path   string
	store  *store.Store
	log    *lockedBuffer
	road   http.RoundTripper // to ntfy

	mu      sync.Mutex
	here    bool // the homeserver is
	last    time.Time
	changes int

	end func()
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// story plays in a bubble. The pager runs, and the homeserver is away since the start.
func story(t *testing.T, name string, play func(w *town)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			box := postbox.New()
			w := &town{t: t, box: box, road: box, log: &lockedBuffer{}, path: filepath.Join(scratch(t), "ronde.db"), config: Config{
				After: 5 * time.Minute,
				Ntfy:  &Ntfy{Server: "https://ntfy.example.org", Topic: "ronde", Token: postbox.Token, Priority: 5},
				Mail:  &Mail{Address: "127.0.0.1:25", TLS: alerts.TLSNone, User: postbox.User, Password: postbox.Password, From: "ronde <" + postbox.User + ">", To: []string{"ana@example.com"}},
			}}
			w.start()
			play(w)
			w.stop()
			w.must(errors.Join(box.Err(), box.Close()))
			if log := w.log.String(); strings.Contains(log, postbox.Token) || strings.Contains(log, postbox.Password) {
				t.Errorf("the log holds a secret:\n%s", log)
			}
		})
	})
}

// scratch is a folder in memory where there is one: a long night is some thousand
// transactions, and each waits for the disk.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ronde-pager")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start starts a process on what the store holds.
func (w *town) start() {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.path)
	w.must(err)
	language, err := text.In("en")
	w.must(err)
	w.store, w.last = s, time.Time{}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := &Pager{
		Config: w.config, Store: s, Settings: alerts.Settings{Critical: []string{"Nuage", "Box"}}, Source: func(source string) string { return source },
		Notices: cards.New(s, language, cards.Config{}, log), Changed: func() { w.changes++ }, Reached: w.reached,
		Language: language, Location: time.UTC, Version: "test", Log: log, HTTP: w.road, Dial: w.box.Dial,
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	w.end = func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			w.t.Errorf("the pager ended with %v", err)
		}
		w.must(s.Close())
	}
}

func (w *town) stop() { w.end() }

func (w *town) restart() { w.stop(); w.start() }

// reached is as the bot has it: a homeserver that is there answers all the time.
func (w *town) reached() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.here {
		w.last = time.Now()
	}
	return w.last
}

func (w *town) homeserver(here bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.here && !here {
		w.last = time.Now()
	}
	w.here = here
}

// after lets time pass.
func (w *town) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *town) update(change func(tx *store.Tx) error) {
	w.t.Helper()
	w.must(w.store.Update(context.Background(), change))
}

// breaks begins incidents, with cards that the room does not have, and returns the last.
func (w *town) breaks(things ...string) (id int64) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		for _, thing := range things {
			i := store.Incident{Source: "kuma", Thing: thing, State: store.Firing, Fault: "502", Verified: true, Since: tx.Now, Newest: tx.Now, Alerts: 1, Alerted: tx.Now}
			var err error
			if id, err = tx.AddIncident(i); err != nil {
				return err
			}
			i.ID, i.RangAt = id, tx.Now
			if err := errors.Join(tx.SaveIncident(i), tx.ShowCard(store.Card{Kind: alerts.IncidentCard, Subject: id, Room: room, Urgent: true})); err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// mends ends an incident.
func (w *town) mends(id int64) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		i, _, err := tx.Incident(id)
		if err != nil {
			return err
		}
		i.State, i.ResolvedAt = store.Resolved, tx.Now
		if err := tx.SaveIncident(i); err != nil {
			return err
		}
		return tx.ShowCard(store.Card{Kind: alerts.IncidentCard, Subject: id, Room: room})
	})
}

// got returns what people got: road and title of each page, oldest first.
func (w *town) got() (all []string) {
	for _, p := range w.box.Posts() {
		all = append(all, p.Road+" "+strings.ReplaceAll(p.Title, "\u00a0", " "))
	}
	return all
}

// wants checks what people got by a road since the beginning.
func (w *town) wants(road string, want ...string) {
	w.t.Helper()
	var got []string
	for _, line := range w.got() {
		if rest, ok := strings.CutPrefix(line, road+" "); ok {
			got = append(got, rest)
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		w.t.Errorf("by %s people got %q, want %q\nthe log:\n%s", road, got, want, w.log)
	}
}

// both is wants for both roads.
func (w *town) both(want ...string) {
	w.t.Helper()
	w.wants(postbox.Ntfy, want...)
	w.wants(postbox.Email, want...)
}

// notes returns the notices that wait for the rooms.
func (w *town) notes() (all []store.Parcel) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error { // cards that stand in the room let what is under them go
		rows, err := tx.DirtyCards(10000)
		for _, c := range rows {
			if _, err := tx.CardSent(c.ID, c.Revision, fmt.Sprintf("$card%d", c.ID)); err != nil {
				return err
			}
		}
		return err
	})
	w.update(func(tx *store.Tx) (err error) {
		all, err = tx.WaitingParcels(10000)
		return err
	})
	return all
}

// killedWhilePaging ends the process as it was when ntfy next has a page and its answer is under way,
// and starts another one on what that left.
func (w *town) killedWhilePaging() {
	w.t.Helper()
	copied := w.path + ".killed"
	w.stop()
	w.road = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := w.box.RoundTrip(r)
		if _, there := os.Stat(copied); there != nil {
			w.must(w.store.Backup(context.Background(), copied))
		}
		return resp, err
	})
	w.start()
	for range 20 {
		w.after(time.Minute)
		if _, err := os.Stat(copied); err == nil {
			break
		}
	}
	w.stop()
	w.road = w.box
	w.must(os.Rename(copied, w.path))
	for _, end := range []string{"-wal", "-shm"} {
		w.must(os.RemoveAll(w.path + end))
	}
	w.start()
}

type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

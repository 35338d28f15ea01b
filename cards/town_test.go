package cards_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// town is an outbox over a real store, a scripted homeserver, and things whose
// state the cards mirror.
type town struct {
	*testing.T
	config cards.Config
	path   string
	store  *store.Store
	outbox *cards.Outbox
	hs     *scripted
	cancel context.CancelFunc
	ended  chan error

	mu      sync.Mutex
	states  map[int64]string
	seeds   []string
	arrived int
	synced  int
	given   []string // the ids of all events received
}

// story runs a test of the outbox in a bubble.
func story(t *testing.T, name string, play func(w *town)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { inTown(t, cards.Config{}, play) })
}

func inTown(t *testing.T, c cards.Config, play func(w *town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &town{T: t, config: c, path: filepath.Join(fastDir(t), "ronde.db"), hs: newScripted(), states: map[int64]string{}}
		w.open()
		t.Cleanup(func() {
			w.stop()
			if err := w.store.Close(); err != nil {
				t.Error(err)
			}
		})
		play(w)
	})
}

// fastDir is in memory where that is possible: the tests of this package
// sync their files to the disk some ten thousand times.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ronde")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (w *town) open() {
	w.Helper()
	s, err := store.Open(w.Context(), w.path)
	if err != nil {
		w.Fatal(err)
	}
	w.store = s
	w.outbox = w.newOutbox()
}

func (w *town) newOutbox() *cards.Outbox {
	french, err := text.In("fr")
	if err != nil {
		w.Fatal(err)
	}
	return cards.New(w.store, french, w.config, slog.New(slog.DiscardHandler)).Connect(map[string]cards.Render{
		"thing":    w.render,
		"failing":  func(*store.Tx, int64) (cards.Content, error) { return cards.Content{}, errors.New("no such column") },
		"panicing": func(*store.Tx, int64) (cards.Content, error) { panic("nil map") },
	}, w.arrive)
}

func (w *town) render(_ *store.Tx, subject int64) (cards.Content, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cards.Content{Message: cards.Message{Plain: w.states[subject]}, Seeds: w.seeds}, nil
}

func (w *town) arrive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived++
}

func (w *town) seed(emoji ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seeds = emoji
}

// start runs the outbox, until stop; what it does at once is done on return.
func (w *town) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.ended = cancel, make(chan error, 1)
	go func() { w.ended <- w.outbox.Run(ctx, w.hs) }()
	synctest.Wait()
}

func (w *town) stop() {
	w.Helper()
	if w.cancel == nil {
		return
	}
	w.cancel()
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		w.Errorf("Run returned %v, want the context's error", err)
	}
	w.cancel = nil
}

// restart is another process over the same database.
func (w *town) restart() {
	w.Helper()
	w.stop()
	if err := w.store.Close(); err != nil {
		w.Fatal(err)
	}
	w.open()
	w.start()
}

// after lets time pass.
func (w *town) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *town) update(change func(tx *store.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), change); err != nil {
		w.Fatal(err)
	}
	w.outbox.Wake()
}

// becomes changes the state of a thing, and with it its card.
func (w *town) becomes(subject int64, state string) {
	w.change(store.Card{Room: "technique", Subject: subject}, state)
}

func (w *town) urgently(subject int64, state string) {
	w.change(store.Card{Room: "technique", Subject: subject, Urgent: true}, state)
}

func (w *town) counts(subject int64, state string) {
	w.change(store.Card{Room: "technique", Subject: subject, Calm: true}, state)
}

func (w *town) change(c store.Card, state string) {
	w.Helper()
	w.put(c, state)
	if w.cancel != nil {
		synctest.Wait()
	}
}

func (w *town) put(c store.Card, state string) {
	w.Helper()
	c.Kind = "thing"
	w.update(func(tx *store.Tx) error {
		w.mu.Lock()
		w.states[c.Subject] = state
		w.mu.Unlock()
		return tx.ShowCard(c)
	})
}

func (w *town) notice(key, words string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return w.outbox.AddNotice(tx, key, "technique", cards.Message{Plain: words})
	})
	if w.cancel != nil {
		synctest.Wait()
	}
}

// receives is a /sync asked for at an instant, that brings the events.
func (w *town) receives(asked time.Time, events ...cards.Event) {
	w.Helper()
	w.synced++
	for _, e := range events {
		if !slices.Contains(w.given, e.ID) {
			w.given = append(w.given, e.ID)
		}
	}
	batch := cards.Batch{Events: events, Token: fmt.Sprint("s", w.synced), Asked: asked}
	if err := w.outbox.Receive(w.Context(), batch); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
}

// syncs is a /sync asked for now, that brings the events.
func (w *town) syncs(events ...cards.Event) {
	w.Helper()
	w.after(time.Millisecond)
	w.receives(time.Now(), events...)
}

// echoes is a /sync that brings all that the homeserver took.
func (w *town) echoes() {
	w.Helper()
	w.syncs(w.hs.news()...)
}

// listens syncs as the bot does: twice a minute, and when nudged.
func (w *town) listens() {
	ctx, cancel := context.WithCancel(w.Context())
	w.Cleanup(cancel)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-w.hs.nudges:
				time.Sleep(time.Millisecond)
			case <-time.After(30 * time.Second):
			}
			batch := cards.Batch{Token: fmt.Sprint("l", n), Asked: time.Now(), Events: w.hs.news()}
			if err := w.outbox.Receive(ctx, batch); err != nil && ctx.Err() == nil {
				w.Error(err)
			}
		}
	}()
}

func (w *town) shows(want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.hs.shows()); diff != "" {
		w.Errorf("in the rooms (-want +got):\n%s", diff)
	}
}

// tried checks how often something was tried, each time with the same
// transaction id.
func (w *town) tried(times int, meant func(cards.Outgoing) bool) {
	w.Helper()
	tries := w.hs.tries(meant)
	if len(tries) != times {
		w.Errorf("tried %d times, want %d: %v", len(tries), times, tries)
	}
	for _, a := range tries {
		if a.out.TxnID != tries[0].out.TxnID {
			w.Errorf("tried as %s and as %s", tries[0].out.TxnID, a.out.TxnID)
		}
	}
}

func (w *town) card(subject int64) (c store.Card) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx *store.Tx) (err error) {
		c, _, err = tx.CardOf("thing", subject)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *town) cardIn(tx *store.Tx, subject int64) store.Card {
	w.Helper()
	c, _, err := tx.CardOf("thing", subject)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// waits returns how many cards and parcels still have to go out.
func (w *town) waits() (n int) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx *store.Tx) error {
		dirty, err := tx.DirtyCards(1000)
		parcels, err2 := tx.WaitingParcels(1000)
		n = len(dirty) + len(parcels)
		return errors.Join(err, err2)
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// breaks makes every write of a column fail, as a full disk would, until the
// function it returns is called.
func (w *town) breaks(table, column string) (mend func()) {
	w.Helper()
	run := func(query string) {
		w.Helper()
		db, err := sql.Open("sqlite3", w.path)
		if err == nil {
			_, err = db.Exec(query)
			err = errors.Join(err, db.Close())
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	run(fmt.Sprintf("CREATE TRIGGER broken BEFORE UPDATE OF %s ON %s BEGIN SELECT RAISE(ABORT, 'the disk is full'); END", column, table))
	return func() { run("DROP TRIGGER broken") }
}

// seconds returns when something was tried, in whole seconds.
func seconds(tries []tried) (all []int) {
	for _, a := range tries {
		all = append(all, int(a.after.Round(time.Second)/time.Second))
	}
	return all
}

func has(all []string, part string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, part) })
}

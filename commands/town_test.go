package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/checks"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// town is a desk with a store and without a homeserver: what people say is put into
// the store, what the desk answers is caught.
type town struct {
	*Desk
	t    *testing.T
	logs *bytes.Buffer

	mu       sync.Mutex
	notices  []string       // of the desk, oldest first
	pictures []*cards.Image // which they show
	reacted  []string       // reactions of the desk, and in brackets those taken back
	levels   map[string]int // of people, 0 when missing
	trouble  error          // of asking for a level
	full     int            // how many of the next notices cannot be stored
	reading  Reading        // what the configuration is, when it is read again
	events   int
}

func newTown(t *testing.T, commands ...Command) *town {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &town{t: t, logs: &bytes.Buffer{}, levels: map[string]int{}}
	log, l := slog.New(slog.NewTextHandler(w.logs, nil)), speak(t, "en")
	chore := routines.Routine{
		Key: "backups", Aliases: []string{"sauvegardes"}, Title: text.Localized{EN: "Check the backups"},
		Cadence: routines.Cadence{Monthly: lastDay(t)},
	}
	w.Desk = NewDesk(&Desk{
		Store: s, Language: l, Location: time.UTC, Log: log,
		Routines: &routines.Desk{Routines: []routines.Routine{chore}, Location: time.UTC, Language: l},
		Alerts:   alerts.NewDesk(&alerts.Desk{Store: s, Location: time.UTC, Language: l, Log: log, Changed: func() {}}),
		Stats:    noHosts{},
		Checks:   noHosts{},
	})
	w.Alerts.Notices = w
	w.commands = append(slices.Clone(All), commands...)
	w.Connect(w, w)
	w.Config = w
	return w
}

func lastDay(t *testing.T) routines.MonthDay {
	t.Helper()
	day, err := routines.ParseMonthDay("last")
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func speak(t *testing.T, code string) *text.Language {
	t.Helper()
	l, err := text.In(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// noHosts is a town without servers.
type noHosts struct{}

func (noHosts) Names() []string                         { return nil }
func (noHosts) Targets(string) ([]checks.Target, error) { return nil, nil }

func (noHosts) Stats(_ context.Context, host string) (checks.Measurement, error) {
	return checks.Measurement{}, fmt.Errorf("no host %s", host)
}

func (noHosts) Recent(context.Context, []string, time.Duration, *text.Language) []checks.Outcome {
	return nil
}

// PowerLevel, AddNotice, Read and Wake are what the desk needs of others.

func (w *town) PowerLevel(_ context.Context, _, user string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.levels[user], w.trouble
}

func (w *town) AddNotice(_ *store.Tx, key, _ string, m cards.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full > 0 {
		w.full--
		return errors.New("the disk is full")
	}
	w.notices = append(w.notices, m.Plain)
	if m.Image != nil {
		w.pictures = append(w.pictures, m.Image)
	}
	return nil
}

// Withdraw takes back nothing.
func (w *town) Withdraw(*store.Tx, string) (bool, error) { return false, nil }

// Sent knows that all went out but what is called so.
func (w *town) Sent(_ *store.Tx, key string) (bool, error) {
	return !strings.HasSuffix(key, "-unsent"), nil
}

// AddUnder catches what is said under a card as AddNotice does.
func (w *town) AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error {
	return w.AddNotice(tx, key, card.Room, m)
}

// AddReaction and RemoveReaction catch what the desk puts under what people say. A
// reaction that was never put is taken back without a trace.
func (w *town) AddReaction(_ *store.Tx, key, _, target, emoji string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reacted = append(w.reacted, key, target+" "+emoji)
	return nil
}

func (w *town) RemoveReaction(_ *store.Tx, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.reacted, key) {
		w.reacted = append(w.reacted, "without "+key)
	}
	return nil
}

func (w *town) Read() Reading { return w.reading }

func (w *town) Wake() {}

// takeNotices returns what the desk said since the last time.
func (w *town) takeNotices() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.notices
	w.notices = nil
	return said
}

// says has somebody write something now; nobody handles it yet.
func (w *town) says(who, body string) {
	w.t.Helper()
	w.happens(store.RoomEvent{Sender: who, Kind: string(cards.Said), Body: body, At: time.Now()})
}

func (w *town) happens(e store.RoomEvent) {
	w.t.Helper()
	w.events++
	e.EventID, e.Room, e.State = fmt.Sprintf("$%d", w.events), "!technique", "new"
	err := w.Store.Update(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.AddRoomEvent(e)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// update changes what is stored.
func (w *town) update(change func(*store.Tx) error) {
	w.t.Helper()
	if err := w.Store.Update(w.t.Context(), change); err != nil {
		w.t.Fatal(err)
	}
}

// handle handles all that is new, and returns what the desk says.
func (w *town) handle() string {
	w.t.Helper()
	if err := w.HandleAll(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.busy.Wait()
	return strings.Join(w.takeNotices(), "\n")
}

// waits tells how many events are not handled.
func (w *town) waits() int {
	w.t.Helper()
	var events []store.RoomEvent
	err := w.Store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		events, err = tx.RoomEventsInState("new", 100)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(events)
}

// lastDeed returns the newest line of the audit log.
func (w *town) lastDeed() string {
	w.t.Helper()
	var deeds []store.Deed
	err := w.Store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		deeds, err = tx.Deeds(1)
		return err
	})
	if err != nil || len(deeds) == 0 {
		w.t.Fatalf("the audit log has %d lines, %v", len(deeds), err)
	}
	d := deeds[0]
	return fmt.Sprintf("%s %s %q by %s: %s", text.Person(d.Who), d.Action, d.Subject, d.How, d.Outcome)
}

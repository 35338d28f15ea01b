package main

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/cards"
	"ronde/checks"
	"ronde/config"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// exampleConfig reads the example as it is shipped. The servers that it names, and
// their certificates, are not here.
func exampleConfig(t testing.TB) config.Config {
	t.Helper()
	const file = "config.example.toml"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, mistakes := config.Parse(file, doc, func(name string) (string, bool) { return "secret", strings.HasPrefix(name, "RONDE_") })
	if wrong := mistakes.In(config.Always); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	c.Hosts, c.OAuth, c.Mailbox = nil, nil, nil
	c.Outbox.EventsPerSecond = 0
	return c
}

// yearTown is the bot over a year: all of it but its connection, and the homeserver
// that the connection would lead to.
type yearTown struct {
	t      *testing.T
	config config.Config
	dir    string
	log    *logbook
	store  *store.Store
	ronde  *ronde // nil while the bot is down

	agenda agenda
	models map[string]*yearModel // by key
	waits  []func()              // happened while the bot was down
	events int

	shown   map[string]*yearCard // by event id
	fresh   []*yearCard          // not planned yet
	digests []time.Time
	ended   map[string]int // what was said of claims, by its first line
	sent    int
	mention int
	away    func(who string, at time.Time) bool
}

// yearCard is a card as the room shows it.
type yearCard struct {
	event, routine, name, emoji string
	at                          time.Time // when it came
}

// open reports whether the card still asks.
func (c *yearCard) open() bool {
	return slices.Contains([]string{"🔔", "🔵", "⏰", "💤", "👀"}, c.emoji)
}

// The yearTown is the homeserver of its outbox.

func (w *yearTown) RoomID(name string) (string, bool) {
	return "!" + strings.TrimPrefix(name, "!"), true
}
func (w *yearTown) Nudge() {}

// Upload is never asked for: nobody wants a picture.
func (w *yearTown) Upload(context.Context, string, cards.Image) (string, error) {
	return "", errors.ErrUnsupported
}

// PowerLevel is what the commands ask.
func (w *yearTown) PowerLevel(context.Context, string, string) (int, error) { return 0, nil }

// Run is what the checks say: all is well.
func (w *yearTown) Run(_ context.Context, refs []string, _ *text.Language) (said []checks.Outcome) {
	for _, ref := range refs {
		kind, host, _ := strings.Cut(ref, " ")
		said = append(said, checks.Outcome{Ref: ref, Result: checks.Result{Check: kind, Host: host, Status: checks.OK}})
	}
	return said
}

func (w *yearTown) Send(_ context.Context, out cards.Outgoing) (string, error) {
	w.sent++
	id := fmt.Sprintf("$bot%d", w.sent)
	if out.Message == nil {
		return id, nil
	}
	w.hear(id, out)
	return id, nil
}

// hear takes notice of a message as people in the room would.
func (w *yearTown) hear(id string, out cards.Outgoing) {
	now := time.Now().In(w.config.Location)
	if len(out.Message.Mentions) > 0 {
		w.mention++
		if now.Hour() >= 22 || now.Hour() < 8 {
			w.t.Errorf("%s: %q mentions %s at night", now, out.Message.Plain, out.Message.Mentions)
		}
	}
	line, _, _ := strings.Cut(spaced(out.Message.Plain), "\n")
	emoji, words, _ := strings.Cut(line, " ")
	emoji = text.PlainEmoji(emoji)
	switch {
	case out.Edits != "":
		if c := w.shown[out.Edits]; c != nil {
			c.emoji = emoji
		}
	case out.Message.ReplyTo != "": // of a command, or under a card
		w.ended[strings.TrimSpace(words)+emoji]++
	case emoji == "📋":
		w.digests = append(w.digests, now)
	default:
		w.see(&yearCard{event: id, emoji: emoji}, words, out.Message.Plain)
	}
}

// spaced makes all spaces the same.
func spaced(s string) string { return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) }

// see takes notice of a new card.
func (w *yearTown) see(c *yearCard, words, body string) {
	now := time.Now().In(w.config.Location)
	parts := strings.Split(words, " · ")
	_, title, _ := strings.Cut(parts[0], " : ")
	moment := strings.TrimPrefix(parts[len(parts)-1], "attendu ")
	c.name, c.at = title+" · "+moment, now
	for key, m := range w.models {
		if m.title == title {
			c.routine = key
		}
	}
	if c.routine == "" {
		w.t.Errorf("%s: a card of no routine: %q", now, body)
	}
	for _, other := range w.shown {
		if other.name == c.name {
			w.t.Errorf("%s: %q is asked for twice", now, c.name)
		}
	}
	_, turn, _ := strings.Cut(body, "👤 à ")
	if who, _, named := strings.Cut(turn, " "); named && w.away(who, now) {
		w.t.Errorf("%s: it is the turn of %s, who is away: %q", now, who, body)
	}
	w.shown[c.event] = c
	w.fresh = append(w.fresh, c)
}

func newYearTown(t *testing.T) *yearTown {
	w := &yearTown{
		t: t, config: exampleConfig(t), dir: scratch(t), log: &logbook{}, models: map[string]*yearModel{},
		shown: map[string]*yearCard{}, ended: map[string]int{},
	}
	for i, r := range w.config.Routines {
		if r.Key == "containers" || r.Key == "backups" || r.Key == "reboots" {
			w.config.Routines[i].Rota = routines.Rota{People: []string{person("ana"), person("bruno"), person("chloe")}}
		}
		w.models[r.Key] = newYearModel(r, spaced(text.OneLine(r.Title.FR, 60)), w.config.Location)
	}
	return w
}

func person(name string) string { return "@" + name + ":exemple-asso.fr" }

// start is a start of the program: it looks at once, and then hears what happened.
func (w *yearTown) start() {
	var err error
	if w.store, err = store.Open(w.t.Context(), filepath.Join(w.dir, "ronde.db")); err != nil {
		w.t.Fatal(err)
	}
	account, err := json.Marshal(bot.Account{Homeserver: w.config.Bot.Homeserver, UserID: w.config.Bot.User, DeviceID: "R", AccessToken: "t", PickleKey: "k"})
	if err == nil {
		err = w.store.SetValue(w.t.Context(), "matrix.account", string(account))
	}
	if err == nil {
		w.ronde, err = assemble(w.config, w.store, slog.New(slog.NewTextHandler(w.log, nil)), nil)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.ronde.routines.Checks = w
	w.ronde.commands.Connect(w, w.ronde.outbox)
	w.look()
	w.drain()
	for _, happened := range w.waits {
		happened()
	}
	w.waits = nil
	w.drain()
}

func (w *yearTown) stop() {
	if w.ronde == nil {
		return
	}
	w.ronde.close()
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
	w.ronde = nil
}

// look is what the clock does at each minute.
func (w *yearTown) look() {
	if w.ronde == nil {
		return
	}
	w.ronde.tick(w.t.Context())
	for _, m := range w.models {
		m.looked(time.Now())
	}
}

// drain lets the outbox send all that is waiting.
func (w *yearTown) drain() {
	if w.ronde == nil {
		return
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.ronde.outbox.Run(ctx, w) }()
	synctest.Wait()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		w.t.Errorf("the outbox ended with: %v", err)
	}
}

// happens has the bot hear of something now, or when it is back; then is called once
// it did.
func (w *yearTown) happens(e cards.Event, then func()) (id string) {
	w.events++
	e.ID, e.At, e.Room = fmt.Sprintf("$%d", w.events), time.Now(), "!technique"
	e.Sender = person(cmp.Or(e.Sender, "ana"))
	hear := func() {
		err := w.ronde.outbox.Receive(w.t.Context(), cards.Batch{Events: []cards.Event{e}, Token: e.ID, Asked: time.Now()})
		if err == nil {
			err = w.ronde.commands.HandleAll(w.t.Context())
		}
		if err != nil {
			w.t.Fatal(err)
		}
		then()
	}
	if w.ronde == nil {
		w.waits = append(w.waits, hear)
		return e.ID
	}
	hear()
	w.drain()
	return e.ID
}

// agenda is what is going to happen.
type agenda []appointment

type appointment struct {
	at   time.Time
	what func()
}

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (w *yearTown) at(t time.Time, what func()) { heap.Push(&w.agenda, appointment{t, what}) }

func (w *yearTown) in(d time.Duration, what func()) { w.at(time.Now().Add(d), what) }

// live lets the time pass up to an end.
func (w *yearTown) live(end time.Time) {
	for len(w.agenda) > 0 && !w.agenda[0].at.After(end) {
		next := heap.Pop(&w.agenda).(appointment)
		time.Sleep(time.Until(next.at))
		next.what()
	}
}

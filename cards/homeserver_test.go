package cards_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ronde/bot"
	"ronde/cards"
	"ronde/e2e/homeserver"
	"ronde/store"
	"ronde/text"
)

// The stories of this file let the real bot and the outbox live through one bad
// day each, on a homeserver that fails by lot, and that decides by a seed.
// RONDE_SEED plays the day of one seed, RONDE_SEEDS so many days from there on.
func seeds() (first, last uint64) {
	first, count := uint64(1), uint64(16)
	if n, err := strconv.ParseUint(os.Getenv("RONDE_SEED"), 10, 64); err == nil {
		first, count = n, 1
	}
	if n, err := strconv.ParseUint(os.Getenv("RONDE_SEEDS"), 10, 64); err == nil {
		count = n
	}
	return first, first + count - 1
}

func TestOnBadDaysNothingIsLostOrDoubled(t *testing.T) {
	first, last := seeds()
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newDay(t, seed).play() })
		})
	}
}

// odds are bad enough that most of what is sent meets something.
func odds() homeserver.Odds {
	return homeserver.Odds{
		Refuse: 0.05, CutBefore: 0.05, CutAfter: 0.1, Half: 0.05, RateLimit: 0.05, ServerError: 0.1,
		Late: 0.1, Forget: 0.15, Repeat: 0.1, Limited: 0.1,
	}
}

// killed is how often the bot is killed in the moment when the homeserver has
// taken an event and forgets its transaction id.
const killed = 0.1

// day is one bad day.
type day struct {
	*testing.T
	seed   uint64
	lots   *rand.Rand
	path   string
	srv    *homeserver.Server
	rooms  map[string]string
	store  *store.Store
	outbox *cards.Outbox
	end    context.CancelFunc
	ended  sync.WaitGroup
	dead   chan struct{} // holds a value while the bot is dead

	mu     sync.Mutex
	states map[int64]string
	said   []string
}

func newDay(t *testing.T, seed uint64) *day {
	t.Helper()
	d := &day{
		T: t, seed: seed, lots: rand.New(rand.NewPCG(seed, 0)), path: filepath.Join(fastDir(t), "ronde.db"),
		srv: homeserver.New(homeserver.Options{Seed: seed}), dead: make(chan struct{}, 1), states: map[int64]string{},
	}
	d.srv.Register("alice", "alice's")
	d.srv.Register("ronde", "ronde's")
	invited := homeserver.RoomOptions{Invite: []string{"ronde"}}
	sealed := invited
	sealed.Encrypted = seed%8 == 1
	d.rooms = map[string]string{"technique": d.srv.CreateRoom("alice", invited), "supervision": d.srv.CreateRoom("alice", sealed)}
	d.open()
	d.logIn()
	return d
}

func (d *day) logIn() {
	d.Helper()
	account := bot.Account{
		Homeserver: homeserver.URL, UserID: "@ronde:ronde.test", DeviceID: "RONDE",
		AccessToken: d.srv.Token("ronde", "RONDE"), PickleKey: "pickle",
	}
	value, err := json.Marshal(account)
	if err == nil {
		err = d.store.SetValue(d.Context(), "matrix.account", string(value))
	}
	if err != nil {
		d.Fatal(err)
	}
}

func (d *day) open() {
	d.Helper()
	s, err := store.Open(context.Background(), d.path)
	if err != nil {
		d.Fatal(err)
	}
	d.store = s
}

// start brings the bot to life.
func (d *day) start() {
	d.Helper()
	language, err := text.In("fr")
	if err != nil {
		d.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	config := cards.Config{EventsPerSecond: 1, Burst: 10}
	d.outbox = cards.New(d.store, language, config, log).Connect(map[string]cards.Render{"thing": d.render}, func() {})
	settings := bot.Config{
		Homeserver: homeserver.URL, User: "@ronde:ronde.test", DeviceName: "ronde",
		Technique: d.rooms["technique"], Supervision: d.rooms["supervision"], Inviters: []string{"@alice:ronde.test"},
	}
	b, err := bot.New(settings, d.store, d.outbox, log, d.srv.Client())
	if err != nil {
		d.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.end = cancel
	for what, run := range map[string]func() error{
		"the bot":    func() error { return b.Run(ctx) },
		"the outbox": func() error { return d.outbox.Run(ctx, b) },
	} {
		d.ended.Go(func() {
			if err := run(); !errors.Is(err, context.Canceled) {
				d.Errorf("seed %d: %s ended with %v", d.seed, what, err)
			}
		})
	}
}

func (d *day) stop() {
	d.Helper()
	d.end()
	d.ended.Wait()
	synctest.Wait() // the homeserver's own work
	if err := d.store.Close(); err != nil {
		d.Error(err)
	}
}

func (d *day) restartIfDead() {
	select {
	case <-d.dead:
		d.stop()
		d.open()
		d.start()
	default:
	}
}

// faults decide by lot, and sometimes kill. The lots must not depend on the
// random words in transaction ids, or a seed would not fail twice.
func (d *day) faults() func(homeserver.Request) homeserver.Fault {
	seeded := homeserver.Seeded(d.seed, odds())
	return func(r homeserver.Request) homeserver.Fault {
		if r.Kind != homeserver.Send {
			r.Txn = ""
			return seeded(r)
		}
		_, r.Txn, _ = strings.Cut(r.Txn, "-")
		if r.Try > 3 || d.lot(r) >= killed {
			return seeded(r)
		}
		return homeserver.Fault{Forget: true, Drop: homeserver.DropAnswer, After: d.kill}
	}
}

func (d *day) lot(r homeserver.Request) float64 {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s %d", r.Txn, r.Try)
	return rand.New(rand.NewPCG(d.seed, sum.Sum64())).Float64()
}

// kill ends the process: nothing that it learns from now on is stored.
func (d *day) kill() {
	d.end()
	select {
	case d.dead <- struct{}{}:
	default:
	}
}

func (d *day) render(_ *store.Tx, subject int64) (cards.Content, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return cards.Content{Message: cards.Message{Plain: d.states[subject]}, Seeds: []string{"👀", "✅"}}, nil
}

const (
	things  = 3
	notices = 2
	steps   = 16
)

func (d *day) play() {
	d.start()
	d.Cleanup(d.stop)
	if d.seed%4 != 0 { // otherwise the bot has to come into its rooms on a bad day, too
		time.Sleep(time.Minute)
	}
	d.srv.SetFaults(d.faults())
	for step := range steps {
		d.restartIfDead()
		d.happens(step)
		time.Sleep(time.Duration(d.lots.IntN(15000)) * time.Millisecond)
	}
	d.srv.SetFaults(nil)
	d.calmsDown()
	d.compare()
}

// happens is one thing that happens on a day.
func (d *day) happens(step int) {
	d.Helper()
	switch lot := d.lots.IntN(10); {
	case step < things:
		d.becomes(int64(step), "at first")
	case step < things+notices:
		d.notice(step)
	case lot < 3:
		d.speaks(fmt.Sprint("word ", step))
	default:
		d.becomes(d.lots.Int64N(things), fmt.Sprint("state ", step))
	}
}

// speaks has alice say something, which the bot must hear if it is there.
func (d *day) speaks(words string) {
	if d.srv.Membership(d.rooms["technique"], "ronde") == "join" {
		d.said = append(d.said, words)
	}
	d.srv.Say("alice", d.rooms["technique"], words)
}

func (d *day) update(change func(tx *store.Tx) error) {
	d.Helper()
	if err := d.store.Update(context.Background(), change); err != nil {
		d.Fatalf("seed %d: %v", d.seed, err)
	}
	d.outbox.Wake()
}

func roomOf(n int64) string {
	if n%2 == 0 {
		return "technique"
	}
	return "supervision"
}

func (d *day) becomes(subject int64, state string) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		d.mu.Lock()
		d.states[subject] = fmt.Sprintf("thing %d: %s", subject, state)
		d.mu.Unlock()
		return tx.ShowCard(store.Card{Kind: "thing", Subject: subject, Room: roomOf(subject), Urgent: subject == 1})
	})
}

func (d *day) notice(n int) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		return d.outbox.AddNotice(tx, fmt.Sprint(n), roomOf(int64(n)), cards.Message{Plain: fmt.Sprint("notice ", n)})
	})
}

// calmsDown waits until all is sent.
func (d *day) calmsDown() {
	d.Helper()
	for range 600 {
		d.restartIfDead()
		var waiting int
		err := d.store.View(context.Background(), func(tx *store.Tx) error {
			dirty, err := tx.DirtyCards(100)
			parcels, err2 := tx.WaitingParcels(100)
			waiting = len(dirty) + len(parcels)
			return errors.Join(err, err2)
		})
		if err != nil {
			d.Fatal(err)
		}
		if waiting == 0 {
			time.Sleep(time.Minute) // for what is sent once too often, or said and not yet heard
			return
		}
		time.Sleep(time.Second)
	}
	d.Fatalf("seed %d: ten minutes after the trouble there is still something to send", d.seed)
}

// compare looks at the rooms as a person sees them.
func (d *day) compare() {
	d.Helper()
	sent := map[string]homeserver.Event{} // by transaction id, without the store's word
	for _, room := range d.rooms {
		for _, e := range d.srv.Timeline(room) {
			_, txn, ours := strings.Cut(e.Txn, "-")
			if _, doubled := sent[txn]; ours && doubled {
				d.Errorf("seed %d: %s is in the room twice", d.seed, txn)
			}
			sent[txn] = e
		}
	}
	for n := things; n < things+notices; n++ {
		if _, there := sent[fmt.Sprint("notice-", n)]; !there {
			d.Errorf("seed %d: notice %d is lost", d.seed, n)
		}
	}
	for subject := range int64(things) {
		c := d.card(subject)
		root := sent[fmt.Sprint("card-", c.ID)]
		if root.ID == "" || root.ID != c.EventID {
			d.Errorf("seed %d: card %d is event %q in the room, and %q in the store", d.seed, c.ID, root.ID, c.EventID)
			continue
		}
		d.compareCard(c, root)
	}
	d.compareHeard()
}

func (d *day) card(subject int64) (c store.Card) {
	d.Helper()
	err := d.store.View(context.Background(), func(tx *store.Tx) (err error) {
		c, _, err = tx.CardOf("thing", subject)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func (d *day) compareCard(c store.Card, root homeserver.Event) {
	d.Helper()
	if seeds := d.srv.ReactionsTo(root.ID); len(seeds) != 2 {
		d.Errorf("seed %d: card %d has %d reactions, want 2", d.seed, c.ID, len(seeds))
	}
	if root.Type != "m.room.message" {
		return // encrypted
	}
	versions := []string{root.Body()}
	for _, edit := range d.srv.EditsOf(root.ID) {
		versions = append(versions, edit.Body())
	}
	if want := d.states[c.Subject]; versions[len(versions)-1] != want {
		d.Errorf("seed %d: card %d shows %q, want %q", d.seed, c.ID, versions, want)
	}
	// What was tried only once is known to show what was tried, also to the next
	// process: no edit may repeat it.
	if d.triedOnce(root.Txn) && len(slices.Compact(slices.Clone(versions))) != len(versions) {
		d.Errorf("seed %d: card %d shows %q: an edit changes nothing", d.seed, c.ID, versions)
	}
}

func (d *day) triedOnce(txn string) bool {
	n := 0
	for _, r := range d.srv.Requests() {
		if r.Txn == txn {
			n++
		}
	}
	return n == 1
}

// compareHeard looks at what alice said: each word is to be handled once.
func (d *day) compareHeard() {
	d.Helper()
	var heard []string
	err := d.store.View(context.Background(), func(tx *store.Tx) error {
		events, err := tx.RoomEventsInState("new", 1000)
		for _, e := range events {
			heard = append(heard, e.Body)
		}
		return err
	})
	if err != nil || strings.Join(heard, ", ") != strings.Join(d.said, ", ") {
		d.Errorf("seed %d: heard %q, want %q (%v)", d.seed, heard, d.said, err)
	}
}

package cards

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ronde/store"
	"ronde/text"
)

// Content is what a card shows at the moment it is asked.
type Content struct {
	Message Message
	// Seeds are the reactions that the bot puts under a new card as buttons, most
	// useful first. A card that needs no buttons any more returns none.
	Seeds []string
}

// Render writes the current state of the thing that a card mirrors. It reads
// from tx and changes nothing.
type Render func(tx *store.Tx, subject int64) (Content, error)

// Homeserver is where the outbox sends to: the bot.
type Homeserver interface {
	Sender
	// RoomID returns the id of a room, given by that id or by its configured name,
	// once the bot can send there, or can tell that it never will.
	RoomID(room string) (string, bool)
	// Upload hands over a picture that is to be shown in a room, and returns what Send
	// must know of it. Its errors are those of [Sender].
	Upload(ctx context.Context, room string, image Image) (uploaded string, err error)
	// Nudge asks for a fresh /sync soon.
	Nudge()
}

// Config is how fast the outbox may send.
type Config struct {
	// EventsPerSecond and Burst are the homeserver's limit for one user; Synapse's
	// default is 0.2 and 10. Zero EventsPerSecond sets no limit of our own.
	EventsPerSecond float64
	Burst           int
	// Quiet returns when the quiet hours end in which an instant lies, or the instant
	// itself; nil knows none.
	Quiet func(now time.Time) (end time.Time)
}

// Outbox brings the rooms up to date with the state, by priority and within the
// homeserver's rate. It is also the [Receiver] of what comes back, because an
// event of the bot's own that is seen in a room was sent, whatever became of the
// answer.
type Outbox struct {
	store      *store.Store
	language   *text.Language
	log        *slog.Logger
	renders    map[string]Render
	homeserver Homeserver
	arrived    func()
	quiet      func(now time.Time) (end time.Time)
	limiter    *rate.Limiter
	wake       chan struct{}

	mu      sync.Mutex
	synced  time.Time            // everything accepted before this instant was received; zero before the first /sync
	unknown map[string]time.Time // transaction id → when its outcome became unknown
	items   map[string]*setback  // transaction id → when to try it again
	rooms   map[string]*setback  // room → when to try it again
	pause   time.Time            // the homeserver asked for silence until then
	newest  time.Time            // when an urgent card was last new
	flow    flow
}

// setback is a pause that doubles with each failure in a row.
type setback struct {
	failures int
	since    time.Time // the first failure
	until    time.Time
}

func (s *setback) fail(now time.Time, longest time.Duration) {
	if s.failures == 0 {
		s.since = now
	}
	s.failures++
	s.until = now.Add(min(longest, time.Second<<min(s.failures-1, 20)))
}

// New returns an outbox over s. It is to be connected before it is used.
func New(s *store.Store, l *text.Language, c Config, log *slog.Logger) *Outbox {
	limit := rate.Limit(c.EventsPerSecond)
	if c.EventsPerSecond <= 0 {
		limit = rate.Inf
	}
	return &Outbox{
		store: s, language: l, log: log, quiet: c.Quiet,
		limiter: rate.NewLimiter(limit, max(c.Burst, 1)),
		wake:    make(chan struct{}, 1),
		unknown: map[string]time.Time{}, items: map[string]*setback{}, rooms: map[string]*setback{},
	}
}

// Connect says who writes each kind of card, and what to call after something
// that people said or did was stored. It returns o.
func (o *Outbox) Connect(renders map[string]Render, arrived func()) *Outbox {
	o.renders, o.arrived = renders, arrived
	return o
}

// Wake makes the outbox look at once for what has to go out. It is called after
// each change of state; a call too many costs one query.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// AddNotice puts a notice into the outbox as part of tx. key tells it apart from
// all others, so that the same notice added again is sent once. room is a room's
// id or its configured name.
func (o *Outbox) AddNotice(tx *store.Tx, key, room string, m Message) error {
	return addParcel(tx, store.Parcel{Txn: o.noticeTxn(key), Room: room}, m)
}

// AddUnder puts a notice under a card into the outbox as part of tx: it goes out
// once the card stands in its room, there; a card that the homeserver refused is tried
// again for that. m.ReplyTo or m.Thread is [TheCard]. key is as for [Outbox.AddNotice].
func (o *Outbox) AddUnder(tx *store.Tx, key string, card store.Card, m Message) error {
	if err := tx.RetryCard(card.ID); err != nil {
		return err
	}
	return addParcel(tx, store.Parcel{Txn: o.noticeTxn(key), Room: card.Room, CardID: card.ID}, m)
}

// Withdraw takes the notice with a key back as part of tx, if it has not gone out nor may
// have, and reports whether it did: what it says is not true any more.
func (o *Outbox) Withdraw(tx *store.Tx, key string) (withdrawn bool, err error) {
	return tx.WithdrawParcel(o.noticeTxn(key))
}

// Sent reports whether the notice with a key stands in its room.
func (o *Outbox) Sent(tx *store.Tx, key string) (bool, error) {
	p, _, err := tx.Parcel(o.noticeTxn(key))
	return p.EventID != "", err
}

// Run sends what is waiting through h until ctx ends, and then returns its error.
// Nothing that goes wrong in a room or in the database ends it.
func (o *Outbox) Run(ctx context.Context, h Homeserver) error {
	o.homeserver = h
	for {
		o.hold(o.flow.begin)
		wait, err := o.sendNext(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			o.log.ErrorContext(ctx, "the outbox cannot read or write its state", "err", err)
			wait = 5 * time.Second
		} else {
			o.hold(o.flow.end)
		}
		if err := o.rest(ctx, wait); err != nil {
			return err
		}
	}
}

// rest waits for a wake-up or for the given time; zero does not wait.
func (o *Outbox) rest(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-o.wake:
	case <-timer.C:
	}
	return nil
}

// idle is how long the outbox waits when it has nothing to do and nobody wakes
// it: a net, should a wake-up ever be missing.
const idle = time.Minute

// sendNext sends the first thing that may go out now, and says how long to wait
// before the next look.
func (o *Outbox) sendNext(ctx context.Context) (time.Duration, error) {
	for limit := 64; ; limit *= 4 {
		waiting, err := o.waiting(ctx, limit)
		if err != nil {
			return 0, err
		}
		next, wait := o.choose(waiting, time.Now())
		switch {
		case next != nil:
			return 0, o.send(ctx, next)
		case len(waiting) < limit:
			return wait, nil
		}
	}
}

// item is a card or a parcel that has to go out.
type item struct {
	card   store.Card // Card.ID is 0 for a parcel
	parcel store.Parcel
	txn    string
	room   string
	tried  bool // attempted before, perhaps by a process that was killed
}

// waiting returns what has to go out, in the order of its priority.
func (o *Outbox) waiting(ctx context.Context, limit int) (items []*item, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		cards, err := tx.DirtyCards(limit)
		if err != nil {
			return err
		}
		for _, c := range cards {
			items = append(items, &item{card: c, txn: o.cardTxn(c), room: c.Room, tried: c.Attempted > c.Sent})
		}
		parcels, err := tx.WaitingParcels(limit - min(limit, len(items)))
		for _, p := range parcels {
			items = append(items, &item{parcel: p, txn: p.Txn, room: p.Room, tried: p.Attempted})
		}
		return err
	})
	return items, err
}

// choose returns the first item that may go out at now, or nil and how long it
// takes until one may.
func (o *Outbox) choose(items []*item, now time.Time) (*item, time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flow.heldUp = o.heldUp(items)
	wait := idle
	for _, it := range items {
		ready := o.readyAt(it, now)
		if !ready.After(now) {
			return it, 0
		}
		wait = min(wait, ready.Sub(now))
	}
	return nil, wait
}

// readyAt returns when an item may go out, if nothing happens before.
func (o *Outbox) readyAt(it *item, now time.Time) time.Time {
	if _, ready := o.homeserver.RoomID(it.room); !ready || !o.outcomeKnown(it) {
		return now.Add(idle)
	}
	ready := o.pause
	for _, s := range []*setback{o.items[it.txn], o.rooms[it.room]} {
		if s != nil && s.until.After(ready) {
			ready = s.until
		}
	}
	if tokens := now.Add(o.untilAffordable(it, now)); tokens.After(ready) {
		ready = tokens
	}
	if calm := calmUntil(it.card, now); calm.After(ready) {
		ready = calm
	}
	return ready
}

// untilAffordable returns how long the item has to wait for the homeserver's
// rate. Reactions leave half of the burst for what matters more.
func (o *Outbox) untilAffordable(it *item, now time.Time) time.Duration {
	if o.limiter.Limit() == rate.Inf {
		return 0
	}
	need := 1.0
	if it.parcel.ID != 0 && it.parcel.Message == "" {
		need += float64(o.limiter.Burst() / 2)
	}
	missing := need - o.limiter.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(missing / float64(o.limiter.Limit()) * float64(time.Second)))
}

// outcomeKnown reports whether an earlier attempt of the item can be judged. When
// its answer was lost, the homeserver may have the event, and it may forget the
// transaction id before the next attempt; so a /sync asked for afterwards has to
// come first. If the event exists, it is in that answer. For what another outbox
// attempted, before this one, any /sync of this one comes afterwards.
func (o *Outbox) outcomeKnown(it *item) bool {
	if since, lost := o.unknown[it.txn]; lost {
		return o.synced.After(since)
	}
	return !it.tried || !o.synced.IsZero()
}

// send stores the attempt, makes it, and stores what came of it.
func (o *Outbox) send(ctx context.Context, it *item) error {
	if it.parcel.ToUpload {
		if ready, err := o.upload(ctx, it); !ready || err != nil {
			return err
		}
	}
	out, err := o.prepare(ctx, it)
	if err != nil || out == nil {
		return err
	}
	o.limiter.Allow()
	eventID, err := o.homeserver.Send(ctx, *out)
	switch {
	case err == nil:
		return o.accepted(context.WithoutCancel(ctx), it, eventID)
	case ctx.Err() != nil:
		return ctx.Err() // the outcome is unknown; the next start finds out
	}
	return o.failed(ctx, it, err)
}

// accepted stores that the homeserver has an item. When that cannot be stored,
// it is as if the answer had been lost.
func (o *Outbox) accepted(ctx context.Context, it *item, eventID string) error {
	err := o.store.Update(ctx, func(tx *store.Tx) error { return o.confirm(tx, it.txn, eventID) })
	if err != nil {
		o.hold(func(now time.Time) { o.unknown[it.txn] = now })
		o.homeserver.Nudge()
		return err
	}
	o.succeeded(it)
	return nil
}

func (o *Outbox) succeeded(it *item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.unknown, it.txn)
	delete(o.items, it.txn)
	delete(o.rooms, it.room)
}

// failed stores what is known of an attempt that did not succeed.
func (o *Outbox) failed(ctx context.Context, it *item, cause error) error {
	var refused *RefusedError
	var limited *RateLimitError
	switch {
	case errors.Is(cause, ErrNotSent) || loggedOut(cause):
		o.hold(func(now time.Time) { setBack(o.rooms, it.room, now, roomPause) })
		return o.store.Update(ctx, it.forget)
	case errors.As(cause, &refused):
		o.log.ErrorContext(ctx, "the homeserver refuses an event", "txn", it.txn, "room", it.room, "code", refused.Code, "err", cause)
		o.succeeded(it)
		return o.store.Update(ctx, func(tx *store.Tx) error { return it.refuse(tx, refused.Code) })
	case errors.As(cause, &limited):
		o.hold(func(now time.Time) { o.pause = now.Add(limited.After) })
		return o.store.Update(ctx, it.forget)
	}
	o.log.WarnContext(ctx, "no answer to an event that was sent", "txn", it.txn, "room", it.room, "err", cause)
	o.hold(func(now time.Time) {
		setBack(o.items, it.txn, now, itemPause)
		setBack(o.rooms, it.room, now, roomPause)
		o.unknown[it.txn] = now
	})
	o.homeserver.Nudge()
	return nil
}

// loggedOut reports whether the homeserver refuses the bot, and not the event:
// what is waiting can go out after the next login.
func loggedOut(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && (refused.Code == "M_UNKNOWN_TOKEN" || refused.Code == "M_MISSING_TOKEN")
}

func (o *Outbox) hold(change func(now time.Time)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(time.Now())
}

// The longest pauses after failures in a row. A room's is the shorter, so that
// one event that always fails cannot hold up the others.
const (
	itemPause = 5 * time.Minute
	roomPause = 20 * time.Second
)

// setBack puts off an item or a room, and clears away what nobody tries any more.
func setBack(all map[string]*setback, key string, now time.Time, longest time.Duration) {
	maps.DeleteFunc(all, func(_ string, s *setback) bool { return now.Sub(s.until) > time.Hour })
	if all[key] == nil {
		all[key] = &setback{}
	}
	all[key].fail(now, longest)
}

// forget takes back an attempt that certainly did not reach the homeserver,
// unless an earlier one may have.
func (it *item) forget(tx *store.Tx) error {
	switch {
	case it.tried:
		return nil
	case it.card.ID == 0:
		return tx.ForgetParcelAttempt(it.parcel.ID)
	}
	return tx.ForgetCardAttempt(it.card.ID)
}

func (it *item) refuse(tx *store.Tx, code string) error {
	if it.card.ID == 0 {
		return tx.ParcelDone(it.parcel.Txn, "", code)
	}
	if err := it.forget(tx); err != nil {
		return err
	}
	return tx.CardRefused(it.card.ID, code)
}

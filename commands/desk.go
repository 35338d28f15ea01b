package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/checks"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
	"ronde/watch"
)

// waiting is how long somebody may still be waiting for an answer. A question
// read later, after the bot or the homeserver was away, is left alone.
const waiting = 10 * time.Minute

// Rights says who may act.
type Rights struct {
	Act    int      // the power level that a person needs in the room
	People []string // user ids that may always act, and alone do what is [Command.Listed]
}

// Rooms tells the power level of a person in a room.
type Rooms interface {
	PowerLevel(ctx context.Context, room, user string) (int, error)
}

// Samplers measure the containers of the hosts.
type Samplers interface {
	// Stats measures those of one. With an error the measurement still says why, if it is
	// about a host.
	Stats(ctx context.Context, host string) (checks.Measurement, error)
	Names() []string
}

// Maker makes the checks that people ask for. What was made within maxAge is not made
// again.
type Maker interface {
	Recent(ctx context.Context, refs []string, maxAge time.Duration, l *text.Language) []checks.Outcome
	// Targets lists what a kind of check can be made of.
	Targets(kind string) ([]checks.Target, error)
}

// Notices takes what has to be said once.
type Notices interface {
	AddNotice(tx *store.Tx, key, room string, m cards.Message) error
	AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error
	AddReaction(tx *store.Tx, key, room, target, emoji string) error
	RemoveReaction(tx *store.Tx, key string) error
	// Sent reports whether the notice with a key stands in its room.
	Sent(tx *store.Tx, key string) (bool, error)
	Wake()
}

// Desk handles what people say and do in the rooms.
type Desk struct {
	Store    *store.Store
	Routines *routines.Desk
	Alerts   *alerts.Desk
	Stats    Samplers
	Checks   Maker
	Engines  Engines
	Counts   LogCounts    // nil where nothing is counted
	Watch    *watch.Watch // nil knows no checks
	Rooms    Rooms
	Outbox   Notices
	Config   Configuration
	Rights   Rights
	Language *text.Language
	Location *time.Location
	Log      *slog.Logger

	commands []Command
	wake     chan struct{}
	busy     sync.WaitGroup
	slow     chan struct{} // a place for each question that is being answered

	mu      sync.Mutex
	pending map[int64]bool // events whose question is being answered
}

// NewDesk makes a desk whose fields are set ready to run, once it is connected.
func NewDesk(d *Desk) *Desk {
	d.commands = All
	d.wake = make(chan struct{}, 1)
	d.slow = make(chan struct{}, 4)
	d.pending = map[int64]bool{}
	return d
}

// Connect tells the desk who knows the rooms and where notices go.
func (d *Desk) Connect(rooms Rooms, outbox Notices) { d.Rooms, d.Outbox = rooms, outbox }

// Wake makes Run look at once for what people said.
func (d *Desk) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run handles what is stored from the rooms, in order, until ctx ends, and then
// returns its error.
func (d *Desk) Run(ctx context.Context) error {
	defer d.busy.Wait()
	for {
		pause := 30 * time.Second // a net, should a wake-up ever be missing
		if err := d.HandleAll(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "what people said cannot be handled yet", "err", err)
			pause = 5 * time.Second
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// HandleAll handles all events that are new. Questions that have to be asked
// elsewhere go on in the background. An event that cannot be handled yet, such as
// one of a person whose rights cannot be read, holds up no other.
func (d *Desk) HandleAll(ctx context.Context) error {
	var put []error
	later := map[string]bool{}
	for {
		events, err := d.newEvents(ctx, later)
		if err != nil || len(events) == 0 {
			return errors.Join(append(put, err)...)
		}
		for _, e := range events {
			if waitsFor(e, later) {
				continue
			}
			if err := d.handle(ctx, e); err != nil {
				put = append(put, fmt.Errorf("event %s: %w", e.EventID, err))
				later[e.EventID] = true
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// newEvents returns what is to be handled now, in order of arrival.
func (d *Desk) newEvents(ctx context.Context, later map[string]bool) (events []store.RoomEvent, err error) {
	pending := d.allPending() // before the reading: a question answered in between is handled by then
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		events, err = tx.RoomEventsInState("new", 200)
		return err
	})
	return slices.DeleteFunc(events, func(e store.RoomEvent) bool {
		return later[e.EventID] || waitsFor(e, later) || pending[e.ID]
	}), err
}

// waitsFor tells whether an event takes back what was put off and has to be done
// first.
func waitsFor(e store.RoomEvent, later map[string]bool) bool {
	return e.Kind == string(cards.Redacted) && later[e.Target]
}

func (d *Desk) handle(ctx context.Context, e store.RoomEvent) error {
	if d.Alerts.Hears(e.Sender) {
		return d.heard(ctx, e)
	}
	switch cards.EventKind(e.Kind) {
	case cards.Said:
		return d.said(ctx, e)
	case cards.Reacted:
		return d.reacted(ctx, e)
	case cards.Redacted:
		return d.redacted(ctx, e)
	}
	return d.ignore(ctx, e)
}

// heard folds what Uptime Kuma posted itself, which is neither answered nor obeyed.
// What cannot be folded stands in the room, and holds nothing up.
func (d *Desk) heard(ctx context.Context, e store.RoomEvent) error {
	if cards.EventKind(e.Kind) != cards.Said {
		return d.ignore(ctx, e)
	}
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := d.Alerts.Hear(tx, e.Body, e.At); err != nil {
			return err
		}
		return tx.EventHandled(e.ID)
	})
	if err == nil {
		d.Outbox.Wake()
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	d.Log.ErrorContext(ctx, "a message of Uptime Kuma cannot be folded", "event", e.EventID, "err", err, "stack", stackOf(err))
	return d.ignore(ctx, e)
}

// ignore marks an event as handled without doing anything.
func (d *Desk) ignore(ctx context.Context, e store.RoomEvent) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error { return tx.EventHandled(e.ID) })
}

func (d *Desk) said(ctx context.Context, e store.RoomEvent) error {
	card, err := d.cardAbove(ctx, e)
	if err != nil {
		return err
	}
	body := d.unmarked(e.Body, card, e.At.In(d.Location))
	name, args, rest, isCommand := parse(body)
	if !isCommand {
		return d.ignore(ctx, e)
	}
	cmd, near, found := d.find(name)
	call := &Call{Desk: d, Event: e, Args: args, Rest: rest, Tail: tailOf(body, name), card: card}
	switch {
	case !cmd.Acts && time.Since(e.At) > waiting:
		return d.tooLate(ctx, e)
	case !found:
		call.unknown(name, near)
		return d.finish(ctx, call, "unknown", "mistake", nil)
	case cmd.Acts:
		if allowed, err := d.mayUse(ctx, cmd, e); !allowed || err != nil {
			return d.deny(ctx, call, cmd, err)
		}
	}
	if cmd.Ask != nil {
		d.answer(ctx, cmd, call)
		return nil
	}
	return d.finish(ctx, call, cmd.Name, "", func(tx *store.Tx) error { return cmd.Do(tx, call) })
}

func (c *Call) unknown(name, near string) {
	c.Reply.Text(c.Say("command.unknown", "Name", text.OneLine(name, 30)) + " ")
	if near != "" {
		c.Reply.Text(c.Say("command.near") + " ")
		c.Reply.Code("!" + near).Text(c.Say("command.question"))
		return
	}
	help, _, _ := c.Desk.find("help")
	c.Reply.Text(c.Say("command.see") + " ")
	c.Reply.Code("!" + c.Desk.callName(help))
}

// finish runs do, stores the reply and the audit line, and marks the event as
// handled: all or nothing, and then what the call left for after it. When do
// fails, a second transaction says so in the room, and the reason goes to the log.
func (d *Desk) finish(ctx context.Context, c *Call, action, outcome string, do func(tx *store.Tx) error) error {
	err := d.commit(ctx, c, action, outcome, do)
	if err == nil && c.after != nil {
		c.after()
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	d.Log.ErrorContext(ctx, "a command failed", "command", action, "event", c.Event.EventID, "err", err, "stack", stackOf(err))
	c.Reply, c.picture = text.Message{}, nil
	c.Reply.Text(c.Say("command.failed"))
	return d.commit(ctx, c, action, "failed", nil)
}

func (d *Desk) commit(ctx context.Context, c *Call, action, outcome string, do func(tx *store.Tx) error) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		if do != nil {
			if err := do(tx); err != nil {
				return err
			}
		}
		if outcome == "" {
			outcome = c.outcome()
		}
		if err := d.reply(tx, c); err != nil {
			return err
		}
		if err := d.Outbox.RemoveReaction(tx, hourglassKey(c.Event)); err != nil {
			return err
		}
		if err := tx.Record(store.Deed{
			Who: c.Event.Sender, Action: action, Subject: c.subject, How: "command", EventID: c.Event.EventID, Outcome: outcome,
		}); err != nil {
			return err
		}
		return tx.EventHandled(c.Event.ID)
	})
	if err == nil {
		d.Outbox.Wake()
	}
	return err
}

func (c *Call) outcome() string {
	if c.mistake {
		return "mistake"
	}
	return "done"
}

// reply puts the call's reply into the outbox, if there is one.
func (d *Desk) reply(tx *store.Tx, c *Call) error {
	plain := c.Reply.Plain()
	if plain == "" {
		return nil
	}
	return d.Outbox.AddNotice(tx, "event-"+strconv.FormatInt(c.Event.ID, 10), c.Event.Room, cards.Message{
		Plain: plain, HTML: c.Reply.HTML(), ReplyTo: c.Event.EventID, Thread: c.Event.Thread, Image: c.picture,
	})
}

// mayUse reports whether the sender of an event has the right to a command that
// acts.
func (d *Desk) mayUse(ctx context.Context, cmd Command, e store.RoomEvent) (bool, error) {
	if cmd.Listed {
		return slices.Contains(d.Rights.People, e.Sender), nil
	}
	return d.mayAct(ctx, e)
}

// mayAct reports whether the sender of an event has the right to act in its room.
func (d *Desk) mayAct(ctx context.Context, e store.RoomEvent) (bool, error) {
	if slices.Contains(d.Rights.People, e.Sender) {
		return true, nil
	}
	level, err := d.Rooms.PowerLevel(ctx, e.Room, e.Sender)
	if err != nil {
		return false, fmt.Errorf("read the rights of a person: %w", err)
	}
	return level >= d.Rights.Act, nil
}

// deny tells somebody that they lack the right to a command. A right that could
// not be read is an error of ours, to be tried again.
func (d *Desk) deny(ctx context.Context, c *Call, cmd Command, cause error) error {
	if cause != nil {
		return cause
	}
	why := "command.denied"
	if cmd.Listed {
		why = "command.denied-listed"
	}
	c.Reply.Text(c.Say(why))
	return d.commit(ctx, c, cmd.Name, "refused", nil)
}

func stackOf(err error) string {
	if p, ok := errors.AsType[*store.PanicError](err); ok {
		return p.Stack
	}
	return ""
}

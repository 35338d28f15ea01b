package pulse

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// What a ping says; the end of its address.
const (
	success = ""
	start   = "start"
	fail    = "fail"
	note    = "log"
)

// beat is what one heartbeat has heard so far.
type beat struct {
	Heartbeat
	client *http.Client
	log    *slog.Logger
	agent  string

	run   string    // the round that it heard the start of and not the end; "" for none
	last  time.Time // when it last heard how the bot is
	heard string    // what it heard then: a verdict's name
	lost  bool      // the last ping did not arrive
}

// begin says that the bot starts. It changes nothing in what Healthchecks thinks of
// the bot; it explains why it was silent.
func (b *beat) begin(ctx context.Context, said string) { b.send(ctx, note, said) }

// start says that a round begins, if one is due. Healthchecks then shows how long the
// way took, which is how a homeserver that grows slow is seen; and a round that never
// ends is missed sooner than the next ping would be.
func (b *beat) start(ctx context.Context, at time.Time) {
	if !b.due(at) || b.run != "" {
		return
	}
	b.run = uuid.NewString()
	ctx, cancel := context.WithTimeout(ctx, attemptTime/2)
	defer cancel()
	if err := b.once(ctx, start, ""); err != nil {
		b.log.DebugContext(ctx, "the start of a round was not told", "heartbeat", b.Name, "err", err)
	}
}

// due reports whether it is time to hear of the bot. A round may come a little early.
func (b *beat) due(at time.Time) bool {
	return b.last.IsZero() || at.Sub(b.last) >= b.Every-lookEvery/2
}

// tell says how the bot is, when that is due or has changed. While it is in doubt,
// nothing is said: not that all is well, and not yet that it is not.
func (b *beat) tell(ctx context.Context, at time.Time, v verdict, said string) {
	if v.doubtful() || !b.due(at) && b.heard == v.name() {
		return
	}
	signal := fail
	if v.well() {
		signal = success
	}
	if b.send(ctx, signal, said) {
		b.last, b.heard, b.run = at, v.name(), ""
	}
}

// send pings, and reports whether that is over: what did not arrive is said again in
// the next round, with what is true then. An outage is logged once.
func (b *beat) send(ctx context.Context, signal, said string) (over bool) {
	err := b.ping(ctx, signal, said)
	level := slog.LevelWarn
	if b.lost {
		level = slog.LevelDebug
	}
	var refused *refusedError
	switch {
	case err == nil && b.lost:
		b.log.InfoContext(ctx, "heartbeats arrive again", "heartbeat", b.Name)
	case errors.As(err, &refused):
		b.log.ErrorContext(ctx, "a heartbeat is refused", "heartbeat", b.Name, "signal", signal, "err", err)
	case err != nil && ctx.Err() == nil:
		b.log.Log(ctx, level, "a heartbeat did not arrive", "heartbeat", b.Name, "signal", signal, "err", err)
	}
	b.lost = err != nil
	return err == nil || refused != nil
}

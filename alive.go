package main

import (
	"context"
	"strings"
	"time"

	"ronde/pulse"
)

// Within how long each part of the way has to show that it works.
const (
	// echoWithin leaves out what came back in an earlier look, a minute ago.
	echoWithin = 30 * time.Second
	// outboxWithin leaves room for a homeserver that refuses an event a few times.
	outboxWithin = 10 * time.Minute
)

// newPulse returns what tells the heartbeats how r is, or nil when there are none.
func (r *ronde) newPulse() *pulse.Pulse {
	if len(r.config.Heartbeats) == 0 {
		return nil
	}
	return &pulse.Pulse{
		Parts: r.way(), Heartbeats: r.config.Heartbeats, Version: version,
		Language: r.language, Location: r.config.Location, Log: r.log, HTTP: r.http,
	}
}

// way is the way that the bot's work goes, part by part.
func (r *ronde) way() []pulse.Part {
	parts := []pulse.Part{{Name: pulse.Matrix, Seen: r.bot.Echo, Within: echoWithin}}
	if r.mailbox != nil {
		read := func(context.Context) time.Time { return r.mailbox.Health().LastOK }
		parts = append(parts, pulse.Part{Name: pulse.Mailbox, Seen: read, Within: r.mailbox.Silence()})
	}
	return append(parts,
		pulse.Part{Name: pulse.Clock, Seen: func(context.Context) time.Time { return r.lastTick() }, Within: silence},
		pulse.Part{Name: pulse.Outbox, Seen: func(context.Context) time.Time { return r.outbox.Flowed() }, Within: outboxWithin, Behind: pulse.Matrix},
	)
}

// stuck names the loops of the process that do not go on, whatever the homeserver and
// the mail server do; "" when all do.
func (r *ronde) stuck() string {
	var names []string
	for _, loop := range []struct {
		name  string
		alive bool
	}{
		{pulse.Clock, r.lastTick().IsZero() || time.Since(r.lastTick()) <= silence},
		{pulse.Matrix, r.bot.Alive()},
		{pulse.Outbox, r.outbox.Alive()},
	} {
		if !loop.alive {
			names = append(names, loop.name)
		}
	}
	return strings.Join(names, " ")
}

// ticked notes that the clock goes.
func (r *ronde) ticked() { now := time.Now(); r.tickedAt.Store(&now) }

// lastTick returns when the clock last ticked, zero for never.
func (r *ronde) lastTick() time.Time {
	if at := r.tickedAt.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

package bot

import (
	"context"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// harvest is what one sync brought, before it is stored.
type harvest struct {
	batch  cards.Batch
	sealed []sealedEvent
	last   map[*place]id.EventID
	seen   map[string]bool
}

func (h *harvest) add(e cards.Event) {
	if h.seen[e.ID] {
		return
	}
	h.seen[e.ID] = true
	h.batch.Events = append(h.batch.Events, e)
}

// gather collects the events of a sync response in order. An error means that
// the same sync must be asked for again.
func (b *Bot) gather(ctx context.Context, resp *mautrix.RespSync, since string, asked time.Time) (*harvest, error) {
	h := &harvest{
		batch: cards.Batch{Token: resp.NextBatch, Asked: asked},
		last:  map[*place]id.EventID{}, seen: map[string]bool{},
	}
	if len(resp.ToDevice.Events) > 0 || !b.sealed.tried {
		for _, e := range b.reopen(ctx) {
			h.add(e)
		}
	}
	for _, p := range b.rooms.places {
		room := resp.Rooms.Join[p.id]
		if room == nil || p.id == "" {
			continue
		}
		timeline := room.Timeline.Events
		if b.gapBefore(room, since) {
			missed, err := b.catchUp(ctx, p, room.Timeline.PrevBatch, since)
			if err != nil {
				return nil, err
			}
			timeline = append(missed, timeline...)
		}
		b.reap(ctx, h, p, timeline, since == "")
	}
	return h, nil
}

// gapBefore reports whether events between since and the timeline are missing.
// Those before the bot's own arrival are not missed.
func (b *Bot) gapBefore(room *mautrix.SyncJoinedRoom, since string) bool {
	if since == "" || !room.Timeline.Limited || room.Timeline.PrevBatch == "" {
		return false
	}
	return arrival(room.Timeline.Events, b.cli.UserID) < 0
}

// arrival returns the index of the user's last arrival in the timeline, or -1.
func arrival(timeline []*event.Event, user id.UserID) int {
	for i, t := range slices.Backward(timeline) {
		if joins(t, user) {
			return i
		}
	}
	return -1
}

func (b *Bot) reap(ctx context.Context, h *harvest, p *place, timeline []*event.Event, first bool) {
	came := arrival(timeline, b.cli.UserID)
	for i, evt := range timeline {
		h.last[p] = evt.ID
		evt.RoomID = p.id
		e, ok := b.take(ctx, evt, first || i < came)
		if !ok {
			continue
		}
		if e.Kind == cards.Sealed && !h.seen[e.ID] {
			h.sealed = append(h.sealed, sealedEvent{evt: evt, known: e})
		}
		h.add(e)
	}
}

// take reads one event; false means that it is nothing for the bot, or that it
// is malformed, which is logged.
func (b *Bot) take(ctx context.Context, evt *event.Event, history bool) (e cards.Event, ok bool) {
	defer survive(b.log, evt)
	e, ok = b.read(ctx, evt, history)
	e.History = history
	return e, ok
}

func (b *Bot) read(ctx context.Context, evt *event.Event, history bool) (cards.Event, bool) {
	if err := prepare(evt, evt.RoomID); err != nil {
		b.log.Warn("a malformed event was skipped", "event", evt.ID, "room", evt.RoomID, "error", err)
		return cards.Event{}, false
	}
	if evt.Type != event.EventEncrypted || evt.ID == "" {
		return cardEvent(evt, b.cli.UserID)
	}
	if evt.Content.AsEncrypted().Algorithm == "" { // taken back
		return cards.Event{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime) // it may ask for the sender's devices
	defer cancel()
	decrypted, err := b.machine().DecryptMegolmEvent(ctx, evt)
	switch {
	case broken(err):
		b.log.Warn("an encrypted event is broken and was skipped", "event", evt.ID, "room", evt.RoomID, "error", err)
		return cards.Event{}, false
	case err != nil:
		return b.seal(evt, history)
	}
	e, ok := cardEvent(decrypted, b.cli.UserID)
	if ok && impersonates(decrypted) {
		b.log.Warn("an encrypted event is not acted on: its key does not come from its sender", "event", evt.ID, "sender", evt.Sender)
		e.Kind = cards.Noticed
	}
	return e, ok
}

// impersonates reports whether the key of an event came from somebody other than
// the sender's device: whoever passes a key on can write anything with it.
func impersonates(evt *event.Event) bool {
	return evt.Mautrix.ForwardedKeys || evt.Mautrix.TrustState == id.TrustStateDeviceKeyMismatch
}

func (b *Bot) seal(evt *event.Event, history bool) (cards.Event, bool) {
	raw, err := encodeSealed(evt, history)
	if err != nil {
		b.log.Error("an encrypted event cannot be kept", "event", evt.ID, "error", err)
		return cards.Event{}, false
	}
	return cards.Event{
		ID: evt.ID.String(), Room: evt.RoomID.String(), Sender: evt.Sender.String(),
		At: time.UnixMilli(evt.Timestamp), Kind: cards.Sealed, Own: evt.Sender == b.cli.UserID, Raw: raw,
	}, true
}

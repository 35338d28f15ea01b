package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const (
	pollTime      = 30 * time.Second // how long the homeserver may hold a /sync
	pollMargin    = time.Minute      // how much longer the answer may take
	firstPollTime = 5 * time.Minute  // for the very first /sync, which can be large
)

// listen syncs until ctx ends. It moves on to the next token only when the events
// of the last one are stored.
func (b *Bot) listen(ctx context.Context, since string) error {
	patience := b.newPatience()
	hurry := true
	for {
		next, err := b.round(ctx, since, hurry)
		switch {
		case errors.Is(err, errNudged):
			continue
		case err != nil:
			if err := patience.wait(ctx, err); err != nil {
				return err
			}
			hurry = true
		default:
			patience.end()
			since, hurry = next, false
			b.pace.allow(longestStep)
			b.settle(ctx)
		}
	}
}

// round does one sync: ask, take in, store. It returns the next token.
func (b *Bot) round(ctx context.Context, since string, hurry bool) (string, error) {
	asked := time.Now()
	resp, err := b.ask(ctx, since, hurry)
	b.reach.heard(err)
	if err != nil {
		return "", err
	}
	b.pace.allow(longestStep)
	echoed := b.takeEchoes(resp)
	h, err := b.digest(ctx, resp, since, asked)
	if err != nil {
		return "", err
	}
	if err := b.receiver.Receive(ctx, h.batch); err != nil {
		return "", fmt.Errorf("store what happened in the rooms: %w", err)
	}
	b.stored(ctx, h)
	b.echoes.came(echoed)
	return resp.NextBatch, nil
}

// stored takes note of what is safe now.
func (b *Bot) stored(ctx context.Context, h *harvest) {
	for _, e := range h.batch.Events {
		b.forget(id.EventID(e.ID))
	}
	for _, s := range h.sealed {
		b.remember(ctx, s)
	}
	for p, last := range h.last {
		b.rooms.with(func() { p.last = last })
	}
	b.sealed.tried = true
	b.begun()
}

// ask makes one /sync request. Its error is errNudged when a fresh one is wanted.
func (b *Bot) ask(parent context.Context, since string, hurry bool) (*mautrix.RespSync, error) {
	ctx, cancel, hurry := b.poll.begin(parent, hurry)
	defer cancel(nil)
	defer b.poll.over()
	wait := b.pollTime()
	if hurry {
		wait = 0
	}
	limit := wait + pollMargin
	if since == "" {
		limit = firstPollTime
	}
	b.pace.allow(limit)
	timed, stop := context.WithTimeout(ctx, limit)
	defer stop()
	resp, err := b.request(timed, since, wait)
	if err != nil && parent.Err() == nil && errors.Is(context.Cause(ctx), errNudged) {
		return nil, errNudged
	}
	return resp, err
}

func (b *Bot) request(ctx context.Context, since string, wait time.Duration) (*mautrix.RespSync, error) {
	resp, err := b.cli.FullSyncRequest(ctx, mautrix.ReqSync{
		Timeout: int(wait.Milliseconds()), Since: since, FilterID: filter(),
	})
	if body, ok := unreadable(err); ok {
		resp = &mautrix.RespSync{}
		err = salvage(body, resp, b.lost)
	}
	if err != nil {
		return nil, fmt.Errorf("sync: %w", err)
	}
	if resp == nil || resp.NextBatch == "" {
		return nil, errors.New("sync: the answer has no next_batch")
	}
	return clean(resp), nil
}

func (b *Bot) lost(eventID string) {
	b.log.Error("a malformed event was skipped", "event", eventID)
}

// pollTime is how long to let the homeserver wait: shorter when a room is to be
// tried again before.
func (b *Bot) pollTime() time.Duration {
	wait := pollTime
	for _, p := range b.rooms.places {
		if !p.known {
			wait = min(wait, max(time.Until(p.next), time.Second))
		}
	}
	return wait
}

// filter asks for what the bot needs. It is sent with each request, which saves
// one at the start. Members are not loaded lazily: with few people in a room it
// costs little, and each of them must get the keys.
func filter() string {
	nothing := &mautrix.FilterPart{NotTypes: []event.Type{{Type: "*"}}}
	text, err := json.Marshal(&mautrix.Filter{
		Presence: nothing, AccountData: nothing,
		Room: &mautrix.RoomFilter{
			Ephemeral: nothing, AccountData: nothing,
			Timeline: &mautrix.FilterPart{Limit: 100},
		},
	})
	if err != nil {
		panic(err) // a constant that does not encode is a mistake in this file
	}
	return string(text)
}

// clean takes out what is null where an object belongs.
func clean(resp *mautrix.RespSync) *mautrix.RespSync {
	drop := func(events ...*[]*event.Event) {
		for _, list := range events {
			*list = slices.DeleteFunc(*list, isNil)
		}
	}
	maps.DeleteFunc(resp.Rooms.Join, func(_ id.RoomID, r *mautrix.SyncJoinedRoom) bool { return r == nil })
	maps.DeleteFunc(resp.Rooms.Leave, func(_ id.RoomID, r *mautrix.SyncLeftRoom) bool { return r == nil })
	maps.DeleteFunc(resp.Rooms.Invite, func(_ id.RoomID, r *mautrix.SyncInvitedRoom) bool { return r == nil })
	drop(&resp.ToDevice.Events, &resp.Presence.Events, &resp.AccountData.Events)
	for _, r := range resp.Rooms.Join {
		r.StateAfter = nil // not asked for
		drop(&r.State.Events, &r.Timeline.Events, &r.Ephemeral.Events, &r.AccountData.Events, &r.Sticky.Events)
	}
	for _, r := range resp.Rooms.Leave {
		drop(&r.State.Events, &r.Timeline.Events)
	}
	for _, r := range resp.Rooms.Invite {
		drop(&r.State.Events)
	}
	return resp
}

package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// digest feeds a sync response to the crypto machine and the state store, and
// returns what happened in the rooms. An error means that the same sync must be
// asked for again; taking it in twice does no harm.
func (b *Bot) digest(ctx context.Context, resp *mautrix.RespSync, since string, asked time.Time) (*harvest, error) {
	// First of all, before anything else can go wrong: which rooms are encrypted.
	if err := b.noteEncryption(ctx, resp); err != nil {
		return nil, err
	}
	b.feedMachine(ctx, resp)
	if err := b.syncer.ProcessResponse(ctx, resp, since); err != nil {
		return nil, fmt.Errorf("take in the state of the rooms: %w", err)
	}
	for room := range resp.Rooms.Join {
		if err := b.enforceEncryption(ctx, room); err != nil {
			return nil, err
		}
	}
	b.follow(resp)
	b.collectInvites(resp)
	return b.gather(ctx, resp, since, asked)
}

// noteEncryption looks for the event that makes a room encrypted. Any such event
// counts, also one that mautrix would drop as malformed.
func (b *Bot) noteEncryption(ctx context.Context, resp *mautrix.RespSync) error {
	for room, info := range resp.Rooms.Join {
		if !slices.ContainsFunc(info.State.Events, encrypts) && !slices.ContainsFunc(info.Timeline.Events, encrypts) {
			continue
		}
		if err := b.markEncrypted(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

func encrypts(evt *event.Event) bool {
	return evt.Type.Type == event.StateEncryption.Type && evt.StateKey != nil && *evt.StateKey == ""
}

// feedMachine gives the crypto machine its part: changed devices, keys that
// others sent, and how many one-time keys are left.
func (b *Bot) feedMachine(ctx context.Context, resp *mautrix.RespSync) {
	b.refreshDevices(ctx, resp.DeviceLists.Changed)
	for _, evt := range resp.ToDevice.Events {
		b.feedToDevice(ctx, evt)
	}
	b.machine().MarkOlmHashSavePoint(ctx)
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	b.machine().HandleOTKCounts(ctx, &resp.DeviceOTKCount)
}

func (b *Bot) feedToDevice(ctx context.Context, evt *event.Event) {
	defer survive(b.log, evt)
	evt.Type.Class = event.ToDeviceEventType
	if err := evt.Content.ParseRaw(evt.Type); err != nil {
		b.log.Debug("a message to the device was skipped", "type", evt.Type.Type, "sender", evt.Sender, "error", err)
		return
	}
	b.machine().HandleToDeviceEvent(ctx, evt)
}

// refreshDevices asks for the devices of users that changed them. Those that
// could not be asked for are asked for again next time: mautrix would forget
// them, and their new devices could read nothing.
func (b *Bot) refreshDevices(ctx context.Context, changed []id.UserID) {
	for _, user := range changed {
		b.stale[user] = true
	}
	if len(b.stale) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if _, err := b.machine().FetchKeys(ctx, slices.Sorted(maps.Keys(b.stale)), false); err != nil {
		b.log.Warn("the devices of some users could not be asked for", "users", len(b.stale), "error", err)
		return
	}
	clear(b.stale)
}

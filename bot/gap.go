package bot

import (
	"context"
	"fmt"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const (
	pageSize = 100
	gapLimit = 5000 // events of one room that are caught up with after a long absence
)

// catchUp returns the events between two sync tokens, oldest first, that a
// limited timeline left out. It goes back to what is known, to the bot's own
// arrival, or to the limit. An error means that asking again may help.
func (b *Bot) catchUp(ctx context.Context, p *place, from, since string) ([]*event.Event, error) {
	var missed []*event.Event // newest first
	for len(missed) < gapLimit {
		b.pace.allow(longestStep)
		page, err := b.page(ctx, p.id, from, since)
		if err != nil && final(err) {
			b.log.Error("events of a long absence cannot be read back and are lost", "room", p.id, "error", err)
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what happened meanwhile in %s: %w", p.id, err)
		}
		fresh, done := b.until(page.Chunk, p)
		missed = append(missed, fresh...)
		if done || len(page.Chunk) == 0 || page.End == "" || page.End == from {
			slices.Reverse(missed)
			return missed, nil
		}
		from = page.End
	}
	if len(missed) >= gapLimit {
		b.log.Error("too much happened during a long absence, the oldest events are left out", "room", p.id, "read", len(missed))
	}
	slices.Reverse(missed)
	return missed, nil
}

func (b *Bot) page(ctx context.Context, room id.RoomID, from, to string) (*mautrix.RespMessages, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	page, err := b.cli.Messages(ctx, room, from, to, mautrix.DirectionBackward, nil, pageSize)
	if body, ok := unreadable(err); ok {
		page = &mautrix.RespMessages{}
		err = salvage(body, page, b.lost)
	}
	if err != nil {
		return nil, err
	}
	page.Chunk = slices.DeleteFunc(page.Chunk, isNil)
	return page, nil
}

// until cuts a page, newest first, where what is known begins.
func (b *Bot) until(page []*event.Event, p *place) (fresh []*event.Event, done bool) {
	for i, evt := range page {
		if evt.ID == p.last && p.last != "" {
			return page[:i], true
		}
		if joins(evt, b.cli.UserID) {
			return page[:i+1], true
		}
	}
	return page, false
}

func isNil(evt *event.Event) bool { return evt == nil }

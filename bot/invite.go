package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// invite is an invitation that is not answered yet.
type invite struct {
	room  id.RoomID
	from  id.UserID
	alias string // what the invitation says the room's alias is; nobody vouches for it
}

// collectInvites takes the invitations out of a sync response.
func (b *Bot) collectInvites(resp *mautrix.RespSync) {
	for room, info := range resp.Rooms.Invite {
		i := invite{room: room}
		for _, evt := range info.State.Events {
			switch {
			case evt.Type.Type == event.StateMember.Type && evt.GetStateKey() == b.cli.UserID.String():
				i.from = evt.Sender
			case evt.Type.Type == event.StateCanonicalAlias.Type:
				i.alias, _ = evt.Content.Raw["alias"].(string)
			}
		}
		b.invites[room] = i
	}
	for room := range resp.Rooms.Join {
		delete(b.invites, room)
	}
	for room := range resp.Rooms.Leave {
		delete(b.invites, room)
	}
}

// answerInvites accepts or refuses what is open. What could not be answered
// stays open.
func (b *Bot) answerInvites(ctx context.Context) {
	for room, i := range b.invites {
		err := b.answer(ctx, i)
		if err == nil || final(err) {
			delete(b.invites, room)
		}
		if err != nil {
			b.log.Warn("an invitation could not be answered", "room", room, "from", i.from, "error", err)
		}
	}
}

// final reports whether the homeserver refused for good.
func final(err error) bool {
	status, code := answered(err)
	return refuses(status, code) && !tokenDead(err)
}

func (b *Bot) answer(ctx context.Context, i invite) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	p, err := b.invitedTo(ctx, i)
	if err != nil {
		return err
	}
	if p == nil || !slices.Contains(b.cfg.Inviters, i.from.String()) {
		b.log.Warn("refused an invitation", "room", i.room, "from", i.from, "configured", p != nil)
		if _, err := b.cli.LeaveRoom(ctx, i.room); err != nil {
			return fmt.Errorf("refuse the invitation to %s: %w", i.room, err)
		}
		return nil
	}
	if _, err := b.cli.JoinRoomByID(ctx, i.room); err != nil {
		return fmt.Errorf("accept the invitation to %s: %w", i.room, err)
	}
	if err := b.locate(ctx, p, i.room); err != nil {
		return err
	}
	b.log.Info("joined a room", "room", i.room, "as", p.names, "invited by", i.from)
	b.rooms.with(func() { p.joined, p.next, p.tries = true, time.Time{}, 0 })
	return nil
}

// invitedTo returns the configured room that an invitation is for, nil if none.
// An alias is looked up; only if the homeserver does not know it does the name
// in the invitation count, which then also needs an inviter from the list.
func (b *Bot) invitedTo(ctx context.Context, i invite) (*place, error) {
	for _, p := range b.rooms.places {
		if !p.byAlias() {
			if p.id == i.room {
				return p, nil
			}
			continue
		}
		answer, err := b.cli.ResolveAlias(ctx, id.RoomAlias(p.address))
		switch {
		case err == nil && answer.RoomID == i.room:
			return p, nil
		case errors.Is(err, mautrix.MNotFound) && i.alias == p.address:
			return p, nil
		case err != nil && !errors.Is(err, mautrix.MNotFound):
			return nil, fmt.Errorf("find the room behind %s: %w", p.address, err)
		}
	}
	return nil, nil
}

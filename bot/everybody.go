package bot

import (
	"context"
	"fmt"
	"slices"

	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// nameEverybody returns the message to send for one that mentions its room. Where the bot
// lacks the level that this needs (notifications.room, normally 50), phones ignore such
// a mention, so each person who is there is mentioned instead.
func (b *Bot) nameEverybody(ctx context.Context, out cards.Outgoing) (cards.Outgoing, error) {
	room := id.RoomID(out.Room)
	if out.Message == nil || !out.Message.MentionsRoom || out.Edits != "" || b.mayMentionRoom(ctx, room) {
		return out, nil
	}
	people, err := b.peopleIn(ctx, room)
	if err != nil {
		return out, err
	}
	m := *out.Message
	m.MentionsRoom, m.Mentions = false, people
	out.Message = &m
	return out, nil
}

// mayMentionRoom is false also where no sync has told the room's levels.
func (b *Bot) mayMentionRoom(ctx context.Context, room id.RoomID) bool {
	levels, err := b.cli.StateStore.GetPowerLevels(ctx, room)
	return err == nil && levels != nil && levels.GetUserLevel(b.cli.UserID) >= levels.Notifications.Room()
}

// peopleIn returns who is in a room, but for the bot. When it fails, nothing has been sent.
func (b *Bot) peopleIn(ctx context.Context, room id.RoomID) (people []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	members, err := b.cli.JoinedMembers(ctx, room)
	if err != nil {
		b.noticeLogout(err)
		if after, ok := pauseAsked(err); ok {
			return nil, &cards.RateLimitError{After: after}
		}
		return nil, fmt.Errorf("ask who is in %s: %w: %w", room, cards.ErrNotSent, err)
	}
	for user := range members.Joined {
		if user != b.cli.UserID {
			people = append(people, user.String())
		}
	}
	slices.Sort(people)
	return people, nil
}

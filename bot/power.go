package bot

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// PowerLevel returns a user's power level in a room: 0 for most people, 50 for
// moderators, 100 for administrators; math.MaxInt for the creators of a room of
// version 12 or later, whom nothing limits. It costs a request only if no sync
// has told the room's levels.
func (b *Bot) PowerLevel(ctx context.Context, room, user string) (int, error) {
	roomID := id.RoomID(room)
	levels, err := b.cli.StateStore.GetPowerLevels(ctx, roomID)
	if err != nil {
		return 0, fmt.Errorf("read the power levels of %s: %w", room, err)
	}
	if levels != nil && levels.CreateEvent != nil {
		return levels.GetUserLevel(id.UserID(user)), nil
	}
	return b.askPowerLevel(ctx, roomID, id.UserID(user))
}

// askPowerLevel gets the room's state from the homeserver. In a room without
// power levels, only who made it has any.
func (b *Bot) askPowerLevel(ctx context.Context, room id.RoomID, user id.UserID) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	create, err := b.cli.FullStateEvent(ctx, room, event.StateCreate, "")
	if err != nil {
		return 0, fmt.Errorf("ask who made %s: %w", room, err)
	}
	levels := &event.PowerLevelsEventContent{}
	err = b.cli.StateEvent(ctx, room, event.StatePowerLevels, "", levels)
	levels.CreateEvent = create
	switch {
	case err == nil:
		return levels.GetUserLevel(user), nil
	case errors.Is(err, mautrix.MNotFound) && create.Content.AsCreate().SupportsCreatorPower():
		return levels.GetUserLevel(user), nil
	case errors.Is(err, mautrix.MNotFound) && create.Sender == user:
		return 100, nil
	case errors.Is(err, mautrix.MNotFound):
		return 0, nil
	default:
		return 0, fmt.Errorf("ask for the power levels of %s: %w", room, err)
	}
}

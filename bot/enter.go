package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// settle does what is left to do about the rooms: answers invitations, joins,
// and learns what must be known before anything is sent. It runs between two
// syncs, so that what it learns is never older than what was synced.
func (b *Bot) settle(ctx context.Context) {
	b.answerInvites(ctx)
	for _, p := range b.rooms.places {
		if p.known || time.Now().Before(p.next) || ctx.Err() != nil {
			continue
		}
		if err := b.enter(ctx, p); err != nil && !tokenDead(err) {
			b.postpone(p, err)
		}
	}
}

// enter joins a room and learns its state. It may be called again at any time.
func (b *Bot) enter(ctx context.Context, p *place) error {
	if err := b.resolve(ctx, p); err != nil {
		return err
	}
	if !p.joined && b.cli.StateStore.IsInRoom(ctx, p.id, b.cli.UserID) {
		b.rooms.with(func() { p.joined = true })
	}
	if !p.joined {
		if err := b.join(ctx, p); err != nil {
			return err
		}
	}
	err := b.learn(ctx, p)
	if errors.Is(err, mautrix.MForbidden) {
		b.rooms.with(func() { p.joined = false })
		_ = b.cli.StateStore.SetMembership(ctx, p.id, b.cli.UserID, event.MembershipLeave)
	}
	return err
}

// resolve finds the room behind an alias, once per start: the alias may have
// moved. As long as nobody answers, the room known from before is good enough.
func (b *Bot) resolve(ctx context.Context, p *place) error {
	if !p.byAlias() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	answer, err := b.cli.ResolveAlias(ctx, id.RoomAlias(p.address))
	switch {
	case err == nil && answer.RoomID != "":
		return b.locate(ctx, p, answer.RoomID)
	case p.id != "":
		return nil
	case err == nil:
		return fmt.Errorf("find the room behind %s: the homeserver named none", p.address)
	default:
		return fmt.Errorf("find the room behind %s: %w", p.address, err)
	}
}

// locate records which room an alias means.
func (b *Bot) locate(ctx context.Context, p *place, room id.RoomID) error {
	if p.id == room {
		return nil
	}
	if p.id != "" {
		b.log.Warn("an alias points to another room now", "alias", p.address, "was", p.id, "is", room)
	}
	if p.byAlias() {
		if err := b.keeper.SetValue(ctx, aliasKey(p.address), room.String()); err != nil {
			return fmt.Errorf("keep which room %s is: %w", p.address, err)
		}
	}
	_, encrypted, err := b.keeper.Value(ctx, encryptedKey(room))
	if err != nil {
		return fmt.Errorf("read whether %s is encrypted: %w", room, err)
	}
	b.rooms.with(func() {
		p.id, p.joined, p.known, p.last = room, false, false, ""
		if encrypted {
			b.rooms.encrypted[room], b.rooms.kept[room] = true, true
		}
	})
	return nil
}

func (b *Bot) join(ctx context.Context, p *place) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	answer, err := b.cli.JoinRoom(ctx, p.address, nil)
	if err != nil {
		return fmt.Errorf("join %s: %w", p.address, err)
	}
	if answer.RoomID != p.id {
		if err := b.locate(ctx, p, answer.RoomID); err != nil {
			return err
		}
	}
	b.rooms.with(func() { p.joined = true })
	b.log.Info("joined a room", "room", p.id, "as", p.names)
	return nil
}

// learn asks the homeserver whether a room is encrypted and who is in it. Both
// are asked for each time the bot starts: the encryption because a message in
// clear cannot be taken back, the members because each must get the keys.
func (b *Bot) learn(ctx context.Context, p *place) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var content json.RawMessage
	err := b.cli.StateEvent(ctx, p.id, event.StateEncryption, "", &content)
	switch {
	case err == nil:
		// Whatever it says: a room that was ever encrypted is.
		if err := b.markEncrypted(ctx, p.id); err != nil {
			return err
		}
	case !errors.Is(err, mautrix.MNotFound):
		return fmt.Errorf("ask whether %s is encrypted: %w", p.id, err)
	}
	if err := b.enforceEncryption(ctx, p.id); err != nil {
		return err
	}
	if _, err := b.cli.Members(ctx, p.id); err != nil {
		return fmt.Errorf("ask for the members of %s: %w", p.id, err)
	}
	b.rooms.with(func() { p.known, p.tries, p.next = true, 0, time.Time{} })
	b.receiver.Ready()
	return nil
}

// enforceEncryption makes mautrix's own record agree: with any other algorithm
// it takes the room for a clear one, and keeps using keys that former members have.
func (b *Bot) enforceEncryption(ctx context.Context, room id.RoomID) error {
	var encrypted bool
	b.rooms.with(func() { encrypted = b.rooms.encrypted[room] })
	if !encrypted {
		return nil
	}
	recorded, err := b.cli.StateStore.IsEncrypted(ctx, room)
	if err != nil {
		return fmt.Errorf("read whether %s is recorded as encrypted: %w", room, err)
	}
	if recorded {
		return nil
	}
	if err := b.cli.StateStore.SetEncryptionEvent(ctx, room, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}); err != nil {
		return fmt.Errorf("record that %s is encrypted: %w", room, err)
	}
	if err := b.machine().CryptoStore.RemoveOutboundGroupSession(ctx, room); err != nil {
		return fmt.Errorf("drop the keys of %s: %w", room, err)
	}
	return nil
}

// postpone logs the first failure to get into a room and decides when to try
// again. An invitation or a join that the sync tells of ends the wait.
func (b *Bot) postpone(p *place, err error) {
	wait := min(5*time.Second<<min(p.tries, 10), 10*time.Minute)
	b.rooms.with(func() {
		p.next = time.Now().Add(wait)
		p.tries++
	})
	if p.tries > 1 {
		b.log.Debug("a room is still not ready", "room", p.address, "error", err)
		return
	}
	if errors.Is(err, mautrix.MForbidden) || errors.Is(err, mautrix.MNotFound) {
		b.log.Warn("a room cannot be joined yet, waiting for an invitation", "room", p.address, "as", p.names, "error", err)
		return
	}
	b.log.Warn("a room is not ready yet", "room", p.address, "as", p.names, "error", err)
}

// follow takes note of rooms that the sync says the bot came into or fell out of.
func (b *Bot) follow(resp *mautrix.RespSync) {
	for room := range resp.Rooms.Join {
		if p := b.rooms.byID(room); p != nil && !p.joined {
			b.rooms.with(func() { p.joined, p.next, p.tries = true, time.Time{}, 0 })
		}
	}
	for room := range resp.Rooms.Leave {
		p := b.rooms.byID(room)
		if p == nil || !p.joined {
			continue
		}
		b.log.Warn("the bot is no longer in a room", "room", room, "as", p.names)
		b.rooms.with(func() { p.joined, p.known, p.next, p.tries = false, false, time.Time{}, 0 })
	}
}

package bot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// place is one of the rooms that the bot lives in.
type place struct {
	names   []string // the names it is configured under, one normally
	address string   // as configured: an id or an alias
	id      id.RoomID

	joined bool
	// known is true once the homeserver told this process whether the room is
	// encrypted and who is in it. Nothing is sent there before.
	known bool
	// last is the newest event taken in from it by this process.
	last id.EventID

	next  time.Time // when to try again to get in
	tries int
}

func (p *place) byAlias() bool { return strings.HasPrefix(p.address, "#") }

// rooms is what is known of the configured rooms. The sync loop writes it;
// anybody may read it.
type rooms struct {
	mu        sync.Mutex
	places    []*place
	encrypted map[id.RoomID]bool // once true, always true
	kept      map[id.RoomID]bool // of those: the keeper has it too
}

func newRooms(cfg Config) *rooms {
	r := &rooms{encrypted: map[id.RoomID]bool{}, kept: map[id.RoomID]bool{}}
	r.add(Technique, cfg.Technique)
	r.add(Supervision, cfg.Supervision)
	return r
}

func (r *rooms) add(name, address string) {
	if address == "" {
		return
	}
	for _, p := range r.places {
		if p.address == address {
			p.names = append(p.names, name)
			return
		}
	}
	p := &place{names: []string{name}, address: address}
	if !p.byAlias() {
		p.id = id.RoomID(address)
	}
	r.places = append(r.places, p)
}

// with runs fn with the rooms locked. It must not call anything that waits.
func (r *rooms) with(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn()
}

func (r *rooms) byID(room id.RoomID) *place {
	for _, p := range r.places {
		if p.id == room && room != "" {
			return p
		}
	}
	return nil
}

func (r *rooms) names() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[string]string{}
	for _, p := range r.places {
		for _, name := range p.names {
			if p.id != "" {
				names[name] = p.id.String()
			}
		}
	}
	return names
}

// sendable reports whether what goes to the room must be encrypted. Its error
// wraps [cards.ErrNotSent] as long as that is not known, and is a
// [*cards.RefusedError] for a room that is not configured (any more).
func (r *rooms) sendable(room id.RoomID) (encrypted bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byID(room)
	switch {
	case p == nil && r.allResolved():
		return false, &cards.RefusedError{Code: "not configured", Err: fmt.Errorf("send to %s: the room is not one of the bot's", room)}
	case p == nil:
		return false, fmt.Errorf("send to %s: %w: the bot does not know its rooms yet", room, cards.ErrNotSent)
	case !p.joined:
		return false, fmt.Errorf("send to %s: %w: the bot is not in the room", room, cards.ErrNotSent)
	case !p.known:
		return false, fmt.Errorf("send to %s: %w: whether the room is encrypted is not known yet", room, cards.ErrNotSent)
	}
	return r.encrypted[room], nil
}

func (r *rooms) allResolved() bool {
	for _, p := range r.places {
		if p.id == "" {
			return false
		}
	}
	return true
}

func encryptedKey(room id.RoomID) string { return "room.encrypted." + room.String() }

// aliasKey is where the room behind an alias is kept, so that a start needs no
// request to know it.
func aliasKey(alias string) string { return "room.alias." + alias }

// recall fills in what earlier runs learned.
func (b *Bot) recall(ctx context.Context) error {
	for _, p := range b.rooms.places {
		if p.byAlias() {
			value, _, err := b.keeper.Value(ctx, aliasKey(p.address))
			if err != nil {
				return fmt.Errorf("read which room %s is: %w", p.address, err)
			}
			b.rooms.with(func() { p.id = id.RoomID(value) })
		}
		if p.id == "" {
			continue
		}
		_, encrypted, err := b.keeper.Value(ctx, encryptedKey(p.id))
		if err != nil {
			return fmt.Errorf("read whether %s is encrypted: %w", p.id, err)
		}
		if encrypted {
			b.rooms.with(func() { b.rooms.encrypted[p.id], b.rooms.kept[p.id] = true, true })
		}
	}
	return nil
}

// markEncrypted records for good that a room is encrypted, whatever anybody says
// of it later.
func (b *Bot) markEncrypted(ctx context.Context, room id.RoomID) error {
	var kept bool
	b.rooms.with(func() {
		b.rooms.encrypted[room] = true
		kept = b.rooms.kept[room]
	})
	if kept {
		return nil
	}
	if err := b.keeper.SetValue(ctx, encryptedKey(room), "1"); err != nil {
		return fmt.Errorf("keep that %s is encrypted: %w", room, err)
	}
	b.rooms.with(func() { b.rooms.kept[room] = true })
	return nil
}

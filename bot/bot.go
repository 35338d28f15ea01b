// Package bot is the bot's presence on Matrix. It logs in, keeps one device with
// its keys, listens to the two configured rooms and sends what the outbox gives
// it, encrypted wherever a room is.
//
// It decides nothing. What happens in the rooms goes to a [cards.Receiver], which
// stores it before the sync token moves on; what is sent comes from whoever uses
// the [Bot] as a [cards.Sender]. No other package imports mautrix.
package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// Bot is one logged-in device. [Bot.Run] does its work; the other methods may be
// called from anywhere, also before Run.
type Bot struct {
	cfg      Config
	keeper   Keeper
	receiver cards.Receiver
	log      *slog.Logger

	cli    *mautrix.Client
	syncer *syncer
	helper *cryptohelper.CryptoHelper

	rooms  *rooms
	poll   poll
	echoes echoes
	pace   pace
	reach  reach
	synced chan struct{} // closed when a first /sync is stored

	// The rest belongs to the sync loop.
	sealed  sealedEvents
	invites map[id.RoomID]invite
	stale   map[id.UserID]bool // users whose devices could not be asked for
}

var _ cards.Sender = (*Bot)(nil)

// New takes up the account that [Login] kept, or fails with [ErrNoAccount]. A nil
// httpClient stands for the network.
func New(cfg Config, store Store, receiver cards.Receiver, log *slog.Logger, httpClient *http.Client) (*Bot, error) {
	account, err := loadAccount(context.Background(), store)
	if err != nil {
		return nil, err
	}
	if account.AccessToken == "" {
		return nil, ErrNoAccount
	}
	if account.UserID != cfg.User {
		return nil, fmt.Errorf("the store belongs to %s, but the configuration says %s: use another store for another account", account.UserID, cfg.User)
	}
	cli, err := newClient(cfg.Homeserver, log, httpClient)
	if err != nil {
		return nil, err
	}
	account.use(cli)
	helper, err := newHelper(cli, account, store.Matrix())
	if err != nil {
		return nil, err
	}
	return &Bot{
		cfg: cfg, keeper: store, receiver: receiver, log: log,
		cli: cli, syncer: cli.Syncer.(*syncer), helper: helper,
		rooms: newRooms(cfg), synced: make(chan struct{}), sealed: newSealedEvents(),
		invites: map[id.RoomID]invite{}, stale: map[id.UserID]bool{},
	}, nil
}

// machine is the crypto machine, which exists once the bot has connected.
func (b *Bot) machine() *crypto.OlmMachine { return b.helper.Machine() }

// Run connects, and then listens until ctx ends, whose error it returns. While
// the homeserver is away it tries again, ever more rarely up to once a minute.
// It gives up only with a [*LoggedOutError], or when the store fails at the start.
func (b *Bot) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.pace.allow(requestTime)
	if err := b.recall(ctx); err != nil {
		return err
	}
	since, err := b.receiver.SyncToken(ctx)
	if err != nil {
		return fmt.Errorf("read the sync token: %w", err)
	}
	if err := b.connect(ctx); err != nil {
		return err
	}
	if err := b.loadSealed(ctx); err != nil {
		return err
	}
	return b.listen(ctx, since)
}

// connect opens the crypto state, which the homeserver must confirm. Meanwhile it
// looks up the aliases that no earlier run did.
func (b *Bot) connect(ctx context.Context) error {
	var lookups sync.WaitGroup
	for _, p := range b.rooms.places {
		if p.id != "" {
			continue
		}
		lookups.Go(func() {
			if err := b.resolve(ctx, p); err != nil {
				b.log.Debug("an alias is not known yet", "alias", p.address, "error", err)
			}
		})
	}
	defer lookups.Wait()
	patience := b.newPatience()
	for {
		b.pace.allow(2 * requestTime)
		err := openKeys(ctx, b.helper)
		b.reach.heard(err)
		if err == nil {
			b.machine().SetBackgroundCtx(ctx)
			patience.end()
			return nil
		}
		if err := patience.wait(ctx, err); err != nil {
			return err
		}
	}
}

// Rooms returns the ids of the configured rooms by name ([Technique],
// [Supervision]), as far as they are known yet.
func (b *Bot) Rooms() map[string]string { return b.rooms.names() }

// RoomID returns the id of a room, given by that id or by its configured name,
// once [Bot.Send] can send there; also of one that is none of the bot's, which
// Send refuses.
func (b *Bot) RoomID(room string) (string, bool) {
	if configured, known := b.rooms.names()[room]; known {
		room = configured
	}
	_, err := b.rooms.sendable(id.RoomID(room))
	return room, !errors.Is(err, cards.ErrNotSent)
}

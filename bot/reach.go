package bot

import (
	"context"
	"sync"
	"time"
)

// reach is when the homeserver last let the bot know that it is there.
type reach struct {
	mu   sync.Mutex
	last time.Time
}

// Reached returns when the homeserver last answered a /sync, or at the start let the bot
// open its keys; zero for never. That it asks for a pause is an answer, too; that it fails,
// or no longer knows the bot, is none.
func (b *Bot) Reached() time.Time {
	b.reach.mu.Lock()
	defer b.reach.mu.Unlock()
	return b.reach.last
}

// heard takes note of how a request ended.
func (r *reach) heard(err error) {
	if _, pause := pauseAsked(err); err != nil && !pause {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
}

// accountAge is how soon another account is noticed.
const accountAge = 30 * time.Second

// AwaitLogin waits, once Run has ended with a [*LoggedOutError], until [Login] has kept
// another account, for which another Bot has to be made. Else it returns the error of ctx.
func (b *Bot) AwaitLogin(ctx context.Context) error {
	b.begun()
	looks := time.NewTicker(accountAge)
	defer looks.Stop()
	for {
		b.pace.allow(accountAge)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
		}
		account, err := loadAccount(ctx, b.keeper)
		if err == nil && account.AccessToken != "" && account.AccessToken != b.cli.AccessToken {
			return nil
		}
	}
}

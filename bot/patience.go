package bot

import (
	"context"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// patience waits longer and longer between tries, and logs an outage once when it
// begins and once when it ends.
type patience struct {
	user   string
	log    *slog.Logger
	pace   *pace
	pauses *backoff.ExponentialBackOff
	began  time.Time // zero when all is well
}

func (b *Bot) newPatience() *patience {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = time.Second
	pauses.Multiplier = 2
	pauses.MaxInterval = 40 * time.Second // with the jitter, a minute
	return &patience{user: b.cfg.User, log: b.log, pace: &b.pace, pauses: pauses}
}

// wait waits after a failure. It returns an error when there is nothing to wait
// for: ctx has ended, or the access token is dead.
func (p *patience) wait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if tokenDead(err) {
		return &LoggedOutError{User: p.user, Err: err}
	}
	pause := p.pauses.NextBackOff()
	if asked, ok := pauseAsked(err); ok {
		pause = max(pause, asked)
	}
	level := slog.LevelDebug
	if p.began.IsZero() {
		p.began, level = time.Now(), slog.LevelWarn
	}
	p.log.Log(ctx, level, "the homeserver or the store is not available, trying again", "error", err, "wait", pause)
	p.pace.allow(pause)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

// end says that all is well.
func (p *patience) end() {
	if !p.began.IsZero() {
		p.log.Info("the homeserver and the store are available again", "after", time.Since(p.began).Round(time.Second))
	}
	p.began = time.Time{}
	p.pauses.Reset()
}

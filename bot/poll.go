package bot

import (
	"context"
	"errors"
	"sync"
)

var errNudged = errors.New("a fresh sync is wanted")

// poll is the long poll that is under way.
type poll struct {
	mu     sync.Mutex
	cancel context.CancelCauseFunc // nil unless a poll that waits is under way
	hurry  bool
}

// Nudge makes the bot ask the homeserver at once for what is new, so that it
// soon shows whether an event whose answer was lost did arrive.
func (b *Bot) Nudge() { b.poll.nudge() }

func (p *poll) nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurry = true
	if p.cancel != nil {
		p.cancel(errNudged)
		p.cancel = nil
	}
}

// begin returns a context for the next poll and whether that poll must not wait.
func (p *poll) begin(parent context.Context, hurry bool) (context.Context, context.CancelCauseFunc, bool) {
	ctx, cancel := context.WithCancelCause(parent)
	p.mu.Lock()
	defer p.mu.Unlock()
	hurry = hurry || p.hurry
	p.hurry = false
	if !hurry {
		p.cancel = cancel
	}
	return ctx, cancel, hurry
}

// over says that no poll waits any longer.
func (p *poll) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
}

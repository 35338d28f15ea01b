package bot

import (
	"sync"
	"time"
)

const (
	// slack is what a busy machine adds to a step whose length is known.
	slack = time.Minute
	// longestStep bounds a step that makes several requests, each bounded by itself.
	longestStep = 10 * time.Minute
)

// pace is how the loop shows that it is alive: before each step it says how long that
// may take. A pause while the homeserver is away is a step like any other.
type pace struct {
	mu    sync.Mutex
	until time.Time
}

func (p *pace) allow(step time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(step + slack)
}

func (p *pace) kept() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until.IsZero() || time.Now().Before(p.until)
}

// Alive reports whether the loop of Run goes on, well or badly: a homeserver that is
// away does not end it. It is true before Run.
func (b *Bot) Alive() bool { return b.pace.kept() }

// Synced is closed once this bot has stored what a first /sync brought, or knows that
// none will come before somebody logs it in again.
func (b *Bot) Synced() <-chan struct{} { return b.synced }

func (b *Bot) begun() {
	select {
	case <-b.synced:
	default:
		close(b.synced)
	}
}

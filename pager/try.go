package pager

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
)

// Trial is what came of a test page.
type Trial struct {
	Road string // "ntfy", "mail ana@example.org"
	Err  error  // names no secret
}

// Try sends a page that says that it is a test on each road, all at once. It needs nothing
// of p but its Config, Language and Version.
func (p *Pager) Try(ctx context.Context) []Trial {
	ctx, stop := context.WithTimeout(ctx, attemptTime)
	defer stop()
	m := message{
		ID: "ronde-test-" + strings.ToLower(rand.Text()), Calm: true,
		Title: "🧪 " + p.Language.Say("page.test"), Body: p.Language.Say("page.test-how"),
	}
	carriers := p.carriers()
	trials := make([]Trial, len(carriers))
	var trying sync.WaitGroup
	for i, c := range carriers {
		trying.Go(func() { trials[i] = Trial{c.name, c.send(ctx, m)} })
	}
	trying.Wait()
	return trials
}

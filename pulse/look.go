package pulse

import (
	"context"
	"strings"
	"time"
)

// The parts of the bot's way.
const (
	Matrix  = "matrix"
	Mailbox = "mailbox"
	Clock   = "clock"
	Outbox  = "outbox"
)

// Part is one stretch of the way that the bot's work goes.
type Part struct {
	Name string // one of the constants
	// Seen looks at the part, until ctx ends, and returns when it last showed that it
	// works; zero for never.
	Seen func(ctx context.Context) time.Time
	// Within is how long ago that may be.
	Within time.Duration
	// Behind names an earlier part without which this one cannot work. This one is
	// judged only while that one is well, and only by what happened since then.
	Behind string
}

// fault is a part that is not well, and when it last was.
type fault struct {
	part  string
	since time.Time
}

// verdict is what one look found.
type verdict struct {
	broken []fault // those that last for long enough to be told
	young  []fault
}

// tellAfter is how old a fault must be to be told. Until then it only keeps the bot
// from saying that all is well: a homeserver that restarts rings nobody.
const tellAfter = 3 * time.Minute

func (v verdict) well() bool     { return len(v.broken)+len(v.young) == 0 }
func (v verdict) doubtful() bool { return len(v.broken) == 0 && len(v.young) > 0 }

// name tells verdicts apart: it is "" when all is well.
func (v verdict) name() string {
	var names []string
	for _, f := range v.broken {
		names = append(names, f.part)
	}
	return strings.Join(names, " ")
}

// look asks every part how it is.
func (p *Pulse) look(ctx context.Context) (v verdict) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	for _, part := range p.Parts {
		seen := part.Seen(ctx)
		f, faulty := p.judge(part, seen, time.Now())
		switch {
		case !faulty:
		case time.Since(f.since) >= tellAfter:
			v.broken = append(v.broken, f)
		default:
			v.young = append(v.young, f)
		}
	}
	return v
}

// judge says whether a part is not well, by when it was last seen at work. All of it
// is measured on the clock that nobody can set.
func (p *Pulse) judge(part Part, seen, now time.Time) (f fault, faulty bool) {
	if part.Behind != "" {
		well := p.well[part.Behind]
		if well.IsZero() {
			delete(p.well, part.Name)
			return fault{}, false
		}
		if !seen.IsZero() && well.After(seen) {
			seen = well
		}
	}
	if !seen.IsZero() && now.Sub(seen) <= part.Within {
		if p.well[part.Name].IsZero() {
			p.well[part.Name] = now
		}
		return fault{}, false
	}
	delete(p.well, part.Name)
	if seen.IsZero() {
		seen = p.begun
	}
	return fault{part.Name, seen}, true
}

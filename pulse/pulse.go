// Package pulse is the bot's dead-man switch. A bot that is broken cannot say so in
// its rooms; so it tells somebody else, again and again, that its whole way is whole,
// and when it stops telling that, people learn it from there.
//
// Two watch, and want to know different things. A Healthchecks server hears whether
// the bot's work goes all the way round, over the homeserver and the mailbox; systemd
// hears only whether the process itself lives, because a new process does not mend a
// homeserver.
package pulse

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"ronde/text"
)

// Heartbeat is a check of a Healthchecks server that waits for the bot's pings.
type Heartbeat struct {
	Name  string        // what the log calls it
	URL   string        `json:"-"` // a secret: whoever has it can say that the bot lives
	Every time.Duration // how often the server hears of the bot
}

// String is the name alone, so that the address is not printed by accident.
func (h Heartbeat) String() string { return h.Name }

// Pulse looks at the parts of the bot's way, once a minute, and tells the heartbeats
// what it sees. Its fields are to be set before Run.
type Pulse struct {
	Parts      []Part
	Heartbeats []Heartbeat
	Version    string // of the program, for people who read the pings
	Language   *text.Language
	Location   *time.Location
	Log        *slog.Logger
	HTTP       http.RoundTripper // nil for the network

	begun time.Time
	well  map[string]time.Time // since when each part is well; those that are not are missing
	told  string               // what the log knows to be broken
	beats []*beat
}

const (
	// lookEvery is how often the way is looked at: so fast a change is told, whatever
	// the heartbeats' own time. The first look comes that long after the start, so that
	// a bot that dies again and again does not look alive in between.
	lookEvery = time.Minute
	// lookTime is how long one look may wait for the homeserver.
	lookTime = 20 * time.Second
)

// Run works until ctx ends and returns its error. Nothing that goes wrong with a ping
// ends it, or changes anything else.
func (p *Pulse) Run(ctx context.Context) error {
	p.start()
	rounds := time.NewTicker(lookEvery)
	defer rounds.Stop()
	p.all(func(b *beat) { b.begin(ctx, p.Language.Say("pulse.begins", "Version", p.Version)) })
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case at := <-rounds.C:
			p.round(ctx, at)
		}
	}
}

func (p *Pulse) start() {
	p.begun, p.well = time.Now(), map[string]time.Time{}
	client := newClient(p.HTTP)
	for _, h := range p.Heartbeats {
		p.beats = append(p.beats, &beat{Heartbeat: h, client: client, log: p.Log, agent: "ronde/" + p.Version})
	}
}

// round looks and tells. It ends before the next one is due.
func (p *Pulse) round(ctx context.Context, at time.Time) {
	var v verdict
	var looking sync.WaitGroup
	looking.Go(func() { v = p.look(ctx) })
	p.all(func(b *beat) { b.start(ctx, at) })
	looking.Wait()
	if ctx.Err() != nil {
		return // what was cut short is no fault
	}
	p.note(v)
	said := p.say(v)
	p.all(func(b *beat) { b.tell(ctx, at, v, said) })
}

// all does something for each heartbeat at once: a server that does not answer keeps
// nothing from another.
func (p *Pulse) all(do func(b *beat)) {
	var doing sync.WaitGroup
	for _, b := range p.beats {
		doing.Go(func() { do(b) })
	}
	doing.Wait()
}

// note logs what became of the way.
func (p *Pulse) note(v verdict) {
	now := v.name()
	if v.doubtful() || now == p.told {
		return
	}
	p.told = now
	if now == "" {
		p.Log.Info("the bot's way is whole again")
		return
	}
	p.Log.Warn("the bot's way is broken", "parts", now)
}

// say writes what a ping tells people.
func (p *Pulse) say(v verdict) string {
	if v.well() {
		return p.Language.Say("pulse.well") + "\n"
	}
	now, said := time.Now(), ""
	for _, f := range v.broken {
		since := f.since.In(p.Location)
		said += p.Language.Say("pulse.broken."+f.part, "Since", p.Language.Moment(since), "For", p.Language.Duration(now.Sub(f.since))) + "\n"
	}
	return said
}

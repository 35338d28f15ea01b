// Package pager is the second road to people: when the homeserver has been out of reach
// for a while, critical incidents go out by ntfy and by mail. What the rooms show already
// is not paged, and afterwards they are told what was.
//
// # Nothing lost, and what may be doubled
//
// A page is stored before it is attempted, and what came of the attempt after that. When
// nobody can know what came of it, because the process was killed or an answer was lost,
// it is tried once more, marked as the second try: neither ntfy nor SMTP takes the same
// thing twice as one, and on this road, in the middle of the night, doubled is better than
// lost. A mail has the same Message-ID both times, by which many servers and clients tell
// that it is the same. After a second attempt in doubt the page counts as sent. An attempt
// that certainly failed is tried again, ever more rarely, as long as the homeserver is out
// of reach.
//
// Each address and each topic is a road of its own, so that none holds up another, and
// what reached one person is not repeated to them for another's sake.
package pager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// Config is how people are reached without the homeserver.
type Config struct {
	After   time.Duration // for how long the homeserver must have been out of reach
	Outage  bool          // page that it is out of reach, also when no incident is critical
	Contact string        // whom to ask, as each page says; "" for nobody
	Ntfy    *Ntfy         // nil for none
	Mail    *Mail         // nil for none
}

// Notices takes what the rooms are to be told. [cards.Outbox] is one.
type Notices interface {
	AddNotice(tx *store.Tx, key, room string, m cards.Message) error
	AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error
}

// Pager decides what has to be paged and has it carried. Its fields are to be set before
// Run.
type Pager struct {
	Config   Config
	Store    *store.Store
	Settings alerts.Settings            // says which incidents are critical
	Source   func(source string) string // names the system that an incident comes from
	Notices  Notices
	Changed  func() // is called after the rooms have something to be told
	// Reached returns when something last got through to the homeserver, zero for not
	// since the start.
	Reached  func() time.Time
	Language *text.Language
	Location *time.Location
	Version  string // of the program
	Log      *slog.Logger
	HTTP     http.RoundTripper                                                    // nil for the network
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // nil for the network

	away  away
	idle  bool // nothing is stored that the homeserver's return would end
	roads []*road
}

// lookEvery is how often the pager looks whether something has to be paged.
const lookEvery = 30 * time.Second

// Run works until ctx ends and returns its error. No road that fails ends it.
func (p *Pager) Run(ctx context.Context) error {
	p.begin()
	for err := p.takeOver(ctx); err != nil; err = p.takeOver(ctx) {
		if ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "what was paged cannot be taken over", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
	var carrying sync.WaitGroup
	defer carrying.Wait()
	for _, r := range p.roads {
		carrying.Go(func() { r.run(ctx) })
	}
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
			if err := p.look(ctx); err != nil && ctx.Err() == nil {
				p.Log.ErrorContext(ctx, "what has to be paged cannot be told", "err", err)
			}
		}
	}
}

func (p *Pager) begin() {
	p.away = away{begun: time.Now()}
	p.roads = nil
	for _, c := range p.carriers() {
		p.roads = append(p.roads, newRoad(p, c))
	}
}

// takeOver takes up what an earlier process left: since when the homeserver was out of
// reach, and attempts whose end is not known.
func (p *Pager) takeOver(ctx context.Context) error {
	err := p.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if p.away.kept, err = keptAway(tx); err != nil {
			return err
		}
		return tx.PagesInDoubt()
	})
	if err != nil {
		return fmt.Errorf("take over what was paged: %w", err)
	}
	return nil
}

// look decides what has to be paged, or tells the rooms what was.
func (p *Pager) look(ctx context.Context) error {
	now := time.Now()
	since := p.away.since(p.Reached())
	if now.Sub(since) < noticed {
		return p.reconcile(ctx)
	}
	p.idle = false
	added, ripe := false, p.away.ripe(now, since, p.Config.After)
	err := p.Store.Update(ctx, func(tx *store.Tx) error {
		added = false
		if err := errors.Join(keepAway(tx, since), tx.GiveUpReturns()); err != nil || !ripe {
			return err
		}
		all, err := p.survey(tx)
		if err != nil {
			return err
		}
		added, err = carryOut(tx, since, p.decide(tx.Now, since, all))
		return err
	})
	if err != nil {
		return err
	}
	p.away.kept = since
	if added {
		p.wake()
	}
	return nil
}

func (p *Pager) wake() {
	for _, r := range p.roads {
		r.wakeUp()
	}
}

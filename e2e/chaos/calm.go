package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"ronde/e2e/homeserver"
)

const (
	// stuckAfter is how long nothing may change while the bot says that it still has
	// something to do: its longest pauses grow to that only after many failures.
	stuckAfter = 30 * time.Second
	// settledAfter is how long nothing may change while the bot has nothing to do and not all is
	// there: on a busy machine it may not have heard yet that there is something.
	settledAfter = 10 * time.Second
	// quietFor is how long nothing has changed when all that is left to do is put off.
	quietFor = time.Second
	// putOff is for how long the bot puts an edit off, at most.
	putOff = 5 * time.Minute
)

// calm waits until the rooms show what they have to, or nothing moves any more.
func (p *play) calm(ctx context.Context) error {
	changed := time.Now()
	for {
		select {
		case <-p.bot.Exited():
			return errEnded
		default:
		}
		if p.view.update(p.server) {
			changed = time.Now()
		}
		waiting, quiet, err := p.ledger.waiting(ctx)
		if err != nil {
			return err
		}
		if !p.view.late && !p.fetchedAll(ctx) {
			waiting++
		}
		still := time.Since(changed)
		if waiting == 0 && quiet > 0 && still > quietFor {
			return nil // the rest goes out later: see oneMoreTime
		}
		if waiting == 0 {
			v, err := p.judge(ctx)
			if err != nil || v.good() || still > settledAfter {
				return err
			}
		}
		if still > stuckAfter {
			p.story.tell("the bot is stuck with %d things to do", waiting)
			return nil
		}
		if err := wait(ctx, tick); err != nil {
			return err
		}
	}
}

// oneMoreTime kills and starts the bot once more, when all is done, and so much later
// that no edit is put off any more: but for these, that must change nothing.
func (p *play) oneMoreTime(ctx context.Context) error {
	var syncs atomic.Int32
	if err := p.kill(); err != nil {
		return err
	}
	p.server.Forget()
	if err := setClock(p.clock, p.plan.lateBy()); err != nil {
		return err
	}
	p.server.SetFaults(func(r homeserver.Request) homeserver.Fault {
		if r.Kind == homeserver.Sync {
			syncs.Add(1)
		}
		return homeserver.Fault{}
	})
	if err := p.start(); err != nil {
		return err
	}
	p.view.late = true
	// The second sync is asked for when the first is stored and the rooms are known.
	for syncs.Load() < 2 {
		if err := wait(ctx, tick); err != nil {
			return err
		}
	}
	if err := wait(ctx, 5*tick); err != nil {
		return err
	}
	return p.calm(ctx)
}

// fetchedAll tells whether the bot has each mail: the way to the mail server was cut, and
// it may be waiting before it tries again.
func (p *play) fetchedAll(ctx context.Context) bool {
	n, err := p.ledger.mails(ctx)
	return err == nil && n >= p.plan.distinct()
}

func (p *play) judge(ctx context.Context) (*verdict, error) {
	p.view.update(p.server)
	audit, err := p.ledger.audit(ctx)
	if err != nil {
		return nil, err
	}
	if p.view.parts, p.view.joined, err = p.ledger.parts(ctx); err != nil {
		return nil, err
	}
	return p.plan.judge(p.view, audit), nil
}

// transcribe writes down what happened in the rooms.
func (p *play) transcribe() error {
	all := &story{}
	for _, room := range []string{p.rooms.technique, p.rooms.supervision} {
		for _, e := range p.server.Timeline(room) {
			about, emoji := e.ReactsTo()
			all.lines = append(all.lines, fmt.Sprintf("%s %s %s %s edits %q reacts %q %s redacts %q txn %s %q",
				e.At.Format("15:04:05.000"), e.ID, e.Sender, e.Type, e.Edits(), about, emoji, e.Redacts, e.Txn, e.Body()))
		}
	}
	return all.write(filepath.Join(p.dir, "rooms.txt"))
}

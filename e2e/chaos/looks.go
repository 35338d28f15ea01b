package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// watchPage lets the page that a check of the bot's own asks for be bad and well again, and
// kills the bot at most looks at it. The bot's clock goes on by a minute from look to look,
// so that each is made as soon as the bot is up.
func (p *play) watchPage(ctx context.Context) error {
	lots := rand.New(rand.NewPCG(p.plan.seed, 3))
	p.plan.incidents = append(p.plan.incidents, p.plan.ownIncidents()...)
	later := furthestAhead
	for _, s := range p.plan.spells {
		told := lots.IntN(s.looks) // at which look the other one who watches says so
		for n := range s.looks {
			later += lookEvery
			if err := p.look(ctx, s.status, later, drawLookStrike(lots)); err != nil {
				return err
			}
			if n == told {
				if err := p.tellOfPage(s, later); err != nil {
					return err
				}
			}
		}
		if err := p.heardAll(ctx); err != nil {
			return err
		}
	}
	return p.calm(ctx)
}

// look starts the bot so much later, kills it as s says, and then has it look at the page.
func (p *play) look(ctx context.Context, status int, later time.Duration, s *strike) error {
	if err := p.kill(); err != nil {
		return err
	}
	p.page.answer(status)
	if err := setClock(p.clock, later); err != nil {
		return err
	}
	at := time.Now().Add(later)
	p.story.tell("the page answers %d, the bot's clock is %s ahead", status, later)
	if s != nil {
		if err := p.strikeOnce(ctx, *s); err != nil {
			return err
		}
	}
	p.weather.start(nil)
	p.bot.Env = p.env()
	if err := p.start(); err != nil {
		return err
	}
	return p.waitFor(ctx, func() (bool, error) {
		last, err := p.ledger.looked(ctx)
		return !last.Before(at.Truncate(time.Millisecond)), err
	})
}

// tellOfPage has Healthchecks say by mail of what is tied to the page what the check says.
func (p *play) tellOfPage(s spell, later time.Duration) error {
	t, at := &thing{name: cronName}, time.Now().Add(later)
	var one mail
	switch {
	case !p.plan.tied:
		return nil
	case s.says != nil:
		one = failure(t, s.says.numbers[1], at)
	case s.over != nil:
		one = recovery(t, p.plan.nextNumber(), at)
	default:
		return nil
	}
	p.mailed++
	p.story.tell("a mail says the same of %s", cronName)
	return p.stage.deliver(p.folder, []mail{one})
}

// heardAll waits until the bot has read all that was sent to it.
func (p *play) heardAll(ctx context.Context) error {
	return p.waitFor(ctx, func() (bool, error) {
		mails, err := p.ledger.mails(ctx)
		if err != nil || mails < p.plan.distinct()+p.mailed {
			return false, err
		}
		waiting, _, err := p.ledger.waiting(ctx)
		return waiting == 0, err
	})
}

// waitFor waits until something is so, for as long as the bot's longest pauses take: then
// the judge will say what is missing.
func (p *play) waitFor(ctx context.Context, is func() (bool, error)) error {
	for begun := time.Now(); time.Since(begun) < stuckAfter; {
		switch done, err := is(); {
		case err != nil || done:
			return err
		}
		select {
		case <-p.bot.Exited():
			return errEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(tick):
		}
	}
	p.story.tell("the bot does not do what is waited for")
	return nil
}

// looked returns when the bot has last looked at the page, by its own clock.
func (l *ledger) looked(ctx context.Context) (time.Time, error) {
	var at int64
	err := l.db.QueryRowContext(ctx, "SELECT ran_at FROM looks WHERE ref = ?", "http "+pageName).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read when a check was made: %w", err)
	}
	return time.UnixMilli(at), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// strike runs the bot, and kills and starts it again as planned.
func (p *play) strike(ctx context.Context) error {
	for _, s := range p.plan.strikes {
		if err := p.strikeOnce(ctx, s); err != nil {
			return err
		}
	}
	p.weather.start(nil)
	p.bot.Env = p.env()
	return p.start()
}

// strikeOnce starts the bot and kills it at a moment.
func (p *play) strikeOnce(ctx context.Context, s strike) error {
	a := p.weather.start(&s)
	p.bot.Env = p.env()
	if s.byCommit() {
		p.bot.Env = append(p.bot.Env, "LD_PRELOAD="+p.stage.preload, fmt.Sprintf("CHAOS_COMMIT=%d", s.nth), "CHAOS_FROM="+a.from)
	}
	if err := p.start(); err != nil {
		return err
	}
	if err := p.until(ctx, a); err != nil {
		return err
	}
	if err := p.kill(); err != nil {
		return err
	}
	close(a.dead)
	if s.forget {
		p.server.Forget()
	}
	return wait(ctx, s.down)
}

func (p *play) env() []string { return []string{"CHAOS_CLOCK=" + p.clock} }

var errEnded = errors.New("the bot ended by itself")

// until waits for the moment of a strike, or its limit.
func (p *play) until(ctx context.Context, a *armed) error {
	select {
	case <-a.struck:
		p.kills.met[a.moment]++
		p.story.tell("kill %s", a)
	case <-time.After(a.limit):
		p.story.tell("kill; not %s", a)
	case <-p.bot.Exited():
		if !a.byCommit() || strings.Contains(p.bot.Log(), "goroutine ") {
			return errEnded
		}
		p.kills.met[a.moment]++
		p.story.tell("kill %s", a)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

func (p *play) start() error {
	p.story.tell("start")
	return p.bot.Start()
}

func (p *play) kill() error {
	p.kills.all++
	return p.bot.Kill()
}

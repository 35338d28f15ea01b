package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ronde/e2e/homeserver"
	"ronde/e2e/scene"
)

const (
	tick = 20 * time.Millisecond
	// playLimit bounds a seed: long after everything should have settled.
	playLimit = 2 * time.Minute
)

// play is one seed on its way.
type play struct {
	stage   *stage
	plan    *plan
	dir     string
	folder  string
	server  *homeserver.Server
	rooms   rooms
	bot     *scene.Ronde
	ledger  *ledger
	weather *weather
	story   *story
	view    *view
	kills   kills
}

// kills counts them: all, and by moment those that came at theirs rather than
// when they had waited long enough for it.
type kills struct {
	all int
	met map[moment]int
}

// outcome is what is told of a seed.
type outcome struct {
	plan    *plan
	kills   kills
	dir     string   // where everything is kept
	verdict *verdict // nil when it could not be played
	err     error
}

// perform plays a seed and judges it. What it leaves in its folder is to be
// removed by the caller.
func (s *stage) perform(ctx context.Context, seed uint64) outcome {
	ctx, cancel := context.WithTimeout(ctx, playLimit)
	defer cancel()
	p := &play{stage: s, plan: newPlan(seed, time.Now()), story: &story{begun: time.Now()}, kills: kills{met: map[moment]int{}}}
	verdict, err := p.perform(ctx)
	err = errors.Join(err, p.close())
	return outcome{plan: p.plan, kills: p.kills, dir: p.dir, verdict: verdict, err: err}
}

func (p *play) perform(ctx context.Context) (*verdict, error) {
	if err := p.prepare(); err != nil {
		return nil, err
	}
	if err := p.storm(ctx); err != nil {
		return nil, err
	}
	p.story.tell("everything was done; no more faults")
	if err := p.calm(ctx); err != nil {
		return nil, err
	}
	if err := p.oneMoreTime(ctx); err != nil {
		return nil, err
	}
	return p.judge(ctx)
}

// prepare makes what the seed needs: a homeserver, rooms, a folder, a database.
func (p *play) prepare() (err error) {
	p.folder = fmt.Sprintf("seed-%d", p.plan.seed)
	p.dir = filepath.Join(p.stage.dir, p.folder)
	if err := errors.Join(os.Mkdir(p.dir, 0o700), p.stage.folder(p.folder)); err != nil {
		return err
	}
	p.server = newTown(p.stage.device)
	url, err := p.server.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	for _, room := range []struct {
		id   *string
		name string
	}{{&p.rooms.technique, "Technique"}, {&p.rooms.supervision, "Supervision"}} {
		*room.id = p.server.CreateRoom("ana", homeserver.RoomOptions{Name: room.name, Invite: append(names()[1:], botName)})
		for _, name := range append(names()[1:], botName) {
			p.server.Join(name, *room.id)
		}
	}
	config, err := settings{url, p.rooms, p.stage.dovecot, p.folder, p.plan.chores}.write(p.dir)
	if err != nil {
		return err
	}
	p.weather = &weather{seed: p.plan.seed, story: p.story, from: filepath.Join(p.dir, "count"), staggers: p.plan.staggers}
	p.bot = &scene.Ronde{Program: p.stage.program, Config: config}
	p.view = newView(p.plan, p.rooms.technique, p.rooms.supervision)
	database := filepath.Join(p.dir, "ronde.db")
	if err := os.WriteFile(database, p.stage.account, 0o600); err != nil {
		return err
	}
	p.ledger, err = openLedger(database)
	return err
}

func (p *play) close() error {
	var errs []error
	if p.bot != nil {
		errs = append(errs, p.bot.Kill(),
			os.WriteFile(filepath.Join(p.dir, "ronde.log"), []byte(p.bot.Log()), 0o600))
	}
	if p.ledger != nil {
		errs = append(errs, p.ledger.db.Close())
	}
	if p.server != nil {
		errs = append(errs, p.server.Close(), p.transcribe(), p.stage.remove(p.folder))
	}
	return errors.Join(append(errs, p.story.write(filepath.Join(p.dir, "story.txt")))...)
}

// storm lets everything happen at once: mail, people, kills and faults.
func (p *play) storm(ctx context.Context) error {
	p.server.SetFaults(p.weather.decide)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for _, part := range []func(context.Context) error{p.sendMail, p.people, p.leave, p.strike} {
		all.Go(func() {
			if err := part(ctx); err != nil {
				stop(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	p.server.SetFaults(nil)
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func (p *play) sendMail(ctx context.Context) error {
	begun, next := time.Now(), p.plan.mails
	for _, w := range p.plan.waves {
		if err := wait(ctx, time.Until(begun.Add(w.at))); err != nil {
			return err
		}
		if err := p.stage.deliver(p.folder, next[:w.mails]); err != nil {
			return err
		}
		next = next[w.mails:]
		p.story.tell("%d mails came", w.mails)
		p.weather.mailed()
	}
	return nil
}

// people lets everybody act until all was done, or until nothing moves any more:
// then a card is missing, which the judge will say.
func (p *play) people(ctx context.Context) error {
	c := &crowd{plan: p.plan, server: p.server, rooms: p.rooms, view: p.view, story: p.story, acted: p.weather.acted}
	events, changed := 0, time.Now()
	for !c.step(time.Now()) {
		if err := wait(ctx, tick); err != nil {
			return err
		}
		if n := p.view.events(); n != events {
			events, changed = n, time.Now()
		}
		if time.Since(changed) > stuckAfter {
			p.story.tell("people wait in vain")
			return nil
		}
	}
	return nil
}

// leave takes the homeserver away for a while.
func (p *play) leave(ctx context.Context) error {
	if err := wait(ctx, p.plan.absence.at); err != nil {
		return err
	}
	p.story.tell("the homeserver goes away")
	p.server.GoAway()
	if err := wait(ctx, p.plan.absence.lasts); err != nil {
		return err
	}
	p.story.tell("the homeserver comes back")
	return p.server.ComeBack()
}

// strike runs the bot, and kills and starts it again as planned.
func (p *play) strike(ctx context.Context) error {
	for _, s := range p.plan.strikes {
		a := p.weather.start(&s)
		p.bot.Env = nil
		if s.byCommit() {
			p.bot.Env = []string{"LD_PRELOAD=" + p.stage.preload, fmt.Sprintf("CHAOS_COMMIT=%d", s.nth), "CHAOS_FROM=" + a.from}
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
		if err := wait(ctx, s.down); err != nil {
			return err
		}
	}
	p.weather.start(nil)
	p.bot.Env = nil
	return p.start()
}

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

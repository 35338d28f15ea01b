package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"ronde/e2e/homeserver"
	"ronde/e2e/scene"
)

const (
	tick = 20 * time.Millisecond
	// playLimit bounds a seed: long after everything should have settled.
	playLimit = 3 * time.Minute
	// resignAfter is how long nothing may change before people give up waiting for the
	// card of what may be part of a storm.
	resignAfter = time.Second
)

// play is one seed on its way.
type play struct {
	stage   *stage
	plan    *plan
	dir     string
	folder  string
	server  *homeserver.Server
	rooms   rooms
	board   string // where the bot takes webhooks
	clock   string // the file that says how wrong the bot's clock is
	away    sync.Mutex
	wire    *wire
	page    *page // that a check of the bot's own asks for; nil without one
	bot     *scene.Ronde
	ledger  *ledger
	weather *weather
	story   *story
	view    *view
	kills   kills

	delivered atomic.Bool // all mails are
	mailed    int         // mails of what is tied to the page
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
	if p.plan.storms {
		if err := p.encore(ctx); err != nil {
			return nil, err
		}
	}
	if len(p.plan.spells) > 0 {
		if err := p.watchPage(ctx); err != nil {
			return nil, err
		}
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
		*room.id = p.server.CreateRoom("ana", homeserver.RoomOptions{Name: room.name, Invite: append(names()[1:], botName, kumaName)})
		for _, name := range append(names()[1:], botName, kumaName) {
			p.server.Join(name, *room.id)
		}
	}
	if p.wire, err = openWire(p.plan.seed, p.stage.dovecot.Addr, p.story); err != nil {
		return err
	}
	p.board, p.clock = boardAddress(), filepath.Join(p.dir, "clock")
	if err := setClock(p.clock, 0); err != nil {
		return err
	}
	size := 0
	if p.plan.storms {
		size = stormSize
	}
	p.weather = &weather{
		seed: p.plan.seed, story: p.story, from: filepath.Join(p.dir, "count"), staggers: p.plan.staggers,
		absences: p.plan.absences, leave: p.leaveNow,
	}
	set := settings{homeserver: url, rooms: p.rooms, dovecot: p.stage.dovecot, mail: p.wire.address, folder: p.folder, board: p.board, chores: p.plan.chores, storm: size}
	if len(p.plan.spells) > 0 {
		if p.page, err = openPage(p.weather.asked); err != nil {
			return err
		}
		set.checks = p.page.settings(p.plan.tied)
	}
	config, err := set.write(p.dir)
	if err != nil {
		return err
	}
	p.bot = &scene.Ronde{Program: p.stage.program, Config: config}
	p.view = newView(p.plan, p.rooms.technique, p.rooms.supervision)
	database := filepath.Join(p.dir, "ronde.db")
	if err := os.WriteFile(database, p.stage.account, 0o600); err != nil {
		return err
	}
	p.ledger, err = openLedger(database)
	return err
}

// boardAddress is one of this machine's own that no other program uses, so that a bot
// that starts again can have it again.
func boardAddress() string {
	return fmt.Sprintf("127.%d.%d.%d:8099", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
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
	if p.page != nil {
		errs = append(errs, p.page.close())
	}
	if p.wire != nil {
		errs = append(errs, p.wire.close())
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
	for _, part := range []func(context.Context) error{p.sendMail, p.people, p.leave, p.strike, p.turnClock, p.renumber} {
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
	p.away.Lock() // it has come back
	defer p.away.Unlock()
	p.wire.calm()
	return setClock(p.clock, 0)
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
	p.delivered.Store(true)
	return nil
}

// people lets everybody act until all was done, or until nothing moves any more:
// then a card is missing, which the judge will say.
func (p *play) people(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	c := &crowd{plan: p.plan, server: p.server, rooms: p.rooms, view: p.view, story: p.story, acted: p.weather.acted}
	t := &teller{play: p, client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}, stop: stop, heard: func() bool { return c.listening }, begun: time.Now()}
	defer func() { stop(nil); t.posting.Wait(); t.client.CloseIdleConnections() }()
	events, changed := 0, time.Now()
	for finished := false; !finished; {
		finished = c.step(time.Now())
		told := t.step(ctx, time.Now())
		c.resigned = p.plan.storms && told && p.delivered.Load() && time.Since(changed) > resignAfter
		finished = told && finished
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

// leave takes the homeserver away for a while, at its time.
func (p *play) leave(ctx context.Context) error {
	for _, a := range p.plan.absences {
		if a.nth > 0 {
			continue
		}
		if err := wait(ctx, a.at); err != nil {
			return err
		}
		p.leaveNow(a)
	}
	return nil
}

// leaveNow takes the homeserver away for longer than it remembers transaction ids.
func (p *play) leaveNow(a absence) {
	p.away.Lock()
	defer p.away.Unlock()
	p.story.tell("the homeserver goes away")
	p.server.GoAway()
	time.Sleep(a.lasts)
	p.server.Forget()
	p.story.tell("the homeserver comes back and has forgotten all transaction ids: %v", p.server.ComeBack())
}

// turnClock makes the bot's clock jump while it runs, or is down.
func (p *play) turnClock(ctx context.Context) error {
	begun := time.Now()
	for _, j := range p.plan.jumps {
		if err := wait(ctx, time.Until(begun.Add(j.at))); err != nil {
			return err
		}
		p.story.tell("the bot's clock jumps: %s", j)
		if err := setClock(p.clock, j.by); err != nil {
			return err
		}
	}
	return nil
}

// renumber has the mail server renumber the folder.
func (p *play) renumber(ctx context.Context) error {
	begun := time.Now()
	for _, at := range p.plan.renumbers {
		if err := wait(ctx, time.Until(begun.Add(at))); err != nil {
			return err
		}
		if err := p.stage.renumber(p.folder); err != nil {
			return err
		}
		p.story.tell("the mail server has renumbered the folder")
	}
	return nil
}

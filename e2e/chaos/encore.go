package main

import (
	"context"
	"net/http"
	"time"
)

const (
	// encoreAt is by how much later the encore is: no edit is put off any more.
	encoreAt = putOff + time.Minute
	// encorePatience is how long the rooms may take to show all until then.
	encorePatience = 3 * time.Second
	// encoreUps is how many things are back at most.
	encoreUps = 3
)

// encore has something happen once the cards of storms show all that was put off, so that
// nothing else makes their next edit: things are back, or one more breaks.
func (p *play) encore(ctx context.Context) error {
	if err := setClock(p.clock, encoreAt); err != nil {
		return err
	}
	asks := &order{who: "ana", body: "!pannes", answer: "🔴|🟢"} // which wakes the bot
	asks.event = p.server.Say(asks.who, p.rooms.supervision, asks.body)
	p.plan.orders = append(p.plan.orders, asks)
	for begun := time.Now(); time.Since(begun) < encorePatience; {
		p.view.update(p.server)
		waiting, quiet, err := p.ledger.waiting(ctx)
		if err != nil {
			return err
		}
		if len(p.view.answers[asks.event]) > 0 && waiting+quiet == 0 {
			break
		}
		if err := wait(ctx, tick); err != nil {
			return err
		}
	}
	t := &teller{play: p, client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}}
	defer t.client.CloseIdleConnections()
	for _, one := range p.plan.drawEncore(time.Now()) {
		p.story.tell("encore: %s", one.body)
		t.post(ctx, one)
	}
	return wait(ctx, 10*tick) // it is folded
}

// drawEncore decides what happens in the encore, by what is down until then.
func (p *plan) drawEncore(now time.Time) (all []*telling) {
	if p.seed%2 > 0 {
		number := p.nextNumber()
		i := &incident{thing: "Encore", kuma: true, numbers: []int{number}, says: fault(number), only: true}
		p.incidents = append(p.incidents, i)
		line := "[" + i.thing + "] [🔴 Down] " + i.says
		return []*telling{{hook: "kuma", body: kumaBody(i.thing, down, i.says, line, now)}}
	}
	for _, i := range p.incidents {
		if i.kuma && p.isDown(i) && len(all) < encoreUps {
			i.resolved = true
			line := "[" + i.thing + "] [✅ Up] 200 - OK"
			all = append(all, &telling{hook: "kuma", body: kumaBody(i.thing, up, "200 - OK", line, now)})
		}
	}
	return all
}

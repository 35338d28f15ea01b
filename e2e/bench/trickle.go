package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// pause is between two alerts that trickle in.
const pause = 100 * time.Millisecond

// way is one way of an alert into a room.
type way struct {
	name  string
	room  string
	down  func(ctx context.Context, thing string) (accepted time.Time, err error)
	after func(ctx context.Context, thing string) error // what ends it again
	times []passage
}

// measureTrickle sends alerts one at a time through the bot, the bare webhook and
// Alertmanager, in turns.
func measureTrickle(ctx context.Context, t *town) ([]figure, error) {
	if err := t.needHooked(ctx); err != nil {
		return nil, err
	}
	bare, err := t.openBareWebhook(ctx)
	if err != nil {
		return nil, err
	}
	manager, missing := t.openManager(ctx)
	ways := []*way{t.wayOfBot(), {name: "the bare webhook", room: string(bare.sender.room), down: func(ctx context.Context, thing string) (time.Time, error) { return bare.poster.post(ctx, thing, false) }}}
	if missing == nil {
		ways = append(ways, manager.way())
	}
	t.say("%d alerts by webhook each, in turns, %s apart", t.mails, pause)
	for i := -warmUps; i < t.mails; i++ {
		for _, w := range ways {
			if err := t.passOne(ctx, w, i >= 0); err != nil {
				return nil, fmt.Errorf("alert %d through %s: %w\nthe bot's log:\n%s", i, w.name, err, t.hooked.Log())
			}
		}
	}
	for _, w := range ways {
		t.sayWay(w)
	}
	bot, loop := ways[0], ways[1]
	figures := []figure{
		milliseconds("trickle_p99", quantile(bot.spans(taken), 0.99), quantile(loop.spans(taken), 0.99)),
		milliseconds("trickle_sent_p99", quantile(bot.spans(working), 0.99), 0),
	}
	if missing == nil {
		figures = append(figures, milliseconds("alertmanager_trickle_p99", quantile(ways[2].spans(taken), 0.99), quantile(loop.spans(taken), 0.99)),
			milliseconds("alertmanager_trickle_sent_p99", quantile(ways[2].spans(working), 0.99), 0))
	}
	return figures, missing
}

// wayOfBot ends each outage before the next: things that stay down would come to be one
// fault for all.
func (t *town) wayOfBot() *way {
	room := string(t.hooked.supervision)
	return &way{
		name: "the bot", room: room,
		down:  func(ctx context.Context, thing string) (time.Time, error) { return t.poster.post(ctx, thing, false) },
		after: func(ctx context.Context, thing string) error { return t.poster.recover(ctx, t.matrix, room, thing) },
	}
}

func (t *town) passOne(ctx context.Context, w *way, counts bool) error {
	ctx, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	thing := newThing()
	came := t.matrix.expect(message(w.room, thing))
	accepted, err := w.down(ctx, thing)
	if err != nil {
		return err
	}
	c, err := await(ctx, "the event", came)
	if err != nil {
		return err
	}
	if counts {
		w.times = append(w.times, passage{fetched: accepted, asked: c.asked, accepted: c.answered})
	}
	if w.after != nil {
		if err := w.after(ctx, thing); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return ctx.Err()
}

// newThing names something that nobody heard of before.
func newThing() string { return "Sonde " + rand.Text() }

func (w *way) spans(of func(passage) time.Duration) []time.Duration {
	return (&relay{times: w.times}).spans(of)
}

// sayWay tells where the time went.
func (t *town) sayWay(w *way) {
	for _, span := range []struct {
		name string
		of   func(passage) time.Duration
	}{{"stored to request", working}, {"request to answer", sending}, {"stored to answer", taken}} {
		all := w.spans(span.of)
		t.say("%-18s %-18s p50 %6.2f  p90 %6.2f  p99 %6.2f  max %6.2f ms", w.name, span.name,
			quantile(all, 0.5).Seconds()*1000, quantile(all, 0.9).Seconds()*1000, quantile(all, 0.99).Seconds()*1000, quantile(all, 1).Seconds()*1000)
	}
}

package pager

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"ronde/store"
)

const (
	// attemptTime bounds one attempt. It is seen to its end also when the process is
	// asked to stop, lest nobody know what came of it.
	attemptTime = 20 * time.Second
	// betweenPages is how long a road rests after a page. What comes meanwhile goes out
	// as one, so that a storm rings a few times and not a thousand.
	betweenPages = 2 * time.Minute
	// idleTime is how long a road waits that has nothing to do and that nobody wakes: a net.
	idleTime = time.Minute
)

// errDoubt is wrapped by the error of an attempt of which nobody knows whether it arrived.
// After any other it certainly did not.
var errDoubt = errors.New("it may have arrived")

// message is what a page says.
type message struct {
	ID    string // the same for the same page tried again
	Title string
	Body  string
	Calm  bool // it is over
}

// carrier takes messages to people.
type carrier struct {
	name string // of the road, as the store has it
	kind string // as people call it
	send func(ctx context.Context, m message) error
}

// carriers returns everything by which people can be reached.
func (p *Pager) carriers() (all []carrier) {
	if p.Config.Ntfy != nil {
		all = append(all, carrier{"ntfy", "ntfy", p.Config.Ntfy.sender(p.HTTP, "ronde/"+p.Version)})
	}
	if p.Config.Mail != nil {
		for _, to := range p.Config.Mail.To {
			all = append(all, carrier{"mail " + to, "mail", p.Config.Mail.sender(p.Dial, to, "ronde/"+p.Version)})
		}
	}
	return all
}

// road carries the pages of one carrier.
type road struct {
	carrier
	pager  *Pager
	wake   chan struct{}
	pauses *backoff.ExponentialBackOff
	broken bool // the last attempt failed
}

func newRoad(p *Pager, c carrier) *road {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.Multiplier, pauses.MaxInterval = 10*time.Second, 2, 5*time.Minute
	return &road{carrier: c, pager: p, wake: make(chan struct{}, 1), pauses: pauses}
}

func (r *road) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run carries what waits until ctx ends. What an earlier process left waits until it is
// known whether the homeserver is back.
func (r *road) run(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settling):
	}
	for ctx.Err() == nil {
		pause, err := r.carry(ctx)
		if err != nil && ctx.Err() == nil {
			r.pager.Log.ErrorContext(ctx, "what is paged cannot be read or stored", "road", r.name, "err", err)
		}
		wake := r.wake
		if pause > 0 {
			wake = nil // it rests, whatever comes
		} else {
			pause = idleTime
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(pause):
		}
	}
}

// carry makes one attempt, if something waits, and returns how long the road then rests.
func (r *road) carry(ctx context.Context) (rest time.Duration, err error) {
	var pages []store.Page
	var m message
	err = r.pager.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if pages, err = tx.TryPages(r.name); err != nil || len(pages) == 0 {
			return err
		}
		m, err = r.pager.write(tx, pages)
		return err
	})
	if err != nil || len(pages) == 0 {
		return 0, err
	}
	trying, stop := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer stop()
	return r.ended(context.WithoutCancel(ctx), pages[0].Batch, r.send(trying, m))
}

// ended stores and logs what came of an attempt.
func (r *road) ended(ctx context.Context, batch int64, result error) (rest time.Duration, err error) {
	rest = betweenPages
	end := (*store.Tx).PageArrived
	switch {
	case errors.Is(result, errDoubt):
		rest, end = r.pauses.NextBackOff(), (*store.Tx).PageInDoubt
	case result != nil:
		rest, end = r.pauses.NextBackOff(), (*store.Tx).PageFailed
	default:
		r.pauses.Reset()
	}
	r.log(ctx, batch, result)
	return rest, r.pager.Store.Update(ctx, func(tx *store.Tx) error { return end(tx, batch) })
}

// log says what came of an attempt; a road that goes on failing is logged once.
func (r *road) log(ctx context.Context, batch int64, result error) {
	log := r.pager.Log.With("road", r.name, "page", batch)
	switch {
	case result == nil:
		log.InfoContext(ctx, "people were paged")
	case errors.Is(result, errDoubt):
		log.WarnContext(ctx, "nobody knows whether people were paged", "err", result)
	case r.broken:
		log.DebugContext(ctx, "people still cannot be paged", "err", result)
	default:
		log.WarnContext(ctx, "people cannot be paged", "err", result)
	}
	r.broken = result != nil
}

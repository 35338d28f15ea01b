package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// kumaName is the account with which Uptime Kuma posts in the room itself.
const kumaName = "kuma"

// hookSecret opens the bot's webhooks. It guards nothing.
const hookSecret = "the secret of the webhooks"

// hookNames are the bot's webhooks, each of the kind of its name.
func hookNames() []string { return []string{"kuma", "healthchecks", "alertmanager"} }

// teller lets the channels say what they say, each when its time has come.
type teller struct {
	play    *play
	client  *http.Client
	stop    context.CancelCauseFunc // of everything, when a mail cannot be delivered
	heard   func() bool             // the bot hears what is said in the rooms
	begun   time.Time
	posting sync.WaitGroup

	mu sync.Mutex
}

// step says what is to be said now and reports whether nothing is left.
func (t *teller) step(ctx context.Context, now time.Time) (finished bool) {
	finished = true
	for _, o := range t.play.plan.outages {
		finished = t.tellOf(ctx, o, now) && finished
	}
	return finished
}

// tellOf says what is to be said of an outage now.
func (t *teller) tellOf(ctx context.Context, o *outage, now time.Time) (finished bool) {
	switch {
	case !o.ready.IsZero():
	case o.before == nil:
		o.ready = t.begun.Add(o.at)
	case t.shownAsOver(o.before):
		o.ready = now.Add(o.at)
	default:
		return false
	}
	finished = true
	for _, one := range o.tellings {
		switch {
		case one.begun:
		case now.Before(o.ready.Add(one.delay)), one.after != nil && !t.isTaken(one.after), one.channel == inRoom && !t.heard():
		default:
			one.begun = true
			t.tell(ctx, one)
		}
		finished = finished && t.isTaken(one)
	}
	return finished
}

// shownAsOver tells whether the room shows that an outage is over. Before that, the next
// one could be told by a channel that overtakes all others, and nobody could know that
// they were two.
func (t *teller) shownAsOver(o *outage) bool {
	card := t.play.view.find(subject{incident: o.incident})
	return card != nil && strings.HasPrefix(card.shows(), "🟢 ")
}

func (t *teller) isTaken(one *telling) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return one.taken
}

func (t *teller) tell(ctx context.Context, one *telling) {
	t.posting.Go(func() {
		switch one.channel {
		case inRoom:
			t.play.server.SayAt(kumaName, t.play.rooms.supervision, one.line, one.dated)
			t.play.weather.acted()
		case byMail:
			if err := t.play.stage.deliver(t.play.folder, []mail{{raw: one.body}}); err != nil {
				t.stop(err)
				return
			}
			t.play.weather.mailed()
		default:
			if !t.post(ctx, one) {
				return
			}
		}
		t.play.story.tell("told by %s: %.120q", one.channel, one.line+one.hook+string(bytes.TrimSpace(one.body[max(0, len(one.body)-120):])))
		t.mu.Lock()
		defer t.mu.Unlock()
		one.taken = true
	})
}

// again is how long a sender waits before it posts the same once more.
const again = 60 * time.Millisecond

// post posts until it is told that what it posted is stored, as good senders do, and
// never after that.
func (t *teller) post(ctx context.Context, one *telling) (taken bool) {
	if one.cut {
		t.hangUp(ctx, one)
	}
	for {
		switch stored := t.postOnce(ctx, one); {
		case stored && one.deaf == 0:
			return true
		case stored:
			one.deaf--
			t.play.story.tell("the answer to a post to %s is lost", one.hook)
		}
		if wait(ctx, again) != nil {
			return false
		}
	}
}

func (t *teller) request(ctx context.Context, one *telling) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.play.board+"/hooks/"+one.hook, bytes.NewReader(one.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+hookSecret)
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

func (t *teller) postOnce(ctx context.Context, one *telling) (stored bool) {
	r, err := t.request(ctx, one)
	if err != nil {
		return false
	}
	t.play.weather.posting()
	answer, err := t.client.Do(r)
	if err != nil {
		return false
	}
	stored = answer.StatusCode/100 == 2
	_ = answer.Body.Close()
	if stored {
		t.play.weather.posted()
	} else {
		t.play.story.tell("a post to %s is answered with %s", one.hook, answer.Status)
	}
	return stored
}

// hangUp posts and is gone before the answer.
func (t *teller) hangUp(ctx context.Context, one *telling) {
	r, err := t.request(ctx, one)
	if err != nil {
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.play.board)
	if err != nil {
		return // the bot is down
	}
	err = r.Write(conn)
	t.play.story.tell("a sender to %s hangs up: %v", one.hook, fmt.Sprint(err, conn.Close()))
}

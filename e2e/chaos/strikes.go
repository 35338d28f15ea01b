package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"ronde/e2e/homeserver"
)

// moment says at what the bot is killed.
type moment string

const (
	beforeCommit moment = "before the homeserver takes an event"
	afterCommit  moment = "after the homeserver took an event, before its answer"
	syncGiven    moment = "just after a sync answer"
	mailGiven    moment = "just after mail came"
	stored       moment = "just after a transaction was stored"
	heard        moment = "just after a transaction was stored, once somebody did something"
	fetched      moment = "just after a transaction was stored, once mail was told of"
	posting      moment = "just after something was posted to a webhook"
	posted       moment = "just after a webhook answered that it is stored"
	asking       moment = "while a check of its own was made"
	kept         moment = "just after a transaction was stored, once a check of its own was made"
	anyTime      moment = "at some time" // no moment: the limit decides
)

// strike is one kill -9 and what follows.
type strike struct {
	moment moment
	nth    int           // of the events sent, the sync answers or the transactions
	pause  time.Duration // from the moment to the kill
	limit  time.Duration // after that long since the start it is struck in any case
	forget bool          // the homeserver forgets all transaction ids
	down   time.Duration // until the next start
}

func (s strike) String() string {
	return fmt.Sprintf("%s, the %dth, after %s or %s at most; forgets ids: %t; down for %s",
		s.moment, s.nth, s.pause.Round(time.Millisecond), s.limit.Round(time.Millisecond), s.forget, s.down.Round(time.Millisecond))
}

// drawStrikes decides when the bot is killed, six to nine times.
func (p *plan) drawStrikes(lots *rand.Rand) {
	moments := []moment{beforeCommit, afterCommit, afterCommit, stored, heard, heard, fetched, syncGiven, mailGiven, posting, posted, posted, anyTime}
	for i := range 6 + lots.IntN(4) {
		s := strike{moment: pick(lots, moments), nth: 1 + lots.IntN(30), limit: 2 * time.Second, forget: lots.IntN(2) == 0, down: upTo(lots, 60*time.Millisecond)}
		if i == 0 { // with every seed, what is hardest: it is there, nobody said so, and the id is forgotten
			s.moment, s.forget = afterCommit, true
		}
		if lots.IntN(4) == 0 { // long enough for something to come in meanwhile
			s.down = 200*time.Millisecond + upTo(lots, 600*time.Millisecond)
		}
		switch s.moment {
		case stored: // more of them early: there it catches up
			s.nth = int(math.Exp(lots.Float64() * math.Log(200)))
		case heard:
			s.nth = 1 + lots.IntN(8)
		case syncGiven:
			s.nth, s.pause, s.limit = 1+lots.IntN(8), upTo(lots, 5*time.Millisecond), time.Second
		case mailGiven, fetched:
			s.nth = 1 + lots.IntN(8)
			// Dovecot tells of new mail after half a second: then it is fetched and folded.
			s.pause, s.limit = 490*time.Millisecond+upTo(lots, 80*time.Millisecond), 1500*time.Millisecond
		case posting:
			s.nth, s.pause = 1+lots.IntN(8), upTo(lots, 4*time.Millisecond)
		case posted:
			s.nth = 1 + lots.IntN(8)
		case anyTime:
			s.limit = upTo(lots, 1500*time.Millisecond)
		}
		p.strikes = append(p.strikes, s)
	}
}

// armed is a strike that waits for its moment.
type armed struct {
	strike
	once   sync.Once
	from   string        // the file from whose appearance transactions are counted
	struck chan struct{} // closed when the moment has come
	dead   chan struct{} // closed when the bot is
}

func (a *armed) strikeNow() { a.once.Do(func() { close(a.struck) }) }

// byCommit tells whether commit.c does the killing.
func (s strike) byCommit() bool {
	return s.moment == stored || s.moment == heard || s.moment == fetched || s.moment == kept
}

// count makes the transactions count from now on.
func (a *armed) count() { _ = os.WriteFile(a.from, nil, 0o600) } // without it the limit strikes

// strikeAfter strikes after the pause.
func (a *armed) strikeAfter() {
	if a.pause == 0 {
		a.strikeNow()
		return
	}
	time.AfterFunc(a.pause, a.strikeNow)
}

// weather decides what goes wrong with each request to the homeserver.
type weather struct {
	seed  uint64
	story *story
	from  string // for armed

	mu           sync.Mutex
	armed        *armed
	sends, syncs int // since the bot's start
	posts, oks   int // to the webhooks since then, and how many of them were answered with 2xx
	absences     []absence
	leave        func(absence)
	taken        int // events sent in all
	staggers     []stagger
	slowUntil    time.Time // /sync takes until then
}

// start arms the next strike for a bot that is about to start; nil arms none.
func (w *weather) start(s *strike) *armed {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.sends, w.syncs, w.posts, w.oks = nil, 0, 0, 0, 0
	if s != nil {
		_ = os.Remove(w.from)
		w.armed = &armed{strike: *s, from: w.from, struck: make(chan struct{}), dead: make(chan struct{})}
		if s.moment == stored {
			w.armed.count()
		}
	}
	return w.armed
}

// mailed is called when mail was delivered.
func (w *weather) mailed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.armed == nil:
	case w.armed.moment == mailGiven:
		w.armed.strikeAfter()
	case w.armed.moment == fetched:
		time.AfterFunc(fetchedAfter, w.armed.count)
	}
}

// fetchedAfter is a little less than Dovecot takes to tell of new mail.
const fetchedAfter = 495 * time.Millisecond

// acted is called when somebody did something in a room.
func (w *weather) acted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed != nil && w.armed.moment == heard {
		w.armed.count()
	}
}

// asked is called when the bot's own check asks for the page.
func (w *weather) asked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.armed == nil:
	case w.armed.moment == asking:
		w.armed.strikeAfter()
	case w.armed.moment == kept:
		w.armed.count()
	}
}

// posting is called when something is about to be posted to a webhook.
func (w *weather) posting() { w.post(posting, &w.posts) }

// posted is called when a webhook has answered that something is stored.
func (w *weather) posted() { w.post(posted, &w.oks) }

func (w *weather) post(m moment, count *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*count++
	if w.armed != nil && w.armed.moment == m && w.armed.nth == *count {
		w.armed.strikeAfter()
	}
}

// decide is the homeserver's hook.
func (w *weather) decide(r homeserver.Request) homeserver.Fault {
	if a := w.due(r); a != nil {
		return a.fault(r)
	}
	if fault, staggers := w.stagger(r); staggers {
		w.story.fault(r, fault)
		return fault
	}
	// The word that the database was made with differs from run to run: without it
	// the same seed draws the same lots.
	if _, rest, found := strings.Cut(r.Txn, "-"); found {
		r.Txn = rest
	}
	fault := homeserver.Seeded(w.seed, odds(r.Kind))(r)
	w.story.fault(r, fault)
	return fault
}

// stagger is what happens while the homeserver staggers.
func (w *weather) stagger(r homeserver.Request) (homeserver.Fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.Kind == homeserver.Sync && time.Now().Before(w.slowUntil):
		return homeserver.Fault{Delay: time.Until(w.slowUntil)}, true
	case r.Kind != homeserver.Send:
		return homeserver.Fault{}, false
	}
	w.taken++
	for _, s := range w.staggers {
		if s.nth == w.taken {
			w.slowUntil = time.Now().Add(s.lasts)
			return homeserver.Fault{Drop: homeserver.DropAnswer, Forget: true}, true
		}
	}
	for _, a := range w.absences {
		if a.nth == w.taken {
			return homeserver.Fault{Drop: homeserver.DropAnswer, Forget: true, After: func() { go w.leave(a) }}, true
		}
	}
	return homeserver.Fault{}, false
}

// odds are low where the bot answers a failure with a pause of a second and more:
// a seed has to end some time.
func odds(kind homeserver.Kind) homeserver.Odds {
	switch kind {
	case homeserver.Send:
		return homeserver.Odds{
			Refuse: 0.002, CutBefore: 0.002, CutAfter: 0.004, Half: 0.002, Forget: 0.004,
			RateLimit: 0.015, ServerError: 0.002, Late: 0.004,
		}
	case homeserver.Sync:
		return homeserver.Odds{Refuse: 0.003, CutBefore: 0.003, CutAfter: 0.005, Half: 0.005, ServerError: 0.003, RateLimit: 0.005, Late: 0.01, Repeat: 0.1, Limited: 0.1}
	}
	return homeserver.Odds{Refuse: 0.002, CutAfter: 0.002, Half: 0.002, ServerError: 0.002, Late: 0.005}
}

// due counts the request and returns the strike whose moment it is.
func (w *weather) due(r homeserver.Request) *armed {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	switch r.Kind {
	case homeserver.Send:
		w.sends++
		count = w.sends
	case homeserver.Sync:
		w.syncs++
		count = w.syncs
	}
	a := w.armed
	if a == nil || a.nth != count {
		return nil
	}
	if r.Kind == homeserver.Send && (a.moment == beforeCommit || a.moment == afterCommit) || r.Kind == homeserver.Sync && a.moment == syncGiven {
		w.armed = nil
		return a
	}
	return nil
}

// fault is what happens to the request at which the bot is killed.
func (a *armed) fault(r homeserver.Request) homeserver.Fault {
	switch a.moment {
	case beforeCommit:
		a.strikeNow()
		<-r.Gone
		return homeserver.Fault{Drop: homeserver.DropRequest}
	case afterCommit:
		return homeserver.Fault{Drop: homeserver.DropAnswer, Forget: a.forget, After: func() {
			a.strikeNow()
			<-a.dead
		}}
	}
	return homeserver.Fault{After: a.strikeAfter}
}

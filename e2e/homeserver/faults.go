package homeserver

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Drop says what is lost on the way.
type Drop int

// What can be lost. DropConnection is a refused connection: the request never
// arrived (over TCP a single request is reset instead, as its connection stands
// already; see [Server.GoAway]). DropRequest cuts the connection before the
// request is done, DropAnswer after it is done, DropHalf in the middle of the
// answer's body.
const (
	DropNothing Drop = iota
	DropConnection
	DropRequest
	DropAnswer
	DropHalf
)

// Fault is what goes wrong with one request; the zero value is nothing. Its
// parts may be combined: first the delay and what is lost before the work, then
// the status, then the work; after it Forget, After and what is lost of the answer.
type Fault struct {
	Delay time.Duration // waits before anything else
	Drop  Drop

	// Status answers this instead of doing the request: 429 with retry_after_ms,
	// or a 5xx. Code is "" for the usual one.
	Status     int
	Code       string
	RetryAfter time.Duration

	// Forget forgets all transaction ids, this request's too, once it is done. With
	// DropAnswer, trying again does it again, as after a long outage.
	Forget bool

	// Repeat answers /sync at once, as if since had been this many positions
	// earlier: events already given are given again. A position is one event of
	// any room, one message to a device or one change of keys. Messages to devices
	// are not repeated.
	Repeat int
	// Limit is the most events a room's timeline gets in this /sync, instead of
	// the filter's; the rest is behind prev_batch.
	Limit int

	// After is called when the request is done and before its answer goes out. It
	// may block.
	After func()
}

// RateLimited answers 429 M_LIMIT_EXCEEDED with retry_after_ms.
func RateLimited(after time.Duration) Fault { return Fault{Status: 429, RetryAfter: after} }

func (f Fault) answer() answer {
	body := map[string]any{"errcode": f.Code, "error": "as the test asked"}
	if f.Code == "" {
		body["errcode"] = "M_UNKNOWN"
	}
	if f.Status == 429 {
		body["retry_after_ms"] = f.RetryAfter.Milliseconds()
		if f.Code == "" {
			body["errcode"] = "M_LIMIT_EXCEEDED"
		}
	}
	raw, _ := json.Marshal(body)
	return answer{status: f.Status, body: raw}
}

// SetFaults replaces the hook that decides what goes wrong; nil is nothing. The
// hook is called once for each request that arrives, without any lock, from many
// goroutines. It may block, so that a test can do something while the request
// waits, and should then heed [Request.Gone].
func (s *Server) SetFaults(faults func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// Forget makes the server forget all transaction ids: what is sent again is new.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.txns)
}

// Odds are how likely each fault is, from 0 to 1; their sum should stay below 1.
type Odds struct {
	Refuse, CutBefore, CutAfter, Half float64
	RateLimit, ServerError            float64
	Late                              float64 // up to a second
	Forget                            float64 // together with a lost answer
	Repeat, Limited                   float64 // /sync only
}

// Seeded returns a hook that decides by lot. The lot depends on the seed and on
// what the request is (its kind, room, transaction id and try, or its ordinal
// among its kind when it has no transaction id), not on when it arrives, so a
// seed that failed fails again.
func Seeded(seed uint64, odds Odds) func(Request) Fault {
	return func(r Request) Fault {
		sum := fnv.New64a()
		ordinal := r.Nth
		if r.Txn != "" {
			ordinal = r.Try
		}
		fmt.Fprintf(sum, "%s\x00%s\x00%s\x00%d", r.Kind, r.Room, r.Txn, ordinal)
		return odds.draw(r, rand.New(rand.NewPCG(seed, sum.Sum64())))
	}
}

func (o Odds) draw(r Request, lots *rand.Rand) Fault {
	table := []struct {
		odds  float64
		fault Fault
	}{
		{o.Refuse, Fault{Drop: DropConnection}},
		{o.CutBefore, Fault{Drop: DropRequest}},
		{o.CutAfter, Fault{Drop: DropAnswer}},
		{o.Half, Fault{Drop: DropHalf}},
		{o.RateLimit, RateLimited(time.Duration(50+lots.IntN(450)) * time.Millisecond)},
		{o.ServerError, Fault{Status: 500 + lots.IntN(5)}},
		{o.Late, Fault{Delay: time.Duration(lots.IntN(1000)) * time.Millisecond}},
		{o.Forget, Fault{Forget: true, Drop: DropAnswer}},
		{when(r.Kind == Sync, o.Repeat), Fault{Repeat: 1 + lots.IntN(30)}},
		{when(r.Kind == Sync, o.Limited), Fault{Limit: 1 + lots.IntN(3)}},
	}
	lot := lots.Float64()
	for _, row := range table {
		if lot < row.odds {
			return row.fault
		}
		lot -= row.odds
	}
	return Fault{}
}

func when(yes bool, odds float64) float64 {
	if yes {
		return odds
	}
	return 0
}

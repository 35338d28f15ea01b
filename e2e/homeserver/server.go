// Package homeserver is a small fake Matrix homeserver that can be made to fail
// on purpose: it refuses connections, loses answers, forgets transaction ids,
// repeats events and asks for pauses, each time exactly when a test says so.
//
// It keeps everything in memory and speaks as much of the client-server API as
// two mautrix clients need to talk to each other, encrypted or not. It serves
// in process ([Server.Client]), without sockets, so that it works inside a
// testing/synctest bubble, and over loopback TCP ([Server.Listen]). A server
// used in a bubble must be made in that bubble.
//
// It does not federate, keeps no key backup, does not enforce
// history visibility, and honours of a filter only the room's rooms and its
// timeline's limit, types and not_types.
package homeserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options are what a server is made with. The zero value is a server that never
// fails.
type Options struct {
	Name string // the domain in ids; "ronde.test" when empty
	// Seed decides every id and token: the same seed and the same order of
	// requests give the same ids, and nobody can guess them otherwise.
	Seed uint64
	// Faults decides what goes wrong with each request; nil is nothing. See
	// [Server.SetFaults].
	Faults func(Request) Fault
	// Remember is how long a transaction id is remembered; 0 is for ever.
	Remember time.Duration
	// KeepRequests bounds [Server.Requests]; 0 keeps the last 20000.
	KeepRequests int
}

// Server is a fake homeserver. All its methods may be called from many
// goroutines.
type Server struct {
	options   Options
	endpoints []endpoint

	mu       sync.Mutex
	faults   func(Request) Fault
	away     bool
	position int64         // of the newest thing that /sync tells of
	news     chan struct{} // closed when position moves or the server goes away
	watch    chan struct{} // closed when anything at all happens

	users    map[string]*user
	tokens   map[string]*device
	rooms    map[string]*room
	aliases  map[string]string // alias to room id
	events   map[string]*Event
	filters  map[string]filter
	keyNews  []keyChange
	txns     map[string]transaction
	counts   map[string]int // how often something was seen, by name
	requests []Request
	media    media

	tcp tcp
}

// New makes a server without users or rooms.
func New(options Options) *Server {
	if options.Name == "" {
		options.Name = "ronde.test"
	}
	if options.KeepRequests == 0 {
		options.KeepRequests = 20000
	}
	return &Server{
		options: options, endpoints: endpoints(), faults: options.Faults,
		news: make(chan struct{}), watch: make(chan struct{}),
		users: map[string]*user{}, tokens: map[string]*device{},
		rooms: map[string]*room{}, aliases: map[string]string{}, events: map[string]*Event{},
		filters: map[string]filter{}, txns: map[string]transaction{}, counts: map[string]int{}, media: media{},
	}
}

// refusal is an error that a client is told as such.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func refuse(status int, code, format string, args ...any) error {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// answer is what goes back to the client.
type answer struct {
	status int
	body   []byte
	drop   Drop
}

// handle does one request: the fault's part before, the work, the fault's part
// after. It may block for as long as the fault or a long poll says, or until ctx
// ends.
func (s *Server) handle(ctx context.Context, in incoming) answer {
	c := s.receive(ctx, in)
	if c == nil {
		return answer{drop: DropConnection}
	}
	fault := s.decide(c)
	a := s.perform(ctx, c, fault)
	s.record(c, fault, a)
	return a
}

// receive numbers the request. It returns nil when the server is away.
func (s *Server) receive(ctx context.Context, in incoming) *call {
	c := s.route(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.tokens[in.token]; d != nil {
		c.device, c.User, c.Device = d, d.user.id, d.id
	}
	c.N, c.Nth = s.count("requests"), s.count("kind "+string(c.Kind))
	c.Try = 1
	if c.Txn != "" {
		c.Try = s.count("try " + in.token + " " + in.path)
	}
	c.At, c.Gone = time.Now(), ctx.Done()
	if s.away {
		s.keep(c.Request, Fault{Drop: DropConnection}, 0)
		return nil
	}
	return c
}

func (s *Server) decide(c *call) Fault {
	s.mu.Lock()
	faults := s.faults
	s.mu.Unlock()
	if faults == nil {
		return Fault{}
	}
	return faults(c.Request)
}

// perform works on the request as far as the fault lets it.
func (s *Server) perform(ctx context.Context, c *call, fault Fault) answer {
	if !pause(ctx, fault.Delay) || s.isAway() {
		return answer{drop: DropRequest}
	}
	switch {
	case fault.Drop == DropConnection || fault.Drop == DropRequest:
		return answer{drop: fault.Drop}
	case fault.Status != 0:
		return fault.answer()
	}
	a := s.work(ctx, c, fault)
	if fault.Forget {
		s.Forget()
	}
	if fault.After != nil {
		fault.After()
	}
	if fault.Drop != DropNothing && a.drop == DropNothing {
		a.drop = fault.Drop
	}
	return a
}

// work runs the endpoint. Only /sync takes the lock itself, as it waits.
func (s *Server) work(ctx context.Context, c *call, fault Fault) answer {
	switch {
	case c.Kind == Unknown:
		return failure(refuse(404, "M_UNRECOGNIZED", "%s %s is not known here", c.Method, c.Path))
	case c.device == nil && !c.open && c.token == "":
		return failure(refuse(401, "M_MISSING_TOKEN", "no access token"))
	case c.device == nil && !c.open:
		return failure(refuse(401, "M_UNKNOWN_TOKEN", "unknown access token"))
	case c.Kind == Sync:
		return s.sync(ctx, c, fault)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := c.do(s, c)
	if err != nil {
		return failure(err)
	}
	return success(body)
}

func success(body any) answer {
	if file, ok := body.(raw); ok {
		return answer{status: 200, body: file}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return failure(err)
	}
	return answer{status: 200, body: encoded}
}

func failure(err error) answer {
	if ask, ok := errors.AsType[*askPassword](err); ok {
		return ask.answer()
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{500, "M_UNKNOWN", err.Error()}
	}
	body, _ := json.Marshal(map[string]string{"errcode": r.code, "error": r.message})
	return answer{status: r.status, body: body}
}

// pause waits, and says whether the client is still there afterwards.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *Server) isAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away
}

func (s *Server) record(c *call, fault Fault, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := a.status
	if a.drop != DropNothing {
		status = 0
	}
	s.keep(c.Request, fault, status)
}

// keep logs a request that is over and wakes those who watch.
func (s *Server) keep(r Request, fault Fault, status int) {
	r.Fault, r.Status = fault, status
	s.requests = append(s.requests, r)
	if extra := len(s.requests) - s.options.KeepRequests; extra > 0 {
		s.requests = slices.Delete(s.requests, 0, extra)
	}
	ring(&s.watch)
}

// advance returns the next position of the stream and wakes the long polls.
// What is at that position must be stored before the lock is given back.
func (s *Server) advance() int64 {
	s.position++
	ring(&s.news)
	ring(&s.watch)
	return s.position
}

func ring(bell *chan struct{}) {
	close(*bell)
	*bell = make(chan struct{})
}

func (s *Server) count(name string) int {
	s.counts[name]++
	return s.counts[name]
}

// name makes an id out of the seed: the same for the same thing, 43 characters.
func (s *Server) name(parts ...any) string {
	seed := binary.BigEndian.AppendUint64(nil, s.options.Seed)
	sum := sha256.Sum256(fmt.Appendln(seed, parts...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

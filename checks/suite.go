package checks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"ronde/hosts"
	"ronde/text"
)

const (
	// atOnce is how many checks of one host, or about one thing that is on none, a suite
	// makes at the same time: the bot shares a server with what it looks at.
	atOnce = 4
	// inAll is how many it makes of all: each may keep some fifty connections.
	inAll = 32
	// checkTimeout bounds each check, whatever it waits for.
	checkTimeout = 20 * time.Second
	// keepSecret is how long the answer about a secret is good: it says a date weeks
	// ahead, and providers count requests.
	keepSecret = time.Hour
)

// Suite makes the checks that routines name, such as "containers antigone". Its methods
// may be called from several goroutines.
type Suite struct {
	set      *hosts.Set
	samplers *Samplers
	secrets  []*keeper
	checks   []Config
	history  History
	mails    MailReports
	location *time.Location
	memory   Memory
	keep     func(context.Context, []Outcome) error
	kinds    []Kind
	log      *slog.Logger
	free     chan struct{}            // has room for each check that is being made
	places   map[string]chan struct{} // by host: has room for each check of it

	mu      sync.Mutex
	unended map[string]chan struct{} // by check: closed when one that was given up ends after all
	failing map[string]bool          // by check: its last outcome was Unknown
	recent  map[string]Outcome       // by check and language: what it said last, if it said something
}

// Sources are what the checks of a suite are made of.
type Sources struct {
	Hosts *hosts.Set
	// Samplers give measurements that are warm; nil makes each when it is asked for.
	Samplers *Samplers
	Secrets  []OAuthConfig
	Checks   []Config       // every [[check]]
	History  History        // nil for none
	Memory   Memory         // nil for one that lasts as long as the suite
	Mails    MailReports    // nil for none
	Location *time.Location // where people's clocks are; nil for UTC
	// Keep keeps what was measured, whoever asked for it; nil for nothing. What cannot be
	// kept is said all the same.
	Keep func(ctx context.Context, made []Outcome) error
}

// NewSuite makes a suite.
func NewSuite(from Sources, log *slog.Logger) *Suite {
	s := &Suite{
		set: from.Hosts, samplers: from.Samplers, checks: from.Checks,
		history: from.History, mails: from.Mails, location: from.Location, keep: from.Keep,
		kinds: Kinds(), log: log, free: make(chan struct{}, inAll), places: map[string]chan struct{}{},
		unended: map[string]chan struct{}{}, failing: map[string]bool{}, recent: map[string]Outcome{},
	}
	if s.history == nil {
		s.history = noHistory{}
	}
	if s.memory = from.Memory; s.memory == nil {
		s.memory = newShortMemory()
	}
	for _, c := range from.Secrets {
		s.secrets = append(s.secrets, &keeper{config: c, turn: make(chan struct{}, 1)})
	}
	return s
}

// Run makes the checks called refs, four of a host at a time, and returns an outcome for each
// in the same order. One that fails, panics or takes more than 20 seconds is Unknown.
// What is named twice is made once. Details are in language l. The caller must not
// change the findings.
func (s *Suite) Run(ctx context.Context, refs []string, l *text.Language) []Outcome {
	made := map[string]*Outcome{}
	var all sync.WaitGroup
	for _, ref := range refs {
		key := folded(ref)
		if made[key] != nil {
			continue
		}
		o := &Outcome{}
		made[key] = o
		all.Go(func() {
			*o = s.one(ctx, key, ref, l)
			s.note(ctx, key, *o)
			s.remember(ref, l, *o)
		})
	}
	all.Wait()
	s.keepAll(ctx, made)
	outcomes := make([]Outcome, len(refs))
	for i, ref := range refs {
		outcomes[i] = *made[folded(ref)]
		outcomes[i].Ref = ref
	}
	return outcomes
}

func (s *Suite) keepAll(ctx context.Context, made map[string]*Outcome) {
	if s.keep == nil || len(made) == 0 {
		return
	}
	var all []Outcome
	for _, o := range made {
		all = append(all, *o)
	}
	if err := s.keep(ctx, all); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "what was measured cannot be kept", "err", fmt.Errorf("keep %d outcomes: %w", len(all), err))
	}
}

// folded is the same for all ways to write one reference.
func folded(ref string) string { return strings.ToLower(strings.Join(strings.Fields(ref), " ")) }

// Find returns what makes a check: of the kind called kind, about the host or secret
// called target. Its error says what there is instead.
func (s *Suite) Find(kind, target string) (func(context.Context) (Report, error), error) {
	k, err := find(s.kinds, kind)
	if err != nil {
		return nil, err
	}
	if k.MeasureOAuth != nil {
		secret, err := s.secret(target)
		return func(ctx context.Context) (Report, error) { return secret.ask(ctx, k.MeasureOAuth) }, err
	}
	asked, err := s.asked(k, target)
	if err != nil {
		return nil, err
	}
	if k.Name == containersName && s.samplers != nil {
		sampler, err := s.samplers.Find(asked.Host.Name())
		return func(ctx context.Context) (Report, error) {
			return lookAtContainers(ctx, asked, sampler.engine, sampler.Stats)
		}, err
	}
	return func(ctx context.Context) (Report, error) { return k.Measure(ctx, asked) }, nil
}

// asked is what a check of a kind is made of: the [[check]] of that name, or the host
// with that kind's defaults.
func (s *Suite) asked(k Kind, name string) (Asked, error) {
	a := Asked{
		Kind: k.Name, Name: name, Settings: k.Settings,
		History: s.history, Memory: s.memory, Mails: s.mails, Location: s.location,
	}
	for _, c := range s.checks {
		if c.Kind == k.Name && strings.EqualFold(c.Name, name) {
			a.Name, a.Settings = c.Name, c.Settings
			if c.Host == "" {
				return a, nil
			}
			h, err := s.set.Find(c.Host)
			a.Host = h
			return a, err
		}
	}
	if k.Named || k.Hostless {
		return a, fmt.Errorf("[[check]] %q of the kind %s %w: there are %s", name, k.Name, errNoSuch, strings.Join(s.named(k.Name), ", "))
	}
	h, err := s.set.Find(name)
	if err != nil {
		return a, err
	}
	a.Name, a.Host = h.Name(), h
	return a, nil
}

func (s *Suite) named(kind string) (all []string) {
	for _, c := range s.checks {
		if c.Kind == kind {
			all = append(all, c.Name)
		}
	}
	return all
}

func (s *Suite) secret(name string) (*keeper, error) {
	var known []string
	for _, k := range s.secrets {
		if strings.EqualFold(k.config.Name, name) {
			return k, nil
		}
		known = append(known, k.config.Name)
	}
	return nil, fmt.Errorf("[[oauth]] %q %w: there are %s", name, errNoSuch, strings.Join(known, ", "))
}

// one makes one check, in its turn and within its time. It does not wait for one
// that does not heed its context, and makes no second such one beside it.
func (s *Suite) one(ctx context.Context, key, ref string, l *text.Language) Outcome {
	kind, target, _ := strings.Cut(strings.Join(strings.Fields(ref), " "), " ")
	unknown := func(err error) Outcome { return Outcome{Ref: ref, Result: failed(kind, target, time.Now(), err)} }
	measure, err := s.Find(kind, target)
	if err != nil {
		return unknown(err)
	}
	if s.isUnended(key) {
		return unknown(fmt.Errorf("an earlier one has still not ended: %w", context.DeadlineExceeded))
	}
	for _, room := range []chan struct{}{s.place(kind, target), s.free} {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		case <-ctx.Done():
			return unknown(context.Cause(ctx))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	said, ended := make(chan Outcome, 1), make(chan struct{})
	go func() {
		defer close(ended)
		o, err := s.safely(ctx, measure, l)
		if err != nil {
			o = unknown(err)
		}
		said <- o
	}()
	select {
	case o := <-said:
		return o
	case <-ctx.Done():
		s.giveUp(key, ended)
		return unknown(context.Cause(ctx))
	}
}

// place has room for each check that is being made of the host that a check is about.
func (s *Suite) place(kind, target string) chan struct{} {
	for _, c := range s.checks {
		if c.Kind == kind && strings.EqualFold(c.Name, target) && c.Host != "" {
			target = c.Host
		}
	}
	target = strings.ToLower(target)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[target] == nil {
		s.places[target] = make(chan struct{}, atOnce)
	}
	return s.places[target]
}

// safely measures, with an error instead of a panic.
func (s *Suite) safely(ctx context.Context, measure func(context.Context) (Report, error), l *text.Language) (o Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "a check panicked", "err", text.OneLine(fmt.Sprint(p), 200), "stack", string(debug.Stack()))
			err = errors.New("the check panicked")
		}
	}()
	report, err := measure(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return OutcomeOf(report, l), nil
}

func (s *Suite) giveUp(key string, ended chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unended[key] = ended
}

func (s *Suite) isUnended(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.unended[key]:
		delete(s.unended, key)
		return false
	default:
		return s.unended[key] != nil
	}
}

// note logs what changed: a check that fails for a night is one line.
func (s *Suite) note(ctx context.Context, key string, o Outcome) {
	s.mu.Lock()
	was, is := s.failing[key], o.Status == Unknown
	s.failing[key] = is
	s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case is && !was:
		s.log.WarnContext(ctx, "a check says nothing", "check", o.Check, "host", o.Host, "err", o.Error)
	case was && !is:
		s.log.InfoContext(ctx, "a check says something again", "check", o.Check, "host", o.Host)
	}
}

// keeper asks about one secret at most once an hour, unless the last try failed or
// the secret is another one since.
type keeper struct {
	config OAuthConfig
	turn   chan struct{} // holds one token: who put it there asks
	last   Report        // nil before the first that did not fail
	secret string        // that last is about
}

func (k *keeper) ask(ctx context.Context, measure func(context.Context, OAuthConfig) (Report, error)) (Report, error) {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		err := fmt.Errorf("wait for the answer about %s: %w", k.config.Name, context.Cause(ctx))
		return SecretReport{Result: failed("oauth", k.config.Name, time.Now(), err)}, err
	}
	secret, err := k.config.secret()
	if err == nil && k.last != nil && secret == k.secret && k.last.Verdict().Age(time.Now()) < keepSecret {
		return k.last, nil
	}
	k.last = nil
	report, err := measure(ctx, k.config)
	if err == nil && report.Verdict().Status != Unknown {
		k.last, k.secret = report, secret
	}
	return report, err
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ronde/hosts"
	"ronde/probe"
)

// How often a [Sampler] looks. One reading of forty containers costs dockerd and
// containerd an eighth of a second of CPU (20.10, where two readings cost twice
// that), so at the idle pace 0.3 % of a core: little enough to do all day, and the
// one question of the day is answered at once. Whoever asks is working on
// something, so after that the figures follow closely for a while.
const (
	idlePause      = 45 * time.Second
	attentivePause = 10 * time.Second
	attentiveFor   = 10 * time.Minute
	// freshFor is how old a measurement may be and still be an answer. It leaves Run
	// time for a reading that is slow.
	freshFor = 60 * time.Second
	// longestWindow is how far apart the two readings of a CPU percentage may be: an
	// average over more says little about now.
	longestWindow = 2 * time.Minute
)

// Engine is a host whose containers can be read; [probe.Engine] is one.
type Engine interface {
	Name() string
	// Ping asks for a sign of life.
	Ping(ctx context.Context) error
	// Since reads all running containers and takes their counters in before as the
	// earlier of two readings.
	Since(ctx context.Context, before []hosts.ContainerSample) ([]hosts.ContainerSample, error)
	// Conditions asks how all containers are doing, also those that stopped.
	Conditions(ctx context.Context) ([]hosts.Condition, error)
}

// Sampler keeps a recent measurement of one host's containers, so that whoever
// asks need not wait for two readings a second apart. Its methods may be called
// from several goroutines.
type Sampler struct {
	engine Engine
	log    *slog.Logger
	turn   chan struct{} // holds one token: only who has it measures
	asked  chan struct{} // wakes Run when somebody asks after a long silence

	mu        sync.Mutex
	samples   []hosts.ContainerSample // of the last measurement; nil after a failure
	last      Measurement             // zero before the first, Unknown after a failure
	failure   error                   // of the last measurement
	lastAsked time.Time
}

// NewSampler makes a sampler of one engine. It does nothing until [Sampler.Run] or
// [Sampler.Stats] is called.
func NewSampler(e Engine, log *slog.Logger) *Sampler {
	s := &Sampler{engine: e, log: log.With("host", e.Name()), turn: make(chan struct{}, 1), asked: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Stats returns a measurement that is at most a minute old: at once when there is
// one, else after measuring, which takes about two seconds. [Result.Age] says how
// old it is. The caller must not change it.
//
// The error of an engine that is away is a [*hosts.UnreachableError]; the
// measurement is Unknown then and has no containers. A measurement taken while the
// engine was there is not returned once one has failed.
func (s *Sampler) Stats(ctx context.Context) (Measurement, error) {
	start := time.Now()
	s.attend(start)
	if m, ok := s.fresh(start); ok && s.alive(ctx) {
		return m, nil
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		err := fmt.Errorf("wait for a measurement of %s: %w", s.engine.Name(), context.Cause(ctx))
		return away(s.engine.Name(), err), err
	}
	defer func() { s.turn <- struct{}{} }()
	// Somebody else may have measured, or failed to, while this one waited.
	if m, ok := s.freshSince(start); ok {
		return m, nil
	}
	if m, err := s.failedSince(start); err != nil {
		return m, err
	}
	return s.measure(ctx)
}

// Run keeps the measurement warm until ctx is done.
func (s *Sampler) Run(ctx context.Context) {
	for {
		select {
		case <-s.turn:
			_, _ = s.measure(ctx) // logged and remembered there
			s.turn <- struct{}{}
		case <-ctx.Done():
			return
		}
		pause := time.NewTimer(s.pause(time.Now()))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-s.asked:
			pause.Stop()
		case <-pause.C:
		}
	}
}

// attend notes that somebody asks. The first one after a long silence wakes Run,
// whose pause would otherwise be the long one.
func (s *Sampler) attend(now time.Time) {
	s.mu.Lock()
	silent := now.Sub(s.lastAsked) > attentiveFor
	s.lastAsked = now
	s.mu.Unlock()
	if !silent {
		return
	}
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

func (s *Sampler) pause(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.lastAsked) < attentiveFor {
		return attentivePause
	}
	return idlePause
}

// fresh returns the last measurement when it is good enough for an answer.
func (s *Sampler) fresh(now time.Time) (Measurement, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.failure == nil && !s.last.At.IsZero() && s.last.Age(now) <= freshFor
}

// freshSince returns the last measurement when it was taken after start.
func (s *Sampler) freshSince(start time.Time) (Measurement, bool) {
	m, ok := s.fresh(time.Now())
	return m, ok && m.At.After(start)
}

// alive reports whether the engine is still there, so that a measurement of half
// a minute ago is not shown for one that went away since.
func (s *Sampler) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.engine.Ping(ctx) == nil
}

// failedSince returns the last measurement when it failed after start.
func (s *Sampler) failedSince(start time.Time) (Measurement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.At.After(start) {
		return s.last, s.failure
	}
	return Measurement{}, nil
}

// measure reads the containers and remembers the outcome. The caller has the turn.
func (s *Sampler) measure(ctx context.Context) (Measurement, error) {
	samples, err := s.engine.Since(ctx, s.recent(time.Now()))
	if err != nil {
		m := away(s.engine.Name(), err)
		if ctx.Err() == nil { // a caller that gave up says nothing about the engine
			s.remember(nil, m, err)
		}
		return m, err
	}
	m := NewMeasurement(s.engine.Name(), samples, time.Now())
	s.remember(samples, m, nil)
	return m, nil
}

// recent returns the samples to compute a difference from.
func (s *Sampler) recent(now time.Time) []hosts.ContainerSample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.Age(now) > longestWindow {
		return nil
	}
	return s.samples
}

// remember logs only what changed: an engine that is away for a night is one line.
func (s *Sampler) remember(samples []hosts.ContainerSample, m Measurement, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, hosts.ErrNoEngine): // it has none, which is no news
	case err != nil && s.failure == nil:
		s.log.Warn("cannot measure containers", "err", err)
	case err == nil && s.failure != nil:
		s.log.Info("containers can be measured again", "containers", len(samples))
	}
	s.samples, s.last, s.failure = samples, m, err
}

// Samplers holds one sampler for each host.
type Samplers struct {
	set *hosts.Set
	of  map[*hosts.Host]*Sampler
	log *slog.Logger
}

// NewSamplers makes a sampler for each host of the set.
func NewSamplers(set *hosts.Set, log *slog.Logger) *Samplers {
	all := &Samplers{set: set, of: map[*hosts.Host]*Sampler{}, log: log}
	for _, h := range set.All() {
		all.of[h] = NewSampler(probe.Engine{Host: h}, log)
	}
	return all
}

// Find returns the sampler of the host called name, capitals aside, or a
// [*hosts.UnknownHostError].
func (s *Samplers) Find(name string) (*Sampler, error) {
	h, err := s.set.Find(name)
	if err != nil {
		return nil, err
	}
	return s.of[h], nil
}

// Use has another engine asked for the host called name. It is called before Run.
func (s *Samplers) Use(name string, e Engine) error {
	h, err := s.set.Find(name)
	if err == nil {
		s.of[h] = NewSampler(e, s.log)
	}
	return err
}

// Run keeps a measurement of every host warm whose engine is asked from here, until ctx
// is done. Through a probe each reading starts a program over there, so these are read
// when somebody asks.
func (s *Samplers) Run(ctx context.Context) {
	var all sync.WaitGroup
	for h, sampler := range s.of {
		if h.HasEngine() {
			all.Go(func() { sampler.Run(ctx) })
		}
	}
	all.Wait()
}

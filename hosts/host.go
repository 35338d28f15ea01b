// Package hosts knows how to reach a server: its Docker engine, through a unix socket or
// TCP with TLS; the files of the machine itself; and over SSH the probe of another one.
//
// Everything here only reads: of the engine's API it uses HEAD or GET /_ping and
// GET /containers/json, /containers/{id}/json, /containers/{id}/stats and
// /containers/{id}/logs, so a proxy in front of the socket needs to let no more than these
// through.
//
// Over SSH the bot shows its key only to servers whose own key people have looked at and
// pinned, with `ronde host trust`. It asks for nothing but sessions that run one command
// line, and through a jump host for a connection to the next server.
package hosts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// parallel is how many containers of a host are read at once. The engine
	// answers all of them from the same tick of its collector, so one by one would
	// take two seconds each.
	parallel = 64
	// answerTimeout bounds each request. A reading takes the engine two ticks of one
	// second; the rest is for a server that is short of breath, which is when people
	// ask.
	answerTimeout = 5 * time.Second
)

// ErrNoEngine is the error of a host that has no Docker engine in its
// configuration.
var ErrNoEngine = errors.New("no Docker engine is configured")

// ErrNotLocal is the error of a question that only the machine itself can answer,
// about a host that is not this machine.
var ErrNotLocal = errors.New("it is not this machine: local is not set")

// UnreachableError says that the host's Docker engine is away: it refuses the
// connection, does not answer in time or answers with an error.
type UnreachableError struct {
	Host string
	Err  error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("reach %s: %v", e.Host, e.Err) }

func (e *UnreachableError) Unwrap() error { return e.Err }

// Host is one server. Its methods may be called from several goroutines.
type Host struct {
	name     string
	engine   *engine       // nil when it has none
	local    bool          // it is this machine
	root     string        // the folder where the files of a local host begin
	probe    string        // the probe.toml of a local host; "" for none
	link     *link         // nil when it is not reached over SSH
	patience time.Duration // for each request
}

// New makes a host that is reached through no other. It never dials, but reads the files
// of c.TLS. Its error joins one [*SettingError] per mistake in c.
func New(c Config) (*Host, error) { return makeHost(c, nil) }

// makeHost makes a host; all are those that there are.
func makeHost(c Config, all []Config) (*Host, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	h := &Host{name: c.Name, local: c.Local, root: cmp.Or(c.Root, "/"), probe: c.ProbeFile, patience: answerTimeout}
	var err error
	if c.Remote() {
		if h.link, err = newLink(c, all); err != nil {
			return nil, err
		}
	}
	if c.Docker == "" {
		return h, nil
	}
	if h.engine, err = newEngine(c); err != nil {
		return nil, &SettingError{Host: c.Name, Key: "tls", Reason: err.Error()}
	}
	return h, nil
}

// IsRemote tells whether the host is asked over SSH.
func (h *Host) IsRemote() bool { return h.link != nil }

// Exec sends a command line to a host that [Host.IsRemote] and returns what it wrote to
// its output, at most 5 MiB, within 30 seconds. Four at a time are under way on a host; the
// others wait for their turn. Errors: an [*UnreachableError], [*RefusedError],
// [*UnknownKeyError], [*ChangedKeyError], [*KeyFileError], an [*ExitError] with what it
// wrote all the same, or that of ctx.
func (h *Host) Exec(ctx context.Context, line string) ([]byte, error) {
	return h.link.exec(ctx, line)
}

// Root returns the folder where the files of this machine begin; "" for a host that is
// not this machine.
func (h *Host) Root() string {
	if !h.local {
		return ""
	}
	return h.root
}

// ProbeFile returns the path of the probe.toml of a host that is this machine; "" for
// none.
func (h *Host) ProbeFile() string { return h.probe }

// Name returns the host's name, as in the configuration.
func (h *Host) Name() string { return h.name }

// HasEngine tells whether the host has a Docker engine to ask.
func (h *Host) HasEngine() bool { return h.engine != nil }

// Close lets go of the idle connections; the host can still be used.
func (h *Host) Close() {
	if h.engine != nil {
		h.engine.close()
	}
	if h.link != nil {
		h.link.close()
	}
}

// Containers reads all running containers at once, each of them twice a second
// apart, as docker stats --no-stream does. It takes about two seconds.
//
// A container that does not answer within 5 seconds, or stopped meanwhile, comes
// back with Err set; one that was removed meanwhile does not come back. Errors: an
// [*UnreachableError] when the engine is away, [ErrNoEngine], or that of ctx.
func (h *Host) Containers(ctx context.Context) ([]ContainerSample, error) {
	return h.Since(ctx, nil)
}

// Since reads all running containers once and takes their counters in before as
// the earlier of the two readings. That costs the engine half of what
// [Host.Containers] does (and since version 25 no waiting at all). A container
// that is not in before, or was restarted since, is read twice.
//
// Results and errors are those of [Host.Containers].
func (h *Host) Since(ctx context.Context, before []ContainerSample) ([]ContainerSample, error) {
	earlier := make(map[string]CPU, len(before))
	for _, b := range before {
		if b.Err == nil {
			earlier[b.ID] = b.Now
		}
	}
	return h.readAll(ctx, func(ctx context.Context, c Container) (ContainerSample, error) {
		before, known := earlier[c.ID]
		return h.sample(ctx, c.ID, before, known)
	})
}

// readAll reads all running containers at once.
func (h *Host) readAll(ctx context.Context, read func(context.Context, Container) (ContainerSample, error)) ([]ContainerSample, error) {
	if h.engine == nil {
		return nil, fmt.Errorf("list containers of %s: %w", h.name, ErrNoEngine)
	}
	running, err := h.list(ctx, h.engine.running)
	if err != nil {
		return nil, err
	}
	samples := h.sampleAll(ctx, running, read)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("read containers of %s: %w", h.name, context.Cause(ctx))
	}
	return h.sift(samples)
}

// Once reads all running containers a single time, so that Before is the zero CPU: the
// reading is for somebody who has an earlier one. Results and errors are those of
// [Host.Containers].
func (h *Host) Once(ctx context.Context) ([]ContainerSample, error) {
	return h.readAll(ctx, func(ctx context.Context, c Container) (ContainerSample, error) { return h.read(ctx, c.ID, true) })
}

// Ping asks the engine for a sign of life, which takes a millisecond or a round
// trip. Its errors are those of [Host.Containers].
func (h *Host) Ping(ctx context.Context) error {
	if h.engine == nil {
		return fmt.Errorf("ping %s: %w", h.name, ErrNoEngine)
	}
	short, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	err := h.engine.ping(short)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("ping %s: %w", h.name, context.Cause(ctx))
	}
	return &UnreachableError{Host: h.name, Err: fmt.Errorf("ping: %w", err)}
}

func (h *Host) list(ctx context.Context, ask func(context.Context) ([]Container, error)) ([]Container, error) {
	short, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	found, err := ask(short)
	switch {
	case err == nil:
		return found, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("list containers of %s: %w", h.name, context.Cause(ctx))
	}
	// The engine may come back as another version that refuses the one agreed on.
	h.engine.forget()
	return nil, &UnreachableError{Host: h.name, Err: fmt.Errorf("list containers: %w", err)}
}

func (h *Host) sampleAll(ctx context.Context, running []Container, read func(context.Context, Container) (ContainerSample, error)) []ContainerSample {
	samples := make([]ContainerSample, len(running))
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, c := range running {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			ctx, cancel := context.WithTimeout(ctx, h.patience)
			defer cancel()
			sample, err := read(ctx, c)
			sample.ID, sample.Name, sample.State, sample.Err = c.ID, c.Name, c.State, err
			samples[i] = sample
		})
	}
	all.Wait()
	return samples
}

// sample reads one container. before is an earlier reading where one is known.
func (h *Host) sample(ctx context.Context, id string, before CPU, known bool) (ContainerSample, error) {
	sample, err := h.read(ctx, id, known)
	if !known || err != nil {
		return sample, err
	}
	if !sample.Now.Follows(before) {
		return h.read(ctx, id, false)
	}
	sample.Before = before
	return sample, nil
}

func (h *Host) read(ctx context.Context, id string, once bool) (ContainerSample, error) {
	body, err := h.engine.stats(ctx, id, once)
	if err != nil {
		return ContainerSample{}, fmt.Errorf("ask for stats: %w", err)
	}
	defer body.Close()
	sample, err := ReadSample(body)
	if ctx.Err() != nil {
		// The broken body says only "unexpected EOF".
		return ContainerSample{}, fmt.Errorf("ask for stats: %w", ctx.Err())
	}
	sample.At = time.Now()
	return sample, err
}

// sift drops containers that were removed since they were listed. When every
// other one failed because the engine went away, that is the answer.
func (h *Host) sift(samples []ContainerSample) ([]ContainerSample, error) {
	samples = slices.DeleteFunc(samples, func(s ContainerSample) bool { return isGone(s.Err) })
	for _, s := range samples {
		if !isAway(s.Err) {
			return samples, nil
		}
	}
	if len(samples) == 0 {
		return samples, nil
	}
	h.engine.forget()
	return nil, &UnreachableError{Host: h.name, Err: samples[0].Err}
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ronde/hosts"
)

// Engine is the Docker engine of a host, asked from here where the configuration says how,
// and else through the host's probe. The errors of its methods are those of the methods of
// [hosts.Host] that are called so, and those of [Ask].
type Engine struct {
	Host *hosts.Host
	// exec sends a command line to the host's probe; nil for [hosts.Host.Exec].
	exec func(ctx context.Context, line string) ([]byte, error)
}

// Name returns the host's name.
func (e Engine) Name() string { return e.Host.Name() }

// near tells whether the engine is asked from here.
func (e Engine) near() bool { return e.exec == nil && (e.Host.HasEngine() || !e.Host.IsRemote()) }

// askFar asks the host's probe. An engine that the probe does not reach is as one that
// cannot be reached from here.
func askFar[T any](ctx context.Context, e Engine, q Question[T]) (T, error) {
	exec := e.exec
	if exec == nil {
		exec = e.Host.Exec
	}
	answer, err := askOver(ctx, e.Name(), exec, q)
	var told *Error
	if errors.As(err, &told) && told.Code == Away {
		err = &hosts.UnreachableError{Host: e.Name(), Err: err}
	}
	return answer, err
}

// Ping asks for a sign of life.
func (e Engine) Ping(ctx context.Context) error {
	if e.near() {
		return e.Host.Ping(ctx)
	}
	_, err := askFar(ctx, e, enginePing())
	return err
}

// Listed lists all containers, also those that stopped.
func (e Engine) Listed(ctx context.Context) ([]hosts.Container, error) {
	if e.near() {
		return e.Host.Listed(ctx)
	}
	return askFar(ctx, e, ContainerList())
}

// Conditions asks how all containers are doing.
func (e Engine) Conditions(ctx context.Context) ([]hosts.Condition, error) {
	if e.near() {
		return e.Host.Conditions(ctx)
	}
	return askFar(ctx, e, ContainerStates())
}

// Tail reads the last lines of a container.
func (e Engine) Tail(ctx context.Context, container string) ([]hosts.LogLine, error) {
	if e.near() {
		return e.Host.Tail(ctx, container)
	}
	return askFar(ctx, e, ContainerLog(container))
}

// Since reads all running containers and takes their counters in before as the earlier of
// two readings.
func (e Engine) Since(ctx context.Context, before []hosts.ContainerSample) ([]hosts.ContainerSample, error) {
	if e.near() {
		return e.Host.Since(ctx, before)
	}
	samples, complete, err := e.readOnce(ctx, before)
	if err != nil || complete {
		return samples, err
	}
	return e.read(ctx, twice)
}

// readOnce is incomplete when a container is not in before, or was restarted since.
func (e Engine) readOnce(ctx context.Context, before []hosts.ContainerSample) (samples []hosts.ContainerSample, complete bool, err error) {
	earlier := map[string]hosts.CPU{}
	for _, b := range before {
		if b.Err == nil {
			earlier[b.ID] = b.Now
		}
	}
	if len(earlier) == 0 {
		return nil, false, nil
	}
	samples, err = e.read(ctx, once)
	for i, s := range samples {
		was, known := earlier[s.ID]
		if s.Err == nil && (!known || !s.Now.Follows(was)) {
			return nil, false, nil
		}
		samples[i].Before = was
	}
	return samples, true, err
}

// read asks the host's probe for figures. Their time is that of the question, by our
// clock.
func (e Engine) read(ctx context.Context, readings string) ([]hosts.ContainerSample, error) {
	at := time.Now()
	answer, err := askFar(ctx, e, Containers(readings))
	if err != nil {
		return nil, fmt.Errorf("read containers: %w", err)
	}
	samples := make([]hosts.ContainerSample, len(answer))
	for i, s := range answer {
		samples[i] = s.sample()
		samples[i].At = at
	}
	return samples, nil
}

package hosts

import (
	"context"
	"fmt"
	"sync"
)

// Condition is how a container is doing beside its figures.
type Condition struct {
	Container
	Restarts  int    `json:"restarts"`         // how often the engine started it again by itself, since somebody started it
	Health    string `json:"health,omitempty"` // "starting", "healthy" or "unhealthy"; "" without a health check
	ExitCode  int    `json:"exit_code"`        // of its last run; 0 for one that never ended
	OOMKilled bool   `json:"oom_killed"`       // the kernel ended a process of its last run for want of memory
	Policy    string `json:"policy,omitempty"` // when the engine starts it again: "no", "always", "unless-stopped", "on-failure"
	// Problem says why only what the list says is known of it, for the log; "" when all
	// is.
	Problem string `json:"problem,omitempty"`
}

// Conditions asks how all containers are doing, also those that stopped. One that the
// engine says nothing about, for example where a proxy keeps that to itself, has a
// Problem; one that was removed meanwhile does not come back. Errors are those of
// [Host.Containers].
func (h *Host) Conditions(ctx context.Context) ([]Condition, error) {
	listed, err := h.Listed(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]*Condition, len(listed))
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, c := range listed {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			found[i] = h.condition(ctx, c)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("inspect containers of %s: %w", h.name, context.Cause(ctx))
	}
	conditions := make([]Condition, 0, len(listed))
	for _, c := range found {
		if c != nil {
			conditions = append(conditions, *c)
		}
	}
	return conditions, nil
}

// condition is nil for a container that is gone.
func (h *Host) condition(ctx context.Context, listed Container) *Condition {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	c, err := h.engine.inspect(ctx, listed)
	switch {
	case isGone(err):
		return nil
	case err != nil:
		return &Condition{Container: listed, Problem: err.Error()}
	}
	return &c
}

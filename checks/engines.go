package checks

import (
	"context"

	"ronde/hosts"
	"ronde/probe"
)

// Engines are the Docker engines of the hosts, asked from here or through their probes.
type Engines struct {
	Hosts *hosts.Set
}

// Listed lists all containers of the host called name, also those that stopped. Errors: an
// [*hosts.UnknownHostError], or those of [probe.Engine].
func (e Engines) Listed(ctx context.Context, name string) ([]hosts.Container, error) {
	h, err := e.Hosts.Find(name)
	if err != nil {
		return nil, err
	}
	return probe.Engine{Host: h}.Listed(ctx)
}

// Tail reads the last lines of a container on the host called name, at most 200. Its
// errors are those of [Engines.Listed].
func (e Engines) Tail(ctx context.Context, name, id string) ([]hosts.LogLine, error) {
	h, err := e.Hosts.Find(name)
	if err != nil {
		return nil, err
	}
	return probe.Engine{Host: h}.Tail(ctx, id)
}

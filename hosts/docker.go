package hosts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// engine is a Docker engine. Nothing outside this file knows the client library,
// so that its successor github.com/moby/moby/client changes this file only.
type engine struct {
	config Config

	mu     sync.Mutex
	client *client.Client
}

// Container is a container as the engine lists it.
type Container struct {
	ID    string `json:"id"`    // 64 hexadecimal digits
	Name  string `json:"name"`  // without the engine's leading slash
	State string `json:"state"` // "running", "paused", "restarting"; also "exited", "dead", "created" where those that stopped are listed
}

func newEngine(c Config) (*engine, error) {
	cl, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return &engine{config: c, client: cl}, nil
}

func newClient(c Config) (*client.Client, error) {
	opts := []client.Opt{
		client.WithHTTPClient(&http.Client{Transport: newTransport(c), CheckRedirect: client.CheckRedirect}),
		client.WithHost(c.Docker),
		client.WithAPIVersionNegotiation(),
	}
	if c.TLS.set() {
		opts = append(opts, client.WithTLSClientConfig(c.TLS.CA, c.TLS.Cert, c.TLS.Key))
	}
	cl, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("prepare the Docker client: %w", err)
	}
	// The library reads lists and the like to their end, wherever that is. It takes no
	// other transport than its own before it is set up.
	bounded := &http.Client{Transport: boundedAnswers{cl.HTTPClient().Transport}, CheckRedirect: client.CheckRedirect}
	if err := client.WithHTTPClient(bounded)(cl); err != nil {
		return nil, fmt.Errorf("prepare the Docker client: %w", err)
	}
	return cl, nil
}

// requestBuffer is enough for a head; there are many connections at once.
const requestBuffer = 1 << 10

// newTransport keeps as many connections as are used at once where making one
// costs a TLS handshake. A local socket costs nothing, so only a few stay open.
func newTransport(c Config) *http.Transport {
	t := &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second, ReadBufferSize: requestBuffer, WriteBufferSize: requestBuffer}
	if c.TLS.set() {
		t.MaxIdleConnsPerHost = parallel
	}
	return t
}

// running lists the running containers, with paused and restarting ones, as
// docker ps and docker stats do.
func (e *engine) running(ctx context.Context) ([]Container, error) {
	return e.list(ctx, container.ListOptions{})
}

// every lists all containers, also those that stopped.
func (e *engine) every(ctx context.Context) ([]Container, error) {
	return e.list(ctx, container.ListOptions{All: true})
}

func (e *engine) list(ctx context.Context, options container.ListOptions) ([]Container, error) {
	found, err := e.current().ContainerList(ctx, options)
	if err != nil {
		return nil, err
	}
	list := make([]Container, len(found))
	for i, c := range found {
		list[i] = Container{ID: c.ID, Name: ownName(c.Names, c.ID), State: c.State}
	}
	return list, nil
}

// logs asks for the last lines that a container wrote, on both of its outputs, each
// with the time at which it did.
func (e *engine) logs(ctx context.Context, id string, lines int) (io.ReadCloser, error) {
	return e.current().ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: strconv.Itoa(lines),
	})
}

// inspect asks how a container is doing. Of the answer nothing else is kept: its
// environment holds secrets.
func (e *engine) inspect(ctx context.Context, listed Container) (Condition, error) {
	c := Condition{Container: listed}
	answer, err := e.current().ContainerInspect(ctx, listed.ID)
	if err != nil {
		return c, fmt.Errorf("inspect a container: %w", err)
	}
	if answer.ContainerJSONBase == nil || answer.State == nil || answer.HostConfig == nil {
		return c, errors.New("inspect a container: the answer says nothing of its state")
	}
	c.State, c.Restarts = cmp.Or(answer.State.Status, listed.State), answer.RestartCount
	c.ExitCode, c.OOMKilled, c.Policy = answer.State.ExitCode, answer.State.OOMKilled, string(answer.HostConfig.RestartPolicy.Name)
	if h := answer.State.Health; h != nil && h.Status != container.NoHealthcheck {
		c.Health = h.Status
	}
	return c, nil
}

// ping asks for a sign of life.
func (e *engine) ping(ctx context.Context) error {
	_, err := e.current().Ping(ctx)
	return err
}

// stats asks for one container's counters. once reads them a single time,
// otherwise the engine reads them twice, a second apart.
func (e *engine) stats(ctx context.Context, id string, once bool) (io.ReadCloser, error) {
	if once {
		answer, err := e.current().ContainerStatsOneShot(ctx, id)
		return answer.Body, err
	}
	answer, err := e.current().ContainerStats(ctx, id, false)
	return answer.Body, err
}

func (e *engine) current() *client.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.client
}

// forget drops the agreed API version and the connections; the next request
// begins anew, with the certificates as they are then.
func (e *engine) forget() {
	fresh, err := newClient(e.config)
	if err != nil {
		return // a certificate is being replaced: the old ones will do
	}
	e.mu.Lock()
	old := e.client
	e.client = fresh
	e.mu.Unlock()
	old.Close()
}

func (e *engine) close() { e.current().Close() }

// isGone tells whether the engine knows no such container.
func isGone(err error) bool { return errdefs.IsNotFound(err) }

// isAway tells whether there was nobody to ask.
func isAway(err error) bool { return client.IsErrConnectionFailed(err) }

// ownName picks a container's own name: links of other containers are listed
// beside it as "/other/alias".
func ownName(names []string, id string) string {
	for _, name := range names {
		if name = strings.TrimPrefix(name, "/"); name != "" && !strings.Contains(name, "/") {
			return name
		}
	}
	return id[:min(len(id), 12)]
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"ronde/e2e/peers"
)

// engine is the Docker engine that stands for antigone's.
type engine struct {
	host string   // as in DOCKER_HOST
	runs []string // our containers on it
	stop func()
}

// findEngine gives an engine that runs here already, or starts one, with a few
// containers where they can be had.
func findEngine(ctx context.Context, dir string) (*engine, error) {
	host := runningEngine(ctx)
	if host != "" {
		if err := os.Setenv("RONDE_DOCKER_HOST", host); err != nil { // StartDocker takes this one then
			return nil, err
		}
	}
	populated, err := populate(ctx, dir)
	if err != nil && host != "" {
		return &engine{host: host, stop: func() {}}, nil // what runs there has to do
	}
	return populated, err
}

// populate runs three containers on the engine: two calm ones, and one that is
// busy for a part of its time.
func populate(ctx context.Context, dir string) (*engine, error) {
	docker, err := peers.StartDocker(ctx, dir)
	if err != nil {
		return nil, err
	}
	const work = "while :; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 0.3; done"
	err = errors.Join(
		docker.RunBusybox("demo-wiki", "sleep", "100000"),
		docker.RunBusybox("demo-base", "sleep", "100000"),
		docker.RunBusybox("demo-video", "sh", "-c", work),
	)
	if err != nil {
		docker.Stop()
		return nil, err
	}
	return &engine{host: docker.Host, runs: []string{"demo-wiki", "demo-base", "demo-video"}, stop: docker.Stop}, nil
}

// runningEngine returns the address of an engine that answers, or "".
func runningEngine(ctx context.Context) string {
	for _, host := range []string{os.Getenv("RONDE_DOCKER_HOST"), os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock"} {
		if host != "" && ping(ctx, host) == nil {
			return host
		}
	}
	return ""
}

// ping asks an engine whether it is there. One that wants TLS is none for us: the
// demo has no certificates.
func ping(ctx context.Context, host string) error {
	address, err := url.Parse(host)
	if err != nil {
		return err
	}
	network, place := "tcp", address.Host
	if address.Scheme == "unix" {
		network, place = "unix", address.Path
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, place)
	}}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ping: %s", response.Status)
	}
	return nil
}

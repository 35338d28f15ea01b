package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ronde/checks"
	"ronde/hosts"
)

const (
	coldRounds = 5
	warmRounds = 1000
)

// measureStats asks the bot's own code for the containers' figures, cold and
// warm, and the docker program in turns with it.
func measureStats(ctx context.Context, t *town) ([]figure, error) {
	if err := t.needEngine(ctx); err != nil {
		return nil, err
	}
	host, err := hosts.New(hosts.Config{Name: "antigone", Docker: t.engine.Host})
	if err != nil {
		return nil, err
	}
	defer host.Close()
	t.say("measuring %d containers, %d times with nothing measured before", containers, coldRounds)
	var cold, docker []time.Duration
	for range coldRounds {
		took, err := timeStats(ctx, checks.NewSampler(host, slog.New(slog.DiscardHandler)))
		if err != nil {
			return nil, err
		}
		cold = append(cold, took)
		start := time.Now()
		all, err := t.engine.Stats()
		docker = append(docker, time.Since(start))
		if err != nil || len(all) < containers {
			return nil, fmt.Errorf("docker stats: %d containers: %w", len(all), err)
		}
	}
	warm, err := t.warmStats(ctx, host)
	if err != nil {
		return nil, err
	}
	versions, err := t.engine.Command("version", "--format", "client {{.Client.Version}}, engine {{.Server.Version}}")
	if err != nil {
		return nil, err
	}
	t.say("docker stats --no-stream took %v (%s)", docker, versions)
	t.say("cold took %v; warm: p50 %v, max %v", cold, median(warm), quantile(warm, 1))
	return []figure{
		milliseconds("stats_cold", median(cold), median(docker)),
		milliseconds("stats_warm", median(warm), median(docker)),
	}, nil
}

// warmStats asks again and again while the sampler keeps itself warm.
func (t *town) warmStats(ctx context.Context, host *hosts.Host) (warm []time.Duration, err error) {
	sampler := checks.NewSampler(host, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sampler.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	if _, err := timeStats(ctx, sampler); err != nil { // waits for the first measurement
		return nil, err
	}
	for range warmRounds {
		took, err := timeStats(ctx, sampler)
		if err != nil {
			return nil, err
		}
		warm = append(warm, took)
		time.Sleep(time.Millisecond)
	}
	return warm, nil
}

func timeStats(ctx context.Context, s *checks.Sampler) (time.Duration, error) {
	start := time.Now()
	m, err := s.Stats(ctx)
	took := time.Since(start)
	if err == nil && len(m.Containers) < containers {
		err = fmt.Errorf("the bot measured %d containers, not %d", len(m.Containers), containers)
	}
	return took, err
}

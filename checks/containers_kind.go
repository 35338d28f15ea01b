package checks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"ronde/hosts"
	"ronde/probe"
)

type containersSettings struct {
	Near       float64       `set:"near" unit:"%" least:"1" most:"100" help:"Share of its limit of memory or of processes from which a container is near it."`
	Restarts   int           `set:"restarts" unit:"restarts" least:"1" most:"1000" help:"How many restarts by the engine within that time are too many."`
	Within     time.Duration `set:"within" least:"1m" most:"14d" help:"For how long a restart counts, and a container that ran and stopped with an error."`
	Conditions bool          `set:"conditions" help:"Whether restarts, health and stopped containers count: a proxy must let /containers/{id}/json through for that."`
	Ignore     []string      `set:"ignore" example:"[\"backup-job\"]" help:"Containers that do not count."`
	usualSettings
	UnusualCPU    float64 `set:"unusual_cpu" unit:"% of a core" least:"0" help:"A container whose CPU is above its median by less is not unusual."`
	UnusualMemory float64 `set:"unusual_memory" unit:"MiB" least:"0" help:"A container whose memory is above its median by less is not unusual."`
}

// containersName is the kind of check whose figures are kept warm.
const containersName = "containers"

func containersKind() Kind {
	return Kind{
		Name: containersName, Needs: NeedsDocker, Measure: measureContainers, Calm: calmContainers,
		Help: "What the running containers use, as docker stats shows it, which use far more than they usually do, and which restart, are unhealthy, stopped with an error or ran out of memory.",
		Settings: containersSettings{
			Near: NearLimit, Restarts: 3, Within: 24 * time.Hour, Conditions: true,
			usualSettings: usualByDefault(), UnusualCPU: 50, UnusualMemory: 200,
		},
	}
}

func measureContainers(ctx context.Context, a Asked) (Report, error) {
	engine := probe.Engine{Host: a.Host}
	return lookAtContainers(ctx, a, engine, func(ctx context.Context) (Measurement, error) {
		samples, err := engine.Since(ctx, nil)
		if err != nil {
			return away(a.Name, err), err
		}
		return NewMeasurement(a.Name, samples, time.Now()), nil
	})
}

// lookAtContainers takes the figures, and asks at the same time how all containers are
// doing.
func lookAtContainers(ctx context.Context, a Asked, e Engine, figures func(context.Context) (Measurement, error)) (Report, error) {
	s := settings[containersSettings](a)
	var facts containerFacts
	var other sync.WaitGroup
	if s.Conditions {
		other.Go(func() { facts.conditions, facts.err = e.Conditions(ctx) })
	}
	m, err := figures(ctx)
	other.Wait()
	if err != nil {
		return away(a.Name, err), err
	}
	facts.recall(ctx, a, s.Within, time.Now())
	facts.compare(ctx, a, m.Containers)
	return judgeContainers(a.Name, m, facts, s), nil
}

// containerFacts is what is known of containers beside their figures.
type containerFacts struct {
	conditions []hosts.Condition
	err        error           // why there are none
	restarted  map[string]int  // by name: how often within the time that counts, where it is known
	ran        map[string]bool // by name: those that stopped and were seen running within that time
	unusual    []Finding
	learning   *Learning // what is usual is not known yet
}

// recall looks up what was measured before.
func (f *containerFacts) recall(ctx context.Context, a Asked, within time.Duration, now time.Time) {
	f.restarted, f.ran = map[string]int{}, map[string]bool{}
	points := func(metric, thing string) []Point {
		all, err := a.History.Points(ctx, Series{Check: containersName, Name: a.Name, Metric: metric, Thing: thing}, now.Add(-within))
		if err != nil && f.err == nil {
			f.err = fmt.Errorf("recall what was measured of containers: %w", err)
		}
		return all
	}
	for _, c := range f.conditions {
		switch {
		case c.Restarts > 0:
			f.restarted[c.Name] = increase(points("restarts", c.Name), c.Restarts)
		case failedAtEnd(c):
			f.ran[c.Name] = len(points("memory", c.Name)) > 0
		}
	}
}

// compare looks up what is usual.
func (f *containerFacts) compare(ctx context.Context, a Asked, all []Container) {
	var err error
	f.unusual, f.learning, err = unusualContainers(ctx, a, all)
	if f.err == nil {
		f.err = err
	}
}

// increase is by how much a count grew since its first value. One that went back began
// anew at 0, as that of a container does which somebody starts.
func increase(before []Point, now int) int {
	grown := 0
	for i, p := range before {
		next := float64(now)
		if i+1 < len(before) {
			next = before[i+1].Value
		}
		if next >= p.Value {
			next -= p.Value
		}
		grown += int(next)
	}
	return grown
}

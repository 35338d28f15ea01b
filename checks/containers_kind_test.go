package checks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ronde/hosts"
)

// remembered is a history: by metric and thing, the values of the last hours.
type remembered map[string][]float64

func (h remembered) Points(_ context.Context, s Series, _ time.Time) (all []Point, err error) {
	if s.Check != containersName || s.Name != "antigone" {
		return nil, errors.New("there is no such series")
	}
	for _, v := range h[s.Metric+" "+s.Thing] {
		all = append(all, Point{Value: v})
	}
	return all, nil
}

func condition(name, state string, change func(*hosts.Condition)) hosts.Condition {
	c := hosts.Condition{Container: hosts.Container{ID: name, Name: name, State: state}, Policy: "no"}
	if change != nil {
		change(&c)
	}
	return c
}

// ended is a container that stopped with an exit code.
func ended(name, policy string, code int) hosts.Condition {
	return condition(name, "exited", func(c *hosts.Condition) { c.Policy, c.ExitCode = policy, code })
}

func restarts(name string, n int) hosts.Condition {
	return condition(name, "running", func(c *hosts.Condition) { c.Policy, c.Restarts = "always", n })
}

func TestHowAContainerIsDoing(t *testing.T) {
	found := func(s Status, thing string, f Fault, value, limit float64) Finding {
		return Finding{Status: s, Thing: thing, Fault: f, Value: value, Limit: limit}
	}
	forbidden := func(c *hosts.Condition) { c.Problem = "403 Forbidden" }
	tests := []struct {
		name    string
		history remembered
		all     []hosts.Condition
		err     error
		want    []Finding
	}{
		{"all run", nil, []hosts.Condition{condition("web", "running", nil), condition("db", "paused", nil)}, nil, nil},
		{"a job that ended well", nil, []hosts.Condition{ended("job", "no", 0), ended("web", "always", 0)}, nil, nil},
		{"a job that nobody saw", nil, []hosts.Condition{ended("job", "no", 1)}, nil, nil},
		{"a job that ran and failed", remembered{"memory job": {9}}, []hosts.Condition{ended("job", "no", 1)}, nil, []Finding{found(Critical, "job", FaultExited, 1, 0)}},
		{"what is meant to run", nil, []hosts.Condition{ended("web", "unless-stopped", 137), ended("db", "on-failure", 2)}, nil,
			[]Finding{found(Critical, "db", FaultExited, 2, 0), found(Critical, "web", FaultExited, 137, 0)}},
		{"what was created and never ran", nil, []hosts.Condition{condition("new", "created", func(c *hosts.Condition) { c.Policy, c.ExitCode = "always", 127 })}, nil, nil},
		{"killed for want of memory", nil, []hosts.Condition{
			condition("web", "exited", func(c *hosts.Condition) { c.Policy, c.ExitCode, c.OOMKilled = "always", 137, true }),
			condition("db", "running", func(c *hosts.Condition) { c.OOMKilled = true }),
		}, nil, []Finding{found(Critical, "web", FaultOOM, 0, 0), found(Warning, "db", FaultOOM, 0, 0)}},
		{"dead", nil, []hosts.Condition{condition("web", "dead", nil)}, nil, []Finding{found(Critical, "web", FaultDead, 0, 0)}},
		{"unhealthy", nil, []hosts.Condition{
			condition("web", "running", func(c *hosts.Condition) { c.Health = "unhealthy" }),
			condition("db", "running", func(c *hosts.Condition) { c.Health = "healthy" }),
			condition("old", "exited", func(c *hosts.Condition) { c.Health = "unhealthy" }),
		}, nil, []Finding{found(Critical, "web", FaultUnhealthy, 0, 0)}},
		{"restarts before anybody looked", nil, []hosts.Condition{restarts("web", 40)}, nil, nil},
		{"restarts since", remembered{"restarts web": {37, 38}, "restarts db": {38, 39}}, []hosts.Condition{restarts("web", 40), restarts("db", 40)}, nil,
			[]Finding{found(Warning, "web", FaultRestarted, 3, 3)}},
		{"somebody started it in between", remembered{"restarts web": {40, 41, 1}}, []hosts.Condition{restarts("web", 2)}, nil,
			[]Finding{found(Warning, "web", FaultRestarted, 3, 3)}},
		{"a proxy keeps it to itself", nil, []hosts.Condition{condition("web", "running", forbidden), condition("db", "exited", forbidden)}, nil,
			[]Finding{found(Unknown, "antigone", FaultConditions, 0, 0)}},
		{"one is silent", nil, []hosts.Condition{condition("web", "running", forbidden), condition("db", "dead", nil)}, nil,
			[]Finding{found(Critical, "db", FaultDead, 0, 0), found(Unknown, "web", FaultConditions, 0, 0)}},
		{"there is no list", nil, nil, errors.New("refused"), []Finding{found(Unknown, "antigone", FaultConditions, 0, 0)}},
		{"what does not count", nil, []hosts.Condition{ended("backup-job", "always", 1)}, nil, nil},
	}
	s := containersKind().Settings.(containersSettings)
	s.Ignore = []string{"backup-job"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := containerFacts{conditions: tt.all, err: tt.err}
			f.recall(t.Context(), Asked{Name: "antigone", History: tt.history}, s.Within, time.Now())
			m := judgeContainers("antigone", Measurement{Result: Result{At: time.Now()}}, f, s)
			if diff := cmp.Diff(append([]Finding{}, tt.want...), m.Findings, cmpopts.IgnoreFields(Finding{}, "Note")); diff != "" || m.Status != worst(tt.want) {
				t.Errorf("%s, findings (-want +got):\n%s", m.Status, diff)
			}
		})
	}
}

// TestFiguresOfContainersAreKept: what can be drawn later, of containers that have any.
func TestFiguresOfContainersAreKept(t *testing.T) {
	now := time.Now()
	m := NewMeasurement("antigone", []hosts.ContainerSample{
		{ID: "1", Name: "web", State: "running", At: now, Before: hosts.CPU{System: 100}, Now: hosts.CPU{Used: 50, System: 200, Cores: 2},
			Memory: hosts.Memory{Usage: 80, Limit: 100}, PIDs: hosts.PIDs{Current: 7}},
		{ID: "2", Name: "db", State: "running", Err: context.DeadlineExceeded},
	}, now)
	s := containersKind().Settings.(containersSettings)
	s.Near = 80
	m = judgeContainers("antigone", m, containerFacts{conditions: []hosts.Condition{restarts("web", 4)}}, s)
	want := []Metric{{"cpu", "web", 100, Percent}, {"memory", "web", 80, Bytes}, {"pids", "web", 7, Count}, {"restarts", "web", 4, Count}}
	if !slices.Equal(m.Metrics, want) {
		t.Errorf("metrics %v, want %v", m.Metrics, want)
	}
	if len(m.Findings) != 2 || m.Findings[0].Fault != FaultMemory || m.Findings[1].Fault != FaultSilent {
		t.Errorf("with a limit of its own: %v", m.Findings)
	}
}

// TestWhatIsNotKnownOfContainersSpoilsNothingElse: figures stand beside a history that
// cannot be read.
func TestWhatIsNotKnownOfContainersSpoilsNothingElse(t *testing.T) {
	f := containerFacts{conditions: []hosts.Condition{restarts("web", 4), ended("db", "always", 3)}}
	f.recall(t.Context(), Asked{Name: "nowhere", History: remembered{}}, time.Hour, time.Now())
	m := judgeContainers("antigone", Measurement{}, f, containersKind().Settings.(containersSettings))
	if m.Status != Critical || len(m.Findings) != 2 || m.Findings[1].Fault != FaultConditions || !strings.Contains(m.Findings[1].Note, "no such series") {
		t.Errorf("got %s, %v", m.Status, m.Findings)
	}
}

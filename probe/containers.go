package probe

import (
	"context"
	"errors"
	"regexp"

	"ronde/hosts"
)

// How often each container is read; see [Containers].
const (
	once  = "once"
	twice = "twice"
)

// Sample is what the engine counted for one container, with why there are no figures as a
// word: "", "not-running", "late" or what the engine answered.
type Sample struct {
	hosts.ContainerSample
	Fault string `json:"fault,omitempty"`
}

// Words of a [Sample]'s Fault for errors that have a meaning.
const (
	faultNotRunning = "not-running"
	faultLate       = "late"
)

// Containers asks what the running containers use: read once, for who has an earlier
// reading, or twice a second apart.
func Containers(readings string) Question[[]Sample] {
	return Question[[]Sample]{Name: "containers", Args: []string{readings}, answer: func(ctx context.Context, m *Machine) ([]Sample, error) {
		read := m.Host.Containers
		if readings == once {
			read = m.Host.Once
		}
		samples, err := read(ctx)
		answer := make([]Sample, 0, len(samples))
		for _, s := range samples {
			answer = append(answer, Sample{ContainerSample: s, Fault: faultOf(s.Err)})
		}
		return answer, err
	}}
}

func faultOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, hosts.ErrNotRunning):
		return faultNotRunning
	case errors.Is(err, context.DeadlineExceeded):
		return faultLate
	}
	return oneLine(err.Error())
}

// sample is s with its fault as an error again.
func (s Sample) sample() hosts.ContainerSample {
	switch s.Fault {
	case "":
	case faultNotRunning:
		s.Err = hosts.ErrNotRunning
	case faultLate:
		s.Err = context.DeadlineExceeded
	default:
		s.Err = errors.New(s.Fault)
	}
	return s.ContainerSample
}

// parseContainers reads the argument of [Containers].
func parseContainers(args []string) (asked, error) {
	if len(args) != 1 || args[0] != once && args[0] != twice {
		return nil, badRequest("containers takes %s or %s", once, twice)
	}
	return Containers(args[0]), nil
}

// ContainerList asks for all containers, also those that stopped.
func ContainerList() Question[[]hosts.Container] {
	return Question[[]hosts.Container]{Name: "container-list", answer: func(ctx context.Context, m *Machine) ([]hosts.Container, error) {
		return m.Host.Listed(ctx)
	}}
}

// ContainerStates asks how all containers are doing; see [hosts.Host.Conditions].
func ContainerStates() Question[[]hosts.Condition] {
	return Question[[]hosts.Condition]{Name: "container-states", answer: func(ctx context.Context, m *Machine) ([]hosts.Condition, error) {
		return m.Host.Conditions(ctx)
	}}
}

// ContainerLog asks for the last lines of a container, by its name or id; see
// [hosts.Host.Tail]. The machine answers it only where container_logs is set in its
// probe.toml: what programs write may be meant for few.
func ContainerLog(container string) Question[[]hosts.LogLine] {
	return Question[[]hosts.LogLine]{Name: "container-log", Args: []string{container}, answer: func(ctx context.Context, m *Machine) ([]hosts.LogLine, error) {
		if !m.Config.ContainerLogs {
			return nil, &Error{Code: NoSuch, Text: "container_logs is not set in probe.toml"}
		}
		return m.Host.Tail(ctx, container)
	}}
}

// containerName is what Docker allows, ids included. Nothing of it means anything in a path.
var containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`)

// parseContainerLog reads the argument of [ContainerLog].
func parseContainerLog(args []string) (asked, error) {
	if len(args) != 1 || !containerName.MatchString(args[0]) {
		return nil, badRequest("container-log takes the name of a container")
	}
	return ContainerLog(args[0]), nil
}

// enginePing asks for a sign of life of the Docker engine.
func enginePing() Question[bool] {
	return Question[bool]{Name: "engine", answer: func(ctx context.Context, m *Machine) (bool, error) {
		err := m.Host.Ping(ctx)
		return err == nil, err
	}}
}

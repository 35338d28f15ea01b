package checks

import (
	"context"
	"fmt"
	"slices"
)

// unusualContainers finds the containers that use far more CPU or memory than they
// usually do at such a time. all are busiest first.
func unusualContainers(ctx context.Context, a Asked, all []Container) (found []Finding, learning *Learning, err error) {
	s := settings[containersSettings](a)
	var cpu, memory []Metric
	for _, c := range all {
		if c.Fault == "" && !slices.Contains(s.Ignore, c.Name) {
			cpu = append(cpu, c.cpu())
			memory = append(memory, c.memory())
		}
	}
	found, learning, err = judgeUsual(ctx, a, s.usualSettings, cpu, s.UnusualCPU/s.Factor)
	if err == nil {
		var more []Finding
		more, _, err = judgeUsual(ctx, a, s.usualSettings, memory, s.UnusualMemory*(1<<20)/s.Factor)
		found = append(found, more...)
	}
	if err != nil {
		err = fmt.Errorf("recall what is usual of containers: %w", err)
	}
	return found, learning, err
}

// Stats is the measurement that the sampler of a host has, with what is unusual in it
// beside what the check called containers measured of that host before. Its error is
// that of [Sampler.Stats] or [Samplers.Find].
func (s *Suite) Stats(ctx context.Context, host string) (Measurement, error) {
	sampler, err := s.samplers.Find(host)
	if err != nil {
		return Measurement{}, err
	}
	m, err := sampler.Stats(ctx)
	if err != nil {
		return m, err
	}
	asked, err := s.asked(containersKind(), s.containersOf(m.Host))
	if err != nil {
		return m, err
	}
	found, learning, err := unusualContainers(ctx, asked, m.Containers)
	if err != nil { // the figures are there all the same
		s.log.WarnContext(ctx, "containers cannot be compared", "host", m.Host, "err", err)
	}
	m.Findings, m.Learning = slices.Concat(m.Findings, found), learning // the sampler's own stay
	slices.SortFunc(m.Findings, worse)
	m.Status = worst(m.Findings)
	return m, nil
}

// Names returns the names of the hosts, in the order of the configuration.
func (s *Suite) Names() []string { return s.set.Names() }

// containersOf is what the check of a host's containers is called.
func (s *Suite) containersOf(host string) string {
	for _, c := range s.checks {
		if c.Kind == containersName && c.Host == host {
			return c.Name
		}
	}
	return host
}

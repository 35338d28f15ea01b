package checks

import (
	"slices"

	"ronde/hosts"
	"ronde/text"
)

// Faults of a container's condition.
const (
	FaultUnhealthy  Fault = "unhealthy"         // by its own health check
	FaultExited     Fault = "exited"            // it stopped with an error; Value is the exit code
	FaultDead       Fault = "dead"              // the engine could not remove it
	FaultOOM        Fault = "oom-killed"        // the kernel ended a process of it for want of memory
	FaultRestarted  Fault = "restarted"         // too often; Value and Limit are how often
	FaultConditions Fault = "condition-unknown" // of the host, or of one container: nobody could tell how it is doing
)

// judgeContainers is the verdict over the figures and conditions of a host's containers.
func judgeContainers(name string, m Measurement, f containerFacts, s containersSettings) Measurement {
	ignored := func(name string) bool { return slices.Contains(s.Ignore, name) }
	m.Containers = slices.DeleteFunc(slices.Clone(m.Containers), func(c Container) bool { return ignored(c.Name) })
	m.Conditions = slices.DeleteFunc(slices.Clone(f.conditions), func(c hosts.Condition) bool { return ignored(c.Name) })
	findings := append(f.unknown(name, m.Conditions), f.unusual...)
	var metrics []Metric
	for _, c := range m.Containers {
		findings = append(findings, c.findings(s.Near)...)
		metrics = append(metrics, c.metrics()...)
	}
	for _, c := range m.Conditions {
		if c.Problem != "" {
			continue
		}
		findings = append(findings, f.findings(c, s.Restarts)...)
		metrics = append(metrics, Metric{"restarts", c.Name, float64(c.Restarts), Count})
	}
	slices.SortFunc(findings, worse)
	m.Result = newResult(containersName, name, m.At, findings)
	m.Metrics, m.Learning = metrics, f.learning
	return m
}

func (c Container) metrics() []Metric {
	if c.Fault != "" {
		return nil
	}
	return []Metric{c.cpu(), c.memory(), {"pids", c.Name, float64(c.PIDs), Count}}
}

func (c Container) cpu() Metric { return Metric{"cpu", c.Name, c.CPU, Percent} }

func (c Container) memory() Metric { return Metric{"memory", c.Name, float64(c.Memory), Bytes} }

// unknown finds whose condition nobody could tell: all, as where a proxy keeps it to
// itself, or single ones. The notes are for the terminal.
func (f containerFacts) unknown(host string, all []hosts.Condition) (found []Finding) {
	unknown := func(thing, why string) Finding {
		return Finding{Status: Unknown, Thing: thing, Fault: FaultConditions, Note: text.OneLine(text.Mask(why), 200)}
	}
	if f.err != nil {
		return []Finding{unknown(host, f.err.Error())}
	}
	for _, c := range all {
		if c.Problem != "" {
			found = append(found, unknown(c.Name, c.Problem))
		}
	}
	if len(found) > 1 && len(found) == len(all) {
		return []Finding{unknown(host, all[0].Problem)}
	}
	return found
}

// findings says what of a container's condition a person should look at.
func (f containerFacts) findings(c hosts.Condition, restarts int) (found []Finding) {
	add := func(s Status, fault Fault, value, limit int) {
		found = append(found, Finding{Status: s, Thing: c.Name, Fault: fault, Value: float64(value), Limit: float64(limit)})
	}
	switch {
	case c.State == "dead":
		add(Critical, FaultDead, 0, 0)
	case f.missing(c) && c.OOMKilled:
		add(Critical, FaultOOM, 0, 0)
	case f.missing(c):
		add(Critical, FaultExited, c.ExitCode, 0)
	case c.State == "running" && c.OOMKilled:
		add(Warning, FaultOOM, 0, 0)
	}
	if c.State == "running" && c.Health == "unhealthy" {
		add(Critical, FaultUnhealthy, 0, 0)
	}
	if n := f.restarted[c.Name]; n >= restarts {
		add(Warning, FaultRestarted, n, restarts)
	}
	return found
}

// missing tells whether a container stopped with an error that is meant to run, or did
// run lately.
func (f containerFacts) missing(c hosts.Condition) bool {
	return failedAtEnd(c) && (restartsByItself(c) || f.ran[c.Name])
}

// failedAtEnd tells whether a container stopped with an error.
func failedAtEnd(c hosts.Condition) bool { return c.State == "exited" && c.ExitCode != 0 }

// restartsByItself tells whether the engine is to start a container again.
func restartsByItself(c hosts.Condition) bool { return c.Policy != "" && c.Policy != "no" }

package checks

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"time"

	"ronde/hosts"
)

// What stands out. Everything below these is calm, and folded into one line.
const (
	// CalmCPU is in percent of one core. A container that only waits for requests
	// stays under it.
	CalmCPU = 1.0
	// CalmMemory is in percent of the memory limit.
	CalmMemory = 80.0
	// NearLimit is in percent of a limit of memory or PIDs. Above it the kernel soon
	// kills processes or refuses new ones, so it is a finding, unless a [[check]] has a
	// limit of its own.
	NearLimit = 90.0
)

// Faults of a container's figures.
const (
	FaultMemory  Fault = "memory-near-limit" // Value and Limit in bytes
	FaultPIDs    Fault = "pids-near-limit"   // Value and Limit in processes and threads
	FaultSilent  Fault = "no-answer"         // the engine gave no figures in time
	FaultStopped Fault = "not-running"       // it stopped while being measured
	FaultRestart Fault = "restarting"        // the engine is about to start it again
)

// Container is one running container's figures, as docker stats --no-stream
// computes them.
type Container struct {
	ID   string `json:"id"` // 64 hexadecimal digits
	Name string `json:"name"`
	// CPU is in percent of one core: 250 keeps two and a half cores busy.
	CPU           float64 `json:"cpu_percent"`
	Memory        uint64  `json:"memory_bytes"`       // without page cache that can be dropped
	Limit         uint64  `json:"memory_limit_bytes"` // the server's memory without a limit; 0 when unknown
	MemoryPercent float64 `json:"memory_percent"`     // of Limit
	PIDs          uint64  `json:"pids"`               // processes and threads
	PIDsLimit     uint64  `json:"pids_limit"`         // 0 for none
	// Fault is why there are no figures: FaultSilent, FaultStopped or FaultRestart.
	// Figures are all 0 then.
	Fault Fault `json:"fault,omitempty"`
}

// Calm tells whether there is nothing to see.
func (c Container) Calm() bool {
	return c.Fault == "" && c.CPU < CalmCPU && c.MemoryPercent < CalmMemory && !c.nearPIDs()
}

func (c Container) nearPIDs() bool { return percent(c.PIDs, c.PIDsLimit) >= NearLimit }

// Measurement is the result of the check called containers: all running containers of
// a host, and how those are doing that there are.
type Measurement struct {
	Result
	Cores      int         `json:"cores"`      // of the server; 0 when unknown
	Containers []Container `json:"containers"` // busiest first; never nil
	// Conditions are those of all containers; nil where nobody looked.
	Conditions []hosts.Condition `json:"conditions,omitempty"`
}

// Print writes m for a terminal.
func (m Measurement) Print(w io.Writer) error { return PrintStats(w, m) }

// CPU is the sum over all containers, in percent of one core.
func (m Measurement) CPU() float64 {
	var sum float64
	for _, c := range m.Containers {
		sum += c.CPU
	}
	return sum
}

// away is the measurement of a host that could not be asked.
func away(host string, err error) Measurement {
	return Measurement{Result: failed(containersName, host, time.Now(), err), Containers: []Container{}}
}

// NewMeasurement computes figures and verdict from what an engine counted. now is
// when it was measured in case no sample says so itself.
func NewMeasurement(host string, samples []hosts.ContainerSample, now time.Time) Measurement {
	m := Measurement{
		Result:     Result{Check: containersName, Host: host, At: now, Findings: []Finding{}},
		Containers: make([]Container, 0, len(samples)),
	}
	for _, s := range samples {
		c := NewContainer(s)
		m.Containers = append(m.Containers, c)
		m.Findings = append(m.Findings, c.findings(NearLimit)...)
		m.Cores = max(m.Cores, s.Now.Cores)
		if s.Err == nil && s.At.Before(m.At) {
			m.At = s.At
		}
	}
	slices.SortFunc(m.Containers, busier)
	slices.SortFunc(m.Findings, worse)
	m.Status = worst(m.Findings)
	return m
}

func worse(a, b Finding) int {
	return cmp.Or(b.Status.severity()-a.Status.severity(), cmp.Compare(a.Thing, b.Thing), cmp.Compare(a.Fault, b.Fault))
}

// busier sorts those without figures last.
func busier(a, b Container) int {
	if (a.Fault == "") != (b.Fault == "") {
		return cmp.Compare(a.Fault, b.Fault)
	}
	return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(b.Memory, a.Memory), cmp.Compare(a.Name, b.Name))
}

// findings says what of c a person should look at. near is in percent of a limit.
func (c Container) findings(near float64) (found []Finding) {
	switch c.Fault {
	case "":
	case FaultSilent:
		return []Finding{{Status: Unknown, Thing: c.Name, Fault: c.Fault}}
	default:
		return []Finding{{Status: Warning, Thing: c.Name, Fault: c.Fault}}
	}
	if c.MemoryPercent >= near {
		found = append(found, Finding{Status: Warning, Thing: c.Name, Fault: FaultMemory, Value: float64(c.Memory), Limit: float64(c.Limit), Unit: Bytes})
	}
	if percent(c.PIDs, c.PIDsLimit) >= near {
		found = append(found, Finding{Status: Warning, Thing: c.Name, Fault: FaultPIDs, Value: float64(c.PIDs), Limit: float64(c.PIDsLimit)})
	}
	return found
}

// NewContainer computes one container's figures. The formulas are those of
// docker/cli, cli/command/container/stats_helpers.go.
func NewContainer(s hosts.ContainerSample) Container {
	c := Container{ID: s.ID, Name: s.Name}
	switch {
	case s.State == "restarting":
		c.Fault = FaultRestart
	case errors.Is(s.Err, hosts.ErrNotRunning):
		c.Fault = FaultStopped
	case s.Err != nil:
		c.Fault = FaultSilent
	}
	if c.Fault != "" {
		return c
	}
	c.CPU = cpuPercent(s.Before, s.Now)
	c.Memory, c.Limit = memoryUsed(s.Memory), s.Memory.Limit
	c.MemoryPercent = percent(c.Memory, c.Limit)
	c.PIDs = s.PIDs.Current
	if s.PIDs.Limit != unlimited {
		c.PIDsLimit = s.PIDs.Limit
	}
	return c
}

// unlimited is how the engine writes "max" of a cgroup.
const unlimited = 1<<64 - 1

// cpuPercent is the share of one core that was used between two readings. It is
// computed in floating point so that counters that went back give 0.
func cpuPercent(before, now hosts.CPU) float64 {
	used := float64(now.Used) - float64(before.Used)
	system := float64(now.System) - float64(before.System)
	if used <= 0 || system <= 0 {
		return 0
	}
	return used / system * float64(now.Cores) * 100
}

// memoryUsed leaves out file pages that the kernel drops first: cgroup v1 calls
// them total_inactive_file, v2 inactive_file.
func memoryUsed(m hosts.Memory) uint64 {
	if m.TotalInactiveFile != nil && *m.TotalInactiveFile < m.Usage {
		return m.Usage - *m.TotalInactiveFile
	}
	if m.InactiveFile < m.Usage {
		return m.Usage - m.InactiveFile
	}
	return m.Usage
}

// percent is 0 without a limit.
func percent(used, limit uint64) float64 {
	if limit == 0 {
		return 0
	}
	return float64(used) / float64(limit) * 100
}

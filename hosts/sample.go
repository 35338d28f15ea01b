package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrNotRunning is the error of a container that is listed but has nothing to
// count: it stopped a moment ago or is between two starts.
var ErrNotRunning = errors.New("container is not running")

// ContainerSample is what the engine counted for one container. It holds raw
// counters; package checks turns them into percentages.
type ContainerSample struct {
	ID    string `json:"id"`    // 64 hexadecimal digits
	Name  string `json:"name"`  // without the engine's leading slash
	State string `json:"state"` // as the engine lists it: "running", "paused", "restarting"

	At     time.Time `json:"at"`     // when the reading came here, by our clock
	Before CPU       `json:"before"` // an earlier reading than Now; the zero CPU when there is none
	Now    CPU       `json:"now"`
	Memory Memory    `json:"memory"`
	PIDs   PIDs      `json:"pids"`

	// Err says why there are no figures: [ErrNotRunning],
	// [context.DeadlineExceeded] or what the engine answered. Only ID, Name and
	// State are set then.
	Err error `json:"-"`
}

// CPU is a reading of the counters that a percentage is computed from. They only
// ever grow, until the container or its server restarts.
type CPU struct {
	Used   uint64 `json:"used"`   // nanoseconds on any core
	System uint64 `json:"system"` // nanoseconds that all cores of the server spent, idle or not
	Cores  int    `json:"cores"`  // cores online; 0 when the engine does not say
}

// Follows tells whether c can be a later reading than before. Counters that went back
// began anew: container or server restarted.
func (c CPU) Follows(before CPU) bool { return c.Used >= before.Used && c.System > before.System }

// Memory is in bytes.
type Memory struct {
	Usage uint64 `json:"usage"`
	Limit uint64 `json:"limit"` // the server's memory when the container has no limit; 0 when unknown
	// TotalInactiveFile is page cache that can be dropped at once, with that of
	// nested groups. Only cgroup v1 has it; nil otherwise.
	TotalInactiveFile *uint64 `json:"total_inactive_file,omitempty"`
	InactiveFile      uint64  `json:"inactive_file"`
}

// PIDs counts processes and threads.
type PIDs struct {
	Current uint64 `json:"current"`
	Limit   uint64 `json:"limit"` // 0 or the largest uint64 means none
}

// ReadSample reads one answer of the engine's GET /containers/{id}/stats, of
// cgroup v1 or v2. It sets neither At nor State. A container that does not run
// gives [ErrNotRunning].
func ReadSample(r io.Reader) (ContainerSample, error) {
	var answer statsAnswer
	if err := json.NewDecoder(io.LimitReader(r, largestAnswer)).Decode(&answer); err != nil {
		return ContainerSample{}, fmt.Errorf("decode the engine's stats: %w", err)
	}
	if answer.Read.IsZero() {
		return ContainerSample{}, ErrNotRunning
	}
	memory := answer.Memory
	sample := ContainerSample{
		ID:     answer.ID,
		Name:   strings.TrimPrefix(answer.Name, "/"),
		Before: answer.PreCPU.cpu(),
		Now:    answer.CPU.cpu(),
		Memory: Memory{Usage: memory.Usage, Limit: memory.Limit, InactiveFile: memory.Stats["inactive_file"]},
		PIDs:   PIDs(answer.PIDs),
	}
	if total, ok := memory.Stats["total_inactive_file"]; ok {
		sample.Memory.TotalInactiveFile = &total
	}
	return sample, nil
}

// statsAnswer is the part of the engine's answer that is used here; see
// StatsResponse in its API, versions 1.24 to 1.51.
type statsAnswer struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Read   time.Time `json:"read"`
	CPU    cpuAnswer `json:"cpu_stats"`
	PreCPU cpuAnswer `json:"precpu_stats"`
	Memory struct {
		Usage uint64            `json:"usage"`
		Limit uint64            `json:"limit"`
		Stats map[string]uint64 `json:"stats"`
	} `json:"memory_stats"`
	PIDs struct {
		Current uint64 `json:"current"`
		Limit   uint64 `json:"limit"`
	} `json:"pids_stats"`
}

type cpuAnswer struct {
	Usage struct {
		Total  uint64   `json:"total_usage"`
		PerCPU []uint64 `json:"percpu_usage"` // cgroup v1 only
	} `json:"cpu_usage"`
	System uint64 `json:"system_cpu_usage"`
	Online uint32 `json:"online_cpus"` // absent before API 1.27
}

func (a cpuAnswer) cpu() CPU {
	cores := int(a.Online)
	if cores == 0 {
		cores = len(a.Usage.PerCPU)
	}
	return CPU{Used: a.Usage.Total, System: a.System, Cores: cores}
}

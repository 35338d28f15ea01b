package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/common"
	"github.com/shirou/gopsutil/v4/process"
)

const (
	// intervals are how many parts the sampling time of [Processes] has.
	intervals = 3
	// busiest is how many processes it tells of.
	busiest = 40
	// longestSampling bounds its sampling time, which the caller waits for.
	longestSampling = 15 * time.Second
)

// Process is one process of a machine. What it was started with is not told: arguments
// may hold secrets.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"` // of its program: "ffmpeg"
	User string `json:"user"` // by the machine's own /etc/passwd; a number that is not there
	// Container is that of the engine it runs in: its name, or the first digits of its id
	// where the engine does not say. "" for none.
	Container string    `json:"container,omitempty"`
	Started   time.Time `json:"started"`
	// CPU is what it used over the sampling time, and Least in the part of it in which it
	// used least, in percent of one core.
	CPU    float64 `json:"cpu_percent"`
	Least  float64 `json:"least_cpu_percent"`
	Memory uint64  `json:"memory_bytes"` // resident
}

// ProcessList is the answer to [Processes].
type ProcessList struct {
	Count   int       `json:"count"`   // of all processes
	Busiest []Process `json:"busiest"` // at most 40, busiest first; never nil
}

// Processes asks for those that use the CPU most over a time, of whole seconds up to 15.
func Processes(over time.Duration) Question[ProcessList] {
	seconds := int(over / time.Second)
	return Question[ProcessList]{Name: "processes", Args: []string{strconv.Itoa(seconds)}, answer: func(ctx context.Context, m *Machine) (ProcessList, error) {
		root, err := m.files()
		if err != nil {
			return ProcessList{}, err
		}
		return readProcesses(ctx, m, root, over)
	}}
}

// parseProcesses reads the argument of [Processes].
func parseProcesses(args []string) (asked, error) {
	seconds := 0
	if len(args) == 1 {
		seconds, _ = strconv.Atoi(args[0])
	}
	over := time.Duration(seconds) * time.Second
	if over <= 0 || over > longestSampling {
		return nil, badRequest("processes takes a number of seconds, at most %d", longestSampling/time.Second)
	}
	return Processes(over), nil
}

// below makes gopsutil read a machine whose files begin at root.
func below(ctx context.Context, root string) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: filepath.Join(root, "proc"), common.HostSysEnvKey: filepath.Join(root, "sys"),
		common.HostRunEnvKey: filepath.Join(root, "run"), common.HostEtcEnvKey: filepath.Join(root, "etc"),
		common.HostRootEnvKey: root,
	})
}

func readProcesses(ctx context.Context, m *Machine, root string, over time.Duration) (ProcessList, error) {
	ctx = below(ctx, root)
	var samples []map[int32]usage
	for i := range intervals + 1 {
		if i > 0 {
			if err := pause(ctx, over/intervals); err != nil {
				return ProcessList{}, err
			}
		}
		sample, err := sampleProcesses(ctx)
		if err != nil {
			return ProcessList{}, err
		}
		samples = append(samples, sample)
	}
	return ProcessList{Count: len(samples[intervals]), Busiest: describe(ctx, m, root, mostBusy(samples))}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sample processes: %w", context.Cause(ctx))
	}
}

// usage is the CPU time that a process used until it was read.
type usage struct {
	at      time.Time
	cpu     float64 // seconds
	started time.Time
	of      *process.Process
}

// oneStart is by how much readings of the time at which a process started may differ: in
// some containers it is counted back from now.
const oneStart = time.Second

// sameAs tells whether two readings of a number are of one process: numbers come again.
func (u usage) sameAs(other usage) bool { return u.started.Sub(other.started).Abs() < oneStart }

// sampleProcesses reads all processes. Those that end meanwhile are left out.
func sampleProcesses(ctx context.Context) (map[int32]usage, error) {
	all, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("list processes: there are none")
	}
	sample := make(map[int32]usage, len(all))
	for _, p := range all {
		started, err := p.CreateTimeWithContext(ctx)
		if err != nil {
			continue
		}
		times, err := p.TimesWithContext(ctx)
		if err != nil {
			continue
		}
		sample[p.Pid] = usage{at: time.Now(), cpu: times.User + times.System, started: time.UnixMilli(started), of: p}
	}
	return sample, nil
}

// busy is what a process used between samples.
type busy struct {
	usage
	pid            int32
	average, least float64 // percent of one core
}

// mostBusy compares samples. A process that was not there all the time used nothing in
// part of it.
func mostBusy(samples []map[int32]usage) []busy {
	var all []busy
	for pid, u := range samples[len(samples)-1] {
		b := busy{usage: u, pid: pid}
		before, known := samples[0][pid]
		if known && u.sameAs(before) {
			b.least = leastOf(pid, samples)
		} else {
			before = usage{at: u.started}
		}
		b.average = share(before, u)
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b busy) int { return cmp.Or(cmp.Compare(b.average, a.average), cmp.Compare(a.pid, b.pid)) })
	return all[:min(len(all), busiest)]
}

// leastOf is the smallest share of a process in any part of the time.
func leastOf(pid int32, samples []map[int32]usage) float64 {
	least := share(samples[0][pid], samples[1][pid])
	for i := 1; i+1 < len(samples); i++ {
		least = min(least, share(samples[i][pid], samples[i+1][pid]))
	}
	return least
}

// share is the percentage of one core that was used between two readings; 0 where one is
// missing.
func share(before, now usage) float64 {
	took := now.at.Sub(before.at).Seconds()
	if before.at.IsZero() || now.at.IsZero() || took <= 0 {
		return 0
	}
	return max(0, (now.cpu-before.cpu)/took*100)
}

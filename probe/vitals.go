package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// Vitals is how much a machine as a whole has to do.
type Vitals struct {
	Load1  float64 `json:"load1"` // processes that run or wait, on average over a minute
	Load5  float64 `json:"load5"`
	Load15 float64 `json:"load15"`
	Cores  int     `json:"cores"`       // that are online
	CPU    float64 `json:"cpu_percent"` // of all cores, over the second that was measured
	// Memory and MemoryAvailable are in bytes. Available is what programs can still get,
	// page cache included.
	Memory          uint64    `json:"memory_bytes"`
	MemoryAvailable uint64    `json:"memory_available_bytes"`
	Swap            uint64    `json:"swap_bytes"` // 0 for none
	SwapUsed        uint64    `json:"swap_used_bytes"`
	Booted          time.Time `json:"booted"`
	// Pressure is that on "cpu", "memory" and "io"; empty where the kernel does not
	// measure it.
	Pressure map[string]Pressure `json:"pressure,omitempty"`
}

// Pressure is for which share of the last minute work waited for something, in percent.
type Pressure struct {
	Some float64 `json:"some"` // of the time in which at least one process did
	Full float64 `json:"full"` // in which all did that had something to do
}

// VitalSigns asks how much the machine as a whole has to do. It takes a second.
func VitalSigns() Question[Vitals] {
	return Question[Vitals]{Name: "load", answer: func(ctx context.Context, m *Machine) (Vitals, error) {
		root, err := m.files()
		if err != nil {
			return Vitals{}, err
		}
		return readVitals(below(ctx, root), root)
	}}
}

func readVitals(ctx context.Context, root string) (v Vitals, err error) {
	averages, err := load.AvgWithContext(ctx)
	if err != nil {
		return v, fmt.Errorf("read the load: %w", err)
	}
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return v, fmt.Errorf("read the use of memory: %w", err)
	}
	booted, err := host.BootTimeWithContext(ctx)
	if err != nil {
		return v, fmt.Errorf("read the time of the start: %w", err)
	}
	v = Vitals{
		Load1: averages.Load1, Load5: averages.Load5, Load15: averages.Load15, Booted: time.Unix(int64(booted), 0),
		Memory: memory.Total, MemoryAvailable: memory.Available, Swap: memory.SwapTotal, SwapUsed: memory.SwapTotal - min(memory.SwapFree, memory.SwapTotal),
	}
	if v.Pressure, err = readPressure(root); err != nil {
		return v, err
	}
	v.CPU, v.Cores, err = readCPU(ctx)
	return v, err
}

// readCPU measures for a second how busy the cores are.
func readCPU(ctx context.Context) (percent float64, cores int, err error) {
	before, err := cpu.TimesWithContext(ctx, true)
	if err == nil {
		err = pause(ctx, time.Second)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the use of the CPU: %w", err)
	}
	now, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return 0, 0, fmt.Errorf("read the use of the CPU: %w", err)
	}
	busyBefore, allBefore := sumCPU(before)
	busyNow, allNow := sumCPU(now)
	if allNow > allBefore {
		percent = max(0, busyNow-busyBefore) / (allNow - allBefore) * 100
	}
	return percent, len(now), nil
}

// sumCPU adds up the seconds of all cores. Those of guests are in those of the user
// already; a core that waits for a disk is free for others.
func sumCPU(cores []cpu.TimesStat) (busy, all float64) {
	for _, c := range cores {
		used := c.User + c.Nice + c.System + c.Irq + c.Softirq + c.Steal
		busy, all = busy+used, all+used+c.Idle+c.Iowait
	}
	return busy, all
}

func readPressure(root string) (map[string]Pressure, error) {
	all := map[string]Pressure{}
	for _, on := range []string{"cpu", "memory", "io"} {
		raw, err := os.ReadFile(filepath.Join(root, "proc/pressure", on))
		switch {
		case err == nil:
			all[on] = ReadPressure(string(raw))
		case !errors.Is(err, fs.ErrNotExist) && !isUnsupported(err):
			return nil, fmt.Errorf("read the pressure on %s: %w", on, err)
		}
	}
	return all, nil
}

// ReadPressure reads a file below /proc/pressure; see the kernel's
// Documentation/accounting/psi.rst. What is not understood counts as none.
func ReadPressure(file string) (p Pressure) {
	for line := range strings.Lines(file) {
		fields := strings.Fields(line)
		for _, field := range fields {
			value, found := strings.CutPrefix(field, "avg60=")
			percent, err := strconv.ParseFloat(value, 64)
			if !found || err != nil || !(percent >= 0 && percent <= 100) {
				continue
			}
			switch fields[0] {
			case "some":
				p.Some = percent
			case "full":
				p.Full = percent
			}
		}
	}
	return p
}

// isUnsupported tells of a kernel that has the files and measures nothing (psi=0).
func isUnsupported(err error) bool { return errors.Is(err, syscall.EOPNOTSUPP) }

package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// Faults of a machine as a whole; the thing is the host.
const (
	FaultLoad     Fault = "load"            // Value and Limit are the load of five minutes for each core
	FaultUsed     Fault = "memory-used"     // Value and Limit in percent
	FaultSwap     Fault = "swap-used"       // Value and Limit in percent
	FaultPressure Fault = "memory-pressure" // Value and Limit in percent of the last minute
)

type loadSettings struct {
	Load         float64 `set:"load" unit:"for each core" least:"0.1" most:"1000" help:"Load of five minutes from which it warns."`
	LoadCritical float64 `set:"load_critical" unit:"for each core" least:"0.1" most:"1000" help:"Load of five minutes from which it is critical."`
	Memory       float64 `set:"memory" unit:"%" least:"1" most:"100" help:"Memory in use, without what can be dropped at once, from which it warns."`
	MemoryCrit   float64 `set:"memory_critical" unit:"%" least:"1" most:"100" help:"Memory in use from which it is critical."`
	Swap         float64 `set:"swap" unit:"%" least:"1" most:"100" help:"Swap in use from which it warns."`
	Pressure     float64 `set:"pressure" unit:"%" least:"1" most:"100" help:"Share of a minute in which something waited for memory from which it warns, where the kernel measures it."`
}

// Judge says that critical comes after the warning.
func (s loadSettings) Judge() (setting, reason string) {
	switch {
	case s.LoadCritical < s.Load:
		return "load_critical", "is below load"
	case s.MemoryCrit < s.Memory:
		return "memory_critical", "is below memory"
	}
	return "", ""
}

// LoadReport is the result of the check called load.
type LoadReport struct {
	Result
	Vitals probe.Vitals `json:"load"`
}

func loadKind() Kind {
	return Kind{
		Name: "load", Needs: NeedsProbe, Measure: measureLoad, Calm: calmLoad,
		Help:     "How much the machine as a whole has to do: load, CPU, memory, swap, and what waits for memory.",
		Settings: loadSettings{Load: 2, LoadCritical: 5, Memory: 90, MemoryCrit: 97, Swap: 80, Pressure: 20},
	}
}

func measureLoad(ctx context.Context, a Asked) (Report, error) {
	vitals, err := probe.Ask(ctx, a.Host, probe.VitalSigns())
	if err != nil {
		return LoadReport{Result: failed("load", a.Name, time.Now(), err)}, err
	}
	return newLoadReport(a.Name, vitals, settings[loadSettings](a), time.Now()), nil
}

func newLoadReport(name string, v probe.Vitals, s loadSettings, at time.Time) LoadReport {
	findings := slices.Concat(
		limits{s.Load, s.LoadCritical}.above(Finding{Thing: name, Fault: FaultLoad, Value: v.Load5 / float64(max(v.Cores, 1))}),
		limits{s.Memory, s.MemoryCrit}.above(Finding{Thing: name, Fault: FaultUsed, Value: memoryShare(v), Unit: Percent}),
		limits{Warning: s.Swap}.above(Finding{Thing: name, Fault: FaultSwap, Value: percent(v.SwapUsed, v.Swap), Unit: Percent}),
		limits{Warning: s.Pressure}.above(Finding{Thing: name, Fault: FaultPressure, Value: v.Pressure["memory"].Some, Unit: Percent}),
	)
	r := LoadReport{Result: newResult("load", name, at, findings), Vitals: v}
	r.Metrics = []Metric{
		{"load1", "", v.Load1, Count}, {"cpu", "", v.CPU, Percent},
		{"memory_used", "", float64(memoryInUse(v)), Bytes}, {"swap_used", "", float64(v.SwapUsed), Bytes},
	}
	return r
}

// memoryInUse is in bytes, without what programs can still get.
func memoryInUse(v probe.Vitals) uint64 { return v.Memory - min(v.MemoryAvailable, v.Memory) }

func memoryShare(v probe.Vitals) float64 { return percent(memoryInUse(v), v.Memory) }

// tell adds a line for each sign.
func (r LoadReport) tell(o *Outcome, l *text.Language) {
	v := r.Vitals
	say := func(id string, args ...any) string { return l.Say("checks.load."+id, args...) }
	averages := strings.Join([]string{decimal(l, v.Load1), decimal(l, v.Load5), decimal(l, v.Load15)}, " ")
	lines := []string{
		say("average", "Load", averages, "Count", v.Cores),
		say("cpu", "Share", fmt.Sprintf("%.0f", v.CPU)),
		say("memory", "Used", short(l, float64(memoryInUse(v))), "Of", short(l, float64(v.Memory)), "Share", fmt.Sprintf("%.0f", memoryShare(v))),
	}
	if v.Swap > 0 {
		lines = append(lines, say("swap", "Used", short(l, float64(v.SwapUsed)), "Of", short(l, float64(v.Swap)), "Share", fmt.Sprintf("%.0f", percent(v.SwapUsed, v.Swap))))
	}
	if len(v.Pressure) > 0 {
		on := func(what string) string { return fmt.Sprintf("%.0f", v.Pressure[what].Some) }
		lines = append(lines, say("pressure", "CPU", on("cpu"), "Memory", on("memory"), "IO", on("io")))
	}
	o.Detail = strings.Join(append(lines, say("up", "Age", l.Duration(max(0, r.At.Sub(v.Booted))))), "\n")
}

func calmLoad(l *text.Language, o Outcome, _ time.Time) string {
	figures := map[string]float64{}
	for _, m := range o.Metrics {
		figures[m.Name] = m.Value
	}
	return l.Say("checks.load.calm", "Load", decimal(l, figures["load1"]), "CPU", sayValue(l, figures["cpu"], Percent), "Memory", inBytes(l, figures["memory_used"]))
}

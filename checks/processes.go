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

// FaultBusy is that of a process that used more of the CPU than the limit all the time;
// Value and Limit are in percent of one core.
const FaultBusy Fault = "process-busy"

type processesSettings struct {
	// A loop on one core is interrupted now and then, so that it has a little less than
	// the whole of it.
	Share  float64       `set:"share" unit:"% of one core" least:"1" most:"100000" help:"CPU from which a process that uses it all the time is busy. A loop on one core has nearly 100."`
	Over   time.Duration `set:"over" least:"2s" most:"15s" help:"For how long processes are watched."`
	Ignore []string      `set:"ignore" example:"[\"ffmpeg\", \"peertube\"]" help:"Programs, containers and users that may be busy."`
}

// ProcessReport is the result of the check called processes.
type ProcessReport struct {
	Result
	Count     int             `json:"count"`     // of all processes
	Processes []probe.Process `json:"processes"` // the busiest first; never nil
}

func processesKind() Kind {
	return Kind{
		Name: "processes", Needs: NeedsProbe, Measure: measureProcesses, Calm: calmProcesses,
		Help:     "Which processes keep the CPU busy all the time, as one looks for them with htop.",
		Settings: processesSettings{Share: 95, Over: 5 * time.Second},
	}
}

func measureProcesses(ctx context.Context, a Asked) (Report, error) {
	s := settings[processesSettings](a)
	list, err := probe.Ask(ctx, a.Host, probe.Processes(s.Over))
	if err != nil {
		return ProcessReport{Result: failed("processes", a.Name, time.Now(), err), Processes: []probe.Process{}}, err
	}
	return newProcessReport(a.Name, list, s, time.Now()), nil
}

func newProcessReport(name string, list probe.ProcessList, s processesSettings, at time.Time) ProcessReport {
	var findings []Finding
	busy := 0
	seen := map[string]bool{}
	for _, p := range list.Busiest {
		if p.Least < s.Share || s.mayBeBusy(p) {
			continue
		}
		busy++
		if thing := thingOf(p); !seen[thing] { // of several alike, the busiest
			seen[thing] = true
			findings = append(findings, Finding{Status: Warning, Thing: thing, Fault: FaultBusy, Value: p.CPU, Limit: s.Share, Unit: Percent, Note: noteOf(p)})
		}
	}
	r := ProcessReport{Result: newResult("processes", name, at, findings), Count: list.Count, Processes: append([]probe.Process{}, list.Busiest...)}
	r.Metrics = []Metric{{"processes", "", float64(list.Count), Count}, {"busy", "", float64(busy), Count}}
	return r
}

func (s processesSettings) mayBeBusy(p probe.Process) bool {
	return slices.ContainsFunc(s.Ignore, func(word string) bool {
		return word == p.Name || word == p.User || p.Container != "" && word == p.Container
	})
}

// thingOf is how people call a process: its number means nothing to them.
func thingOf(p probe.Process) string {
	name := text.OneLine(text.Printed(p.Name), 40)
	if p.Container == "" {
		return name
	}
	return text.OneLine(text.Printed(p.Container), 40) + "/" + name
}

func noteOf(p probe.Process) string {
	return fmt.Sprintf("PID %d, %s", p.PID, text.OneLine(text.Printed(p.User), 40))
}

// ownerColumns is how wide the column of containers and users may be.
const ownerColumns = 11

// tell adds a line for each of the busiest processes: its program, its container or else
// its user, CPU, memory and age.
func (r ProcessReport) tell(o *Outcome, l *text.Language) {
	o.Count = r.Count
	var rows [][]string
	for _, p := range r.Processes[:min(len(r.Processes), blockLines-1)] {
		owner := p.Container
		if owner == "" {
			owner = p.User
		}
		rows = append(rows, []string{
			text.OneLine(text.Printed(p.Name), 40), middle(text.OneLine(text.Printed(owner), 40), ownerColumns),
			decimal(l, p.CPU), short(l, float64(p.Memory)), shortAge(l, r.At.Sub(p.Started)),
		})
	}
	o.Detail = columns(strings.Split(l.Say("checks.processes.columns"), "|"), rows)
}

// shortAge writes for how long something has been there in at most four columns.
func shortAge(l *text.Language, age time.Duration) string {
	age = max(age, 0) // clocks differ
	switch {
	case age < time.Minute:
		return fmt.Sprintf("%ds", age/time.Second)
	case age < 100*time.Minute:
		return fmt.Sprintf("%dm", age/time.Minute)
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh", age/time.Hour)
	}
	return fmt.Sprintf("%d%s", age/(24*time.Hour), l.Say("checks.processes.day"))
}

func calmProcesses(l *text.Language, o Outcome, _ time.Time) string {
	return l.Say("checks.processes.calm", "Count", o.Count)
}

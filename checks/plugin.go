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

// Faults that a plugin tells; the thing is the name of the check.
const (
	FaultPlugin     Fault = "plugin-says" // the note is its first line
	FaultPluginLate Fault = "plugin-late" // it was ended since it took too long
)

type pluginSettings struct {
	Plugin string `set:"plugin" needed:"yes" example:"\"load\"" help:"The name of the [[plugin]] in the host's own probe.toml, which says what is run."`
}

// PluginReport is the result of a check of the kind plugin.
type PluginReport struct {
	Result
	Said *probe.PluginSaid `json:"said"` // nil when unknown
}

func pluginKind() Kind {
	return Kind{
		Name: "plugin", Needs: NeedsProbe, Named: true,
		Help:     "What a Monitoring or Nagios plugin on the host says: its verdict, its first line, and its figures.",
		Settings: pluginSettings{}, Measure: measurePlugin,
	}
}

func measurePlugin(ctx context.Context, a Asked) (Report, error) {
	said, err := probe.Ask(ctx, a.Host, probe.Plugin(settings[pluginSettings](a).Plugin))
	if err != nil {
		return PluginReport{Result: failed("plugin", a.Name, time.Now(), err)}, err
	}
	return newPluginReport(a.Name, said, time.Now()), nil
}

// pluginStatus is what an exit code means; any other than these is unknown.
func pluginStatus(code int) Status {
	switch code {
	case 0:
		return OK
	case 1:
		return Warning
	case 2:
		return Critical
	}
	return Unknown
}

func newPluginReport(name string, said probe.PluginSaid, at time.Time) PluginReport {
	said.Line = outside(said.Line, longestNote)
	var findings []Finding
	switch status := pluginStatus(said.Code); {
	case said.Late:
		findings = []Finding{{Status: Unknown, Thing: name, Fault: FaultPluginLate}}
	case status != OK:
		findings = []Finding{{Status: status, Thing: name, Fault: FaultPlugin, Note: said.Line}}
	}
	said.Figures = slices.Clone(said.Figures)
	r := PluginReport{Result: newResult("plugin", name, at, findings), Said: &said}
	for i := range said.Figures {
		said.Figures[i].Label = outside(said.Figures[i].Label, longestNote)
		r.Metrics = append(r.Metrics, metricOf(said.Figures[i]))
	}
	return r
}

// scales are the units of the guidelines in ours. Those of sizes are powers of 1024, as
// the plugins count them.
func scales() map[string]Metric {
	return map[string]Metric{
		"s": {Value: 1, Unit: Seconds}, "ms": {Value: 1e-3, Unit: Seconds}, "us": {Value: 1e-6, Unit: Seconds}, "µs": {Value: 1e-6, Unit: Seconds},
		"B": {Value: 1, Unit: Bytes}, "KB": {Value: 1 << 10, Unit: Bytes}, "MB": {Value: 1 << 20, Unit: Bytes},
		"GB": {Value: 1 << 30, Unit: Bytes}, "TB": {Value: 1 << 40, Unit: Bytes}, "PB": {Value: 1 << 50, Unit: Bytes},
		"%": {Value: 1, Unit: Percent},
	}
}

// metricOf is a figure in one of our units; one that is not known counts something.
func metricOf(f probe.Figure) Metric {
	scale, known := scales()[strings.Replace(f.Unit, "iB", "B", 1)]
	if !known {
		return Metric{Name: "value", Thing: f.Label, Value: f.Value}
	}
	return Metric{Name: "value", Thing: f.Label, Value: f.Value * scale.Value, Unit: scale.Unit}
}

// tell adds what it said and its figures.
func (r PluginReport) tell(o *Outcome, l *text.Language) {
	if r.Said == nil {
		return
	}
	var rows [][]string
	for _, m := range r.Metrics {
		rows = append(rows, []string{m.Thing, sayFigure(l, m)})
	}
	wrapped := text.Wrap(r.Said.Line, detailColumns)
	lines := wrapped[:min(len(wrapped), 3)]
	if more := len(rows) - shownUpgrades; more > 0 {
		rows = append(rows[:shownUpgrades-1], []string{"", fmt.Sprintf("+ %d", more+1)})
	}
	if table := columns([]string{"", ""}, rows); table != "" {
		lines = append(lines, strings.TrimPrefix(table, "\n"))
	}
	o.Detail = strings.Join(lines, "\n")
}

// sayFigure writes a figure with the decimals that it has.
func sayFigure(l *text.Language, m Metric) string {
	switch {
	case m.Unit == Bytes, m.Unit == Percent:
		return sayValue(l, m.Value, m.Unit)
	case m.Unit == Seconds && m.Value < 1:
		return sayValue(l, m.Value*1000, Milliseconds)
	case m.Unit == Seconds:
		return sayValue(l, m.Value, m.Unit)
	}
	return decimal(l, m.Value)
}

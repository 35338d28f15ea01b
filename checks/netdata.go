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

// Faults that Netdata knows of.
const (
	FaultAlarm      Fault = "netdata-alarm"  // the thing is its chart; Note its name and value
	FaultChartAbove Fault = "netdata-above"  // the thing is the chart; Value and Limit in its own unit
	FaultChartBelow Fault = "netdata-below"  // the same
	FaultChartNone  Fault = "netdata-no-val" // nothing was collected lately
)

type netdataSettings struct {
	Ignore    []string      `set:"ignore" example:"[\"system_clock_sync_state\"]" help:"Names of alarms that do not count."`
	Chart     string        `set:"chart" example:"\"system.cpu\"" help:"A chart whose value is measured in place of the alarms, by its id."`
	Dimension string        `set:"dimension" example:"\"iowait\"" help:"The dimension of the chart; the sum of all without one."`
	Over      time.Duration `set:"over" least:"1s" most:"1w" help:"The time over which the value is the mean."`
	When      string        `set:"when" oneof:"above|below" help:"Which side of the thresholds is bad; a value that reaches one counts as above, not as below."`
	Warning   float64       `set:"warning" help:"Value of the chart from which it warns, in its own unit; 0 for none."`
	Critical  float64       `set:"critical" help:"Value of the chart from which it is critical; 0 for none."`
}

// Judge says what does not go together.
func (s netdataSettings) Judge() (setting, reason string) {
	if s.Chart == "" && (s.Dimension != "" || s.Warning != 0 || s.Critical != 0) {
		return "chart", "is missing: dimension, warning and critical are about a chart"
	}
	return wrongLimits(s.When, s.Warning, s.Critical)
}

// NetdataReport is the result of the check called netdata: of the alarms, or of a chart.
type NetdataReport struct {
	Result
	Alarms []probe.Alarm     `json:"alarms,omitempty"` // raised, the worst first
	Chart  *probe.ChartValue `json:"chart,omitempty"`
	Value  *float64          `json:"value,omitempty"` // of the chart; nil when there is none

	of string // the chart
}

func netdataKind() Kind {
	return Kind{
		Name: "netdata", Needs: NeedsProbe, Measure: measureNetdata, Calm: calmNetdata,
		Help:     "Alarms that Netdata has raised, or the value of one of its charts. The host's probe.toml needs `[netdata]`, with an `address` if that is not `\"http://127.0.0.1:19999\"`.",
		Settings: netdataSettings{Over: time.Minute, When: "above"},
	}
}

func measureNetdata(ctx context.Context, a Asked) (Report, error) {
	s := settings[netdataSettings](a)
	if s.Chart != "" {
		value, err := probe.Ask(ctx, a.Host, probe.NetdataChart(s.Chart, s.Over))
		if err != nil {
			return NetdataReport{Result: failed("netdata", a.Name, time.Now(), err)}, err
		}
		return newChartReport(a.Name, value, s, time.Now()), nil
	}
	alarms, err := probe.Ask(ctx, a.Host, probe.NetdataAlarms())
	if err != nil {
		return NetdataReport{Result: failed("netdata", a.Name, time.Now(), err)}, err
	}
	return newAlarmsReport(a.Name, alarms, s, time.Now()), nil
}

// newAlarmsReport judges alarms as Netdata does. Those that it was told to keep to itself
// are no finding here, either.
func newAlarmsReport(name string, alarms []probe.Alarm, s netdataSettings, at time.Time) NetdataReport {
	var findings []Finding
	for i, a := range alarms {
		a.Name, a.Chart, a.Value, a.Info = outside(a.Name, 80), outside(a.Chart, 80), outside(a.Value, 40), outside(a.Info, 200)
		alarms[i] = a
		if a.Silence || slices.Contains(s.Ignore, a.Name) {
			continue
		}
		status := Warning
		if a.Status == "CRITICAL" {
			status = Critical
		}
		findings = append(findings, Finding{Status: status, Thing: a.Chart, Fault: FaultAlarm, Note: text.OneLine(a.Name+" = "+a.Value, 120)})
	}
	r := NetdataReport{Result: newResult("netdata", name, at, findings), Alarms: alarms}
	r.Metrics = []Metric{{"alarms", "", float64(len(findings)), Count}}
	return r
}

// newChartReport judges the value of a chart.
func newChartReport(name string, chart probe.ChartValue, s netdataSettings, at time.Time) NetdataReport {
	thing := strings.TrimSuffix(s.Chart+" "+s.Dimension, " ")
	r := NetdataReport{Chart: &chart, of: thing}
	value, has := chartValue(chart, s.Dimension)
	if !has {
		r.Result = newResult("netdata", name, at, []Finding{{Status: Unknown, Thing: thing, Fault: FaultChartNone}})
		return r
	}
	findings := limits{s.Warning, s.Critical}.beyond(s.When, Finding{Thing: thing, Value: value})
	for i := range findings {
		findings[i].Fault = map[Fault]Fault{FaultQueryAbove: FaultChartAbove, FaultQueryBelow: FaultChartBelow}[findings[i].Fault]
	}
	r.Result, r.Value = newResult("netdata", name, at, findings), &value
	r.Metrics = []Metric{{"value", thing, value, Count}}
	return r
}

// chartValue is that of one dimension, or the sum of all: how busy a CPU is, for its idle
// time is none that Netdata shows.
func chartValue(chart probe.ChartValue, dimension string) (sum float64, has bool) {
	for _, d := range chart.Dimensions {
		if d.Value != nil && (dimension == "" || d.Name == dimension) {
			sum, has = sum+*d.Value, true
		}
	}
	return sum, has
}

// tell adds a line for each alarm, or for each dimension of the chart.
func (r NetdataReport) tell(o *Outcome, l *text.Language) {
	var rows [][]string
	o.Count = len(r.Alarms)
	for _, a := range r.Alarms {
		if a.Silence {
			o.Busy++
		}
		rows = append(rows, []string{a.Name, a.Value})
	}
	head := "checks.netdata.columns"
	if r.Chart != nil && len(r.Chart.Dimensions) > 1 {
		head = "checks.netdata.dimensions"
		for _, d := range r.Chart.Dimensions {
			if d.Value != nil {
				rows = append(rows, []string{outside(d.Name, 40), sayValue(l, *d.Value, Count)})
			}
		}
	}
	o.Detail = columns(strings.Split(l.Say(head), "|"), rows)
}

func calmNetdata(l *text.Language, o Outcome, _ time.Time) string {
	for _, m := range o.Metrics {
		if m.Name == "value" {
			return fmt.Sprintf("%s = %s", m.Thing, sayValue(l, m.Value, Count))
		}
	}
	if o.Count > 0 {
		return l.Say("checks.netdata.kept", "Count", o.Count)
	}
	return l.Say("checks.netdata.calm")
}

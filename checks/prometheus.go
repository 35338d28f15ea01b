package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"ronde/text"
)

// Faults of a query; the thing is the series.
const (
	FaultQueryAbove Fault = "query-above" // Value and Limit in the unit of the check
	FaultQueryBelow Fault = "query-below"
	FaultQueryNone  Fault = "query-none" // no series, or one without a value
)

type prometheusSettings struct {
	Address  string  `set:"address" needed:"yes" example:"\"http://prometheus:9090\"" help:"Where Prometheus is, or what answers as it does."`
	Query    string  `set:"query" needed:"yes" example:"\"rate(node_vmstat_oom_kill[1h]) * 3600\"" help:"An instant query in PromQL."`
	When     string  `set:"when" oneof:"above|below" help:"Which side of the thresholds is bad; a value that reaches one counts as above, not as below."`
	Warning  float64 `set:"warning" help:"Value from which it warns; 0 for none."`
	Critical float64 `set:"critical" help:"Value from which it is critical; 0 for none."`
	Label    string  `set:"label" example:"\"instance\"" help:"The label that names a series; all of them without one."`
	Unit     string  `set:"unit" oneof:"count|%|B|s|d|ms|/s|/h" help:"What the value counts."`
	Empty    string  `set:"empty" oneof:"unknown|ok|critical" help:"What it is when the query has no result, or no number."`
	Token    Secret  `set:"token" help:"A bearer token."`
	User     string  `set:"user" example:"\"ronde\"" help:"The user, where it asks for a password."`
	Password Secret  `set:"password" help:"The password of that user."`
	CAFile   string  `set:"ca_file" example:"\"/etc/ronde/ca.pem\"" help:"Who signs its certificate, if not one that the system trusts."`
}

// Judge says what does not go together.
func (s prometheusSettings) Judge() (setting, reason string) {
	if reason := wrongAddress(s.Address, s.Token != "" || s.Password != ""); reason != "" {
		return "address", reason
	}
	if reason := wrongFile(s.CAFile); reason != "" {
		return "ca_file", reason
	}
	if s.Query != "" && s.Warning == 0 && s.Critical == 0 {
		return "warning", "and critical are both 0, so that nothing would ever be found; write warning = 1"
	}
	return wrongLimits(s.When, s.Warning, s.Critical)
}

// wrongLimits says whether warning comes after critical, on the side that is bad.
func wrongLimits(when string, warning, critical float64) (setting, reason string) {
	switch {
	case warning == 0 || critical == 0:
	case when == "below" && critical > warning:
		return "critical", "is above warning"
	case when != "below" && critical < warning:
		return "critical", "is below warning"
	}
	return "", ""
}

// Sample is one series of a query and its value.
type Sample struct {
	Thing string  `json:"thing"`
	Value float64 `json:"value"`
	None  bool    `json:"none,omitempty"` // it has no number
}

// PrometheusReport is the result of the check called prometheus.
type PrometheusReport struct {
	Result
	Samples []Sample `json:"samples"` // the worst first; never nil

	unit Unit
}

// mostSeries is how many series of a query are kept and drawn: a query that gives more
// is one that nobody meant.
const mostSeries = 50

func prometheusKind() Kind {
	return Kind{
		Name: "prometheus", Help: "A query to Prometheus, with thresholds for each series that it returns.", Hostless: true,
		Settings: prometheusSettings{When: "above", Unit: "count", Empty: "unknown"}, Measure: measurePrometheus, Calm: calmPrometheus,
	}
}

func measurePrometheus(ctx context.Context, a Asked) (Report, error) {
	s := settings[prometheusSettings](a)
	samples, err := askPrometheus(ctx, s)
	if err != nil {
		err = fmt.Errorf("ask Prometheus: %w", err)
		return PrometheusReport{Result: failed("prometheus", a.Name, time.Now(), err), Samples: []Sample{}}, err
	}
	return newPrometheusReport(a.Name, samples, s, time.Now()), nil
}

func askPrometheus(ctx context.Context, s prometheusSettings) ([]Sample, error) {
	r := webRequest{address: below(s.Address, "/api/v1/query?"+url.Values{"query": {s.Query}, "timeout": {"10s"}}.Encode()), caFile: s.CAFile}
	switch {
	case s.Token != "":
		r.key = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(s.Token)) }
	case s.User != "" || s.Password != "":
		r.key = func(r *http.Request) { r.SetBasicAuth(s.User, string(s.Password)) }
	}
	a, err := r.ask(ctx)
	switch {
	case err != nil:
		return nil, err
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return nil, fmt.Errorf("it %w: HTTP status %d", errDenied, a.status)
	}
	samples, err := readSamples(a.body, s.Label)
	if err != nil && a.status != http.StatusOK {
		return nil, fmt.Errorf("it answered with HTTP status %d: %w", a.status, err)
	}
	return samples, err
}

// readSamples reads the answer to an instant query: a vector or a scalar. Its error says
// what Prometheus says of the query, cleaned.
func readSamples(raw []byte, label string) ([]Sample, error) {
	var said struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Type   string          `json:"resultType"`
			Result json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := decode(raw, &said); err != nil {
		return nil, err
	}
	if said.Status != "success" {
		return nil, fmt.Errorf("it does not answer the query: %s", outside(said.Error, 200))
	}
	switch said.Data.Type {
	case "scalar":
		var one model.Scalar
		if err := decode(said.Data.Result, &one); err != nil {
			return nil, err
		}
		return []Sample{sampleOf("", float64(one.Value))}, nil
	case "vector":
		var all model.Vector
		if err := decode(said.Data.Result, &all); err != nil {
			return nil, err
		}
		return samplesOf(all, label)
	}
	return nil, fmt.Errorf("the query gives a %s; an instant query gives a vector or a scalar", outside(said.Data.Type, 20))
}

func samplesOf(all model.Vector, label string) (samples []Sample, err error) {
	for _, one := range all {
		if one == nil || one.Histogram != nil {
			return nil, fmt.Errorf("a series is a histogram: %w", errAnswer)
		}
		samples = append(samples, sampleOf(nameOf(one.Metric, label), float64(one.Value)))
	}
	return samples, nil
}

func sampleOf(thing string, value float64) Sample {
	if math.IsNaN(value) || math.IsInf(value, 0) { // which JSON cannot carry
		return Sample{Thing: outside(thing, 80), None: true}
	}
	return Sample{Thing: outside(thing, 80), Value: value}
}

// nameOf names a series: by one label, or by all of them as PromQL writes them.
func nameOf(m model.Metric, label string) string {
	if value, has := m[model.LabelName(label)]; has {
		return string(value)
	}
	if len(m) == 0 {
		return ""
	}
	return m.String()
}

// newPrometheusReport judges what a query returned.
func newPrometheusReport(name string, samples []Sample, s prometheusSettings, at time.Time) PrometheusReport {
	unit := Unit(s.Unit)
	if s.Unit == "count" {
		unit = Count
	}
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b Sample) int { return worseFirst(s.When, a.Value, b.Value) })
	var findings []Finding
	var metrics []Metric
	for i, one := range samples {
		thing := one.Thing
		if thing == "" {
			thing = name
		}
		if one.None {
			findings = append(findings, without(thing, s.Empty)...)
			continue
		}
		findings = append(findings, limits{s.Warning, s.Critical}.beyond(s.When, Finding{Thing: thing, Value: one.Value, Unit: unit})...)
		if i < mostSeries {
			metrics = append(metrics, Metric{"value", one.Thing, one.Value, unit})
		}
	}
	if len(samples) == 0 {
		findings = without(name, s.Empty)
	}
	r := PrometheusReport{Result: newResult("prometheus", name, at, findings), Samples: append([]Sample{}, samples...), unit: unit}
	r.Metrics = metrics
	return r
}

func worseFirst(when string, a, b float64) int {
	bigger := 0
	switch {
	case a > b:
		bigger = -1
	case a < b:
		bigger = 1
	}
	if when == "below" {
		return -bigger
	}
	return bigger
}

// without is what is found about a series without a number.
func without(thing, empty string) []Finding {
	switch empty {
	case "ok":
		return nil
	case "critical":
		return []Finding{{Status: Critical, Thing: thing, Fault: FaultQueryNone}}
	}
	return []Finding{{Status: Unknown, Thing: thing, Fault: FaultQueryNone}}
}

// beyond finds a value on the bad side of a limit. A value that reaches one is above, and
// is not below.
func (l limits) beyond(when string, f Finding) []Finding {
	if when == "below" {
		f.Fault = FaultQueryBelow
		return l.below(f)
	}
	f.Fault = FaultQueryAbove
	return l.above(f)
}

// tell adds a line for each series where there are several.
func (r PrometheusReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Samples)
	var rows [][]string
	for _, one := range r.Samples {
		value := "–"
		if !one.None {
			value = sayValue(l, one.Value, r.unit)
		}
		rows = append(rows, []string{one.Thing, value})
	}
	if len(rows) > 1 {
		o.Detail = columns([]string{l.Say("checks.prometheus.series"), ""}, rows)
	}
}

func calmPrometheus(l *text.Language, o Outcome, _ time.Time) string {
	if len(o.Metrics) == 1 {
		return sayValue(l, o.Metrics[0].Value, o.Metrics[0].Unit)
	}
	return l.Say("checks.prometheus.calm", "Count", o.Count)
}

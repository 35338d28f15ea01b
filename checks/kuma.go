package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"ronde/text"
)

// Faults of a monitor of Uptime Kuma; the thing is its name.
const (
	FaultKumaDown    Fault = "kuma-down"
	FaultKumaPending Fault = "kuma-pending" // it failed, and is tried again before it counts as down
	FaultKumaSilent  Fault = "kuma-silent"  // it has not been measured yet
	FaultKumaEmpty   Fault = "kuma-empty"   // there is no monitor at all
)

type kumaSettings struct {
	Address string   `set:"address" needed:"yes" example:"\"https://status.example.org\"" help:"Where Uptime Kuma is."`
	Page    string   `set:"page" example:"\"services\"" help:"The short name (slug) of a public status page: only monitors that stand there are seen. One of page and key is needed."`
	Key     Secret   `set:"key" help:"An API key of Uptime Kuma, which opens its metrics: all monitors that are not paused are seen."`
	Ignore  []string `set:"ignore" example:"[\"Bac à sable\"]" help:"Names of monitors that do not count."`
	CAFile  string   `set:"ca_file" example:"\"/etc/ronde/ca.pem\"" help:"Who signs its certificate, if not one that the system trusts."`
}

var kumaPage = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Judge says what does not go together.
func (s kumaSettings) Judge() (setting, reason string) {
	if reason := wrongAddress(s.Address, s.Page == ""); reason != "" {
		return "address", reason
	}
	switch {
	case s.Page != "" && s.Key != "":
		return "page", "is one way and key another; keep one of them"
	case s.Page != "" && !kumaPage.MatchString(s.Page):
		return "page", "is not the short name of a status page, the end of its address"
	}
	if reason := wrongFile(s.CAFile); reason != "" {
		return "ca_file", reason
	}
	return "", ""
}

// Statuses of a monitor, as Uptime Kuma counts them.
const (
	kumaDown = iota
	kumaUp
	kumaPending
	kumaMaintenance
	kumaUnmeasured // ours: it has no heartbeat
)

var kumaWords = [...]string{"down", "up", "pending", "maintenance", "unmeasured"}

// KumaMonitor is a monitor of Uptime Kuma.
type KumaMonitor struct {
	Name   string `json:"name"`
	Status string `json:"status"` // "up", "down", "pending", "maintenance", "unmeasured"
	// Milliseconds is how long the last measurement took; 0 when it has no time.
	Milliseconds float64 `json:"milliseconds,omitempty"`

	status int
}

// KumaReport is the result of the check called kuma.
type KumaReport struct {
	Result
	Monitors []KumaMonitor `json:"monitors"` // never nil
}

func kumaKind() Kind {
	return Kind{
		Name: "kuma", Help: "What Uptime Kuma says of its monitors, read from a public status page or from its metrics.", Hostless: true,
		Settings: kumaSettings{}, Measure: measureKuma, Calm: calmKuma,
	}
}

func measureKuma(ctx context.Context, a Asked) (Report, error) {
	s := settings[kumaSettings](a)
	monitors, err := askKuma(ctx, s)
	if err != nil {
		err = fmt.Errorf("ask Uptime Kuma: %w", err)
		return KumaReport{Result: failed("kuma", a.Name, time.Now(), err), Monitors: []KumaMonitor{}}, err
	}
	return newKumaReport(a.Name, monitors, s, time.Now()), nil
}

func askKuma(ctx context.Context, s kumaSettings) ([]KumaMonitor, error) {
	switch {
	case s.Page == "" && s.Key == "":
		return nil, fmt.Errorf("neither page nor key %w", errNoSuch)
	case s.Page == "":
		raw, err := webRequest{address: below(s.Address, "/metrics"), caFile: s.CAFile, key: func(r *http.Request) {
			r.SetBasicAuth("", string(s.Key)) // its user name is empty
		}}.get(ctx)
		if err != nil {
			return nil, err
		}
		return readKumaMetrics(raw)
	}
	page, err := webRequest{address: below(s.Address, "/api/status-page/"+url.PathEscape(s.Page)), caFile: s.CAFile, follows: 2}.get(ctx)
	if err != nil {
		return nil, err
	}
	beats, err := webRequest{address: below(s.Address, "/api/status-page/heartbeat/"+url.PathEscape(s.Page)), caFile: s.CAFile, follows: 2}.get(ctx)
	if err != nil {
		return nil, err
	}
	return readKumaPage(page, beats)
}

// newKumaReport judges what Uptime Kuma says.
func newKumaReport(name string, monitors []KumaMonitor, s kumaSettings, at time.Time) KumaReport {
	monitors = slices.DeleteFunc(slices.Clone(monitors), func(m KumaMonitor) bool { return slices.Contains(s.Ignore, m.Name) })
	var findings []Finding
	counts := [len(kumaWords)]int{}
	for _, m := range monitors {
		counts[m.status]++
		switch m.status {
		case kumaDown:
			findings = append(findings, Finding{Status: Critical, Thing: m.Name, Fault: FaultKumaDown})
		case kumaPending:
			findings = append(findings, Finding{Status: Warning, Thing: m.Name, Fault: FaultKumaPending})
		case kumaUnmeasured:
			findings = append(findings, Finding{Status: Unknown, Thing: m.Name, Fault: FaultKumaSilent})
		}
	}
	if len(monitors) == 0 {
		findings = []Finding{{Status: Unknown, Thing: name, Fault: FaultKumaEmpty}}
	}
	r := KumaReport{Result: newResult("kuma", name, at, findings), Monitors: append([]KumaMonitor{}, monitors...)}
	r.Metrics = []Metric{{"up", "", float64(counts[kumaUp]), Count}, {"down", "", float64(counts[kumaDown]), Count}}
	for _, m := range monitors {
		if m.Milliseconds > 0 {
			r.Metrics = append(r.Metrics, Metric{"time", m.Name, m.Milliseconds, Milliseconds})
		}
	}
	return r
}

// readKumaMetrics reads /metrics, as prom-client writes it.
func readKumaMetrics(raw []byte) ([]KumaMonitor, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(raw))
	if err != nil {
		return nil, errAnswer // the parser's error repeats parts of it
	}
	took := map[string]float64{}
	for _, m := range families["monitor_response_time"].GetMetric() {
		if ms := valueOf(m); ms > 0 && !math.IsInf(ms, 0) { // -1 when it has none
			took[labelsOf(m).id()] = ms
		}
	}
	if families["monitor_status"] == nil {
		return nil, nil
	}
	var all []KumaMonitor
	for _, m := range families["monitor_status"].GetMetric() {
		labels, status := labelsOf(m), valueOf(m)
		if status != math.Trunc(status) || !(status >= kumaDown && status <= kumaMaintenance) {
			return nil, errAnswer
		}
		all = append(all, kumaMonitor(labels["monitor_name"], int(status), took[labels.id()]))
	}
	return byStatus(all), nil
}

// kumaLabels are those of a monitor in the metrics.
type kumaLabels map[string]string

func labelsOf(m *dto.Metric) kumaLabels {
	labels := kumaLabels{}
	for _, pair := range m.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

// valueOf is the value of a gauge, also where nothing says that it is one.
func valueOf(m *dto.Metric) float64 {
	if m.GetUntyped() != nil {
		return m.GetUntyped().GetValue()
	}
	return m.GetGauge().GetValue()
}

// id tells two monitors apart: before version 2.0.2 they have no number there.
func (l kumaLabels) id() string {
	return strings.Join([]string{l["monitor_id"], l["monitor_name"], l["monitor_type"], l["monitor_url"], l["monitor_hostname"], l["monitor_port"]}, "\x00")
}

// readKumaPage reads the two answers about a public status page: of its monitors, and of
// their heartbeats.
func readKumaPage(page, beats []byte) ([]KumaMonitor, error) {
	var shown struct {
		Groups []struct {
			Monitors []struct {
				ID   int    `json:"id"`
				Name string `json:"name"`
			} `json:"monitorList"`
		} `json:"publicGroupList"`
	}
	var heard struct {
		Beats map[string][]struct {
			Status int      `json:"status"`
			Ping   *float64 `json:"ping"`
		} `json:"heartbeatList"`
	}
	if err := errors.Join(decode(page, &shown), decode(beats, &heard)); err != nil {
		return nil, errAnswer
	}
	byID := map[int]KumaMonitor{} // one may stand in several groups
	for _, group := range shown.Groups {
		for _, m := range group.Monitors {
			status, ms := kumaUnmeasured, 0.0
			if all := heard.Beats[strconv.Itoa(m.ID)]; len(all) > 0 {
				last := all[len(all)-1] // the newest
				if status = last.Status; status < kumaDown || status > kumaMaintenance {
					return nil, errAnswer
				}
				if last.Ping != nil {
					ms = max(*last.Ping, 0)
				}
			}
			byID[m.ID] = kumaMonitor(m.Name, status, ms)
		}
	}
	var all []KumaMonitor
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		all = append(all, byID[id])
	}
	return byStatus(all), nil
}

func kumaMonitor(name string, status int, ms float64) KumaMonitor {
	return KumaMonitor{Name: outside(name, 80), Status: kumaWords[status], Milliseconds: ms, status: status}
}

// byStatus puts first what is down, then what else is not up.
func byStatus(all []KumaMonitor) []KumaMonitor {
	rank := func(m KumaMonitor) int {
		return slices.Index([]int{kumaDown, kumaPending, kumaUnmeasured, kumaMaintenance, kumaUp}, m.status)
	}
	slices.SortStableFunc(all, func(a, b KumaMonitor) int { return rank(a) - rank(b) })
	return all
}

// tell adds the monitors that are not up, and how many there are.
func (r KumaReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Monitors)
	var rows [][]string
	for _, m := range r.Monitors {
		if m.status == kumaMaintenance {
			o.Busy++
		}
		if m.status != kumaUp {
			rows = append(rows, []string{m.Name, l.Say("checks.kuma." + m.Status)})
		}
	}
	o.Detail = columns(strings.Split(l.Say("checks.kuma.columns"), "|"), rows)
}

func calmKuma(l *text.Language, o Outcome, _ time.Time) string {
	said := l.Say("checks.kuma.calm", "Count", o.Count)
	if o.Busy > 0 {
		said += l.Say("checks.kuma.in-maintenance", "Count", o.Busy)
	}
	return said
}

package checks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"ronde/text"
)

// Faults of a check of Healthchecks; the thing is its name.
const (
	FaultPingDown   Fault = "ping-down"   // Value is the time since its last ping, in seconds
	FaultPingLate   Fault = "ping-late"   // the same, within its grace time
	FaultPingPaused Fault = "ping-paused" // nobody would notice if it stopped
	FaultPingNever  Fault = "ping-never"  // it was made and never pinged
	FaultPingFlaps  Fault = "ping-flaps"  // Value is how often it went down lately, Limit how often it may
	FaultPingNone   Fault = "ping-none"   // the project has no check
)

type healthchecksSettings struct {
	Address string        `set:"address" example:"\"https://healthchecks.example.org\"" help:"Where Healthchecks is."`
	Key     Secret        `set:"key" needed:"yes" example:"\"/etc/ronde/healthchecks-key\"" help:"A read-only API key of the project."`
	Tags    []string      `set:"tags" example:"[\"backup\"]" help:"Only checks that have all these tags count."`
	Ignore  []string      `set:"ignore" example:"[\"essai\"]" help:"Names of checks that do not count."`
	Paused  string        `set:"paused" oneof:"warning|ok" help:"What a paused check is."`
	Since   time.Duration `set:"since" most:"12w" help:"How far back it is counted how often each check went down; 0s does not ask."`
	Downs   int           `set:"downs" least:"1" most:"1000" help:"How often a check may go down in that time."`
	CAFile  string        `set:"ca_file" example:"\"/etc/ronde/ca.pem\"" help:"Who signs its certificate, if not one that the system trusts."`
}

// Judge says what does not go together.
func (s healthchecksSettings) Judge() (setting, reason string) {
	if reason := wrongAddress(s.Address, true); reason != "" {
		return "address", reason
	}
	if reason := wrongFile(s.CAFile); reason != "" {
		return "ca_file", reason
	}
	return "", ""
}

// PingCheck is a check of Healthchecks: something that has to ping in time.
type PingCheck struct {
	Name     string     `json:"name"`
	Status   string     `json:"status"` // "up", "grace" (late), "down", "paused", "new"
	Running  bool       `json:"running,omitempty"`
	LastPing *time.Time `json:"last_ping"` // nil for never
	// Seconds is how long its last run took; nil when it does not say.
	Seconds *float64 `json:"seconds,omitempty"`
	// Downs is how often it went down lately; nil when that was not asked or not said.
	Downs *int `json:"downs,omitempty"`

	key string // what its history is asked with
}

// HealthchecksReport is the result of the check called healthchecks.
type HealthchecksReport struct {
	Result
	Checks []PingCheck `json:"checks"` // never nil
}

const (
	// mostHistories is how many checks are asked for their history, the worst first: the
	// API takes about a hundred requests a minute.
	mostHistories = 30
	historiesAt   = 4 // once
)

func healthchecksKind() Kind {
	return Kind{
		Name: "healthchecks", Help: "Which checks of a project of Healthchecks are late, down or paused, and how often they failed: the history of jobs such as backups.",
		Hostless: true, Measure: measureHealthchecks, Calm: calmHealthchecks,
		Settings: healthchecksSettings{Address: "https://healthchecks.io", Paused: "warning", Since: 7 * 24 * time.Hour, Downs: 3},
	}
}

func measureHealthchecks(ctx context.Context, a Asked) (Report, error) {
	s := settings[healthchecksSettings](a)
	all, err := askHealthchecks(ctx, s)
	if err != nil {
		err = fmt.Errorf("ask Healthchecks: %w", err)
		return HealthchecksReport{Result: failed("healthchecks", a.Name, time.Now(), err), Checks: []PingCheck{}}, err
	}
	return newHealthchecksReport(a.Name, all, s, time.Now()), nil
}

func (s healthchecksSettings) request(page string) webRequest {
	return webRequest{address: below(s.Address, "/api/v3/checks/"+page), caFile: s.CAFile, key: func(r *http.Request) {
		r.Header.Set("X-Api-Key", string(s.Key))
	}}
}

func askHealthchecks(ctx context.Context, s healthchecksSettings) ([]PingCheck, error) {
	query := url.Values{"tag": s.Tags}.Encode()
	if query != "" {
		query = "?" + query
	}
	raw, err := s.request(query).get(ctx)
	if err != nil {
		return nil, err
	}
	all, err := readPingChecks(raw)
	if err == nil && s.Since > 0 {
		askDowns(ctx, all[:min(len(all), mostHistories)], s)
	}
	return all, err
}

// askDowns asks how often each check went down. What is not said stays unknown: what
// they are now says more.
func askDowns(ctx context.Context, all []PingCheck, s healthchecksSettings) {
	var asked sync.WaitGroup
	free := make(chan struct{}, historiesAt)
	for i := range all {
		if all[i].key == "" {
			continue
		}
		asked.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			page := fmt.Sprintf("%s/flips/?seconds=%d", all[i].key, int(s.Since.Seconds()))
			if raw, err := s.request(page).get(ctx); err == nil {
				all[i].Downs = readDowns(raw)
			}
		})
	}
	asked.Wait()
}

var pingKey = regexp.MustCompile(`^[0-9a-f]{40}$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// readPingChecks reads the list of checks, the worst first. A key that may do more than
// read gives the uuid in place of the unique_key.
func readPingChecks(raw []byte) ([]PingCheck, error) {
	var said struct {
		Checks *[]struct {
			Name     string     `json:"name"`
			Status   string     `json:"status"`
			Started  bool       `json:"started"`
			LastPing *time.Time `json:"last_ping"`
			Duration *float64   `json:"last_duration"`
			Key      string     `json:"unique_key"`
			UUID     string     `json:"uuid"`
		} `json:"checks"`
	}
	if err := decode(raw, &said); err != nil || said.Checks == nil {
		return nil, errAnswer
	}
	var all []PingCheck
	for _, c := range *said.Checks {
		if rankOfPing(c.Status) < 0 {
			return nil, errAnswer
		}
		one := PingCheck{Name: outside(c.Name, 80), Status: c.Status, Running: c.Started, LastPing: c.LastPing, Seconds: c.Duration}
		for _, key := range []string{c.Key, c.UUID} {
			if pingKey.MatchString(key) {
				one.key = key
			}
		}
		if one.Name == "" {
			one.Name = fmt.Sprintf("%.8s", one.key) // enough to recognise it, too little to ping
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b PingCheck) int { return rankOfPing(a.Status) - rankOfPing(b.Status) })
	return all, nil
}

func rankOfPing(status string) int {
	return slices.Index([]string{"down", "grace", "new", "paused", "up"}, status)
}

// readDowns counts how often a check went down; nil when the answer is not understood.
func readDowns(raw []byte) *int {
	var flips []struct {
		Up *int `json:"up"`
	}
	if err := decode(raw, &flips); err != nil {
		return nil
	}
	n := 0
	for _, f := range flips {
		if f.Up == nil {
			return nil
		}
		if *f.Up == 0 {
			n++
		}
	}
	return &n
}

// newHealthchecksReport judges what Healthchecks says.
func newHealthchecksReport(name string, all []PingCheck, s healthchecksSettings, at time.Time) HealthchecksReport {
	all = slices.DeleteFunc(slices.Clone(all), func(c PingCheck) bool { return slices.Contains(s.Ignore, c.Name) })
	var findings []Finding
	var metrics []Metric
	for _, c := range all {
		findings = append(findings, judgePing(c, s, at)...)
		metrics = append(metrics, c.metrics(at)...)
	}
	if len(all) == 0 {
		findings = []Finding{{Status: Unknown, Thing: name, Fault: FaultPingNone}}
	}
	r := HealthchecksReport{Result: newResult("healthchecks", name, at, findings), Checks: append([]PingCheck{}, all...)}
	r.Metrics = metrics
	return r
}

func judgePing(c PingCheck, s healthchecksSettings, at time.Time) (findings []Finding) {
	f := Finding{Thing: c.Name, Value: c.age(at).Seconds(), Unit: Seconds}
	switch {
	case c.Status == "down" && c.LastPing == nil:
		f.Status, f.Fault, f.Unit = Critical, FaultPingNever, Count
	case c.Status == "down":
		f.Status, f.Fault = Critical, FaultPingDown
	case c.Status == "grace":
		f.Status, f.Fault = Warning, FaultPingLate
	case c.Status == "new":
		f.Status, f.Fault, f.Unit = Warning, FaultPingNever, Count
	case c.Status == "paused" && s.Paused != "ok":
		f.Status, f.Fault = Warning, FaultPingPaused
	}
	if f.Fault != "" {
		findings = append(findings, f)
	}
	if c.Downs != nil && *c.Downs > s.Downs {
		findings = append(findings, Finding{Status: Warning, Thing: c.Name, Fault: FaultPingFlaps, Value: float64(*c.Downs), Limit: float64(s.Downs)})
	}
	return findings
}

// age is how long ago the last ping was; 0 for never.
func (c PingCheck) age(at time.Time) time.Duration {
	if c.LastPing == nil {
		return 0
	}
	return max(0, at.Sub(*c.LastPing))
}

func (c PingCheck) metrics(at time.Time) (all []Metric) {
	if c.LastPing != nil {
		all = append(all, Metric{"age", c.Name, c.age(at).Seconds(), Seconds})
	}
	if c.Seconds != nil {
		all = append(all, Metric{"duration", c.Name, *c.Seconds, Seconds})
	}
	if c.Downs != nil {
		all = append(all, Metric{"downs", c.Name, float64(*c.Downs), Count})
	}
	return all
}

// tell adds a line for each check: how it is, the age of its last ping, how long its last
// run took, and how often it went down.
func (r HealthchecksReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Checks)
	var rows [][]string
	for _, c := range r.Checks {
		age, took, downs := "–", "–", "–"
		if c.LastPing != nil {
			age = shortTime(l, c.age(r.At))
		}
		if c.Seconds != nil {
			took = shortTime(l, time.Duration(*c.Seconds*float64(time.Second)))
		}
		if c.Downs != nil {
			downs = fmt.Sprint(*c.Downs)
		}
		rows = append(rows, []string{c.Name, age, took, downs})
	}
	o.Detail = columns(strings.Split(l.Say("checks.healthchecks.columns"), "|"), rows)
}

// shortTime writes a length of time in at most four columns: "45s", "12m", "26h", "9d".
func shortTime(l *text.Language, d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("%.0fm", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0fh", d.Hours())
	}
	return fmt.Sprintf("%.0f", d.Hours()/24) + l.Say("checks.healthchecks.day")
}

func calmHealthchecks(l *text.Language, o Outcome, _ time.Time) string {
	return l.Say("checks.healthchecks.calm", "Count", o.Count)
}

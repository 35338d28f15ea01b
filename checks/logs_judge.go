package checks

import (
	"cmp"
	"slices"
	"time"

	"ronde/logs"
	"ronde/probe"
)

// What is too little to stand out, per hour, however unusual it is.
const (
	fewLines    = 200
	fewErrors   = 10
	fewRequests = 100
	fewUsual    = 30 // a service that usually writes fewer lines may be silent for an hour
	neverSilent = 3  // a service always writes if its median is so many times its distance from the lowest
	mostJudged  = 60 // services, those with most lines
)

// atLeastWindow is the shortest time that says something about an hour.
const atLeastWindow = 5 * time.Minute

// firstLogsReport is the result of a first reading: nobody knows of which time it is.
func firstLogsReport(name, log string, got probe.LogCounts, at time.Time) LogsReport {
	return LogsReport{
		Result: newResult(logsName, name, at, nil), Log: log, From: at, To: at, First: true,
		Services: append([]logs.Service{}, got.Services...),
	}
}

// newLogsReport judges what came into a log in a window of time, beside what is usual at
// that hour.
func newLogsReport(name string, h logHead, w logPart, s logsSettings, usual *habits) LogsReport {
	r := LogsReport{Log: h.Log, From: w.From, To: w.To, Services: append([]logs.Service{}, w.Services...)}
	j := logJudge{head: h, window: w, settings: s, usual: usual, hours: w.To.Sub(w.From).Hours()}
	if w.To.Sub(w.From) >= atLeastWindow {
		j.judge()
	}
	if w.Gap {
		j.find(Finding{Status: Warning, Thing: h.Log, Fault: FaultLogGap})
	}
	if w.More {
		j.find(Finding{Status: Warning, Thing: h.Log, Fault: FaultLogBehind})
	}
	r.Result = newResult(logsName, name, h.At, j.findings)
	r.Metrics, r.Learning = j.metrics, usual.learning
	return r
}

// logJudge judges one window.
type logJudge struct {
	head     logHead
	window   logPart
	settings logsSettings
	usual    *habits
	hours    float64

	findings []Finding
	metrics  []Metric
}

func (j *logJudge) find(f Finding) { j.findings = append(j.findings, f) }

func (j *logJudge) judge() {
	all := judgedServices(j.head, j.window)
	silent := 0
	for _, s := range all {
		j.measure(s)
		if slices.Contains(j.settings.Ignore, s.Name) {
			continue
		}
		j.limits(s)
		j.compare(s)
		if j.isSilent(s) {
			silent++
		}
	}
	j.silence(all, silent)
	slices.SortStableFunc(j.findings, func(a, b Finding) int { return cmp.Compare(excess(b), excess(a)) })
}

// judgedServices are those with most lines first. One that wrote nothing is a measure, too.
func judgedServices(h logHead, w logPart) []logs.Service {
	all := slices.Clone(w.Services)
	for name := range h.New {
		if !slices.ContainsFunc(all, func(s logs.Service) bool { return s.Name == name }) {
			all = append(all, logs.Service{Name: name})
		}
	}
	slices.SortFunc(all, func(a, b logs.Service) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), mostJudged)]
}

// excess is how many times the limit a value is.
func excess(f Finding) float64 {
	if f.Limit <= 0 {
		return 0
	}
	return f.Value / f.Limit
}

// measure keeps the rates of a service.
func (j *logJudge) measure(s logs.Service) {
	for _, metric := range logMetrics() {
		if n := countOf(s, metric); n > 0 || metric != "requests" {
			j.metrics = append(j.metrics, Metric{metric, s.Name, float64(n) / j.hours, PerHour})
		}
	}
	if s.Requests > 0 {
		j.metrics = append(j.metrics, Metric{"failing", s.Name, failing(s), Percent})
	}
}

// failing is the share of requests that were answered with 5xx, in percent.
func failing(s logs.Service) float64 { return percent(s.Classes[5], s.Requests) }

// limits compares a service with the fixed limits, and tells whether it is new.
func (j *logJudge) limits(s logs.Service) {
	if most, rate := j.settings.Errors, float64(s.Errors)/j.hours; most > 0 && rate >= most {
		j.find(Finding{Status: Warning, Thing: s.Name, Fault: FaultLogErrors, Value: rate, Limit: most, Unit: PerHour})
	}
	if float64(s.Requests)/j.hours >= j.settings.Requests && j.settings.Failing > 0 {
		for _, f := range (limits{j.settings.Failing, j.settings.Critical}).above(Finding{Thing: s.Name, Fault: FaultLogFailing, Value: failing(s), Unit: Percent}) {
			j.find(f)
		}
	}
	if j.settings.Newcomers == "warn" && j.isNew(s.Name) {
		j.find(Finding{Status: Warning, Thing: s.Name, Fault: FaultLogNew})
	}
}

// isNew tells whether a service wrote for the first time in this window, and the log is
// known long enough to say so.
func (j *logJudge) isNew(name string) bool { return isNewIn(j.head, j.window, name) }

func isNewIn(h logHead, w logPart, name string) bool {
	first, known := h.New[name]
	return known && first.After(w.From) && first.Sub(h.Since) >= 24*time.Hour
}

// compare compares a service with what is usual. However small the spread is, less than
// twice the median and than a few more are not unusual.
func (j *logJudge) compare(s logs.Service) {
	for _, c := range []struct {
		metric string
		fault  Fault
		few    float64
	}{{"errors", FaultLogUnusual, fewErrors}, {"requests", FaultLogRequests, fewRequests}, {"lines", FaultLogLines, fewLines}} {
		if c.metric == "lines" && s.Requests > 0 && j.found(s.Name, FaultLogRequests) {
			continue // these lines are those requests
		}
		n, _ := j.usual.of(c.metric, s.Name)
		rate := Metric{c.metric, s.Name, float64(countOf(s, c.metric)) / j.hours, PerHour}
		for _, f := range j.usual.judge(rate, j.settings.usualSettings, max(c.few, n.Median)/j.settings.Factor) {
			f.Fault = c.fault
			j.find(f)
		}
	}
}

func (j *logJudge) found(thing string, fault Fault) bool {
	return slices.ContainsFunc(j.findings, func(f Finding) bool { return f.Thing == thing && f.Fault == fault })
}

// isSilent tells whether a service writes nothing that never does so at this hour.
func (j *logJudge) isSilent(s logs.Service) bool {
	n, known := j.usual.of("lines", s.Name)
	low, _ := n.Bounds(neverSilent, 0)
	return known && s.Lines == 0 && j.settings.Usual == "on" && j.window.To.Sub(j.window.From) >= logWindow &&
		n.Median >= fewUsual && low > 0
}

// silence finds those that are silent. When nobody wrote anything it is one thing.
func (j *logJudge) silence(all []logs.Service, silent int) {
	var sum Usual
	for _, s := range all {
		n, known := j.usual.of("lines", s.Name)
		if known {
			sum = Usual{Metric: "lines", Low: sum.Low + n.Low, High: sum.High + n.High, When: n.When, Weeks: n.Weeks, Days: n.Days}
		}
		if j.isSilent(s) && all[0].Lines > 0 && !slices.Contains(j.settings.Ignore, s.Name) {
			j.find(Finding{Status: Warning, Thing: s.Name, Fault: FaultLogSilent, Unit: PerHour, Usual: &n.Usual})
		}
	}
	if silent > 0 && all[0].Lines == 0 {
		j.find(Finding{Status: Warning, Thing: j.head.Log, Fault: FaultLogSilent, Unit: PerHour, Usual: &sum})
	}
}

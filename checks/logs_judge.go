package checks

import (
	"cmp"
	"fmt"
	"math"
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
	mostJudged  = 60 // services, those with most lines
)

// atLeastWindow is the shortest time that says something about an hour.
const atLeastWindow = 5 * time.Minute

// firstLogsReport is the result of a first reading: nobody knows of which time it is.
func firstLogsReport(name, log string, got probe.LogCounts, at time.Time) LogsReport {
	return LogsReport{
		Result: newResult(logsName, name, at, nil), Log: log, From: at, To: at, First: true, Learning: true,
		Services: append([]logs.Service{}, got.Services...),
	}
}

// newLogsReport judges what came into a log in a window of time, beside what is usual at
// that hour.
func newLogsReport(name string, h logHead, w logPart, s logsSettings, usual map[Series]usualRate) LogsReport {
	r := LogsReport{Log: h.Log, From: w.From, To: w.To, Learning: len(usual) == 0, Services: append([]logs.Service{}, w.Services...)}
	j := logJudge{name: name, head: h, window: w, settings: s, usual: usual, hours: w.To.Sub(w.From).Hours()}
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
	r.Metrics = j.metrics
	return r
}

// logJudge judges one window.
type logJudge struct {
	name     string
	head     logHead
	window   logPart
	settings logsSettings
	usual    map[Series]usualRate
	hours    float64

	findings []Finding
	metrics  []Metric
}

func (j *logJudge) find(f Finding) { j.findings = append(j.findings, f) }

func (j *logJudge) judge() {
	all := slices.Clone(j.window.Services)
	for name := range j.head.New {
		if !slices.ContainsFunc(all, func(s logs.Service) bool { return s.Name == name }) {
			all = append(all, logs.Service{Name: name}) // it wrote nothing, which is a measure, too
		}
	}
	slices.SortFunc(all, func(a, b logs.Service) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Name, b.Name))
	})
	silent := 0
	for _, s := range all[:min(len(all), mostJudged)] {
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

// compare compares a service with what is usual.
func (j *logJudge) compare(s logs.Service) {
	for _, c := range []struct {
		metric string
		fault  Fault
		few    float64
	}{{"errors", FaultLogUnusual, fewErrors}, {"requests", FaultLogRequests, fewRequests}, {"lines", FaultLogLines, fewLines}} {
		u, known := j.usual[Series{logsName, j.name, c.metric, s.Name}]
		rate := float64(countOf(s, c.metric)) / j.hours
		if !known || j.settings.Unusual == 0 || rate <= u.most(j.settings.Unusual, c.few) {
			continue
		}
		if c.metric == "lines" && s.Requests > 0 && j.found(s.Name, FaultLogRequests) {
			continue // these lines are those requests
		}
		j.find(Finding{Status: Warning, Thing: s.Name, Fault: c.fault, Value: rate, Limit: max(u.Median, 1), Unit: PerHour, Note: u.span()})
	}
}

func (j *logJudge) found(thing string, fault Fault) bool {
	return slices.ContainsFunc(j.findings, func(f Finding) bool { return f.Thing == thing && f.Fault == fault })
}

// most is what is still usual: a number of spreads above the median, and never less than
// twice the median, nor than a few.
func (u usualRate) most(spreads, few float64) float64 {
	return max(u.Median+spreads*u.Spread, 2*u.Median, u.Median+few)
}

// span says what is usual, in figures: "20–60".
func (u usualRate) span() string {
	low, high := math.Round(max(u.Median-u.Spread, 0)), math.Round(u.Median+u.Spread)
	if low == high {
		return fmt.Sprintf("%.0f", low)
	}
	return fmt.Sprintf("%.0f–%.0f", low, high)
}

// isSilent tells whether a service writes nothing that never does so at this hour.
func (j *logJudge) isSilent(s logs.Service) bool {
	u, known := j.usual[Series{logsName, j.name, "lines", s.Name}]
	return known && s.Lines == 0 && j.settings.Unusual > 0 && j.window.To.Sub(j.window.From) >= logWindow &&
		u.Median >= fewUsual && u.Median-3*u.Spread > 0
}

// silence finds those that are silent. When nobody wrote anything it is one thing.
func (j *logJudge) silence(all []logs.Service, silent int) {
	usually := 0.0
	for _, s := range all {
		u := j.usual[Series{logsName, j.name, "lines", s.Name}]
		usually += u.Median
		if j.isSilent(s) && all[0].Lines > 0 && !slices.Contains(j.settings.Ignore, s.Name) {
			j.find(Finding{Status: Warning, Thing: s.Name, Fault: FaultLogSilent, Limit: u.Median, Unit: PerHour, Note: u.span()})
		}
	}
	if silent > 0 && all[0].Lines == 0 {
		j.find(Finding{Status: Warning, Thing: j.head.Log, Fault: FaultLogSilent, Limit: usually, Unit: PerHour, Note: fmt.Sprintf("%.0f", usually)})
	}
}

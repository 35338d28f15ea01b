package checks

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/logs"
	"ronde/text"
)

// LogSummary is what came into a log in the last hours.
type LogSummary struct {
	Outcome Outcome // of the check that was made for it
	Host    string  // on which the log is
	// From and To are what Services are the counts of; the same before there are any.
	From, To time.Time
	Services []logs.Service // most lines first
}

// LogsOf returns the names of the log checks that a name stands for: that of a [[check]]
// of the kind logs, or of a host with or without some. None for any other name.
func (s *Suite) LogsOf(name string) (names []string) {
	var ofHost []string
	for _, c := range s.checks {
		switch {
		case c.Kind != logsName:
		case strings.EqualFold(c.Name, name):
			return []string{c.Name}
		case strings.EqualFold(c.Host, name):
			ofHost = append(ofHost, c.Name)
		}
	}
	if len(ofHost) > 0 {
		return ofHost
	}
	if h, err := s.set.Find(name); err == nil && (h.IsRemote() || h.Root() != "") {
		return []string{h.Name()}
	}
	return nil
}

// Logs makes the check called name, one of [Suite.LogsOf], and sums up what is kept of the
// last hours. What is kept is nothing new to the check, whoever asks for it.
func (s *Suite) Logs(ctx context.Context, name string, since time.Duration, l *text.Language) (sum LogSummary, err error) {
	sum.Outcome = s.Run(ctx, []string{logsName + " " + name}, l)[0]
	kind, err := find(s.kinds, logsName)
	if err != nil {
		return sum, err
	}
	a, err := s.asked(kind, name)
	if err != nil {
		return sum, nil //nolint:nilerr // the outcome says so
	}
	sum.Host = a.Host.Name()
	parts, err := s.memory.Recall(ctx, logsName+" "+a.Name)
	if err != nil {
		return sum, err
	}
	m := readLogMemory(parts, settings[logsSettings](a).Log)
	part := m.since(m.head.At.Add(-since))
	sum.From, sum.To, sum.Services = part.From, part.To, part.Services
	slices.SortStableFunc(sum.Services, func(a, b logs.Service) int { return int(int64(b.Lines) - int64(a.Lines)) })
	return sum, nil
}

// Row is a service's line of a table: what it is called, its lines, errors, requests and
// the share of these that failed.
func (s LogSummary) Row(l *text.Language, of logs.Service) []string {
	return LogsReport{First: true}.row(l, of)
}

// WriteLogs writes a summary for a phone: how things are, and the services that wrote.
func WriteLogs(m *text.Message, l *text.Language, s LogSummary, now time.Time) {
	WriteOutcome(m, l, s.Outcome, now)
	m.Line()
	if len(s.Services) == 0 {
		return
	}
	m.Text(l.Say("checks.logs.span", "From", l.Clock(s.From, now), "To", l.Clock(s.To, now), "Length", l.Duration(s.To.Sub(s.From)))).Line()
	var rows [][]string
	for _, one := range s.Services {
		rows = append(rows, s.Row(l, one))
	}
	m.Pre(columns(strings.Split(l.Say("checks.logs.totals"), "|"), rows))
}

// WriteLogsOf writes what one service wrote, with the addresses and the paths of its
// requests. ok is false when it wrote nothing.
func WriteLogsOf(m *text.Message, l *text.Language, s LogSummary, service string, now time.Time) (ok bool) {
	i := slices.IndexFunc(s.Services, func(one logs.Service) bool { return text.Fold(one.Name) == text.Fold(service) })
	if i < 0 {
		return false
	}
	one := s.Services[i]
	m.Text(mark(s.Outcome.Status) + " ").Bold(one.Name).Text(" · " + s.Outcome.Host).Line()
	m.Text(l.Say("checks.logs.span", "From", l.Clock(s.From, now), "To", l.Clock(s.To, now), "Length", l.Duration(s.To.Sub(s.From)))).Line()
	m.Text(l.Say("checks.logs.wrote", "Lines", sayRate(l, float64(one.Lines)), "Errors", sayRate(l, float64(one.Errors)))).Line()
	if one.Requests == 0 {
		return true
	}
	c := one.Classes
	m.Text(l.Say("checks.logs.answered", "Requests", sayRate(l, float64(one.Requests)), "Sent", inBytes(l, float64(one.Sent)),
		"OK", sayRate(l, float64(c[1]+c[2])), "Moved", sayRate(l, float64(c[3])), "Refused", sayRate(l, float64(c[4])), "Failed", sayRate(l, float64(c[5])))).Line()
	m.Pre(strings.Join(slices.Concat(topLines(one.Addresses, one.Requests, 5), topLines(one.Paths, one.Requests, 5)), "\n"))
	return true
}

// IsError tells whether a line is one that counts as an error.
func IsError(line string) bool { return logs.IsError(line) }

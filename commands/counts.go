package commands

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"ronde/checks"
	"ronde/hosts"
	"ronde/text"
)

// How far back counts are shown.
const (
	usualCounts = 6 * time.Hour
	mostCounts  = 48 * time.Hour
	mostLogs    = 3 // of one host
)

// LogCounts are what was counted in the logs of hosts.
type LogCounts interface {
	LogsOf(name string) (checks []string)
	Logs(ctx context.Context, check string, since time.Duration, l *text.Language) (checks.LogSummary, error)
}

// asksForCounts reads "!logs antigone [nextcloud] [6h]". checks are those of the host, or
// the one that is called so; none for anything else, such as the number of an incident.
func (c *Call) asksForCounts() (checks []string, service string, since time.Duration) {
	if len(c.Args) == 0 || c.Desk.Counts == nil {
		return nil, "", 0
	}
	since = usualCounts
	for _, word := range c.Args[1:] {
		if hours, ok := readHours(word); ok {
			since = min(hours, mostCounts)
		} else if service == "" {
			service = word
		}
	}
	return c.Desk.Counts.LogsOf(strings.TrimRight(c.Args[0], ".,;:!?")), service, since
}

var hoursForm = regexp.MustCompile(`^[0-9]`)

// readHours reads "6h", "90min" or "2j".
func readHours(word string) (time.Duration, bool) {
	p, ok := readPause([]string{word}, time.Time{})
	if !ok || !hoursForm.MatchString(word) {
		return 0, false
	}
	return p.hours + time.Duration(p.days)*24*time.Hour, true
}

// writeCounts writes what came into logs in the last hours, of all services or of one.
func (c *Call) writeCounts(ctx context.Context, names []string, service string, since time.Duration) error {
	c.subject = text.OneLine(strings.Join(names, " "), 40)
	now := time.Now().In(c.Desk.Location)
	var known []string
	for _, name := range names[:min(len(names), mostLogs)] {
		sum, err := c.Desk.Counts.Logs(ctx, name, since, c.Desk.Language)
		if err != nil {
			return err
		}
		if service == "" {
			checks.WriteLogs(&c.Reply, c.Desk.Language, sum, now)
			continue
		}
		if len(sum.Services) == 0 { // the outcome says why
			checks.WriteOutcome(&c.Reply, c.Desk.Language, sum.Outcome, now)
			c.Reply.Line()
		}
		if checks.WriteLogsOf(&c.Reply, c.Desk.Language, sum, service, now) {
			c.writeErrors(ctx, sum.Host, service)
			return nil
		}
		for _, s := range sum.Services {
			known = append(known, s.Name)
		}
	}
	if len(known) > 0 {
		c.Reply.Text(c.Say("logs.no-service", "Name", text.OneLine(service, 40), "Known", strings.Join(nearFirst(service, known), ", ")))
	}
	return nil
}

// nearFirst returns a few names, first the one that is nearly meant.
func nearFirst(meant string, names []string) []string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if near := text.Nearest(meant, names); near != "" {
		names = slices.DeleteFunc(names, func(name string) bool { return name == near })
		names = slices.Insert(names, 0, near)
	}
	if len(names) > namedOthers {
		names = append(names[:namedOthers], "…")
	}
	return names
}

// writeErrors writes the last errors of the container that is called as a service, when
// the host has an engine that knows one.
func (c *Call) writeErrors(ctx context.Context, host, service string) {
	all, err := c.Desk.Engines.Listed(ctx, host)
	i := slices.IndexFunc(all, func(o hosts.Container) bool { return text.Fold(o.Name) == text.Fold(service) })
	if err != nil || i < 0 {
		return // the counts stand for themselves
	}
	written, err := c.Desk.Engines.Tail(ctx, host, all[i].ID)
	if err != nil {
		c.Desk.Log.WarnContext(ctx, "no logs", "host", host, "container", all[i].Name, "err", err)
		return
	}
	if lines := legible(written, checks.IsError); len(lines) > 0 {
		c.Reply.Text(c.Say("logs.errors")).Line().Pre(strings.Join(lines, "\n"))
	}
}

package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/checks"
	"ronde/text"
)

const (
	netdataPatience = 20 * time.Second
	// netdataAge is how old an answer may be to be given again.
	netdataAge = 15 * time.Second
	// shownAlarms is how many alarms of a host a phone has room for.
	shownAlarms = 8
)

// Netdata shows the alarms that Netdata raises on a host, or on all that have it:
// "!netdata antigone".
var Netdata = Command{Name: "netdata", Args: true, Ask: func(ctx context.Context, c *Call) error {
	names := c.Desk.targets("netdata")
	if len(names) == 0 {
		c.Reply.Text(c.Say("netdata.none"))
		return nil
	}
	if len(c.Args) > 0 {
		n := slices.IndexFunc(names, func(name string) bool { return text.Fold(name) == text.Fold(c.Args[0]) })
		if n < 0 {
			return c.Mistake("netdata", c.Say("netdata.which", "Name", text.OneLine(c.Args[0], 40), "Known", strings.Join(names, ", ")))
		}
		names = names[n : n+1]
		c.subject = names[0]
	}
	var refs []string
	for _, name := range names {
		refs = append(refs, "netdata "+name)
	}
	ctx, cancel := context.WithTimeout(ctx, netdataPatience)
	defer cancel()
	outcomes := c.Desk.Checks.Recent(ctx, refs, netdataAge, c.Desk.Language)
	if len(c.Args) == 0 {
		outcomes = slices.DeleteFunc(outcomes, withoutNetdata)
	}
	if len(outcomes) == 0 {
		c.Reply.Text(c.Say("netdata.none"))
		return nil
	}
	slices.SortStableFunc(outcomes, checks.WorstFirst)
	for _, o := range outcomes {
		c.writeAlarms(o)
	}
	return nil
}}

// targets gives what a kind of check can be made of; none without a host.
func (d *Desk) targets(kind string) []string {
	if d.Targets == nil {
		return nil
	}
	return d.Targets(kind)
}

// withoutNetdata tells whether a host has no Netdata that may be asked.
func withoutNetdata(o checks.Outcome) bool {
	return slices.ContainsFunc(o.Findings, func(f checks.Finding) bool {
		return f.Fault == checks.FaultNotOffered || f.Fault == checks.FaultNotLocal
	})
}

// writeAlarms adds how a host is, and below it each alarm that is raised there when there
// are several.
func (c *Call) writeAlarms(o checks.Outcome) {
	l, now := c.Desk.Language, time.Now().In(c.Desk.Location)
	checks.WriteOutcome(&c.Reply, l, o, now)
	c.Reply.Line()
	for n := 1; n < min(len(o.Findings), shownAlarms); n++ {
		one := o
		one.Findings = o.Findings[n : n+1]
		c.Reply.Text(checks.SayFinding(l, one, now)).Line()
	}
	if more := len(o.Findings) - shownAlarms; more > 0 {
		c.Reply.Text(c.Say("netdata.more", "Count", more)).Line()
	}
}

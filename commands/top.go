package commands

import (
	"context"
	"slices"
	"strings"

	"ronde/checks"
	"ronde/text"
)

// Top shows how much a host has to do and what does it: "!top antigone", and under the
// card of an incident that of its host.
var Top = Command{Name: "top", French: "processus", Args: true, Ask: func(ctx context.Context, c *Call) error {
	targets, err := c.Desk.Checks.Targets("processes")
	if err != nil {
		return err
	}
	asked, err := c.askedFor(ctx)
	if err != nil {
		return err
	}
	c.subject = text.OneLine(asked, 40)
	n := slices.IndexFunc(targets, func(t checks.Target) bool { return text.Fold(t.Host) == text.Fold(asked) })
	switch {
	case n < 0 && asked == "" && len(targets) == 1:
		n = 0
	case n < 0 && asked == "" && len(targets) > 1:
		return c.Mistake("top", c.Say("stats.which", "Known", strings.Join(hostNames(targets), ", ")))
	case n < 0:
		return c.Mistake("top", c.whichOf(asked, targets))
	}
	c.subject = targets[n].Host
	ctx, cancel := context.WithTimeout(ctx, measuredPatience)
	defer cancel()
	all := c.Desk.Checks.Recent(ctx, []string{"load " + targets[n].Host, "processes " + targets[n].Name}, stillGood, c.Desk.Language)
	load, processes := all[0], all[1]
	load.Detail = ""
	if load.Status != checks.Unknown || processes.Status != checks.Unknown { // else one reason is enough
		checks.WriteAnswer(&c.Reply, c.Desk.Language, load, c.now())
	}
	checks.WriteAnswer(&c.Reply, c.Desk.Language, processes, c.now())
	return nil
}}

func hostNames(targets []checks.Target) (names []string) {
	for _, t := range targets {
		names = append(names, t.Host)
	}
	return names
}

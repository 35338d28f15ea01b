package commands

import (
	"context"
	"strings"

	"ronde/checks"
)

// Top shows how much a host has to do and what does it: "!top antigone", and under the
// card of an incident that of its host.
var Top = Command{Name: "top", French: "processus", Args: true, Ask: func(ctx context.Context, c *Call) error {
	host, ok, err := c.hostMeant(ctx, "processes")
	switch {
	case err != nil || !ok:
		return err
	case host == "":
		return c.Mistake("top", c.which("processes"))
	}
	c.subject = host
	all := c.measured(ctx, []string{"load " + host, "processes " + host})
	load, processes := all[0], all[1]
	load.Detail = ""
	if load.Status == checks.Unknown && processes.Status == checks.Unknown { // one reason is enough
		checks.WriteAnswer(&c.Reply, c.Desk.Language, processes, c.now())
		return nil
	}
	checks.WriteAnswer(&c.Reply, c.Desk.Language, load, c.now())
	checks.WriteAnswer(&c.Reply, c.Desk.Language, processes, c.now())
	return nil
}}

// which asks which host is meant, or says that there is none for a kind of check.
func (c *Call) which(kind string) string {
	known := c.Desk.Checks.Targets(kind)
	if len(known) == 0 {
		return c.Say("measure.none")
	}
	return c.Say("stats.which", "Known", strings.Join(known, ", "))
}

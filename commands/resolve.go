package commands

import (
	"ronde/alerts"
	"ronde/store"
)

// Resolve closes an incident by hand: "!resolve 12 php-fpm restarted".
var Resolve = Command{Name: "resolve", French: "traité", Aliases: []string{"réglé", "résolu", "close"}, Args: true, Acts: true, Do: resolve}

func resolve(tx *store.Tx, c *Call) error {
	i, rest, ok, err := c.incident(tx, "resolve")
	if err != nil || !ok {
		return err
	}
	taken, err := c.mark(tx, i, store.IncidentMark{Kind: store.Handled, Note: rest})
	if err != nil || !taken {
		return err
	}
	c.Reply.Text(alerts.HandledEmoji + " ").Bold(c.Say("incident.handled") + " · " + c.nameOf(i))
	return nil
}

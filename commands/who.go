package commands

import (
	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

// Who tells who is on an incident: "!who 12".
var Who = Command{Name: "who", French: "qui", Args: true, Do: func(tx *store.Tx, c *Call) error {
	i, _, ok, err := c.incident(tx, "who")
	if err != nil || !ok {
		return err
	}
	t, err := c.Desk.Alerts.Triage(tx, i)
	if err != nil {
		return err
	}
	c.Reply.Bold(c.nameOf(i))
	for _, a := range t.Acks {
		c.Reply.Line().Text(alerts.AckEmoji + " " + c.Desk.Alerts.Holds(a, !t.Over, tx.Now))
	}
	switch {
	case t.Over:
		c.Reply.Line().Text(c.Say("triage.is-over"))
	case len(t.Acks) == 0:
		c.Reply.Line().Text(c.Say("triage.nobody"))
	}
	if !t.Until.IsZero() && !t.Over {
		c.Reply.Line().Text(alerts.SilenceEmoji + " " + c.Say("incident.quiet", "When", c.clock(tx, t.Until), "Who", text.Person(t.By)))
	}
	return nil
}}

package commands

import (
	"ronde/alerts"
	"ronde/store"
)

// Ack says that somebody is on an incident: "!ack 12".
var Ack = Command{Name: "ack", French: "acquitter", Args: true, Acts: true, Do: acknowledge}

func acknowledge(tx *store.Tx, c *Call) error {
	i, _, ok, err := c.incident(tx, "ack")
	if err != nil || !ok {
		return err
	}
	taken, err := c.mark(tx, i, store.IncidentMark{Kind: store.Ack})
	if err != nil || !taken {
		return err
	}
	c.Reply.Text(alerts.AckEmoji + " ").Bold(c.Say("incident.acknowledged") + " · " + c.nameOf(i))
	if lease := c.Desk.Alerts.Settings.Lease; lease > 0 {
		c.Reply.Text(" · " + c.until(tx, tx.Now.Add(lease)))
	}
	return nil
}

package commands

import (
	"ronde/routines"
	"ronde/store"
)

// Claim says that somebody is on a routine: "!claim backups".
var Claim = Command{Name: "claim", French: "prendre", Aliases: []string{"mine", "jemencharge"}, Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	if c.aboutIncident() {
		return acknowledge(tx, c)
	}
	r, o, _, err := c.open(tx, "claim")
	if err != nil || o.ID == 0 {
		return err
	}
	mark := store.Mark{At: c.Event.At, Who: c.Event.Sender, EventID: c.Event.EventID}
	if err := c.Desk.Routines.Claim(tx, o.ID, mark); err != nil {
		return err
	}
	c.Reply.Text(routines.ClaimEmoji + " ").Bold(c.Say("routine.claimed", "Title", r.Title.In(c.Desk.Language)))
	if until := c.Desk.Routines.LeaseEnd(tx.Now); !routines.Endless(until, tx.Now) {
		c.Reply.Text(" · " + c.Say("claim.until", "When", c.clock(tx, until)))
	}
	return nil
}}

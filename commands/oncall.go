package commands

import (
	"ronde/store"
	"ronde/text"
)

// OnCall says who is on turn for what breaks, and who next: "!oncall".
var OnCall = Command{Name: "oncall", French: "astreinte", Aliases: []string{"garde"}, Do: func(tx *store.Tx, c *Call) error {
	if len(c.Desk.Routines.Settings.Watch.People) == 0 {
		c.Reply.Text(c.Say("oncall.nobody-listed"))
		return nil
	}
	g, err := c.Desk.Routines.Guard(tx, tx.Now)
	if err != nil {
		return err
	}
	c.Reply.Text("👤 ").Bold(c.onTurn(g.Now))
	if g.Until.IsZero() {
		return nil
	}
	c.Reply.Text(" · " + c.until(tx, g.Until))
	c.Reply.Line().Text(c.Say("oncall.next", "Who", c.nameOr(g.Next)))
	return nil
}}

func (c *Call) onTurn(who string) string {
	if who == "" {
		return c.Say("oncall.all-away")
	}
	return c.Say("oncall.now", "Who", text.Person(who))
}

// nameOr is the name of somebody, or says that it is nobody.
func (c *Call) nameOr(who string) string {
	if who == "" {
		return c.Say("oncall.nobody")
	}
	return text.Person(who)
}

package commands

import "ronde/store"

// Runbook gives the page that says how a routine is done: "!runbook backups".
var Runbook = Command{Name: "runbook", French: "fiche", Aliases: []string{"doc"}, Args: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	r, _, ok := c.routine(tx, "runbook")
	if !ok {
		return nil
	}
	title := r.Title.In(c.Desk.Language)
	if r.Runbook == "" {
		c.Reply.Text(c.Say("runbook.none", "Title", title))
		return nil
	}
	c.Reply.Text("📖 ").Bold(title).Line().Text(r.Runbook)
	return nil
}}

package commands

import (
	"ronde/store"
	"ronde/text"
)

// Skip leaves a routine out this time: "!skip backups the server is being moved".
var Skip = Command{Name: "skip", French: "passer", Aliases: []string{"sauter"}, Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	r, rest, ok := c.routine(tx, "skip")
	if !ok {
		return nil
	}
	c.subject = r.Key
	reason := text.OneLine(note(rest), 500)
	if given, err := c.Desk.Routines.GiveReason(tx, r.Key, reason); given || err != nil {
		c.Reply.Text("📝 " + c.Say("skip.reason"))
		return err
	}
	_, o, _, err := c.open(tx, "skip")
	if err != nil || o.ID == 0 {
		return err
	}
	mark := store.Mark{At: c.Event.At, Who: c.Event.Sender, EventID: c.Event.EventID, Note: reason}
	if err := c.Desk.Routines.Skip(tx, o.ID, mark); err != nil {
		return err
	}
	c.Reply.Text("⏭️ ").Bold(c.Say("routine.skipped", "Title", r.Title.In(c.Desk.Language)))
	return c.sayNext(tx, r)
}}

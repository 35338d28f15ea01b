package commands

import (
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// Undo takes back the last time that a routine was done: "!undo backups".
var Undo = Command{Name: "undo", French: "annuler", Aliases: []string{"défaire"}, Args: true, Acts: true, Do: func(tx *store.Tx, c *Call) error {
	r, ok := c.routine("undo")
	if !ok {
		return nil
	}
	last, known, err := c.Desk.Routines.UndoLast(tx, r.Key, c.Event.Sender)
	if err != nil {
		return err
	}
	c.subject = r.Key
	title := r.Title.In(c.Desk.Language)
	if !known {
		c.Reply.Text(c.Say("undo.nothing", "Title", title))
		return nil
	}
	c.Reply.Text("↩️ ").Bold(c.Say("undo.undone", "Title", title))
	c.Reply.Line().Text(c.Say("undo.was", "Who", text.Person(last.Who), "When", c.clock(tx, last.At)))
	return c.sayStill(tx, r)
}}

// sayStill adds who else recorded a routine that is still not asked for.
func (c *Call) sayStill(tx *store.Tx, r routines.Routine) error {
	_, asked, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil || asked {
		return err
	}
	last, known, err := tx.LastCompletion(r.Key)
	if err == nil && known {
		c.Reply.Line().Text(c.Say("routine.last", "When", c.clock(tx, last.At), "Who", text.Person(last.Who)))
	}
	return err
}

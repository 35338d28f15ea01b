package commands

import (
	"cmp"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// Undo takes back the last thing that was said of a routine, or under the card of an
// incident: "!undo backups".
var Undo = Command{Name: "undo", French: "annuler", Aliases: []string{"défaire"}, Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	if c.aboutIncident() {
		return c.undoTriage(tx)
	}
	r, _, ok := c.routine(tx, "undo")
	if !ok {
		return nil
	}
	was, known, err := c.Desk.Routines.UndoLast(tx, r.Key, c.Event.Sender)
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
	who := c.Say("routine.by-check")
	if was.Who != "" {
		who = text.Person(was.Who)
	}
	what := cmp.Or(string(was.Mark), "done")
	c.Reply.Line().Text(c.Say("undo.was."+what, "Who", who, "When", c.clock(tx, was.At)))
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
		c.Reply.Line().Text(c.Say("routine.last", "When", c.clock(tx, last.At), "Who", c.whoDid(last)))
	}
	return err
}

// undoTriage takes back the last thing that was said of an incident.
func (c *Call) undoTriage(tx *store.Tx) error {
	i, _, ok, err := c.incident(tx, "undo")
	if err != nil || !ok {
		return err
	}
	m, known, err := c.Desk.Alerts.UndoLast(tx, i.ID, c.Event.Sender)
	switch {
	case err != nil:
		return err
	case !known:
		c.Reply.Text(c.Say("undo.nothing", "Title", c.nameOf(i)))
		return nil
	}
	c.Reply.Text("↩️ ").Bold(c.Say("undo.undone", "Title", c.nameOf(i)))
	c.Reply.Text(" · " + markEmoji[m.Kind] + " " + text.Person(m.Who) + ", " + c.clock(tx, m.At))
	return nil
}

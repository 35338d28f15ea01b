package commands

import (
	"strings"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// DoneCommand records that a routine was done: "!done backups all green".
var DoneCommand = Command{Name: "done", French: "fait", Args: true, Acts: true, Do: func(tx *store.Tx, c *Call) error {
	r, ok := c.routine("done")
	if !ok {
		return nil
	}
	before, again, err := tx.LastCompletion(r.Key)
	if err != nil {
		return err
	}
	_, asked, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return err
	}
	completion := store.Completion{
		At: c.Event.At, Who: c.Event.Sender, How: "command", EventID: c.Event.EventID, Note: text.OneLine(c.Rest, 500),
	}
	if err := c.Desk.Routines.CompleteRoutine(tx, r.Key, completion); err != nil {
		return err
	}
	c.subject = r.Key
	title := r.Title.In(c.Desk.Language)
	c.Reply.Text("✅ ").Bold(c.Say("routine.done", "Title", title))
	if !asked && again {
		c.Reply.Line().Text(c.Say("done.again", "Who", text.Person(before.Who), "When", c.clock(tx, before.At)))
	}
	return c.sayNext(tx, r)
}}

// sayNext adds when a routine is due next, if anything says so.
func (c *Call) sayNext(tx *store.Tx, r routines.Routine) error {
	facts, err := c.Desk.Routines.Facts(tx)
	if err != nil {
		return err
	}
	if next, ok := routines.Next(r.Cadence, facts[r.Key], c.Desk.Location); ok {
		c.Reply.Line().Text(c.Say("done.next", "When", c.Desk.Language.Moment(next)))
	}
	return nil
}

// routine returns the routine that the first argument names, or replies which
// there are.
func (c *Call) routine(command string) (routines.Routine, bool) {
	if len(c.Args) == 0 {
		_ = c.Mistake(command, c.Say("done.which", "Known", c.known()))
		return routines.Routine{}, false
	}
	typed := strings.TrimRight(c.Args[0], ".,;:!") // as one ends a sentence
	r, near, found := c.Desk.Routines.Find(typed)
	if found {
		return r, true
	}
	name := text.OneLine(typed, 40)
	explanation := c.Say("done.unknown", "Name", name, "Known", c.known())
	if near != "" {
		explanation = c.Say("done.near", "Name", name, "Near", near)
	}
	_ = c.Mistake(command, explanation)
	return routines.Routine{}, false
}

// known lists the routines by the names that people of the room's language type.
func (c *Call) known() string {
	var names []string
	for _, r := range c.Desk.Routines.Routines {
		names = append(names, c.Desk.Routines.CallName(r))
	}
	return strings.Join(names, ", ")
}

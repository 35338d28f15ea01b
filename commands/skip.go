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
	mark := store.Mark{At: c.Event.At, Who: c.Event.Sender, EventID: c.Event.EventID, Note: text.OneLine(note(rest), 500)}
	if reasoned, err := c.giveReason(tx, r.Key, mark); reasoned || err != nil {
		return err
	}
	_, o, _, err := c.open(tx, "skip")
	if err != nil || o.ID == 0 {
		return err
	}
	if err := c.Desk.Routines.Skip(tx, o.ID, mark); err != nil {
		return err
	}
	c.Reply.Text("⏭️ ").Bold(c.Say("routine.skipped", "Title", r.Title.In(c.Desk.Language)))
	return c.sayNext(tx, r)
}}

// giveReason adds why to what was skipped by a reaction, which can say none.
func (c *Call) giveReason(tx *store.Tx, routine string, mark store.Mark) (given bool, err error) {
	newest, err := tx.OccurrencesOf(routine, 1)
	if err != nil || len(newest) == 0 || newest[0].State != store.OccurrenceSkipped || mark.Note == "" {
		return false, err
	}
	c.Reply.Text("📝 ").Text(c.Say("skip.reason"))
	return true, c.Desk.Routines.Skip(tx, newest[0].ID, mark)
}

package commands

import (
	"strings"
	"time"

	"ronde/store"
	"ronde/text"
)

// Snooze puts a routine off: "!snooze backups 3d".
var Snooze = Command{Name: "snooze", French: "reporter", Aliases: []string{"later", "plus-tard"}, Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	r, o, rest, err := c.open(tx, "snooze")
	if err != nil || o.ID == 0 {
		return err
	}
	p, words := pause{days: 1}, strings.Fields(rest)
	if len(words) > 0 {
		var ok bool
		if p, ok = readPause(words, c.when(tx)); !ok {
			return c.Mistake("snooze", c.Say("snooze.unclear", "Words", text.OneLine(rest, 40)))
		}
	}
	until := p.end(c, r, c.when(tx))
	mark := store.Mark{At: c.Event.At, Who: c.Event.Sender, EventID: c.Event.EventID}
	if err := c.Desk.Routines.Snooze(tx, o.ID, until, mark); err != nil {
		return err
	}
	c.Reply.Text("💤 ").Bold(c.Say("routine.snoozed", "Title", r.Title.In(c.Desk.Language)))
	c.Reply.Text(" · " + c.moment(until))
	return nil
}}

// moment writes an instant to come as people in the room say it.
func (c *Call) moment(t time.Time) string { return c.Desk.Language.Moment(t.In(c.Desk.Location)) }

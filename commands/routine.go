package commands

import (
	"strings"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// RoutineCommand tells all about one routine: "!routine backups".
var RoutineCommand = Command{Name: "routine", Aliases: []string{"chore", "corvée"}, Args: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	r, _, ok := c.routine(tx, "routine")
	if !ok {
		return nil
	}
	facts, err := c.Desk.Routines.Facts(tx)
	if err != nil {
		return err
	}
	l := c.Desk.Language
	c.Reply.Bold(r.Title.In(l)).Line().Text("🔁 " + r.Describe(l))
	if err := c.writeNow(tx, r, facts[r.Key]); err != nil {
		return err
	}
	if err := c.writeLast(tx, r); err != nil {
		return err
	}
	c.writeTurns(r)
	if len(r.Checks) > 0 {
		c.Reply.Line().Text("🔎 " + strings.Join(r.Checks, ", "))
	}
	if r.Runbook != "" {
		c.Reply.Line().Text("📖 " + r.Runbook)
	}
	c.Reply.Line().Text(c.Say("routine-command.names") + " ")
	c.Reply.Code(strings.Join(append([]string{r.Key}, r.Aliases...), ", "))
	return nil
}}

// writeNow adds whether the routine is open, and when it is due next.
func (c *Call) writeNow(tx *store.Tx, r routines.Routine, f routines.Facts) error {
	o, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return err
	}
	next, ok := routines.Next(r.Cadence, f, c.Desk.Location)
	switch {
	case isOpen && o.Late > 0:
		c.Reply.Line().Text("⏰ " + c.Say("routine.days", "Count", o.Late) + " · " + c.moment(o.Due))
	case isOpen:
		c.Reply.Line().Text("🔔 " + c.Say("routine-command.open", "When", c.moment(o.Due)))
	case ok:
		c.Reply.Line().Text("📅 " + c.Say("done.next", "When", c.moment(next)))
	default:
		c.Reply.Line().Text("📅 " + c.Say("routine-command.never"))
	}
	return nil
}

func (c *Call) writeLast(tx *store.Tx, r routines.Routine) error {
	last, known, err := tx.LastCompletion(r.Key)
	if err == nil && known {
		c.Reply.Line().Text("✅ " + c.Say("routine.last", "When", c.clock(tx, last.At), "Who", c.whoDid(last)))
		if last.Note != "" {
			c.Reply.Line().Text("📝 " + text.OneLine(text.Mask(last.Note), 200))
		}
	}
	return err
}

func (c *Call) writeTurns(r routines.Routine) {
	if len(r.Rota.People) == 0 {
		return
	}
	var names []string
	for _, who := range r.Rota.People {
		names = append(names, text.Person(who))
	}
	c.Reply.Line().Text("👥 " + strings.Join(names, ", "))
}

package commands

import (
	"strings"

	"ronde/routines"
	"ronde/store"
)

// Week lists what the next seven days bring: "!week".
var Week = Command{Name: "week", French: "semaine", Aliases: []string{"agenda"}, Do: func(tx *store.Tx, c *Call) error {
	facts, err := c.Desk.Routines.Facts(tx)
	if err != nil {
		return err
	}
	now := tx.Now.In(c.Desk.Location)
	agenda := routines.Agenda(c.Desk.Routines.Routines, facts, now, 7, c.Desk.Location)
	c.Reply.Text("📆 ").Bold(c.Say("week.title", "Count", len(agenda)))
	for i, due := range agenda {
		name := c.callName(due.Routine)
		switch {
		case i > 0 && sameDay(agenda[i-1], due):
			c.Reply.Text(", " + name)
		case due.Due.Before(now):
			c.Reply.Line().Text("⏰ ").Text(name + " · " + c.Desk.Language.Day(due.Due))
		default:
			c.Reply.Line().Bold(c.Desk.Language.Day(due.Due)).Text(" · " + name)
		}
	}
	return c.writeAway(tx)
}}

// sameDay reports whether two that are not late fall due on one day.
func sameDay(a, b routines.Due) bool {
	return a.Late == 0 && b.Late == 0 && routines.DateOf(a.Due) == routines.DateOf(b.Due)
}

// callName is what people type for a routine, by its key.
func (c *Call) callName(key string) string {
	if r, _, found := c.Desk.Routines.Find(key); found {
		return c.Desk.Routines.CallName(r)
	}
	return key
}

// writeAway adds who is away in the next days.
func (c *Call) writeAway(tx *store.Tx) error {
	today := routines.DateOf(tx.Now.In(c.Desk.Location))
	absences, err := tx.Absences(today.String())
	if err != nil {
		return err
	}
	var words []string
	for _, a := range absences {
		if a.First <= today.Add(7).String() {
			words = append(words, c.absence(a))
		}
	}
	if len(words) > 0 {
		c.Reply.Line().Text("🌴 " + strings.Join(words, ", "))
	}
	return nil
}

package commands

import (
	"slices"
	"time"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// Due lists what is open, what is late and what comes next: "!due".
var Due = Command{Name: "due", French: "prévu", Aliases: []string{"routines"}, Do: func(tx *store.Tx, c *Call) error {
	facts, err := c.Desk.Routines.Facts(tx)
	if err != nil {
		return err
	}
	all := c.Desk.Routines.Routines
	now := tx.Now.In(c.Desk.Location)
	open := slices.DeleteFunc(routines.DueNow(all, facts, now, c.Desk.Location), func(d routines.Due) bool {
		return d.Due.After(now) // it may be done already; that is said among the next
	})
	if len(open) == 0 {
		c.Reply.Text("🌙 ").Bold(c.Say("due.nothing"))
	} else {
		c.Reply.Text("🔔 ").Bold(c.Say("due.open", "Count", len(open)))
	}
	for _, d := range open {
		c.writeOpen(d)
	}
	c.writeNext(all, facts, open, now)
	return nil
}}

func (c *Call) writeOpen(d routines.Due) {
	r, _, _ := c.Desk.Routines.Find(d.Routine)
	c.Reply.Line()
	if d.Late > 0 {
		c.Reply.Text("⏰ ").Text(text.OneLine(d.Title.In(c.Desk.Language), 50) + " · " + c.Say("routine.days", "Count", d.Late))
	} else {
		c.Reply.Text("• " + text.OneLine(d.Title.In(c.Desk.Language), 50) + " · " + d.Due.Format("15:04"))
	}
	c.Reply.Text(" · ").Code(c.Desk.Routines.CallName(r))
}

// comingUp is how many of the next routines !due shows, and lookAhead how many
// days it looks for them.
const (
	comingUp  = 5
	lookAhead = 62
)

// writeNext adds the first few routines that fall due next.
func (c *Call) writeNext(all []routines.Routine, facts map[string]routines.Facts, open []routines.Due, now time.Time) {
	shown := map[string]bool{}
	for _, d := range open {
		shown[d.Routine] = true
	}
	added := 0
	for _, d := range routines.Agenda(all, facts, now, lookAhead, c.Desk.Location) {
		if shown[d.Routine] || added == comingUp {
			continue
		}
		if added == 0 {
			c.Reply.Line().Bold(c.Say("due.next"))
		}
		shown[d.Routine], added = true, added+1
		c.Reply.Line().Text("• " + c.Desk.Language.Moment(d.Due) + " · " + text.OneLine(d.Title.In(c.Desk.Language), 50))
	}
}

// clock writes an instant as people in the room say it now.
func (c *Call) clock(tx *store.Tx, t time.Time) string {
	return c.Desk.Language.Clock(t, tx.Now.In(c.Desk.Location))
}

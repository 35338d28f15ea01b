package commands

import (
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
	open, err := c.Desk.Routines.Open(tx)
	if err != nil {
		return err
	}
	asked := 0
	for _, i := range open {
		if !i.Early && i.Snoozed.IsZero() {
			asked++
		}
	}
	if asked == 0 {
		c.Reply.Text("🌙 ").Bold(c.Say("due.nothing"))
	} else {
		c.Reply.Text("🔔 ").Bold(c.Say("due.open", "Count", asked))
	}
	for _, i := range open {
		c.writeOpen(i)
	}
	c.writeNext(c.Desk.Routines.Routines, facts, open, tx.Now.In(c.Desk.Location))
	return nil
}}

// writeOpen adds one routine that is open, and why it may be left alone.
func (c *Call) writeOpen(i routines.Item) {
	l := c.Desk.Language
	title := text.OneLine(i.Title, 50)
	c.Reply.Line()
	switch {
	case !i.Snoozed.IsZero():
		c.Reply.Text("💤 " + title + " · " + l.Moment(i.Snoozed))
	case i.Claimed != "":
		c.Reply.Text("👀 " + title + " · " + text.Person(i.Claimed))
	case i.Early:
		c.Reply.Text("🔵 " + title + " · " + c.Say("routine.not-yet", "When", l.Moment(i.Due)))
	case i.Late > 0:
		c.Reply.Text("⏰ " + title + " · " + c.Say("routine.days", "Count", i.Late))
	default:
		c.Reply.Text("• " + title + " · " + i.Due.Format("15:04"))
	}
	if i.Turn != "" && i.Claimed == "" {
		c.Reply.Text(" · 👤 " + text.Person(i.Turn))
	}
	c.Reply.Text(" · ").Code(c.callName(i.Routine))
}

// comingUp is how many of the next routines !due shows, and lookAhead how many
// days it looks for them.
const (
	comingUp  = 5
	lookAhead = 62
)

// writeNext adds the first few routines that fall due next.
func (c *Call) writeNext(all []routines.Routine, facts map[string]routines.Facts, open []routines.Item, now time.Time) {
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

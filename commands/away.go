package commands

import (
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// Away says that somebody is away, so that no turn falls to them: "!away 24/12..2/1".
// Without days it lists who is; with "back" it ends.
var Away = Command{Name: "away", French: "absent", Aliases: []string{"absente", "absence"}, Args: true, Acts: true, Do: func(tx *store.Tx, c *Call) error {
	today := routines.DateOf(c.when(tx))
	switch {
	case len(c.Args) == 0:
		return c.listAway(tx, today)
	case isWord(c.Args[0], "back", "retour", "fin", "end", "stop"):
		return c.endAway(tx, today)
	}
	days, ok := readSpan(c.Args, today)
	if !ok || days.last.Before(today) {
		return c.Mistake("away", c.Say("away.unclear", "Words", text.OneLine(c.Tail, 40)))
	}
	a := store.Absence{Who: c.Event.Sender, First: days.first.String(), Last: days.last.String(), EventID: c.Event.EventID}
	if err := tx.AddAbsence(a); err != nil {
		return err
	}
	c.Reply.Text("🌴 ").Bold(c.Say("away.noted")).Text(" · " + c.absence(a))
	return nil
}}

func (c *Call) listAway(tx *store.Tx, today routines.Date) error {
	absences, err := tx.Absences(today.String())
	if err != nil {
		return err
	}
	if len(absences) == 0 {
		c.Reply.Text(c.Say("away.nobody"))
		return nil
	}
	c.Reply.Text("🌴 ").Bold(c.Say("away.title"))
	for _, a := range absences {
		c.Reply.Line().Text("• " + c.absence(a))
	}
	return nil
}

func (c *Call) endAway(tx *store.Tx, today routines.Date) error {
	n, err := tx.EndAbsences(c.Event.Sender, today.String(), today.Add(-1).String())
	if err != nil {
		return err
	}
	if n == 0 {
		c.Reply.Text(c.Say("away.was-here"))
		return nil
	}
	c.Reply.Text("👋 ").Bold(c.Say("away.back", "Who", text.Person(c.Event.Sender)))
	return nil
}

// absence writes who is away, and when.
func (c *Call) absence(a store.Absence) string {
	first, last := c.day(a.First), c.day(a.Last)
	if a.First == a.Last {
		return c.Say("away.day", "Who", text.Person(a.Who), "First", first)
	}
	return c.Say("away.days", "Who", text.Person(a.Who), "First", first, "Last", last)
}

// day writes a date of the store as people say it.
func (c *Call) day(written string) string {
	day, err := routines.ParseDate(written)
	if err != nil {
		return written
	}
	return c.Desk.Language.Day(day.At(routines.Clock{}, c.Desk.Location))
}

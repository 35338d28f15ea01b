package commands

import (
	"time"

	"ronde/checks"
	"ronde/store"
	"ronde/watch"
)

// shownChecks is how many checks one reply has a line for.
const shownChecks = 10

// justNow is how old what is as new as can be may be: the answer took that long.
const justNow = 10 * time.Second

// Checks lists the checks of the configuration, what each said last and when: "!checks".
var Checks = Command{Name: "checks", French: "contrôles", Do: func(tx *store.Tx, c *Call) error {
	if c.Desk.Watch == nil || len(c.Desk.Watch.Checks) == 0 {
		c.Reply.Text(c.Say("watch.none"))
		return nil
	}
	all, err := c.Desk.Watch.Seen(tx)
	if err != nil {
		return err
	}
	c.Reply.Text("🔎 ").Bold(c.Say("watch.checks", "Count", len(all)))
	c.writeSeen(tx, all, func(s watch.Seen) string { return s.Ref() })
	return nil
}}

// writeSeen writes a line for each of the worst of some checks, under a name that says its
// kind, and counts the rest.
func (c *Call) writeSeen(tx *store.Tx, all []watch.Seen, name func(watch.Seen) string) {
	for _, s := range all[:min(len(all), shownChecks)] {
		c.Reply.Line()
		if !s.Made {
			c.Reply.Text("▫️ ").Bold(name(s)).Text(c.Say("checks.outcome.says", "What", c.Say("watch.never")))
			continue
		}
		checks.WriteOutcomeOfKind(&c.Reply, c.Desk.Language, name(s), s.Outcome, tx.Now.In(c.Desk.Location))
		c.Reply.Text(" · " + c.age(tx, s))
	}
	c.writeRest(all[min(len(all), shownChecks):])
}

// age says how old what a check said is.
func (c *Call) age(tx *store.Tx, s watch.Seen) string {
	age := tx.Now.Sub(s.Ran)
	if age < justNow {
		return c.Say("watch.now")
	}
	return c.Say("watch.age", "Age", c.Desk.Language.Duration(age))
}

// writeRest counts the checks for which there is no line, by what they said.
func (c *Call) writeRest(rest []watch.Seen) {
	if len(rest) == 0 {
		return
	}
	counts := map[string]int{}
	for _, s := range rest {
		counts[markOf(s)]++
	}
	c.Reply.Line().Text(c.Say("incidents.more", "Count", len(rest)))
	for _, mark := range []string{"🔴", "⚠️", "❔", "✅", "▫️"} {
		if counts[mark] > 0 {
			c.Reply.Text(c.Say("watch.count", "Mark", mark, "Count", counts[mark]))
		}
	}
}

// markOf is the mark of a check by what it said last.
func markOf(s watch.Seen) string {
	if !s.Made {
		return "▫️"
	}
	return checks.Mark(s.Outcome.Status)
}

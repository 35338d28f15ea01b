package commands

import (
	"strconv"

	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

// Silences lists what is silent, and until when: "!silences".
var Silences = Command{Name: "silences", French: "sourdines", Do: func(tx *store.Tx, c *Call) error {
	rules, err := c.Desk.Alerts.Silences(tx)
	if err != nil {
		return err
	}
	silent, err := c.silent(tx)
	if err != nil {
		return err
	}
	if len(rules)+len(silent) == 0 {
		c.Reply.Text("🔔 ").Bold(c.Say("silences.none"))
		return nil
	}
	c.Reply.Text(alerts.SilenceEmoji + " ").Bold(c.Say("silences.title", "Count", len(rules)))
	for _, r := range rules {
		c.writeRule(tx, r)
	}
	if len(silent) > 0 {
		c.Reply.Line().Text(c.Say("silences.incidents"))
	}
	for _, line := range silent {
		c.Reply.Line().Text(line)
	}
	return nil
}}

// silent writes a line for each open incident that is silent.
func (c *Call) silent(tx *store.Tx) (lines []string, err error) {
	open, err := tx.OpenIncidents()
	if err != nil {
		return nil, err
	}
	for _, i := range alerts.Heads(open) {
		t, err := c.Desk.Alerts.Triage(tx, i)
		if err != nil {
			return nil, err
		}
		if !t.Until.IsZero() {
			lines = append(lines, c.nameOf(i)+" · "+c.until(tx, t.Until)+" · "+text.Person(t.By))
		}
	}
	return lines, nil
}

func (c *Call) writeRule(tx *store.Tx, r store.SilenceRule) {
	c.Reply.Line().Text("S" + strconv.FormatInt(r.ID, 10) + " ").Bold(c.scope(r))
	c.Reply.Text(" · " + c.until(tx, r.Until) + " · " + text.Person(r.Who))
	if r.Reason != "" {
		c.Reply.Text(" · " + text.OneLine(text.Mask(r.Reason), 80))
	}
}

// scope says what a silence is about.
func (c *Call) scope(r store.SilenceRule) string {
	switch r.Scope {
	case store.AllScope:
		return c.Say("silence.all")
	case store.HostScope:
		return c.Say("silence.host", "Name", r.Name)
	}
	return text.OneLine(r.Name, 40)
}

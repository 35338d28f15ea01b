package commands

import (
	"slices"
	"strconv"

	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

// shownIncidents is how many open incidents one reply lists.
const shownIncidents = 15

// Incidents lists what is broken now: "!incidents".
var Incidents = Command{Name: "incidents", French: "pannes", Do: func(tx *store.Tx, c *Call) error {
	open, err := tx.OpenIncidents()
	if err != nil {
		return err
	}
	things := len(slices.DeleteFunc(slices.Clone(open), alerts.IsStorm))
	if open = alerts.Heads(open); len(open) == 0 {
		c.Reply.Text("🟢 ").Bold(c.Say("incidents.none"))
	} else if err := c.sayOpen(tx, open, things); err != nil {
		return err
	}
	for _, i := range open[:min(len(open), shownIncidents)] {
		if err := c.writeIncident(tx, i); err != nil {
			return err
		}
	}
	if more := len(open) - shownIncidents; more > 0 {
		c.Reply.Line().Text(c.Say("incidents.more", "Count", more))
	}
	rules, err := c.Desk.Alerts.Silences(tx)
	if err == nil && len(rules) > 0 {
		c.sayRules(len(rules))
	}
	return err
}}

// sayOpen says how many things are broken, and whether that is no more than warnings.
func (c *Call) sayOpen(tx *store.Tx, open []store.Incident, things int) error {
	mark := "🔴 "
	mild, err := c.Desk.Alerts.AreMild(tx, open)
	if mild {
		mark = "🟡 "
	}
	c.Reply.Text(mark).Bold(c.Say("incidents.open", "Count", things))
	return err
}

// sayRules adds that something is silent: whoever asks what is broken must know what
// will not be heard.
func (c *Call) sayRules(count int) {
	list, _, _ := c.Desk.find("silences")
	c.Reply.Line().Text(alerts.SilenceEmoji + " " + c.Say("silences.title", "Count", count) + " · ").Code("!" + c.Desk.callName(list))
}

func (c *Call) writeIncident(tx *store.Tx, i store.Incident) error {
	t, err := c.Desk.Alerts.Triage(tx, i)
	if err != nil {
		return err
	}
	c.Reply.Line().Text("#" + strconv.FormatInt(i.ID, 10) + " ").Bold(t.Title)
	if i.Fault != "" {
		c.Reply.Text(" · " + text.OneLine(i.Fault, 40))
	}
	c.Reply.Text(" · " + c.Say("incident.since", "When", c.clock(tx, i.Since)))
	if len(t.Acks) > 0 {
		c.Reply.Text(" · " + alerts.AckEmoji + " " + text.Person(t.Acks[0].Who))
	}
	if !t.Until.IsZero() {
		c.Reply.Text(" · " + alerts.SilenceEmoji + " " + c.until(tx, t.Until))
	}
	return nil
}

package commands

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// How many alerts and how many words of people "!why" lists, the newest.
const (
	shownHeard = 6
	shownMarks = 10
)

// Why tells what an incident is made of: "!why 12". The newest message as it came goes
// into the thread of its card.
var Why = Command{Name: "why", French: "pourquoi", Args: true, Do: func(tx *store.Tx, c *Call) error {
	i, _, ok, err := c.incident(tx, "why")
	if err != nil || !ok {
		return err
	}
	heard, err := c.Desk.Alerts.Heard(tx, i, shownHeard+1)
	if err != nil {
		return err
	}
	marks, err := tx.IncidentMarks(i.ID)
	if err != nil {
		return err
	}
	c.Reply.Bold(c.nameOf(i))
	if err := errors.Join(c.writeTie(tx, i), c.writeMembers(tx, i)); err != nil {
		return err
	}
	for _, h := range heard[:min(len(heard), shownHeard)] {
		c.writeHeard(tx, h)
	}
	if len(heard) > shownHeard {
		c.Reply.Line().Text(c.Say("why.older"))
	}
	if err := c.writeRung(tx, i); err != nil {
		return err
	}
	for _, m := range marks[max(0, len(marks)-shownMarks):] {
		c.writeMark(tx, m)
	}
	if n := slices.IndexFunc(heard, func(h alerts.Heard) bool { return h.Text != "" }); n >= 0 {
		return c.showRaw(tx, i, heard[n])
	}
	if slices.ContainsFunc(heard, func(h alerts.Heard) bool { return h.Gone }) {
		c.Reply.Line().Text(c.Say("why.none-kept"))
	}
	return nil
}}

// writeTie says by which tie several systems speak of one incident, and what each calls it.
func (c *Call) writeTie(tx *store.Tx, i store.Incident) error {
	tied, err := c.Desk.Alerts.Tied(tx, i)
	if err != nil || len(tied) == 0 {
		return err
	}
	var names []string
	for _, one := range tied {
		names = append(names, c.Say("why.called", "Source", one.Source, "Thing", one.Thing))
	}
	c.Reply.Line().Text("🔗 " + c.Say("why.tie", "Name", c.Desk.Alerts.NameOf(i), "Things", strings.Join(names, ", ")))
	return nil
}

// shownMembers is how many incidents "!why" lists of those that are parts of a storm.
const shownMembers = 20

// writeMembers lists what a storm is made of, each of which "!why" can be asked for.
func (c *Call) writeMembers(tx *store.Tx, storm store.Incident) error {
	if !alerts.IsStorm(storm) {
		return nil
	}
	members, err := tx.StormMembers(storm.ID)
	for _, i := range members[:min(len(members), shownMembers)] {
		mark, _ := alerts.Face(i)
		if i.State == store.Resolved {
			mark = "🟢"
		}
		c.Reply.Line().Text(mark + " " + c.nameOf(i) + " · " + text.OneLine(i.Fault, 40))
	}
	if more := len(members) - shownMembers; more > 0 {
		c.Reply.Line().Text(c.Say("incidents.more", "Count", more))
	}
	return err
}

func (c *Call) writeHeard(tx *store.Tx, h alerts.Heard) {
	sure := "why.verified"
	if !h.Verified {
		sure = "mail.unverified"
	}
	mark := map[alerts.State]string{alerts.Firing: "🔴", alerts.Resolved: "🟢", "": "📨"}[h.State]
	source := h.Source
	if h.Rule != "" {
		source = c.Say("why.rule", "Name", h.Rule)
	}
	c.Reply.Line().Text(mark + " " + c.clock(tx, h.At) + " · " + source)
	if h.Subject != "" {
		c.Reply.Text(" · " + h.Subject)
	}
	switch {
	case h.InRoom:
		c.Reply.Text(" · " + c.Say("incident.channel.room"))
	case h.Check != "":
		c.Reply.Text(" · ").Code("!" + c.Desk.callNamed("check") + " " + h.Check)
	case h.Hook != "":
		c.Reply.Text(" · " + c.Say("hook.name", "Name", h.Hook))
	case !h.Gone:
		c.Reply.Text(" · " + c.Say(sure))
	}
	if h.Gone {
		c.Reply.Text(" · " + c.Say("why.gone"))
	}
}

var markEmoji = map[store.IncidentMarkKind]string{
	store.Ack: alerts.AckEmoji, store.Silence: alerts.SilenceEmoji, store.Handled: alerts.HandledEmoji, store.Note: "📝",
}

func (c *Call) writeMark(tx *store.Tx, m store.IncidentMark) {
	c.Reply.Line().Text(markEmoji[m.Kind] + " " + c.clock(tx, m.At) + " · " + text.Person(m.Who))
	if !m.Until.IsZero() {
		c.Reply.Text(" · " + c.until(tx, m.Until))
	}
	if m.Note != "" {
		c.Reply.Text(" · " + text.OneLine(text.Mask(m.Note), 100))
	}
	if !m.UndoneAt.IsZero() {
		c.Reply.Text(" · " + c.Say("why.undone", "When", c.clock(tx, m.UndoneAt)))
	}
}

// showRaw puts a message as it came into the thread of an incident's card.
func (c *Call) showRaw(tx *store.Tx, i store.Incident, h alerts.Heard) error {
	card, known, err := tx.CardOf(alerts.IncidentCard, i.ID)
	if err != nil || !known {
		return err
	}
	var m text.Message
	m.Text("📨 ").Bold(c.Say("why.raw") + " · " + c.nameOf(i)).Pre(h.Text)
	c.Reply.Line().Text(c.Say("why.in-thread"))
	return c.Desk.Outbox.AddUnder(tx, fmt.Sprintf("why-%d", c.Event.ID), card, cards.Message{Plain: m.Plain(), HTML: m.HTML(), Thread: cards.TheCard})
}

package commands

import (
	"fmt"
	"strings"

	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

// How many times that phones rang, and how many pages, "!why" lists, the newest.
const (
	shownRings = 6
	shownPages = 4
)

// writeRung lists when phones rang for an incident besides its card, whom that mentioned
// and why, and what went out by the second road.
func (c *Call) writeRung(tx *store.Tx, i store.Incident) error {
	all, err := alerts.Rung(tx, i)
	if err != nil {
		return err
	}
	var rung []alerts.Ring
	for _, r := range all {
		sent, err := c.Desk.Outbox.Sent(tx, r.Notice)
		if err != nil {
			return err
		}
		if sent {
			rung = append(rung, r)
		}
	}
	if len(rung) > shownRings {
		c.Reply.Line().Text(c.Say("why.older"))
	}
	for _, r := range rung[max(0, len(rung)-shownRings):] {
		c.Reply.Line().Text("🔔 " + c.clock(tx, r.At) + " · " + c.rungFor(r) + " · " + c.Say("why.rang."+string(r.Kind)))
		c.writePartOf(i, r.Incident)
	}
	return c.writePages(tx, i)
}

// rungFor names whom a message mentioned.
func (c *Call) rungFor(r alerts.Ring) string {
	var names []string
	for _, who := range r.People {
		if who == store.RoomMention {
			names = append(names, c.Say("why.room"))
		} else {
			names = append(names, text.Person(who))
		}
	}
	if len(names) == 0 {
		return c.Say("why.nobody")
	}
	return strings.Join(names, ", ")
}

// writePartOf says of which storm something was said, when it was of one that an incident
// was part of.
func (c *Call) writePartOf(i store.Incident, said int64) {
	if said != i.ID {
		c.Reply.Text(fmt.Sprintf(" · #%d", said))
	}
}

// paged is what went out by the second road at about the same time and says the same.
type paged struct {
	when  string // as people read it
	what  store.PageKind
	about int64 // the incident, or a storm that it was part of
	roads []string
}

// writePages lists what went out by the second road, each message once.
func (c *Call) writePages(tx *store.Tx, i store.Incident) error {
	pages, err := tx.PagesOf(i.ID)
	var all []paged
	for _, p := range pages {
		if p.State == store.PageSent || p.State == store.PageUnknown {
			all = c.addPage(tx, all, p)
		}
	}
	for _, p := range all[max(0, len(all)-shownPages):] {
		c.Reply.Line().Text("📟 " + p.when + " · " + strings.Join(p.roads, ", "))
		if p.what == store.PageUp {
			c.Reply.Text(" · " + c.Say("why.rang."+string(alerts.RangOver)))
		}
		c.writePartOf(i, p.about)
	}
	return err
}

// addPage adds a page to the last of those that went out, if it is the same message.
func (c *Call) addPage(tx *store.Tx, all []paged, p store.Page) []paged {
	road, when := roadTo(p.Road), c.clock(tx, p.At)
	if p.State == store.PageUnknown {
		road = c.Say("page.note.unsure", "Road", road)
	}
	if n := len(all) - 1; n >= 0 && all[n].when == when && all[n].what == p.What && all[n].about == p.Incident {
		all[n].roads = append(all[n].roads, road)
		return all
	}
	return append(all, paged{when, p.What, p.Incident, []string{road}})
}

// roadTo names a road of the pager, and whom it reaches, without telling their address:
// "mail ana" for "mail ana@example.org".
func roadTo(road string) string {
	name, _, _ := strings.Cut(road, "@")
	return text.OneLine(name, 40)
}

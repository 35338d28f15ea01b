package alerts

import (
	"strconv"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// How many runes of its first line are for the thing, and for the thing and the
// fault together: so many are left of what a notification shows.
const (
	shownThing = 30
	shownBoth  = 64
)

// roomForFault is how many runes of the fault fit behind the thing. The end of a
// fault often says the most: "Request failed with status code 502".
func roomForFault(i store.Incident) int {
	return shownBoth - min(shownThing, len([]rune(i.Thing)))
}

// writeIncident writes an incident's card: first the state, the thing, the fault
// and since when, which is all that a phone shows of it.
func (d *Desk) writeIncident(i store.Incident, acks []store.Acknowledgement, seen []store.Sighting, now time.Time) cards.Content {
	l, now := d.Language, now.In(d.Location)
	mark := map[store.IncidentState]string{
		store.Firing: "🔴", store.Acknowledged: "🟠", store.Silenced: "⚪", store.Resolved: "🟢",
	}[i.State]
	var m text.Message
	m.Text(mark + " ").Bold(l.Say("incident."+string(i.State)) + " · " + text.OneLine(i.Thing, shownThing))
	if i.State == store.Resolved {
		d.writeRecovery(&m, i, now)
	} else {
		if i.Fault != "" {
			m.Text(" · " + text.OneLine(i.Fault, roomForFault(i)))
		}
		m.Text(" · " + l.Say("incident.since", "When", l.Clock(i.Since, now)))
	}
	d.writeDetails(&m, i)
	d.writeSightings(&m, i, seen, now)
	for _, a := range acks {
		m.Line().Text(AckEmoji + " " + l.Say("incident.taken", "Who", text.Person(a.Who), "When", l.Clock(a.At, now)))
	}
	if i.Doubted > 0 && i.State != store.Resolved {
		m.Line().Text("⚠️ " + l.Say("incident.doubted"))
	}
	open := i.State == store.Firing || i.State == store.Acknowledged
	content := cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: open}}
	if open {
		content.Seeds = []string{AckEmoji}
	}
	return content
}

func (d *Desk) writeRecovery(m *text.Message, i store.Incident, now time.Time) {
	l := d.Language
	m.Text(" · " + l.Clock(i.ResolvedAt, now))
	if i.Alerts == 0 {
		m.Text(" · " + l.Say("incident.unseen"))
		return
	}
	m.Text(" · " + l.Say("incident.lasted", "Time", l.Duration(i.ResolvedAt.Sub(i.Since))))
	if i.Fault != "" {
		m.Line().Text(l.Say("incident.was", "Fault", i.Fault))
	}
}

// writeDetails adds the whole name and fault where the first line had to cut
// them, who says so, and how often.
func (d *Desk) writeDetails(m *text.Message, i store.Incident) {
	l := d.Language
	if len([]rune(i.Thing)) > shownThing {
		m.Line().Text(i.Thing)
	}
	if i.State != store.Resolved && len([]rune(i.Fault)) > roomForFault(i) {
		m.Line().Text(i.Fault)
	}
	said := []string{l.Say("mail.kind." + i.Source)}
	if i.Alerts > 1 {
		said = append(said, l.Say("incident.seen", "Count", i.Alerts))
	}
	said = append(said, "#"+strconv.FormatInt(i.ID, 10))
	m.Line().Text(strings.Join(said, " · "))
	if !i.Verified {
		m.Line().Text("⚠️ " + l.Say("mail.unverified"))
	}
}

// writeMail writes the card of a mail that is no alert: what it is, who sent it,
// and its first lines.
func (d *Desk) writeMail(r Reading, mail store.Mail, now time.Time) cards.Content {
	l, now := d.Language, now.In(d.Location)
	when := l.Clock(mail.Received, now)
	var m text.Message
	lines := r.FirstLines(8)
	from := text.OneLine(text.Mask(r.From), 120)
	if r.Kind == Plain {
		name := text.OneLine(text.Mask(sender(r.From)), 24)
		m.Text("✉️ ").Bold(d.subject(r, 60)).Text(" · " + name + " · " + when)
		from = strings.Trim(strings.TrimPrefix(from, name), "<> ") // nothing, without a name
	} else {
		m.Text("📄 ").Bold(l.Say("mail.kind."+string(r.Kind)) + " · " + text.OneLine(text.Mask(r.Thing), 40))
		m.Text(" · " + text.OneLine(r.Fault, 40) + " · " + when)
		if subject := d.subject(r, 120); !strings.HasPrefix(lines, strings.TrimSuffix(subject, "…")) {
			m.Line().Text(subject)
		}
	}
	if from != "" {
		m.Line().Text(from)
	}
	if !r.Verified {
		m.Line().Text("⚠️ " + l.Say("mail.unverified"))
	}
	if r.Problem != "" {
		m.Line().Text("⚠️ " + l.Say("mail.problem"))
	}
	if lines != "" {
		m.Line().Line().Text(lines)
	}
	return cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: r.Kind == Plain}}
}

// subject returns a mail's subject, cut, or says that it has none.
func (d *Desk) subject(r Reading, maxRunes int) string {
	if r.Subject == "" {
		return d.Language.Say("mail.no-subject")
	}
	return text.OneLine(text.Mask(r.Subject), maxRunes)
}

// sender returns the name that a From header gives, or its address.
func sender(from string) string {
	if end := strings.LastIndex(from, "<"); end > 0 && strings.TrimSpace(from[:end]) != "" {
		return strings.Trim(strings.TrimSpace(from[:end]), `"`)
	}
	return strings.Trim(from, "<> ")
}

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
func (d *Desk) writeIncident(s standing, now time.Time) cards.Content {
	now = now.In(d.Location)
	s.State = s.state(now)
	var m text.Message
	d.writeHead(&m, s, now)
	d.writeDetails(&m, s)
	d.writeSightings(&m, s, now)
	d.writeWords(&m, s, now)
	rings := s.Storm == 0 && (s.State == store.Firing || s.State == store.Acknowledged) // of the rest, the storm rings
	var content cards.Content
	switch {
	case s.State == store.Resolved:
	case s.Storm != 0: // which has the buttons
		m.Line().Text(d.partOf(s))
	default:
		m.Line().Text(d.buttons(s))
		content.Seeds = []string{AckEmoji, SilenceEmoji, HandledEmoji}
	}
	content.Message = cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: rings}
	return content
}

// buttons says what the buttons under an incident's card do, should somebody tap now.
func (d *Desk) buttons(s standing) string {
	return d.Language.Say("incident.buttons", "Hours", int(nextStep(s.ID, s.marks).Hours()))
}

// writeHead writes the first line, and below it what was broken when that is over.
func (d *Desk) writeHead(m *text.Message, s standing, now time.Time) {
	if s.tally != nil {
		d.writeStormHead(m, s, now)
		return
	}
	l, i := d.Language, s.Incident
	thing := text.OneLine(i.Thing, shownThing)
	handled, byHand := s.byHand()
	switch {
	case byHand:
		m.Text("✅ ").Bold(l.Say("incident.handled") + " · " + thing)
		m.Text(" · " + l.Say("incident.by", "Who", text.Person(handled.Who), "When", l.Clock(handled.At, now)))
		d.writeEnd(m, i, handled.At)
		if !i.ResolvedAt.IsZero() {
			m.Line().Text("🟢 " + l.Say("incident.recovered", "When", l.Clock(i.ResolvedAt, now)))
		}
	case i.State == store.Resolved && i.ResolvedAt.IsZero(): // somebody closed it, thought better of it, and it goes on elsewhere
		m.Text("⚪ ").Bold(l.Say("incident.continued") + " · " + thing)
	case i.State == store.Resolved && i.ResolvedAt.Equal(expires(i)): // its day is no recovery
		m.Text("⚪ ").Bold(l.Say("incident.expired") + " · " + thing).Text(" · " + l.Clock(i.ResolvedAt, now))
		d.writeEnd(m, i, i.ResolvedAt)
	case i.State == store.Resolved:
		m.Text("🟢 ").Bold(l.Say("incident.resolved") + " · " + thing).Text(" · " + l.Clock(i.ResolvedAt, now))
		d.writeEnd(m, i, i.ResolvedAt)
	default:
		mark, word := s.face()
		m.Text(mark + " ").Bold(l.Say(word) + " · " + thing)
		d.writeFault(m, i, now)
	}
}

// writeFault adds what is wrong, if its source says so, and since when.
func (d *Desk) writeFault(m *text.Message, i store.Incident, now time.Time) {
	if i.Fault != "" {
		m.Text(" · " + text.OneLine(i.Fault, roomForFault(i)))
	}
	m.Text(" · " + d.Language.Say("incident.since", "When", d.Language.Clock(i.Since, now)))
}

// writeEnd adds how long it lasted, and what it was.
func (d *Desk) writeEnd(m *text.Message, i store.Incident, ended time.Time) {
	l := d.Language
	if i.Alerts == 0 {
		m.Text(" · " + l.Say("incident.unseen"))
		return
	}
	m.Text(" · " + l.Say("incident.lasted", "Time", l.Duration(ended.Sub(i.Since))))
	if i.Fault != "" {
		m.Line().Text(l.Say("incident.was", "Fault", i.Fault))
	}
}

// writeDetails adds the whole name and fault where the first line had to cut
// them, who says so, and how often.
func (d *Desk) writeDetails(m *text.Message, s standing) {
	l, i := d.Language, s.Incident
	if len([]rune(i.Thing)) > shownThing {
		m.Line().Text(i.Thing)
	}
	if i.State != store.Resolved && len([]rune(i.Fault)) > roomForFault(i) {
		m.Line().Text(i.Fault)
	}
	said := []string{strings.Join(d.watchers(i, s.witnesses), ", ")}
	if i.Alerts > 1 {
		said = append(said, l.Say("incident.seen", "Count", i.Alerts))
	}
	if i.Flaps > 0 {
		said = append(said, l.Say("incident.flaps", "Count", i.Flaps))
	}
	said = append(said, "#"+strconv.FormatInt(i.ID, 10))
	m.Line().Text(strings.Join(said, " · "))
	if !i.Verified {
		m.Line().Text("⚠️ " + l.Say("mail.unverified"))
	}
	if i.Doubted > 0 && i.State != store.Resolved {
		m.Line().Text("⚠️ " + l.Say("incident.doubted"))
	}
}

// shownNotes is how many notes a card shows, the newest; !why has them all.
const shownNotes = 3

// writeWords adds what people said: who is on it, until when it is silent, notes.
func (d *Desk) writeWords(m *text.Message, s standing, now time.Time) {
	acks := s.acks(now)
	if s.State == store.Resolved {
		acks = s.said(store.Ack)
	}
	for _, a := range acks {
		m.Line().Text(AckEmoji + " " + d.Holds(a, s.State != store.Resolved, now))
	}
	if h, silent := s.hush(now); silent && s.State != store.Resolved {
		m.Line().Text(SilenceEmoji + " " + d.Language.Say("incident.quiet", "When", d.Language.Clock(h.until, now), "Who", text.Person(h.who)))
		if h.reason != "" {
			m.Text(" · " + text.OneLine(text.Mask(h.reason), 100))
		}
	}
	notes := s.said(store.Note)
	for _, n := range notes[max(0, len(notes)-shownNotes):] {
		m.Line().Text("📝 " + d.Language.Say("incident.note", "Who", text.Person(n.Who), "Note", text.OneLine(text.Mask(n.Note), 300)))
	}
	if h, byHand := s.byHand(); byHand && h.Note != "" {
		m.Line().Text("📝 " + text.OneLine(text.Mask(h.Note), 300))
	}
}

// Holds says who took an incident on, and until when or since when.
func (d *Desk) Holds(a store.IncidentMark, open bool, now time.Time) string {
	l, now := d.Language, now.In(d.Location)
	if open && !a.Until.IsZero() {
		return l.Say("incident.held", "Who", text.Person(a.Who), "When", l.Clock(a.Until, now))
	}
	return l.Say("incident.taken", "Who", text.Person(a.Who), "When", l.Clock(a.At, now))
}

// writeMail writes the card of a mail that is no alert: what it is, who sent it,
// and its first lines.
func (d *Desk) writeMail(tx *store.Tx, r Reading, mail store.Mail) (cards.Content, error) {
	l, now := d.Language, tx.Now.In(d.Location)
	when := l.Clock(mail.Received, now)
	var m text.Message
	lines := r.FirstLines(8)
	from := text.OneLine(text.Mask(r.From), 120)
	if r.Kind == Plain {
		name := text.OneLine(text.Mask(sender(r.From)), 24)
		m.Text("✉️ ").Bold(d.subject(r, 60)).Text(" · " + name + " · " + when)
		from = strings.Trim(strings.TrimPrefix(from, name), "<> ") // nothing, without a name
	} else {
		m.Text("📄 ").Bold(d.source(r.source()) + " · " + text.OneLine(text.Mask(r.Thing), 40))
		if r.Fault != "" {
			m.Text(" · " + text.OneLine(r.Fault, 40))
		}
		m.Text(" · " + when)
		if subject := d.subject(r, 120); r.Thing != r.Subject && !strings.HasPrefix(lines, strings.TrimSuffix(subject, "…")) {
			m.Line().Text(subject)
		}
	}
	if err := d.writeVerdict(tx, &m, r, mail); err != nil {
		return cards.Content{}, err
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
	return cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: r.Kind == Plain}}, nil
}

// SourceName names the system that an incident comes from.
func (d *Desk) SourceName(source string) string { return d.source(source) }

// source names a system that watches: by the name that its rule has, or by that of its
// kind.
func (d *Desk) source(s string) string {
	if rule := ruleIn(s); rule != "" {
		return rule
	}
	if kind, own := strings.CutPrefix(s, ownPrefix); own {
		return d.ownSource(kind)
	}
	return d.known("mail.kind."+s, s)
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

package alerts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// How many names of what is broken, and of what is back, the card of a storm shows.
const (
	shownBroken = 12
	shownBack   = 6
)

// title is what people call an incident: its thing, or what the members of a storm have
// in common and how many there are.
func (d *Desk) title(s standing) string {
	if s.tally == nil {
		return text.OneLine(s.Thing, shownThing)
	}
	down, total := s.tally.Open(), s.tally.Total
	switch {
	case down == 0:
		return d.ofStorm(s.Incident, d.Language.Say("storm.things", "Count", total))
	case s.mild():
		return d.ofStorm(s.Incident, d.Language.Say("storm.things", "Count", down))
	case down < total:
		return d.ofStorm(s.Incident, d.Language.Say("storm.left", "Count", down, "Total", total))
	}
	return d.ofStorm(s.Incident, d.Language.Say("storm.down", "Count", total))
}

// NameOf is how an incident is called in a few words.
func (d *Desk) NameOf(i store.Incident) string {
	if IsStorm(i) {
		return d.ofStorm(i, d.Language.Say("storm.several"))
	}
	return text.OneLine(i.Thing, shownThing)
}

func (d *Desk) ofStorm(i store.Incident, what string) string {
	if i.Thing == "" {
		return what
	}
	return d.Language.Say("storm.of", "Name", text.OneLine(i.Thing, shownThing), "What", what)
}

// writeStorm writes the card of a storm: how many are down, which, and which are back.
func (d *Desk) writeStorm(tx *store.Tx, s standing) (content cards.Content, err error) {
	now := tx.Now.In(d.Location)
	s.State = s.state(now)
	var m text.Message
	if err := d.describeStorm(tx, &m, s); err != nil {
		return content, err
	}
	if s.State != store.Resolved {
		m.Line().Text(d.buttons(s))
		content.Seeds = []string{AckEmoji, SilenceEmoji, HandledEmoji}
	}
	held, err := wasHeld(tx, s.ID)
	rings := !held && (s.State == store.Firing || s.State == store.Acknowledged)
	content.Message = cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: rings}
	return content, err
}

func (d *Desk) describeStorm(tx *store.Tx, m *text.Message, s standing) error {
	now := tx.Now.In(d.Location)
	members, err := tx.StormMembers(s.ID)
	if err != nil {
		return err
	}
	var down, back []store.Incident
	sources := make(map[string]bool)
	for _, i := range lastOfEach(members) {
		names, err := namesIn(tx, i)
		if err != nil {
			return err
		}
		for _, name := range d.watchers(i, names) {
			sources[name] = true
		}
		if i.State == store.Resolved {
			back = append(back, i)
		} else {
			down = append(down, i)
		}
	}
	d.writeStormHead(m, s, now)
	switch {
	case len(down) == 0:
		m.Line().Text(d.listNames(back, shownBroken))
	case len(back) == 0:
		m.Line().Text(d.listNames(down, shownBroken))
	default:
		m.Line().Text(d.listNames(down, shownBroken))
		m.Line().Text("🟢 " + d.Language.Say("storm.back", "Count", len(back), "Names", d.listNames(back, shownBack)))
	}
	d.writeStormDetails(m, s, sources)
	d.writeWords(m, s, now)
	return nil
}

// lastOfEach leaves out the incidents about what has broken again since: a thing is down
// or back, not both.
func lastOfEach(all []store.Incident) []store.Incident {
	type thing struct{ source, name string }
	last := make(map[thing]int64)
	for _, i := range all {
		last[thing{i.Source, i.Thing}] = max(last[thing{i.Source, i.Thing}], i.ID)
	}
	return slices.DeleteFunc(slices.Clone(all), func(i store.Incident) bool { return i.ID < last[thing{i.Source, i.Thing}] })
}

// writeStormHead writes the first line of a storm, of which some are back.
func (d *Desk) writeStormHead(m *text.Message, s standing, now time.Time) {
	l, total, back := d.Language, s.tally.Total, s.tally.In[store.Resolved]
	handled, byHand := s.byHand()
	switch {
	case byHand:
		m.Text("✅ ").Bold(l.Say("incident.handled") + " · " + d.ofStorm(s.Incident, l.Say("storm.things", "Count", total)))
		m.Text(" · " + l.Say("incident.by", "Who", text.Person(handled.Who), "When", l.Clock(handled.At, now)))
		m.Text(" · " + l.Say("incident.lasted", "Time", l.Duration(handled.At.Sub(s.Since))))
	case s.State == store.Resolved && back < total:
		m.Text("🟢 ").Bold(d.ofStorm(s.Incident, l.Say("storm.partly", "Count", back, "Total", total))).Text(" · " + l.Say("storm.elsewhere"))
	case s.State == store.Resolved:
		m.Text("🟢 ").Bold(d.ofStorm(s.Incident, l.Say("storm.over", "Count", total))).Text(" · " + l.Clock(s.ResolvedAt, now))
		m.Text(" · " + l.Say("incident.lasted", "Time", l.Duration(s.ResolvedAt.Sub(s.Since))))
	default:
		mark, word := s.face()
		name := d.title(s)
		if s.State != store.Firing || s.mild() { // else the title says that it is down
			name = l.Say(word) + " · " + name
		}
		m.Text(mark + " ").Bold(name).Text(" · " + l.Say("incident.since", "When", l.Clock(s.Since, now)))
	}
}

// listNames lists incidents by the names of their things, not all when they are many.
func (d *Desk) listNames(all []store.Incident, limit int) string {
	var names []string
	for _, i := range all[:min(len(all), limit)] {
		names = append(names, text.OneLine(i.Thing, shownThing))
	}
	line := strings.Join(names, ", ")
	if more := len(all) - limit; more > 0 {
		line += " " + d.Language.Say("storm.more", "Count", more)
	}
	return line
}

func (d *Desk) writeStormDetails(m *text.Message, s standing, sources map[string]bool) {
	var said []string
	for name := range sources {
		said = append(said, name)
	}
	slices.Sort(said)
	said = append(said, d.Language.Say("storm.alerts", "Count", s.Alerts), "#"+strconv.FormatInt(s.ID, 10))
	m.Line().Text(strings.Join(said, " · "))
	if !s.Verified {
		m.Line().Text("⚠️ " + d.Language.Say("mail.unverified"))
	}
}

// partOf says which storm an incident is part of.
func (d *Desk) partOf(s standing) string {
	return "↪ " + d.Language.Say("incident.part-of", "ID", s.Storm)
}

package alerts

import (
	"slices"
	"strings"
	"time"

	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

const (
	// mostOutcomes is how many checks a phone has room for.
	mostOutcomes = 4
	// longAgo is how old a fault is when what is measured now may say little about it.
	longAgo = 30 * time.Minute
	// remembers is how far back it is counted how often the same thing broke.
	remembers = 90 * 24 * time.Hour
)

// writeEvidence writes what the checks say, the worst first, and the first time that an
// incident fires what was the last time.
func (d *Desk) writeEvidence(tx *store.Tx, s standing, w want, outcomes []checks.Outcome) (m text.Message, err error) {
	l, now := d.Language, tx.Now.In(d.Location)
	about := func(name string) bool { return IsOf(s.Thing, name) }
	sorted := slices.Clone(outcomes)
	slices.SortStableFunc(sorted, checks.WorstFirst)
	for _, o := range sorted[:min(mostOutcomes, len(sorted))] {
		checks.WriteEvidence(&m, l, o, about, now)
	}
	if more := len(sorted) - mostOutcomes; more > 0 {
		m.Text(l.Say("routine.more-evidence", "Count", more)).Line()
	}
	if said := s.saidLast(); len(sorted) > 0 && len(w.own) == 0 && now.Sub(said) > longAgo {
		m.Text("⚠️ " + l.Say("evidence.late", "When", l.Clock(said, now))).Line()
	}
	if w.Firing > 0 {
		return m, nil
	}
	return m, d.writeLastTime(tx, &m, s.Incident)
}

// saidLast is when it was last said that it is down. A webhook says so of now, whenever
// that began; a mail may have lain somewhere.
func (s standing) saidLast() (last time.Time) {
	if s.tally != nil {
		return s.Alerted // it is its members of which that was said
	}
	for _, w := range s.seen {
		switch {
		case w.What != store.Down:
		case w.Channel == store.Webhook, w.Channel == store.ByCheck:
			last = later(last, w.Received)
		default:
			last = later(last, w.At)
		}
	}
	return last
}

// IsOf reports whether a container, by its name, may be what a thing is or a part of it:
// composed ones are called after their project, as in "nextcloud-app-1".
func IsOf(thing, container string) bool {
	project := strings.FieldsFunc(container, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return Names(thing, container) || Names(container, thing) || len(project) > 1 && Names(thing, project[0])
}

// writeLastTime writes when the same thing broke before: how long that lasted, who was on
// it, how often it was lately, and the newest notes of the time.
func (d *Desk) writeLastTime(tx *store.Tx, m *text.Message, i store.Incident) error {
	before, known, err := tx.IncidentBefore(i)
	if err != nil || !known {
		return err
	}
	s, err := d.stands(tx, before)
	if err != nil {
		return err
	}
	times, err := tx.IncidentsBefore(i, tx.Now.Add(-remembers))
	if err != nil {
		return err
	}
	l, now := d.Language, tx.Now.In(d.Location)
	m.Text("🕘 ").Bold(l.Say("evidence.last", "When", d.longClock(before.Since, now)))
	if ended := s.ended(); !ended.IsZero() {
		m.Text(" · " + l.Say("evidence.lasted", "Time", l.Duration(ended.Sub(before.Since))))
	}
	if who := s.whoWasOnIt(); who != "" {
		m.Text(" · " + who)
	}
	if times > 1 {
		m.Text(" · " + l.Say("evidence.times", "Count", times))
	}
	if before.Fault != "" && before.Fault != i.Fault {
		m.Line().Text(l.Say("incident.was", "Fault", before.Fault))
	}
	d.writeNotes(m, s)
	return nil
}

// longClock is when something was that may have been years ago.
func (d *Desk) longClock(t, now time.Time) string {
	said := d.Language.Clock(t, now)
	if t = t.In(now.Location()); t.Year() != now.Year() && now.Sub(t) > remembers {
		return d.Language.Date(t) + t.Format(" 2006")
	}
	return said
}

// whoWasOnIt names who closed an incident, or else who had taken it on, as its card does.
func (s standing) whoWasOnIt() string {
	if m, byHand := s.byHand(); byHand {
		return HandledEmoji + " " + text.Person(m.Who)
	}
	var names []string
	for _, m := range s.said(store.Ack) {
		if name := text.Person(m.Who); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return AckEmoji + " " + strings.Join(names, ", ")
}

// writeNotes adds the newest notes of an incident, and last what was said on closing it.
func (d *Desk) writeNotes(m *text.Message, s standing) {
	notes := s.said(store.Note)
	if h, byHand := s.byHand(); byHand && h.Note != "" {
		notes = append(notes, h)
	}
	for _, n := range notes[max(0, len(notes)-shownNotes):] {
		m.Line().Text("📝 " + d.Language.Say("incident.note", "Who", text.Person(n.Who), "Note", text.OneLine(text.Mask(n.Note), 200)))
	}
}

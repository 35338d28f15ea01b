package alerts

import (
	"slices"
	"strings"
	"time"

	"ronde/store"
	"ronde/text"
)

// watchers names the systems that speak of an incident.
func (d *Desk) watchers(i store.Incident, witnesses []store.Witness) (names []string) {
	if !IsTie(i) {
		return []string{d.source(i.Source)}
	}
	for _, w := range witnesses {
		if name := d.source(w.Source); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// writeWitnesses says which sources saw that something tied is down, when, and by which
// ways if not by their own alone; and, while others hold that it is, which say that it is
// over.
func (d *Desk) writeWitnesses(m *text.Message, s standing, now time.Time) {
	var saw, over []string
	ways := 0
	for _, w := range s.witnesses {
		if when, by := firstDown(s.as(w).seen); len(by) > 0 {
			ways += len(by)
			saw = append(saw, d.witnessName(s, w)+" "+d.Language.Clock(when, now)+d.byWays(by))
		}
		if !w.EndedAt.IsZero() {
			over = append(over, d.witnessName(s, w)+" "+d.Language.Clock(w.EndedAt, now))
		}
	}
	if ways > 1 {
		m.Line().Text(d.Language.Say("incident.seen-by", "Channels", strings.Join(saw, ", ")))
	}
	if len(over) > 0 && s.State != store.Resolved {
		m.Line().Text("🟢 " + strings.Join(over, ", "))
	}
}

// firstDown returns when it was first heard that something is down, and the channels that
// said so, the first first.
func firstDown(seen []store.Sighting) (when time.Time, by []store.Channel) {
	for _, w := range seen {
		if w.What != store.Down || slices.Contains(by, w.Channel) {
			continue
		}
		if len(by) == 0 {
			when = w.Received
		}
		by = append(by, w.Channel)
	}
	return when, by
}

// byWays names channels, unless it is a webhook or a check alone: that is the system's own
// word.
func (d *Desk) byWays(channels []store.Channel) string {
	if len(channels) == 1 && (channels[0] == store.Webhook || channels[0] == store.ByCheck) {
		return ""
	}
	var names []string
	for _, c := range channels {
		names = append(names, d.known("incident.channel."+string(c), string(c)))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// witnessName names a source in a few words, with its name for the thing where it has
// several that are tied.
func (d *Desk) witnessName(s standing, w store.Witness) string {
	name := d.known("incident.channel."+w.Source, d.source(w.Source))
	if slices.ContainsFunc(s.witnesses, func(other store.Witness) bool { return other.Source == w.Source && other.Thing != w.Thing }) {
		return name + " " + text.OneLine(w.Thing, shownThing)
	}
	return name
}

// known returns the catalogue's sentence called id, or else another: what a source of
// later days is called, no catalogue knows.
func (d *Desk) known(id, other string) string {
	if said := d.Language.Say(id); said != id {
		return said
	}
	return text.OneLine(other, 40)
}

package pager

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

const (
	// shownTitle is how many runes of a title a phone shows.
	shownTitle = 70
	// shownThing is how many of them are at most for the thing.
	shownThing = 24
	// listed is how many incidents one page lists.
	listed = 10
)

// write writes what pages say that go out as one message, as things are now.
func (p *Pager) write(tx *store.Tx, pages []store.Page) (m message, err error) {
	first := pages[0]
	m.ID = fmt.Sprintf("ronde-%s-%d-%s", p.Store.Name(), first.Batch, first.What)
	m.Calm = first.What == store.PageUp
	incidents, err := incidentsOf(tx, pages)
	if err != nil {
		return m, err
	}
	now, since := tx.Now.In(p.Location), pages[len(pages)-1].Outage
	var lines []string
	switch {
	case len(incidents) == 0:
		m.Title, lines = p.writeOutage(first, now)
	case len(incidents) == 1:
		m.Title, lines = p.writeOne(incidents[0], m.Calm, now)
	default:
		m.Title, lines = p.writeMany(incidents, m.Calm, now)
	}
	if len(incidents) > 0 {
		lines = append(lines, "", p.Language.Say("page.away."+string(first.What), "Since", p.Language.Clock(since, now)))
	}
	if p.Config.Contact != "" && !m.Calm {
		lines = append(lines, p.Language.Say("page.contact", "Contact", p.Config.Contact))
	}
	if first.Doubts > 1 {
		m.Title = p.Language.Say("page.again", "Title", m.Title)
		lines = append(lines, p.Language.Say("page.twice"))
	}
	m.Body = strings.Join(append(lines, p.Language.Say("page.deaf")), "\n")
	return m, nil
}

// incidentsOf returns the incidents that some pages are about, each once, also one that has
// a page of its own beside that of its storm.
func incidentsOf(tx *store.Tx, pages []store.Page) (all []store.Incident, err error) {
	known := map[int64]bool{}
	for _, page := range pages {
		if page.Incident == 0 {
			continue
		}
		i, _, err := tx.Incident(page.Incident)
		if err != nil {
			return nil, err
		}
		parts, err := partsOf(tx, i, page.What)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if !known[part.ID] {
				known[part.ID] = true
				all = append(all, part)
			}
		}
	}
	return all, nil
}

// partsOf returns what a storm consists of, as far as a page is about it; anything else
// is itself.
func partsOf(tx *store.Tx, i store.Incident, what store.PageKind) ([]store.Incident, error) {
	if !alerts.IsStorm(i) {
		return []store.Incident{i}, nil
	}
	members, err := tx.StormMembers(i.ID)
	open := slices.DeleteFunc(slices.Clone(members), func(m store.Incident) bool { return m.State == store.Resolved })
	if err != nil || what == store.PageUp || len(open) == 0 {
		return members, err
	}
	return open, nil
}

// writeOne writes a page about one incident: first the state, the thing, the fault and
// since when, as its card does.
func (p *Pager) writeOne(i store.Incident, calm bool, now time.Time) (title string, lines []string) {
	title = p.headline(i, calm, now, shownTitle)
	lines = append(lines, clean(i.Thing, 300))
	if i.Fault != "" {
		lines = append(lines, clean(i.Fault, 600))
	}
	return title, append(lines, p.Source(i.Source)+" · #"+strconv.FormatInt(i.ID, 10))
}

// writeMany writes a page about several incidents, the oldest first.
func (p *Pager) writeMany(all []store.Incident, calm bool, now time.Time) (title string, lines []string) {
	slices.SortStableFunc(all, func(a, b store.Incident) int { return begun(a).Compare(begun(b)) })
	mark, key := "🔴 ", "page.several.down"
	if calm {
		mark, key = "🟢 ", "page.several.up"
	}
	title = mark + p.Language.Say(key, "Count", len(all)) + " · " + things(all)
	if !calm {
		when := " · " + p.Language.Say("incident.since", "When", p.Language.Clock(begun(all[0]), now))
		title = text.OneLine(title, shownTitle-len([]rune(when))) + when
	}
	for _, i := range all[:min(listed, len(all))] {
		lines = append(lines, p.headline(i, calm, now, 120)+" · #"+strconv.FormatInt(i.ID, 10))
	}
	if more := len(all) - listed; more > 0 {
		lines = append(lines, p.Language.Say("page.more", "Count", more))
	}
	return text.OneLine(title, shownTitle), lines
}

// things names what some incidents are about, the first few.
func things(all []store.Incident) string {
	var names []string
	for _, i := range all[:min(listed, len(all))] {
		names = append(names, clean(i.Thing, shownThing))
	}
	if len(all) > listed {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// headline writes an incident in one line of so many runes.
func (p *Pager) headline(i store.Incident, calm bool, now time.Time, most int) string {
	l := p.Language
	if calm {
		ended := i.ResolvedAt
		if ended.IsZero() {
			ended = now
		}
		return "🟢 " + l.Say("incident.resolved") + " · " + clean(i.Thing, shownThing) + " · " + l.Clock(ended, now) +
			" · " + l.Say("incident.lasted", "Time", l.Duration(ended.Sub(i.Since)))
	}
	mark, word := alerts.Face(i)
	begin := mark + " " + l.Say(word) + " · " + clean(i.Thing, shownThing)
	end := " · " + l.Say("incident.since", "When", l.Clock(begun(i), now))
	room := most - len([]rune(begin+end+" · "))
	if i.Fault == "" || room < 5 {
		return begin + end
	}
	return begin + " · " + clean(i.Fault, room) + end
}

// begun is since when an incident fires: if it was back in between, since then.
func begun(i store.Incident) time.Time {
	if i.RefiredAt.After(i.Since) {
		return i.RefiredAt
	}
	return i.Since
}

// writeOutage writes a page about nothing but the homeserver.
func (p *Pager) writeOutage(page store.Page, now time.Time) (title string, lines []string) {
	l := p.Language
	if page.What == store.PageUp {
		return "🟢 " + l.Say("page.back") + " · " + l.Clock(page.Decided, now) +
			" · " + l.Say("incident.lasted", "Time", l.Duration(page.Decided.Sub(page.Outage))), []string{l.Say("page.back-how")}
	}
	return "🔴 " + l.Say("page.outage") + " · " + l.Say("incident.since", "When", l.Clock(page.Outage, now)), []string{l.Say("page.outage-how")}
}

var link = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([^\s/?#]+)[^\s]*`)

// clean makes text from outside fit to be sent: one line, without secrets, and without
// links, which some mail servers open to look what is there.
func clean(s string, most int) string {
	return text.OneLine(link.ReplaceAllString(text.Mask(s), "$1"), most)
}

// told is by which roads something was said, each with its time: "ntfy 03:12, mail 03:13";
// "" for none. One that nobody is sure of says so.
func (p *Pager) told(pages []store.Page, what store.PageKind, now time.Time) string {
	var said []string
	for _, kind := range []string{"ntfy", "mail"} {
		if page, known := arrived(pages, kind, what); known {
			one := kind + " " + p.Language.Clock(page.At, now)
			if page.State == store.PageUnknown {
				one = p.Language.Say("page.note.unsure", "Road", one)
			}
			said = append(said, one)
		}
	}
	return strings.Join(said, ", ")
}

// arrived returns a page that arrived by a kind of road, or may have: the first that said
// what broke, better a sure one, and the last that said that it is over.
func arrived(pages []store.Page, kind string, what store.PageKind) (page store.Page, known bool) {
	var fit []store.Page
	for _, one := range pages {
		road, _, _ := strings.Cut(one.Road, " ")
		if road == kind && one.What == what && (one.State == store.PageSent || one.State == store.PageUnknown) {
			fit = append(fit, one)
		}
	}
	if len(fit) == 0 {
		return page, false
	}
	if what == store.PageUp {
		return slices.MaxFunc(fit, func(a, b store.Page) int { return a.At.Compare(b.At) }), true
	}
	return slices.MinFunc(fit, func(a, b store.Page) int {
		return cmp.Or(strings.Compare(string(a.State), string(b.State)), a.At.Compare(b.At)) // sent before unknown
	}), true
}

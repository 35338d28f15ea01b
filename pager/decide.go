package pager

import (
	"maps"
	"slices"
	"time"

	"ronde/alerts"
	"ronde/store"
)

// grace is how long the room has to show a new incident before it is paged, should the
// homeserver have come back just then.
const grace = 30 * time.Second

// matter is an incident, and what people know of it.
type matter struct {
	store.Incident              // zero for the homeserver itself
	burns          bool         // it is critical, and nobody has it
	over           bool         // and nothing else says so
	carded         bool         // the room has its card
	shown          bool         // the room shows it as it is
	pages          []store.Page // about it, oldest first
}

// step is something to store: a page that has to go out, or one that has not any more.
type step struct {
	incident int64
	road     string
	what     store.PageKind
	giveUp   int64 // the page that nobody needs; 0 for a new one
}

// survey reads everything that may have to be paged while the homeserver is out of reach.
func (p *Pager) survey(tx *store.Tx) (all []matter, err error) {
	known := map[int64]*matter{}
	open, err := tx.OpenIncidents()
	if err != nil {
		return nil, err
	}
	for _, i := range open {
		known[i.ID] = &matter{Incident: i}
	}
	if p.Config.Outage {
		known[0] = &matter{}
	}
	if err := readCards(tx, known); err != nil {
		return nil, err
	}
	if err := readPages(tx, known); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		all = append(all, *known[id])
	}
	return all, nil
}

// readCards notes what the room shows.
func readCards(tx *store.Tx, known map[int64]*matter) error {
	all, err := tx.CardsOfOpen(alerts.IncidentCard)
	if err != nil {
		return err
	}
	for _, c := range all {
		if m := known[c.Subject]; m != nil {
			m.carded = c.EventID != ""
			m.shown = m.carded && c.Sent >= c.Revision
		}
	}
	return nil
}

// readPages adds what was paged, also about what is over.
func readPages(tx *store.Tx, known map[int64]*matter) error {
	all, err := tx.PagesInQuestion()
	if err != nil {
		return err
	}
	for _, page := range all {
		if known[page.Incident] == nil {
			i, _, err := tx.Incident(page.Incident)
			if err != nil {
				return err
			}
			known[page.Incident] = &matter{Incident: i}
		}
		m := known[page.Incident]
		m.pages = append(m.pages, page)
	}
	return nil
}

// decide says what has to be done, now that the homeserver has been out of reach for long
// enough.
func (p *Pager) decide(now, since time.Time, all []matter) (steps []step) {
	known := map[int64]matter{}
	for n, m := range all {
		all[n].over = m.ID != 0 && m.State == store.Resolved
		all[n].burns = m.ID == 0 || m.State == store.Firing && p.Settings.IsCritical(m.Incident)
		known[m.ID] = all[n]
	}
	for _, m := range all {
		for _, r := range p.roads {
			one := m
			if m.Storm != 0 {
				one = m.within(known[m.Storm], since, r.name)
			}
			if s, due := one.decide(now, since, r.name); due {
				steps = append(steps, s)
			}
		}
	}
	return steps
}

// decide says what has to be done about one thing on one road. What broke is said once,
// until it is over, and that is said once; an incident whose end was said, or that the
// rooms know by now, is said again only after it rang again.
func (m matter) decide(now, since time.Time, road string) (s step, due bool) {
	s = step{incident: m.ID, road: road}
	last := lastOn(m.pages, road)
	switch {
	case last.State == store.PageTrying:
		return s, false
	case last.State == store.PageWaiting:
		s.giveUp = last.ID
		return s, m.burns != (last.What == store.PageDown)
	case isOpen(last):
		s.what = store.PageUp
		return s, m.over
	}
	s.what = store.PageDown
	fresh := now.Sub(m.RangAt) < grace && !now.Before(m.RangAt)
	return s, !fresh && m.speaks(since, last)
}

// speaks reports whether it has to be said that something burns, after the last page.
func (m matter) speaks(since time.Time, last store.Page) bool {
	return m.burns && m.unseen(since) && !isOpen(last) && (last.ID == 0 || m.RangAt.After(last.Decided))
}

// isOpen reports whether a page said that something burns, and nothing else was said since.
func isOpen(last store.Page) bool { return last.What == store.PageDown && last.Noted.IsZero() }

// within is what a member of a storm is on one road. The storm speaks for it, unless it
// said there all that it has to say before the member broke; the end of what is part of it
// it says with its own.
func (m matter) within(storm matter, since time.Time, road string) matter {
	began, last := m.began(), lastOn(storm.pages, road)
	said := last.State != store.PageWaiting && !storm.speaks(since, last)
	told := !began.After(last.At) // a page says how things are at its last attempt
	m.burns = m.burns && said && !told && !storm.shown && began.After(since)
	m.over = m.over && (last.ID == 0 || !last.Noted.IsZero())
	m.RangAt = began
	return m
}

// began is when an incident opened first, as far as that is known.
func (m matter) began() time.Time {
	if m.Flaps > 0 && m.Since.Before(m.OpenedAt) {
		return m.Since
	}
	return m.OpenedAt
}

// unseen reports whether the room does not know that it is burning: it never had the card,
// or something new came that an edit would have shown.
func (m matter) unseen(since time.Time) bool {
	switch {
	case !m.carded:
		return true
	case m.shown:
		return false
	}
	return m.RangAt.After(since) || m.Critical && m.Alerted.After(since)
}

// lastOn returns the last page that went out on a road, or may yet; a zero one for none.
func lastOn(pages []store.Page, road string) (last store.Page) {
	for _, page := range pages {
		if page.Road == road && page.State != store.PageDropped {
			last = page
		}
	}
	return last
}

// carryOut stores the steps, and reports whether something waits because of them.
func carryOut(tx *store.Tx, since time.Time, steps []step) (added bool, err error) {
	for _, s := range steps {
		if s.giveUp != 0 {
			err = tx.GiveUpPage(s.giveUp)
		} else {
			added, err = true, tx.AddPage(store.Page{Incident: s.incident, Road: s.road, What: s.what, Outage: since})
		}
		if err != nil {
			return false, err
		}
	}
	return added, nil
}

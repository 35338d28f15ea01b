package pager

import (
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
func (p *Pager) survey(tx *store.Tx, since time.Time) (all []matter, err error) {
	open, err := tx.OpenIncidents()
	if err != nil {
		return nil, err
	}
	pages, err := tx.PagesToNote()
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	for _, i := range open {
		known[i.ID] = true
		if !p.Settings.IsCritical(i) && !about(pages, i.ID) {
			continue
		}
		m, err := look(tx, i)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	for _, page := range pages {
		if known[page.Incident] {
			continue
		}
		known[page.Incident] = true
		i, _, err := tx.Incident(page.Incident)
		if err != nil {
			return nil, err
		}
		m, err := look(tx, i)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if p.Config.Outage && !known[0] {
		all = append(all, matter{})
	}
	return all, nil
}

func about(pages []store.Page, incident int64) bool {
	for _, page := range pages {
		if page.Incident == incident {
			return true
		}
	}
	return false
}

// look reads what people know of an incident.
func look(tx *store.Tx, i store.Incident) (m matter, err error) {
	m.Incident = i
	if m.pages, err = tx.PagesOf(i.ID); err != nil || i.ID == 0 {
		return m, err
	}
	card, known, err := tx.CardOf(alerts.IncidentCard, i.ID)
	m.carded = known && card.EventID != ""
	m.shown = m.carded && card.Sent >= card.Revision
	return m, err
}

// decide says what has to be done, now that the homeserver has been out of reach for long
// enough.
func (p *Pager) decide(now, since time.Time, all []matter) (steps []step) {
	for _, m := range all {
		for _, r := range p.roads {
			if s, due := p.decideOne(now, since, m, r.name); due {
				steps = append(steps, s)
			}
		}
	}
	return steps
}

// decideOne says what has to be done about one thing on one road. What broke is said once,
// until it is over, and that is said once; an incident whose end was said, or that the
// rooms know by now, is said again only after it rang again.
func (p *Pager) decideOne(now, since time.Time, m matter, road string) (s step, due bool) {
	s = step{incident: m.ID, road: road}
	last := lastOn(m.pages, road)
	burning := m.ID == 0 || m.State == store.Firing && p.Settings.IsCritical(m.Incident)
	switch {
	case last.State == store.PageTrying:
		return s, false
	case last.State == store.PageWaiting:
		s.giveUp = last.ID
		return s, burning != (last.What == store.PageDown)
	case last.What == store.PageDown && last.Noted.IsZero():
		s.what = store.PageUp
		return s, m.ID != 0 && m.State == store.Resolved
	}
	s.what = store.PageDown
	fresh := now.Sub(m.RangAt) < grace && !now.Before(m.RangAt)
	return s, burning && !fresh && m.unseen(since) && (last.ID == 0 || m.RangAt.After(last.Decided))
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

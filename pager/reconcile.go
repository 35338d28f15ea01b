package pager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// room is where the rooms' people look for incidents.
const room = "supervision"

// fewNotes is how many incidents each get a note under their card; more are told of in one
// notice, for a storm must not come twice.
const fewNotes = 3

// reconcile tells the rooms, once the homeserver is back, what was paged, and gives up
// what was not. It does all of that in one transaction, so that nothing is told twice.
func (p *Pager) reconcile(ctx context.Context) error {
	if p.idle {
		return nil
	}
	var done, noted, added bool
	err := p.Store.Update(ctx, func(tx *store.Tx) error {
		done, noted, added = false, false, false
		if err := p.giveUpWaiting(tx); err != nil {
			return err
		}
		pages, err := tx.PagesToNote()
		if err != nil || slices.ContainsFunc(pages, func(page store.Page) bool { return page.State == store.PageTrying }) {
			return err // its end is a matter of seconds
		}
		done = true
		for _, page := range pages {
			if err := tx.PageNoted(page.ID); err != nil {
				return err
			}
		}
		if added, err = p.sayBack(tx, pages); err != nil {
			return err
		}
		if noted, err = p.note(tx, pages); err != nil {
			return err
		}
		return keepAway(tx, time.Time{})
	})
	if err != nil {
		return err
	}
	if p.idle = done; done {
		p.away.kept = time.Time{}
	}
	if noted {
		p.Changed()
	}
	if added {
		p.wake()
	}
	return nil
}

// giveUpWaiting gives up what the rooms say by now.
func (p *Pager) giveUpWaiting(tx *store.Tx) error {
	pages, err := tx.PagesToNote()
	if err != nil {
		return err
	}
	for _, page := range pages {
		if page.State == store.PageWaiting {
			if err := tx.GiveUpPage(page.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// sayBack has those hear that the homeserver is back who heard that it was away. The rooms
// know that anyway.
func (p *Pager) sayBack(tx *store.Tx, pages []store.Page) (added bool, err error) {
	for _, page := range pages {
		if page.Incident != 0 || page.What != store.PageDown || page.State == store.PageDropped {
			continue
		}
		added = true
		if err := tx.AddPage(store.Page{Road: page.Road, What: store.PageUp, Outage: page.Outage, Noted: tx.Now}); err != nil {
			return false, err
		}
	}
	return added, nil
}

// note tells the rooms of what was paged.
func (p *Pager) note(tx *store.Tx, pages []store.Page) (noted bool, err error) {
	by := map[int64][]store.Page{}
	var told []int64
	for _, page := range pages {
		if page.Incident == 0 || page.State != store.PageSent && page.State != store.PageUnknown {
			continue
		}
		i, _, err := tx.Incident(page.Incident)
		if err != nil {
			return false, err
		}
		head := cmp.Or(i.Storm, page.Incident) // what is part of a storm has no card to stand under
		if by[head] == nil {
			told = append(told, head)
		}
		by[head] = append(by[head], page)
	}
	switch {
	case len(told) == 0:
		return false, nil
	case len(told) > fewNotes:
		return true, p.noteAll(tx, told, pages)
	}
	for _, incident := range told {
		if err := p.noteOne(tx, incident, by[incident]); err != nil {
			return false, err
		}
	}
	return true, nil
}

// noteOne says in the thread of an incident's card that it was paged. Nobody is rung: the
// card has just done that, or need not any more.
func (p *Pager) noteOne(tx *store.Tx, incident int64, pages []store.Page) error {
	card, known, err := tx.CardOf(alerts.IncidentCard, incident)
	if err != nil || !known {
		return err
	}
	l, now := p.Language, tx.Now.In(p.Location)
	var words text.Message
	words.Text("📟 " + l.Say("page.note.told", "Roads", p.told(pages, store.PageDown, now)))
	if ended := p.told(pages, store.PageUp, now); ended != "" {
		words.Text(" · " + l.Say("page.note.ended", "Roads", ended))
	}
	words.Line().Text(p.wasAway(pages, now))
	m := cards.Message{Plain: words.Plain(), HTML: words.HTML(), Thread: cards.TheCard}
	return p.Notices.AddUnder(tx, fmt.Sprintf("paged-%d", pages[0].ID), card, m)
}

// noteAll says in one notice that many incidents were paged.
func (p *Pager) noteAll(tx *store.Tx, told []int64, pages []store.Page) error {
	l, now := p.Language, tx.Now.In(p.Location)
	var names []string
	for _, id := range told[:min(listed, len(told))] {
		i, _, err := tx.Incident(id)
		if err != nil {
			return err
		}
		names = append(names, text.OneLine(text.Mask(i.Thing), shownThing)+" #"+fmt.Sprint(id))
	}
	if len(told) > listed {
		names = append(names, "…")
	}
	var words text.Message
	words.Text("📟 ").Bold(l.Say("page.note.many", "Count", len(told))).Text(" · " + l.Say("page.note.told", "Roads", p.told(pages, store.PageDown, now)))
	if ended := p.told(pages, store.PageUp, now); ended != "" {
		words.Text(" · " + l.Say("page.note.ended", "Roads", ended))
	}
	words.Line().Text(strings.Join(names, ", "))
	words.Line().Text(p.wasAway(pages, now))
	m := cards.Message{Plain: words.Plain(), HTML: words.HTML()}
	return p.Notices.AddNotice(tx, fmt.Sprintf("paged-%d", pages[0].ID), room, m)
}

func (p *Pager) wasAway(pages []store.Page, now time.Time) string {
	return p.Language.Say("page.note.away", "Since", p.Language.Clock(pages[0].Outage, now))
}

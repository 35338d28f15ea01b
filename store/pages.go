package store

import (
	"database/sql"
	"fmt"
	"time"
)

// PageKind is what a page says.
type PageKind string

// The kinds of page.
const (
	PageDown PageKind = "down"
	PageUp   PageKind = "up"
)

// PageState says how far a page is.
type PageState string

// The states of a page.
const (
	PageWaiting PageState = "waiting"
	PageTrying  PageState = "trying"  // an attempt was begun
	PageSent    PageState = "sent"    // whoever carries it has it
	PageUnknown PageState = "unknown" // it may have arrived, and is not tried again
	PageDropped PageState = "dropped" // nobody needs it any more, and it did not arrive
)

// Page is something that is said to people by another road than the rooms.
type Page struct {
	ID       int64
	Incident int64  // 0: it is about the homeserver itself
	Road     string // by its name
	What     PageKind
	Outage   time.Time // since when the homeserver was out of reach
	Decided  time.Time
	State    PageState
	Batch    int64     // the first of the pages that go out as one message; 0 before their first attempt
	Doubts   int       // how many attempts may have arrived, or not
	At       time.Time // the last attempt; zero before the first
	Noted    time.Time // when the rooms got to know of it; zero while they do not
}

// AddPage stores that something has to be said. p.Noted is kept; the rest of what
// becomes of it begins anew.
func (tx *Tx) AddPage(p Page) error {
	incident := sql.NullInt64{Int64: p.Incident, Valid: p.Incident != 0}
	_, err := tx.exec("INSERT INTO pages (incident_id, road, what, outage, decided_at, noted_at) VALUES (?, ?, ?, ?, ?, ?)",
		incident, p.Road, p.What, ms(p.Outage), ms(tx.Now), ms(p.Noted))
	if err != nil {
		return fmt.Errorf("store a page about incident %d: %w", p.Incident, err)
	}
	return nil
}

// PagesInQuestion returns the pages about incidents that are not resolved, and those that
// the rooms do not know of yet, oldest first.
func (tx *Tx) PagesInQuestion() ([]Page, error) {
	pages, err := many(tx, scanPage, selectPage+`WHERE noted_at = 0
		UNION `+selectPage+`WHERE incident_id IN (SELECT id FROM incidents WHERE state <> 'resolved') ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read what was paged: %w", err)
	}
	return pages, nil
}

// PagesOf returns the pages about an incident, oldest first: its own, and those about the
// storms that it was part of at the time.
func (tx *Tx) PagesOf(incident int64) ([]Page, error) {
	pages, err := many(tx, scanPage, selectPage+`WHERE incident_id = ?1 UNION ALL `+selectPage+`WHERE incident_id IN (SELECT storm_id
		FROM storm_members m WHERE m.incident_id = ?1 AND decided_at >= joined_at AND (left_at IS NULL OR decided_at < left_at)) ORDER BY id`, incident)
	if err != nil {
		return nil, fmt.Errorf("read what was paged of incident %d: %w", incident, err)
	}
	return pages, nil
}

// CardsOfOpen returns the cards of one kind that mirror incidents that are not resolved.
func (tx *Tx) CardsOfOpen(kind string) ([]Card, error) {
	cards, err := many(tx, scanCard, selectCard+"WHERE kind = ? AND subject IN (SELECT id FROM incidents WHERE state <> 'resolved')", kind)
	if err != nil {
		return nil, fmt.Errorf("read the cards of open incidents: %w", err)
	}
	return cards, nil
}

// PagesToNote returns the pages that the rooms do not know of yet, oldest first.
func (tx *Tx) PagesToNote() ([]Page, error) {
	pages, err := many(tx, scanPage, selectPage+"WHERE noted_at = 0 ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read the pages that the rooms do not know: %w", err)
	}
	return pages, nil
}

// TryPages returns what a road has to say next as one message, and stores that it is
// attempted: what broke before what is over; those whose earlier attempt failed as they
// were then, else all that wait.
func (tx *Tx) TryPages(road string) ([]Page, error) {
	first, known, err := one(tx, scanPage, selectPage+"WHERE road = ? AND state = 'waiting' ORDER BY what, id LIMIT 1", road)
	if err != nil || !known {
		return nil, wrapTry(road, err)
	}
	if first.Batch == 0 {
		_, err = tx.exec("UPDATE pages SET batch = ? WHERE road = ? AND state = 'waiting' AND batch = 0 AND what = ?", first.ID, road, first.What)
		first.Batch = first.ID
	}
	if err == nil {
		_, err = tx.exec("UPDATE pages SET state = 'trying', doubts = doubts + 1, at = ? WHERE road = ? AND state = 'waiting' AND batch = ?", ms(tx.Now), road, first.Batch)
	}
	if err != nil {
		return nil, wrapTry(road, err)
	}
	pages, err := many(tx, scanPage, selectPage+"WHERE batch = ? AND state = 'trying' ORDER BY id", first.Batch)
	return pages, wrapTry(road, err)
}

func wrapTry(road string, err error) error {
	if err != nil {
		return fmt.Errorf("store an attempt by %s: %w", road, err)
	}
	return nil
}

// PageArrived stores that the attempt of a batch reached whoever carries it.
func (tx *Tx) PageArrived(batch int64) error {
	return tx.endTry(batch, "state = 'sent'")
}

// PageFailed stores that the attempt of a batch certainly did not arrive. It is tried
// again.
func (tx *Tx) PageFailed(batch int64) error {
	return tx.endTry(batch, "state = 'waiting', doubts = doubts - 1")
}

// PageInDoubt stores that nobody knows whether the attempt of a batch arrived. It is
// tried again unless that is the second such attempt.
func (tx *Tx) PageInDoubt(batch int64) error {
	return tx.endTry(batch, "state = CASE WHEN doubts > 1 THEN 'unknown' ELSE 'waiting' END")
}

func (tx *Tx) endTry(batch int64, how string) error {
	if _, err := tx.exec("UPDATE pages SET "+how+" WHERE batch = ? AND state = 'trying'", batch); err != nil {
		return fmt.Errorf("store the end of attempt %d to page: %w", batch, err)
	}
	return nil
}

// PagesInDoubt is PageInDoubt for all attempts whose end was never stored, as those of
// a process that was killed.
func (tx *Tx) PagesInDoubt() error {
	_, err := tx.exec("UPDATE pages SET state = CASE WHEN doubts > 1 THEN 'unknown' ELSE 'waiting' END WHERE state = 'trying'")
	if err != nil {
		return fmt.Errorf("take over attempts to page: %w", err)
	}
	return nil
}

// GiveUpPage stores that a page that waits is not tried any more.
func (tx *Tx) GiveUpPage(id int64) error {
	_, err := tx.exec("UPDATE pages SET state = CASE WHEN doubts > 0 THEN 'unknown' ELSE 'dropped' END WHERE id = ? AND state = 'waiting'", id)
	if err != nil {
		return fmt.Errorf("give up page %d: %w", id, err)
	}
	return nil
}

// GiveUpReturns is GiveUpPage for what says that the homeserver is back: it is away again.
func (tx *Tx) GiveUpReturns() error {
	_, err := tx.exec(`UPDATE pages SET state = CASE WHEN doubts > 0 THEN 'unknown' ELSE 'dropped' END
		WHERE state = 'waiting' AND what = 'up' AND incident_id IS NULL`)
	if err != nil {
		return fmt.Errorf("give up saying that the homeserver is back: %w", err)
	}
	return nil
}

// PageNoted stores that the rooms know of a page.
func (tx *Tx) PageNoted(id int64) error {
	if _, err := tx.exec("UPDATE pages SET noted_at = ? WHERE id = ?", ms(tx.Now), id); err != nil {
		return fmt.Errorf("store that page %d is known: %w", id, err)
	}
	return nil
}

const selectPage = `SELECT id, coalesce(incident_id, 0), road, what, outage, decided_at, state, batch, doubts, at, noted_at FROM pages `

func scanPage(row scanner) (p Page, err error) {
	var outage, decided, when, noted sql.NullInt64
	err = row.Scan(&p.ID, &p.Incident, &p.Road, &p.What, &outage, &decided, &p.State, &p.Batch, &p.Doubts, &when, &noted)
	p.Outage, p.Decided, p.At, p.Noted = at(outage), at(decided), at(when), at(noted)
	return p, err
}

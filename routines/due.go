package routines

import (
	"cmp"
	"slices"
	"time"

	"ronde/text"
)

// Done is a completion that is not undone.
type Done struct {
	At time.Time
	By string // the person's Matrix id; empty if nobody in person
}

// Facts is all that a decision needs to know of a routine's history.
type Facts struct {
	// Last is the latest completion that is not undone, the zero Done if there
	// is none. Latest by Done.At, not by when it was recorded.
	Last Done
	// Since is when the routine became known; nothing was due before. Zero counts
	// as the time of the question.
	Since time.Time
}

// Due is one time that a routine is due, by now or in days to come.
type Due struct {
	Routine string         `json:"routine"` // its key
	Title   text.Localized `json:"title"`
	// Due is the instant, in the local zone.
	Due time.Time `json:"due"`
	// Late is how many local days ago that was: 0 until the next midnight.
	Late int `json:"late"`
	// Missed counts the dates of a calendar cadence before Due that no completion
	// covers. They are not asked for any more.
	Missed int `json:"missed"`
}

// Next returns the first instant at which the cadence is due, given the last
// completion (zero: never) and when the routine became known. It is in loc, never
// before c.Start or, without one, since, and always after last, but it may be long past.
//
// An Every is due on the last day of its window, counted from the local day of the
// completion, whatever the hour; without a completion it is due at the first c.At
// from since on.
//
// A calendar date is covered by a completion after it, and by one shortly before
// it: within a quarter of the time since the date before. So the chore of Monday
// 09:00 may be done from Saturday 15:00 on (42 hours, a quarter of a week) without
// being asked again, while doing it once more on a Tuesday leaves the next Monday
// alone. For a day of the month the quarter is about a week, and with
// several weekdays it follows each gap: 6 hours for the Tuesday after a Monday.
func Next(c Cadence, last, since time.Time, loc *time.Location) time.Time {
	if c.rolls() {
		return c.nextRolling(last, c.floor(since, loc), loc)
	}
	return c.on(c.nextDate(last, c.floor(since, loc), loc), loc)
}

// floor is the instant before which nothing is due: the configured start, also
// when it is long past, or else when the routine became known.
func (c Cadence) floor(since time.Time, loc *time.Location) time.Time {
	if c.Start == (Date{}) {
		return since
	}
	return c.Start.at(NewClock(0, 0), loc)
}

func (c Cadence) nextRolling(last, floor time.Time, loc *time.Location) time.Time {
	first := c.after(DateOf(floor.In(loc)), floor.Add(-1), loc)
	if last.IsZero() {
		return first
	}
	return later(first, c.after(DateOf(last.In(loc)).Add(c.Every.Last), last, loc))
}

// after returns the time that the cadence has on day d, or on the first day after
// d on which that is later than t. The search ends at once but for a zone that
// sets its clocks back over midnight, where a day can return.
func (c Cadence) after(d Date, t time.Time, loc *time.Location) time.Time {
	for !c.on(d, loc).After(t) {
		d = d.Add(1)
	}
	return c.on(d, loc)
}

// nextDate returns the first calendar date from floor on that last does not cover.
func (c Cadence) nextDate(last, floor time.Time, loc *time.Location) Date {
	d := c.onOrAfter(DateOf(later(floor, last).In(loc)).Add(-1))
	for c.on(d, loc).Before(floor) || c.covers(last, d, loc) {
		d = c.onOrAfter(d.Add(1))
	}
	return d
}

// covers reports whether a completion counts for calendar date d; see Next.
func (c Cadence) covers(done time.Time, d Date, loc *time.Location) bool {
	if done.IsZero() {
		return false
	}
	const quarterDay = 24 * time.Hour / 4
	gap := d.Sub(c.onOrBefore(d.Add(-1)))
	return c.on(d, loc).Sub(done) <= time.Duration(gap)*quarterDay
}

// DueNow returns what should be open at now, sorted by due date and key: at most
// one entry for each routine. For a calendar cadence that is the latest date that
// no completion covers, and the ones before it are counted as missed. A routine
// that facts does not hold is taken as known since now.
//
// The answer depends on now only through dates being past, so a clock that was
// set back makes nothing due a second time: the same entry has the same Due.
func DueNow(routines []Routine, facts map[string]Facts, now time.Time, loc *time.Location) []Due {
	due := []Due{}
	for _, r := range routines {
		if d, ok := dueNow(r, facts[r.Key].known(now), now, loc); ok {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, byTime)
	return due
}

func dueNow(r Routine, f Facts, now time.Time, loc *time.Location) (Due, bool) {
	due, missed := r.latest(f, now, loc)
	if due.After(now) {
		return Due{}, false
	}
	late := max(0, DateOf(now.In(loc)).Sub(DateOf(due)))
	return Due{Routine: r.Key, Title: r.Title, Due: due, Late: late, Missed: missed}, true
}

// latest returns the latest date up to now that f leaves uncovered, and the number
// of uncovered dates before it; or the next date if there is none by now.
func (c Cadence) latest(f Facts, now time.Time, loc *time.Location) (due time.Time, missed int) {
	if c.rolls() {
		return Next(c, f.Last.At, f.Since, loc), 0
	}
	next := c.nextDate(f.Last.At, c.floor(f.Since, loc), loc)
	if c.on(next, loc).After(now) {
		return c.on(next, loc), 0
	}
	latest := c.onOrBefore(DateOf(now.In(loc)).Add(1))
	for c.on(latest, loc).After(now) {
		latest = c.onOrBefore(latest.Add(-1))
	}
	for d := next; d.Before(latest); d = c.onOrAfter(d.Add(1)) {
		missed++
	}
	return c.on(latest, loc), missed
}

// known fills in when a routine became known, if nothing tells.
func (f Facts) known(now time.Time) Facts {
	if f.Since.IsZero() {
		f.Since = now
	}
	return f
}

func byTime(a, b Due) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Routine, b.Routine))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

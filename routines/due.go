package routines

import (
	"cmp"
	"slices"
	"time"

	"ronde/text"
)

// Done is a completion or a skip that is not undone.
type Done struct {
	At time.Time
	By string // the person's Matrix id; empty if nobody in person
}

// Facts is all that a decision needs to know of a routine's history.
type Facts struct {
	// Last is the latest completion or skip that counts, the zero Done if there is
	// none. Latest by Done.At, not by when it was recorded.
	Last Done
	// Since is when the routine became known; nothing was due before. Zero counts
	// as the time of the question.
	Since time.Time
	// Reading is what the routine's own check last said; zero for routines without
	// When or Expires.
	Reading Reading
}

// Reading is what a check said of the fact that a routine depends on.
type Reading struct {
	// At is when it was last measured successfully; zero is never.
	At time.Time
	// Holds is whether the condition of a When holds, and Since is since when, as
	// far as it was measured.
	Holds bool
	Since time.Time
	// Until is the date that was read for an Expires; zero when it is not known.
	Until time.Time
}

// Due is one time that a routine is due, by now or in days to come.
type Due struct {
	Routine string         `json:"routine"` // its key
	Title   text.Localized `json:"title"`
	// Opens is from when on it may be done: the same as Due, or earlier with a
	// window of days.
	Opens time.Time `json:"opens"`
	// Due is the instant, in the local zone.
	Due time.Time `json:"due"`
	// Deadline is the last local day on which it should be done; the zero Date is
	// none.
	Deadline Date `json:"deadline,omitzero"`
	// Late is how many local days ago the deadline was, or without one the due date: 0
	// until the midnight after.
	Late int `json:"late"`
	// Missed counts the dates of a calendar cadence before Due that no completion
	// covers. They are not asked for any more.
	Missed int `json:"missed"`
}

// DueNow returns what should be open at now, sorted by due date and key: at most
// one entry for each routine. For a calendar cadence that is the latest date that
// no completion covers, and the ones before it are counted as missed. A routine
// that facts does not hold is taken as known since now.
//
// Among them are the routines whose window is open although they are not due yet:
// their Due is after now.
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
	opens, due, ok := r.next(f, loc)
	if !ok || opens.After(now) {
		return Due{}, false
	}
	var missed []time.Time
	if !r.rolls() {
		due, missed = r.latest(f, now, loc)
		opens = due
	}
	d := r.whole(opens, due, f, loc)
	d.Late, d.Missed = lateness(due, d.Deadline, now, loc), len(missed)
	return d, true
}

// Missed returns the dates of a calendar cadence before the one that is due at now
// which f leaves uncovered, oldest first; see [Due].
func Missed(r Routine, f Facts, now time.Time, loc *time.Location) []time.Time {
	if opens, _, ok := r.next(f, loc); !ok || opens.After(now) || r.rolls() {
		return nil
	}
	_, missed := r.latest(f, now, loc)
	return missed
}

// lateness is how many local days have passed since a deadline, or without one since a
// due date.
func lateness(due time.Time, deadline Date, now time.Time, loc *time.Location) int {
	if deadline == (Date{}) {
		deadline = DateOf(due.In(loc))
	}
	return max(0, DateOf(now.In(loc)).Sub(deadline))
}

// latest returns the latest calendar date up to now, and the dates before it that f
// leaves uncovered. There must be one that is due by now.
func (c Cadence) latest(f Facts, now time.Time, loc *time.Location) (due time.Time, missed []time.Time) {
	next, _ := c.uncovered(f, loc)
	latest, _ := c.onOrBefore(DateOf(now.In(loc)).Add(1))
	for c.on(latest, loc).After(now) {
		latest, _ = c.onOrBefore(latest.Add(-1))
	}
	for d := next; d.Before(latest); d, _ = c.onOrAfter(d.Add(1)) {
		missed = append(missed, c.on(d, loc))
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

package routines

import (
	"slices"
	"time"
)

// Agenda returns what is due at from, overdue first, and every date after it up to
// the same time of day days local days later, both ends included; sorted by time
// and then key. It supposes that what is open is done at from and everything else
// when it falls due; what may be done already but is not due yet stands there at its
// Due.
//
// A routine that facts does not hold is taken as known since from. The result is
// never nil, so that it is an array in JSON too.
func Agenda(routines []Routine, facts map[string]Facts, from time.Time, days int, loc *time.Location) []Due {
	due, end := []Due{}, addDays(from, days, loc)
	for _, r := range routines {
		due = append(due, r.ahead(facts[r.Key].known(from), from, end, loc)...)
	}
	slices.SortFunc(due, byTime)
	return due
}

// ahead returns the dates of one routine from what is open at from up to end.
func (r Routine) ahead(f Facts, from, end time.Time, loc *time.Location) []Due {
	var due []Due
	if open, ok := dueNow(r, f, from, loc); ok && !open.Due.After(from) {
		due, f.Last.At = append(due, open), open.Due
		if r.rolls() {
			f.Last.At = from // the calendar does not move when its chore is done late
		}
	}
	for {
		next, ok := Upcoming(r, f, loc)
		if !ok || next.Due.After(end) {
			return due
		}
		due, f.Last.At = append(due, next), next.Due
	}
}

// addDays returns the instant at which the wall clock shows the same time n days
// later, or t if n is not positive.
func addDays(t time.Time, n int, loc *time.Location) time.Time {
	if n <= 0 {
		return t
	}
	local := t.In(loc)
	_, offset := local.Zone()
	wall := local.UTC().Add(time.Duration(offset) * time.Second)
	return resolveWall(wall.AddDate(0, 0, n), loc)
}

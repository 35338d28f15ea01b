package routines

import "time"

// Next returns the first instant at which the cadence is due. It is in loc, never
// before c.Start or, without one, f.Since, and always after the last completion, but
// it may be long past. ok is false when nothing says that it will ever be due: a
// rule that has ended, a condition that does not hold, a date that was never read.
//
// An Every is due on the last day of its window, counted from the local day of the
// completion, whatever the hour; without a completion it is due at the first c.At
// from f.Since on.
//
// A calendar date is covered by a completion after it, and by one shortly before
// it: within a quarter of the time since the date before. So the chore of Monday
// 09:00 may be done from Saturday 15:00 on (42 hours, a quarter of a week) without
// being asked again, while doing it once more on a Tuesday leaves the next Monday
// alone. For a day of the month the quarter is about a week, and with
// several weekdays it follows each gap: 6 hours for the Tuesday after a Monday.
//
// A When is due at the first c.At after its condition began to hold. When it was
// done since, it is due again only if a reading taken after that still says that the
// condition holds, and not before the next day.
//
// An Expires is due on each of the days that c.Warn names before f.Reading.Until,
// and at last when that has passed; a completion covers the ones before it. After a
// completion later than that it is due as a When is, if it is still the same date
// that is read.
//
// Days that are not allowed and quiet hours move all of these forward.
func Next(c Cadence, f Facts, loc *time.Location) (due time.Time, ok bool) {
	_, due, ok = c.next(f, loc)
	return due, ok
}

// Upcoming is Next, whole.
func Upcoming(r Routine, f Facts, loc *time.Location) (Due, bool) {
	opens, due, ok := r.next(f, loc)
	if !ok {
		return Due{}, false
	}
	return r.whole(opens, due, f, loc), true
}

// whole returns what is due at an instant, with its deadline.
func (r Routine) whole(opens, due time.Time, f Facts, loc *time.Location) Due {
	return Due{Routine: r.Key, Title: r.Title, Opens: opens, Due: due, Deadline: r.deadline(due, f, loc)}
}

// next is Next, with the instant from which on it may be done.
func (c Cadence) next(f Facts, loc *time.Location) (opens, due time.Time, ok bool) {
	switch {
	case c.Every != (Window{}):
		opens, due = c.nextWindow(f, loc)
		return opens, due, true
	case c.When != "":
		due, ok = c.nextHeld(f, loc)
	case c.Expires != "":
		due, ok = c.nextExpiry(f, loc)
	default:
		due, ok = c.nextDate(f, loc)
	}
	return due, due, ok
}

// floor is the instant before which nothing is due: the configured start, also
// when it is long past, or else when the routine became known.
func (c Cadence) floor(f Facts, loc *time.Location) time.Time {
	if c.Start == (Date{}) {
		return f.Since
	}
	return c.Start.at(NewClock(0, 0), loc)
}

// post returns the first instant from t on at which something may fall due.
func (c Cadence) post(t time.Time, loc *time.Location) time.Time {
	return c.after(DateOf(t.In(loc)).Add(-c.reach()), t.Add(-1), loc)
}

// after returns the time that the cadence has on day d, or on the first day after
// d on which that is later than t.
func (c Cadence) after(d Date, t time.Time, loc *time.Location) time.Time {
	for !c.on(d, loc).After(t) {
		d = d.Add(1)
	}
	return c.on(d, loc)
}

func (c Cadence) nextWindow(f Facts, loc *time.Location) (opens, due time.Time) {
	first := c.post(c.floor(f, loc), loc)
	if f.Last.At.IsZero() {
		return first, first
	}
	done := DateOf(f.Last.At.In(loc))
	opens = c.after(done.Add(c.Every.First), f.Last.At, loc)
	due = c.after(done.Add(c.Every.Last), f.Last.At, loc)
	return later(first, opens), later(first, due)
}

func (c Cadence) nextHeld(f Facts, loc *time.Location) (due time.Time, ok bool) {
	if !f.Reading.Holds {
		return time.Time{}, false
	}
	first := c.post(later(f.Reading.Since, c.floor(f, loc)), loc)
	if f.Last.At.IsZero() || f.Last.At.Before(f.Reading.Since) {
		return first, true
	}
	return c.contradicted(first, f, loc)
}

// contradicted returns when to ask again for what was done, because a reading after
// the completion says that it was not: not before first and not on the same day,
// since a check may need some time to notice.
func (c Cadence) contradicted(first time.Time, f Facts, loc *time.Location) (due time.Time, ok bool) {
	if !f.Reading.At.After(f.Last.At) {
		return time.Time{}, false
	}
	return later(first, c.after(DateOf(f.Last.At.In(loc)).Add(1), f.Last.At, loc)), true
}

func (c Cadence) nextExpiry(f Facts, loc *time.Location) (due time.Time, ok bool) {
	until := f.Reading.Until
	if until.IsZero() {
		return time.Time{}, false
	}
	first := c.post(c.floor(f, loc), loc)
	for _, ahead := range c.aheads() {
		if due := c.on(DateOf(until.In(loc)).Add(-ahead.Days), loc); due.After(f.Last.At) {
			return later(first, due), true
		}
	}
	if f.Last.At.Before(until) {
		return later(first, c.post(until, loc)), true
	}
	return c.contradicted(first, f, loc)
}

// nextDate returns when the first calendar date is due that the last completion
// does not cover.
func (c Cadence) nextDate(f Facts, loc *time.Location) (due time.Time, ok bool) {
	d, ok := c.uncovered(f, loc)
	if !ok {
		return time.Time{}, false
	}
	return c.on(d, loc), true
}

func (c Cadence) uncovered(f Facts, loc *time.Location) (d Date, ok bool) {
	floor := c.floor(f, loc)
	d, ok = c.onOrAfter(DateOf(later(floor, f.Last.At).In(loc)).Add(-c.reach()))
	for ok && (c.on(d, loc).Before(floor) || c.covers(f.Last.At, d, loc)) {
		d, ok = c.onOrAfter(d.Add(1))
	}
	return d, ok
}

// covers reports whether a completion counts for calendar date d; see Next.
func (c Cadence) covers(done time.Time, d Date, loc *time.Location) bool {
	if done.IsZero() {
		return false
	}
	const quarterDay = 24 * time.Hour / 4
	return c.on(d, loc).Sub(done) <= time.Duration(c.gap(d, loc))*quarterDay
}

// gap returns how many days after the date before it calendar date d falls due. The
// first one of a rule goes by the one after it, and its only one by a week.
func (c Cadence) gap(d Date, loc *time.Location) int {
	day := func(d Date) Date { return DateOf(c.on(d, loc)) }
	if before, ok := c.onOrBefore(d.Add(-1)); ok {
		return day(d).Sub(day(before))
	}
	if after, ok := c.onOrAfter(d.Add(1)); ok {
		return day(after).Sub(day(d))
	}
	return 7
}

package routines

import (
	"slices"
	"time"
)

// Cadence says when a routine is due. Exactly one of Every, Weekly, Monthly, Rule,
// When and Expires is set.
//
// Every counts from the last completion, so doing the chore late moves the next
// date. Weekly, Monthly and Rule are dates of the calendar and stay where they are.
// When and Expires follow what a check says.
type Cadence struct {
	// Every is a number of local days after the day of the last completion.
	Every Window `toml:"every"`
	// Weekly are the days of the week, in any order.
	Weekly []Weekday `toml:"weekly"`
	// Monthly is the day of the month, its last, or its n-th weekday.
	Monthly MonthDay `toml:"monthly"`
	// Rule is any other calendar.
	Rule Rule `toml:"rrule"`
	// When is the reference of a check, "reboot antigone"; it is due while that
	// says so.
	When string `toml:"when"`
	// Expires is the reference of a check that reads a date, "oauth intra"; it is
	// due before that date, as Warn says.
	Expires string `toml:"expires"`

	// At is the local time of day of each due date; 09:00 when not set.
	At Clock `toml:"at"`
	// Start is the first day on which it can be due, past or to come; zero counts
	// from when the routine became known.
	Start Date `toml:"start"`
	// Days are the days of the week on which it may be posted; none is every day.
	// A date on another day moves to the next of them.
	Days []Weekday `toml:"days"`
	// Quiet are the hours in which it is not posted; what falls due then is due
	// when they end.
	Quiet Quiet `toml:"quiet"`
	// By is the deadline, seen from the due date.
	By By `toml:"by"`
	// Warn is how long before the deadline it is said again. When empty it is one
	// day with By, and 14, 7 and 1 days with Expires, where the first of them is
	// the due date.
	Warn []Ahead `toml:"warn"`
}

// Equal reports whether both make the same dates.
func (c Cadence) Equal(d Cadence) bool { return c.String() == d.String() }

// rolls reports whether what is due stays due on its date until it is done, while
// a date of the calendar is replaced by the next.
func (c Cadence) rolls() bool { return c.Every != (Window{}) || c.When != "" || c.Expires != "" }

// on returns the instant at which what belongs to a day falls due: at c.At on the
// first allowed day from d on, outside of the quiet hours. When those end on a day
// that is not allowed, it is their end on the next that is.
func (c Cadence) on(d Date, loc *time.Location) time.Time {
	t := c.Quiet.End(c.allowed(d).at(c.At, loc), loc)
	for day := DateOf(t); !c.allows(day); day = DateOf(t) {
		t = c.Quiet.End(c.allowed(day).at(NewClock(0, 0), loc), loc)
	}
	return t
}

// reach is how many days after a date of the calendar it can fall due at most: the
// quiet hours move it by one, and then the allowed days by some more.
func (c Cadence) reach() int {
	if c.Quiet == (Quiet{}) && len(c.Days) == 0 {
		return 1
	}
	return 9
}

func (c Cadence) allows(d Date) bool {
	return len(c.Days) == 0 || slices.Contains(c.Days, Weekday{d.weekday()})
}

// allowed returns the first allowed day from d on.
func (c Cadence) allowed(d Date) Date {
	for range 6 {
		if c.allows(d) {
			return d
		}
		d = d.Add(1)
	}
	return d
}

// lastAllowed returns the last allowed day up to d.
func (c Cadence) lastAllowed(d Date) Date {
	for range 6 {
		if c.allows(d) {
			return d
		}
		d = d.Add(-1)
	}
	return d
}

// onOrAfter returns the first date of the calendar from d on, moved to an allowed
// day; ok is false when there is none. Every search for a date goes through it and
// onOrBefore. Dates that move onto the same day are one.
func (c Cadence) onOrAfter(d Date) (date Date, ok bool) {
	// What moves to d or later lies after the last allowed day before d.
	date, ok = c.calendarFrom(c.lastAllowed(d.Add(-1)).Add(1))
	return c.allowed(date), ok
}

// onOrBefore returns the last date up to d.
func (c Cadence) onOrBefore(d Date) (date Date, ok bool) {
	date, ok = c.calendarUpTo(c.lastAllowed(d))
	return c.allowed(date), ok
}

// calendarFrom returns the first date from d on, as it stands in the calendar.
func (c Cadence) calendarFrom(d Date) (Date, bool) {
	switch {
	case c.Rule.isSet():
		return c.Rule.onOrAfter(c.Start, d)
	case len(c.Weekly) > 0:
		return c.weekday(d, 1)
	}
	return c.Monthly.onOrAfter(d)
}

// calendarUpTo returns the last date up to d, as it stands in the calendar.
func (c Cadence) calendarUpTo(d Date) (Date, bool) {
	switch {
	case c.Rule.isSet():
		return c.Rule.onOrBefore(c.Start, d)
	case len(c.Weekly) > 0:
		return c.weekday(d, -1)
	}
	return c.Monthly.onOrBefore(d)
}

// weekday returns the first day of c.Weekly from d on, forwards or backwards.
func (c Cadence) weekday(d Date, direction int) (Date, bool) {
	from := int(d.weekday())
	for n := range 7 {
		day := time.Weekday((from + direction*n + 7) % 7)
		if slices.Contains(c.Weekly, Weekday{day}) {
			return d.Add(direction * n), true
		}
	}
	return Date{}, false
}

package routines

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Cadence says when a routine is due. Exactly one of Every, Weekly and Monthly is
// set.
//
// Every counts from the last completion, so doing the chore late moves the next
// date. Weekly and Monthly are dates of the calendar and stay where they are.
type Cadence struct {
	// Every is a number of local days after the day of the last completion.
	Every Window `toml:"every"`
	// Weekly are the days of the week, in any order.
	Weekly []Weekday `toml:"weekly"`
	// Monthly is the day of the month, or its last.
	Monthly MonthDay `toml:"monthly"`
	// At is the local time of day of each due date; 09:00 when not set.
	At Clock `toml:"at"`
	// Start is the first day on which it can be due, past or to come; zero counts
	// from when the routine became known.
	Start Date `toml:"start"`
}

// Validate returns all that is wrong with the cadence, joined, or nil.
func (c Cadence) Validate() error {
	var wrong []error
	if n := c.kinds(); n == 0 {
		wrong = append(wrong, errors.New(`no cadence: write one of every = "3d", weekly = ["monday"] and monthly = 15`))
	} else if n > 1 {
		wrong = append(wrong, fmt.Errorf("%d cadences: keep only one of every, weekly and monthly", n))
	}
	if c.Every != (Window{}) {
		if err := c.Every.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("every: %w", err))
		}
	}
	for i, day := range c.Weekly {
		wrong = append(wrong, day.check())
		if slices.Contains(c.Weekly[:i], day) {
			wrong = append(wrong, fmt.Errorf("weekly: %s is there twice", day))
		}
	}
	if c.Monthly != (MonthDay{}) {
		wrong = append(wrong, c.Monthly.check())
	}
	return errors.Join(wrong...)
}

// kinds counts the settings of which there must be exactly one.
func (c Cadence) kinds() int {
	n := 0
	for _, set := range []bool{c.Every != (Window{}), len(c.Weekly) > 0, c.Monthly != (MonthDay{})} {
		if set {
			n++
		}
	}
	return n
}

// on returns the instant at which the cadence falls due on a day.
func (c Cadence) on(d Date, loc *time.Location) time.Time {
	return d.at(c.At, loc)
}

// rolls reports whether due dates count from the last completion.
func (c Cadence) rolls() bool { return c.Every != (Window{}) }

// falls reports whether d is one of the cadence's calendar dates.
func (c Cadence) falls(d Date) bool {
	if len(c.Weekly) > 0 {
		return slices.Contains(c.Weekly, Weekday{d.weekday()})
	}
	return d.Day == c.Monthly.in(d.Year, d.Month)
}

// onOrAfter returns the first calendar date from d on. Every search for a date
// goes through it and onOrBefore, so a new kind of calendar cadence is a case in
// falls. A cadence that Validate refuses may have no date at all and not return.
func (c Cadence) onOrAfter(d Date) Date {
	for !c.falls(d) {
		d = d.Add(1)
	}
	return d
}

// onOrBefore returns the last calendar date up to d.
func (c Cadence) onOrBefore(d Date) Date {
	for !c.falls(d) {
		d = d.Add(-1)
	}
	return d
}

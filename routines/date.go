package routines

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Date is a day of the calendar, in no time zone. The zero Date is none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day on which t falls in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads "2026-01-31".
func ParseDate(s string) (Date, error) {
	const example = `write year, month and day, such as "2026-01-31"`
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(s))
	if err == nil && t.Year() > 0 {
		return DateOf(t), nil
	}
	var year, month, day int
	if n, _ := fmt.Sscanf(s, "%4d-%2d-%2d", &year, &month, &day); n == 3 && 1 <= month && month <= 12 {
		if length := daysIn(year, time.Month(month)); day < 1 || day > length {
			return Date{}, fmt.Errorf("%q is not a date: %s %d has no day %d; %s", s, time.Month(month), year, day, example)
		}
	}
	return Date{}, fmt.Errorf("%q is not a date; %s", s, example)
}

// UnmarshalText is ParseDate.
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the date as "2026-01-31", and the zero Date as "".
func (d Date) String() string {
	if d == (Date{}) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Add returns the date n days later.
func (d Date) Add(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Sub returns how many days d is after e.
func (d Date) Sub(e Date) int { return int(d.midnight().Sub(e.midnight()) / (24 * time.Hour)) }

// Before reports whether d is before e.
func (d Date) Before(e Date) bool {
	return cmp.Or(d.Year-e.Year, int(d.Month-e.Month), d.Day-e.Day) < 0
}

// At returns the instant at which clocks in loc show c on day d; see the rules for
// days on which the clocks change at the unexported method.
func (d Date) At(c Clock, loc *time.Location) time.Time { return d.at(c, loc) }

func (d Date) weekday() time.Weekday { return d.midnight().Weekday() }

// midnight is the start of the day in UTC, where each day has 24 hours: the ground
// for arithmetic with dates, never an instant that somebody lives through.
func (d Date) midnight() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// at returns the instant at which wall clocks in loc show c on day d. When they
// show it twice, because they are set back, it is the first time. When they never
// do, because they are set forward over it, it is as much later as they are set
// forward: 02:30 on the spring night of Paris is 03:30.
//
// time.Date leaves open which of two instants it returns in both cases, so at
// looks at the clocks itself.
func (d Date) at(c Clock, loc *time.Location) time.Time {
	return resolveWall(d.midnight().Add(c.sinceMidnight()), loc)
}

// resolveWall finds the instant whose wall clock in loc is what wall shows in UTC.
// It tries the offset from UTC of the day before and that of the day after: no zone
// is a whole day away from UTC, and none changes twice in two days. (Time.ZoneBounds
// would name the change, but is wrong on 31 December of a leap year where the zone
// goes by a rule: Go 1.26 counts 365 days for every year.)
func resolveWall(wall time.Time, loc *time.Location) time.Time {
	before, shown := withOffset(wall, wall.Add(-24*time.Hour).In(loc))
	if shown {
		return before
	}
	if after, shown := withOffset(wall, wall.Add(24*time.Hour).In(loc)); shown {
		return after
	}
	return before // later by as much as the clocks are set forward
}

// withOffset returns the instant at which a clock with the offset that near has
// shows wall, and whether the clocks of near's location do show it then.
func withOffset(wall, near time.Time) (t time.Time, shown bool) {
	_, offset := near.Zone()
	t = wall.Add(-time.Duration(offset) * time.Second).In(near.Location())
	_, got := t.Zone()
	return t, got == offset
}

package routines

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// By is the last day on which a chore should be done, seen from the day on which
// it is due: some days after it, or the first such weekday or day of the month from
// it on. The zero By is none.
type By struct {
	kind    byKind
	days    int
	weekday Weekday
	month   MonthDay
}

type byKind int

const (
	byNothing byKind = iota
	byDays
	byWeekday
	byMonthDay
)

var daysForm = regexp.MustCompile(`^(\d{1,4}) ?` + unitForm + `$`)

// ParseBy reads "25th" (also "last", "2nd tuesday"), "friday" or "3d", in English
// or French.
func ParseBy(s string) (By, error) {
	const example = `write a day such as "25th", "friday" or "3d" (days after it is due)`
	if m := daysForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s))); m != nil {
		days := inDays(m[1], m[2])
		if days < 1 || days > maxAhead {
			return By{}, fmt.Errorf("%q was understood as %d days after it is due, but there are 1 to %d; %s", s, days, maxAhead, example)
		}
		return By{kind: byDays, days: days}, nil
	}
	if day, err := ParseWeekday(s); err == nil {
		return By{kind: byWeekday, weekday: day}, nil
	}
	if day, err := ParseMonthDay(s); err == nil {
		return By{kind: byMonthDay, month: day}, nil
	}
	return By{}, fmt.Errorf("%q is not a deadline; %s", s, example)
}

// from returns the deadline of what is due on a day, the zero Date for none.
func (b By) from(due Date) Date {
	switch b.kind {
	case byDays:
		return due.Add(b.days)
	case byWeekday:
		return due.Add(int(b.weekday.Weekday-due.weekday()+7) % 7)
	case byMonthDay:
		day, _ := b.month.onOrAfter(due)
		return day
	}
	return Date{}
}

// UnmarshalText is ParseBy.
func (b *By) UnmarshalText(text []byte) (err error) {
	*b, err = ParseBy(string(text))
	return err
}

// String writes the deadline as the configuration does, and none as "".
func (b By) String() string {
	switch b.kind {
	case byDays:
		return fmt.Sprintf("%dd", b.days)
	case byWeekday:
		return b.weekday.word()
	case byMonthDay:
		return b.month.String()
	}
	return ""
}

// Ahead is a number of days before a deadline.
type Ahead struct{ Days int }

// maxAhead is the longest distance to a deadline, in days.
const maxAhead = 366

// ParseAhead reads "3d" or "1w", also "3 jours"; "0d" is the day of the deadline.
func ParseAhead(s string) (Ahead, error) {
	const example = `write days or weeks, such as "3d" or "1w"`
	m := daysForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return Ahead{}, fmt.Errorf("%q is not a number of days; %s", s, example)
	}
	a := Ahead{inDays(m[1], m[2])}
	if err := a.check(); err != nil {
		return Ahead{}, fmt.Errorf("%q was understood as %w; %s", s, err, example)
	}
	return a, nil
}

func (a Ahead) check() error {
	if a.Days < 0 || a.Days > maxAhead {
		return fmt.Errorf("%s, but there are 0 to %d days", a, maxAhead)
	}
	return nil
}

// UnmarshalText is ParseAhead.
func (a *Ahead) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAhead(string(b))
	return err
}

// String writes the days as "3d".
func (a Ahead) String() string { return fmt.Sprintf("%dd", a.Days) }

// aheads returns the days of c.Warn or its default, the earliest first.
func (c Cadence) aheads() []Ahead {
	warn := slices.Clone(c.Warn)
	switch {
	case len(warn) > 0:
	case c.Expires != "":
		warn = []Ahead{{14}, {7}, {1}}
	case c.By != (By{}):
		warn = []Ahead{{1}}
	}
	slices.SortFunc(warn, func(a, b Ahead) int { return b.Days - a.Days })
	return warn
}

// deadline returns the last day on which what is due at an instant should be done.
func (c Cadence) deadline(due time.Time, f Facts, loc *time.Location) Date {
	if c.Expires != "" {
		return DateOf(f.Reading.Until.In(loc))
	}
	return c.By.from(DateOf(due.In(loc)))
}

// Warnings returns the instants, ascending, at which an occurrence that is still
// open is to be said again: c.Warn before its deadline, at c.At, moved out of the
// quiet hours; only those after due. Without a deadline there are none. They keep
// to no c.Days: a deadline does not wait for them.
func (c Cadence) Warnings(due time.Time, deadline Date, loc *time.Location) []time.Time {
	var all []time.Time
	if deadline == (Date{}) {
		return all
	}
	for _, ahead := range c.aheads() {
		at := c.Quiet.End(deadline.Add(-ahead.Days).at(c.At, loc), loc)
		if at.After(due) && (len(all) == 0 || at.After(all[len(all)-1])) {
			all = append(all, at)
		}
	}
	return all
}

package routines

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"ronde/text"
)

// Quiet are hours of each local day in which nobody is to be disturbed, from From
// up to but without To; over midnight when To is the earlier of the two. The zero
// Quiet is none.
//
// They last from the first instant at which clocks show From to the first at which
// they show To, as [Cadence] places them on the nights that the clocks change.
type Quiet struct{ From, To Clock }

var quietForm = regexp.MustCompile(`^(?:(?:de|from) )?([0-9:h]+)(?: ?(?:\.\.|-|–) ?| (?:a|to) )([0-9:h]+)$`)

// ParseQuiet reads "22:00..07:00", also as people say it: "22h-7h", "de 22h à 7h",
// "from 22:00 to 07:00".
func ParseQuiet(s string) (Quiet, error) {
	const example = `write a beginning and an end, such as "22:00..07:00"`
	m := quietForm.FindStringSubmatch(text.OneLine(text.Fold(s), 60))
	if m == nil {
		return Quiet{}, fmt.Errorf("%q is not a span of hours; %s", s, example)
	}
	from, err := ParseClock(m[1])
	if err != nil {
		return Quiet{}, fmt.Errorf("%q begins wrongly: %w", s, err)
	}
	to, err := ParseClock(m[2])
	if err != nil {
		return Quiet{}, fmt.Errorf("%q ends wrongly: %w", s, err)
	}
	q := Quiet{from, to}
	if err := q.check(); err != nil {
		return Quiet{}, fmt.Errorf("%q: %w; %s", s, err, example)
	}
	return q, nil
}

func (q Quiet) check() error {
	if q != (Quiet{}) && q.From.Equal(q.To) {
		return errors.New("it ends when it begins, and nothing could ever be posted")
	}
	return nil
}

// Holds reports whether t is in the quiet hours of loc.
func (q Quiet) Holds(t time.Time, loc *time.Location) bool { return !q.End(t, loc).Equal(t) }

// End returns t itself, in loc, when it is outside of the quiet hours, else the
// instant at which those that it is in end.
func (q Quiet) End(t time.Time, loc *time.Location) time.Time {
	t = t.In(loc)
	if q.check() != nil || q == (Quiet{}) {
		return t
	}
	today := DateOf(t)
	for _, day := range []Date{today.Add(-1), today} {
		if from, to := q.of(day, loc); !t.Before(from) && t.Before(to) {
			t = to
		}
	}
	return t
}

// of returns the quiet hours that begin on a day.
func (q Quiet) of(day Date, loc *time.Location) (from, to time.Time) {
	from = day.at(q.From, loc)
	if q.To.sinceMidnight() < q.From.sinceMidnight() {
		day = day.Add(1)
	}
	return from, day.at(q.To, loc)
}

// UnmarshalText is ParseQuiet.
func (q *Quiet) UnmarshalText(b []byte) (err error) {
	*q, err = ParseQuiet(string(b))
	return err
}

// String writes the hours as "22:00..07:00", and none as "".
func (q Quiet) String() string {
	if q == (Quiet{}) {
		return ""
	}
	return q.From.String() + ".." + q.To.String()
}

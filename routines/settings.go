package routines

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The settings below are structs, not bare numbers, so that a decoder must go
// through UnmarshalText and cannot take every = 3 for three nanoseconds.

// Window is a number of days after the last completion. A chore may be done again
// from day First on and falls due on day Last; both are the same when no window
// was written. The zero Window is none.
type Window struct{ First, Last int }

// maxDays is the longest Every. Whoever writes more has mistaken the unit.
const maxDays = 3660

// unitForm is a unit of days: d, j (jours) or w, or a word of either language.
const unitForm = `(d|days?|j|jours?|w|weeks?|semaines?)`

var windowForm = regexp.MustCompile(`^(\d{1,5}) ?` + unitForm + `?(?: ?\.\. ?(\d{1,5}) ?` + unitForm + `)?$`)

// ParseEvery reads "3d" or the window "3d..4d". The units are d (days, also j for
// jours) and w (weeks), or those words; in a window the first may be left out:
// "3..4d".
func ParseEvery(s string) (Window, error) {
	const example = `write days or weeks, such as "3d", "2w" or "3d..4d"`
	m := windowForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return Window{}, fmt.Errorf("%q is not a number of days; %s", s, example)
	}
	if m[3] == "" {
		m[3], m[4] = m[1], m[2]
	}
	if m[4] == "" {
		return Window{}, fmt.Errorf("%q has no unit; %s", s, example)
	}
	if m[2] == "" {
		m[2] = m[4]
	}
	w := Window{inDays(m[1], m[2]), inDays(m[3], m[4])}
	if err := w.check(); err != nil {
		return Window{}, fmt.Errorf("%q was understood as %w; %s", s, err, example)
	}
	return w, nil
}

// inDays converts at most five digits and a unit.
func inDays(digits, unit string) int {
	n, _ := strconv.Atoi(digits) // the expression lets nothing else through
	if strings.HasPrefix(unit, "w") || strings.HasPrefix(unit, "s") {
		n *= 7
	}
	return n
}

func (w Window) check() error {
	switch {
	case w.First > w.Last:
		return fmt.Errorf("%s, which ends before it begins", w)
	case w.First < 1:
		return fmt.Errorf("%s, but the shortest is one day", w)
	case w.Last > maxDays:
		return fmt.Errorf("%s, but the longest is ten years", w)
	}
	return nil
}

// UnmarshalText is ParseEvery.
func (w *Window) UnmarshalText(b []byte) (err error) {
	*w, err = ParseEvery(string(b))
	return err
}

// String writes the window in days: "3d" or "3d..4d".
func (w Window) String() string {
	if w.First == w.Last {
		return fmt.Sprintf("%dd", w.Last)
	}
	return fmt.Sprintf("%dd..%dd", w.First, w.Last)
}

// Clock is a local time of day, to the minute. The zero Clock is not set and
// counts as 09:00.
type Clock struct {
	set    bool
	minute int // of the day
}

// NewClock returns the time of day; the hour is 0 to 23, the minute 0 to 59.
func NewClock(hour, minute int) Clock { return Clock{true, hour*60 + minute} }

var clockForm = regexp.MustCompile(`^(\d{1,2})(?::(\d{2})|h(\d{2})?)$`)

// ParseClock reads "09:00", also as the French write it: "9h", "9h30".
func ParseClock(s string) (Clock, error) {
	const example = `write hours and minutes, such as "09:00" or "21:30"`
	m := clockForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return Clock{}, fmt.Errorf("%q is not a time of day; %s", s, example)
	}
	hour, _ := strconv.Atoi(m[1])          // two digits
	minute, _ := strconv.Atoi(m[2] + m[3]) // two digits or none
	if hour > 23 || minute > 59 {
		return Clock{}, fmt.Errorf("%q was understood as hour %d, minute %d, which no day has; %s", s, hour, minute, example)
	}
	return NewClock(hour, minute), nil
}

// UnmarshalText is ParseClock.
func (c *Clock) UnmarshalText(b []byte) (err error) {
	*c, err = ParseClock(string(b))
	return err
}

// String writes the time of day as "09:00".
func (c Clock) String() string {
	m := int(c.sinceMidnight() / time.Minute)
	return fmt.Sprintf("%02d:%02d", m/60, m%60)
}

// Equal reports whether both are the same time of day.
func (c Clock) Equal(d Clock) bool { return c.sinceMidnight() == d.sinceMidnight() }

func (c Clock) sinceMidnight() time.Duration {
	if !c.set {
		return 9 * time.Hour
	}
	return time.Duration(c.minute) * time.Minute
}

// Weekday is a day of the week.
type Weekday struct{ time.Weekday }

var dayNames = [7][2]string{
	{"sunday", "dimanche"}, {"monday", "lundi"}, {"tuesday", "mardi"}, {"wednesday", "mercredi"},
	{"thursday", "jeudi"}, {"friday", "vendredi"}, {"saturday", "samedi"},
}

// ParseWeekday reads the name of a day in English or French, whole or its first
// three letters: "monday", "lundi", "lun". The case does not matter.
func ParseWeekday(s string) (Weekday, error) {
	word := strings.ToLower(strings.TrimSpace(s))
	for day, names := range dayNames {
		for _, name := range names {
			if word == name || word == name[:3] {
				return Weekday{time.Weekday(day)}, nil
			}
		}
	}
	return Weekday{}, fmt.Errorf(`%q is not a day of the week; write "monday" or "lundi"%s`, s, nearestDay(word))
}

// word is how the configuration writes the day: "monday".
func (d Weekday) word() string { return strings.ToLower(d.String()) }

// nearestDay suggests the day that begins like the word, for "mondy" and "mercredy".
func nearestDay(word string) string {
	for _, names := range dayNames {
		for _, name := range names {
			if len(word) >= 3 && strings.HasPrefix(name, word[:3]) {
				return fmt.Sprintf("; did you mean %q?", name)
			}
		}
	}
	return ""
}

func (d Weekday) check() error {
	if d.Weekday < time.Sunday || d.Weekday > time.Saturday {
		return fmt.Errorf("no day %d, there are 0 (Sunday) to 6", int(d.Weekday))
	}
	return nil
}

// UnmarshalText is ParseWeekday.
func (d *Weekday) UnmarshalText(b []byte) (err error) {
	*d, err = ParseWeekday(string(b))
	return err
}

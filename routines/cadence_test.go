package routines

import (
	"encoding"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones of old, also where the machine has none

	"github.com/google/go-cmp/cmp"
)

// moment is how tests write times: the day of the week shows a mistake at once.
const moment = "Mon 2006-01-02 15:04 -07:00"

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at reads a time as moment writes it, or "-" for none.
func at(t testing.TB, loc *time.Location, s string) time.Time {
	t.Helper()
	if s == "-" {
		return time.Time{}
	}
	parsed, err := time.Parse(moment, s)
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.In(loc).Format(moment); got != s {
		t.Fatalf("%s shows %q as %q", loc, s, got)
	}
	return parsed.In(loc)
}

// cadence reads what testdata/next.txt explains.
func cadence(t testing.TB, s string) Cadence {
	t.Helper()
	c, err := readCadence(s)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return c
}

// readCadence is cadence for what may be wrong. It reads what Cadence.String writes.
func readCadence(s string) (c Cadence, err error) {
	settings := map[string]func(words []string) error{
		"every":   one(&c.Every),
		"weekly":  each[Weekday](&c.Weekly),
		"monthly": one(&c.Monthly),
		"rrule":   one(&c.Rule),
		"when":    func(words []string) error { c.When = strings.Trim(strings.Join(words, " "), `"`); return nil },
		"expires": func(words []string) error { c.Expires = strings.Trim(strings.Join(words, " "), `"`); return nil },
		"at":      one(&c.At),
		"start":   one(&c.Start),
		"days":    each[Weekday](&c.Days),
		"quiet":   one(&c.Quiet),
		"by":      one(&c.By),
		"warn":    each[Ahead](&c.Warn),
	}
	words := strings.Fields(s)
	for len(words) > 0 {
		read, known := settings[words[0]]
		if !known {
			return c, fmt.Errorf("unknown word %q", words[0])
		}
		n := 1 + slices.IndexFunc(append(words[1:], "at"), func(w string) bool { return settings[w] != nil })
		if err := read(words[1:n]); err != nil {
			return c, err
		}
		words = words[n:]
	}
	return c, nil
}

// one reads all words as one setting.
func one(into encoding.TextUnmarshaler) func(words []string) error {
	return func(words []string) error { return into.UnmarshalText([]byte(strings.Join(words, " "))) }
}

// each reads each word as one item of a list.
func each[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](into *[]T) func(words []string) error {
	return func(words []string) error {
		for _, word := range words {
			var item T
			if err := P(&item).UnmarshalText([]byte(word)); err != nil {
				return err
			}
			*into = append(*into, item)
		}
		return nil
	}
}

func TestNextVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/next.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	var loc *time.Location
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "zone "); ok {
			loc = zone(t, name)
			continue
		}
		cases++
		t.Run(fmt.Sprintf("line %d", i+1), func(t *testing.T) { testVector(t, loc, line) })
	}
	if cases < 120 {
		t.Errorf("read %d cases, the file has more", cases)
	}
}

func testVector(t *testing.T, loc *time.Location, line string) {
	fields := strings.Split(line, "|")
	if len(fields) < 4 {
		t.Fatalf("%d fields, want 4 or more: %s", len(fields), line)
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	r := Routine{Key: "chore", Cadence: cadence(t, fields[0])}
	f := Facts{Last: Done{At: at(t, loc, fields[1])}, Since: at(t, loc, fields[2])}
	want := vector{next: fields[3]}
	for _, field := range fields[4:] {
		want.read(t, loc, field, &f)
	}
	if got := ask(r, f, loc); want.wrong(got) {
		t.Errorf("%s\n got %+v", line, got)
	}
	// The machine's own zone, and the zone that times come in, do not matter.
	f.Last.At, f.Since = f.Last.At.UTC(), f.Since.UTC()
	f.Reading.At, f.Reading.Since, f.Reading.Until = f.Reading.At.UTC(), f.Reading.Since.UTC(), f.Reading.Until.UTC()
	if got := ask(r, f, loc); want.wrong(got) {
		t.Errorf("%s\n got %+v when asked in UTC", line, got)
	}
}

// vector is what a line of testdata/next.txt says of the next date, as it is
// written there; what it does not say is "".
type vector struct{ next, opens, deadline, warnings string }

// read takes one of the fields that need not be there: a reading, or what is to come
// out.
func (v *vector) read(t *testing.T, loc *time.Location, field string, f *Facts) {
	t.Helper()
	switch word, rest, _ := strings.Cut(field, " "); word {
	case "opens":
		v.opens = rest
	case "deadline":
		v.deadline = rest
	case "warns":
		v.warnings = rest
	case "read":
		f.Reading.At = at(t, loc, rest)
	case "holds":
		f.Reading.Holds, f.Reading.Since = true, at(t, loc, rest)
	case "until":
		f.Reading.Until = at(t, loc, rest)
	default:
		t.Fatalf("unknown field %q", field)
	}
}

// wrong compares what is said with what came out.
func (v vector) wrong(got vector) bool {
	differs := func(want, got string) bool { return want != "" && want != got }
	return v.next != got.next || differs(v.opens, got.opens) || differs(v.deadline, got.deadline) || differs(v.warnings, got.warnings)
}

// ask works out the next date, all of it.
func ask(r Routine, f Facts, loc *time.Location) vector {
	due, ok := Upcoming(r, f, loc)
	if next, same := Next(r.Cadence, f, loc); same != ok || !next.Equal(due.Due) {
		return vector{next: "Next and Upcoming differ"}
	}
	if !ok {
		return vector{next: "-"}
	}
	got := vector{next: due.Due.Format(moment), opens: due.Opens.Format(moment), deadline: due.Deadline.String()}
	if due.Due.Location() != loc {
		got.next += " in " + due.Due.Location().String()
	}
	var warnings []string
	for _, w := range r.Warnings(due.Due, due.Deadline, loc) {
		warnings = append(warnings, w.Format(moment))
	}
	got.warnings = strings.Join(warnings, ", ")
	return got
}

func TestCadenceValidate(t *testing.T) {
	monday := Weekday{time.Monday}
	tests := []struct {
		name string
		in   Cadence
		want string // the whole error, "" for none
	}{
		{"every", Cadence{Every: Window{3, 3}}, ""},
		{"window", Cadence{Every: Window{3, 4}}, ""},
		{"weekly", Cadence{Weekly: []Weekday{monday, {time.Sunday}}}, ""},
		{"monthly", Cadence{Monthly: MonthDay{Day: 31}}, ""},
		{"last of the month", Cadence{Monthly: MonthDay{Day: -1}}, ""},
		{"none", Cadence{At: NewClock(9, 0)}, "no cadence: " + KindsExample},
		{"two", Cadence{Every: Window{3, 3}, Monthly: MonthDay{Day: 1}}, "2 cadences: keep only one of every, weekly, monthly, rrule, when, expires"},
		{"all mistakes at once", Cadence{Every: Window{4, 3}, Weekly: []Weekday{monday, monday}, Monthly: MonthDay{Day: 32}},
			"3 cadences: keep only one of every, weekly, monthly, rrule, when, expires\n" +
				"every: 4d..3d, which ends before it begins\n" +
				"weekly: Monday is there twice\n" +
				"monthly: no day 32; " + monthDayExample},
		{"no such weekday", Cadence{Weekly: []Weekday{{7}}}, "weekly: no day 7, there are 0 (Sunday) to 6"},
		{"window without end", Cadence{Every: Window{3, 0}}, "every: 3d..0d, which ends before it begins"},
		{"n-th weekday", Cadence{Monthly: MonthDay{Nth: -1, Weekday: time.Friday}}, ""},
		{"no such n-th weekday", Cadence{Monthly: MonthDay{Nth: 6}}, "monthly: no 6. weekday of a month; " + monthDayExample},
		{"all that may stand together", Cadence{
			Rule: rule(t, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"), Start: Date{2026, 3, 2}, Days: []Weekday{monday},
			Quiet: Quiet{NewClock(22, 0), NewClock(7, 0)}, By: by(t, "3d"), Warn: []Ahead{{1}, {0}},
		}, ""},
		{"a phase without a start", Cadence{Rule: rule(t, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")},
			`rrule: FREQ=WEEKLY;INTERVAL=2;BYDAY=MO counts from a first day; write it too: start = "2026-01-31"`},
		{"a count without a start", Cadence{Rule: rule(t, "FREQ=DAILY;COUNT=3")},
			`rrule: FREQ=DAILY;COUNT=3 counts from a first day; write it too: start = "2026-01-31"`},
		{"a rule whose day is that of its start", Cadence{Rule: rule(t, "FREQ=YEARLY;BYMONTH=3")},
			`rrule: FREQ=YEARLY;BYMONTH=3 counts from a first day; write it too: start = "2026-01-31"`},
		{"a rule that ended before it began", Cadence{Rule: rule(t, "FREQ=DAILY;UNTIL=20200101"), Start: Date{2026, 1, 1}},
			"rrule: FREQ=DAILY;UNTIL=20200101T000000Z has no date in the 30 years after 2026-01-01; look at its months, its days and its UNTIL"},
		{"a rule without any date", Cadence{Rule: rule(t, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")},
			"rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30 has no date in the 30 years after 2000-01-01; look at its months, its days and its UNTIL"},
		{"a reference of one word", Cadence{When: "reboot"},
			`when: "reboot" is not a check; write its kind and a host, such as "reboot antigone"`},
		{"quiet all day", Cadence{Every: Window{1, 1}, Quiet: Quiet{NewClock(9, 0), Clock{}}},
			"quiet: it ends when it begins, and nothing could ever be posted"},
		{"two deadlines", Cadence{Expires: "oauth intra", By: by(t, "3d")},
			"by: the deadline is the date that expires reads; take by away"},
		{"warnings of nothing, and twice", Cadence{Every: Window{1, 1}, Warn: []Ahead{{1}, {1}}, Days: []Weekday{monday, monday}},
			"days: Monday is there twice\n" +
				"warn: there is no deadline to warn of; add one, such as by = \"25th\", or take warn away\n" +
				"warn: 1d is there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.in.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
		})
	}
}

func rule(t testing.TB, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func by(t testing.TB, s string) By {
	t.Helper()
	b, err := ParseBy(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package routines

import (
	"fmt"
	"os"
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
	var c Cadence
	var err error
	setting := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case word == "every" || word == "weekly" || word == "monthly" || word == "at" || word == "start":
			setting = word
			continue
		case setting == "every":
			err = c.Every.UnmarshalText([]byte(word))
		case setting == "weekly":
			var day Weekday
			err = day.UnmarshalText([]byte(word))
			c.Weekly = append(c.Weekly, day)
		case setting == "monthly":
			err = c.Monthly.UnmarshalText([]byte(word))
		case setting == "at":
			err = c.At.UnmarshalText([]byte(word))
		case setting == "start":
			err = c.Start.UnmarshalText([]byte(word))
		default:
			err = fmt.Errorf("unknown word %q", word)
		}
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := c.Validate(); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return c
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
	if cases < 50 {
		t.Errorf("read %d cases, the file has more", cases)
	}
}

func testVector(t *testing.T, loc *time.Location, line string) {
	fields := strings.Split(line, "|")
	if len(fields) != 4 {
		t.Fatalf("%d fields, want 4: %s", len(fields), line)
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	c, last, since, want := cadence(t, fields[0]), at(t, loc, fields[1]), at(t, loc, fields[2]), at(t, loc, fields[3])
	got := Next(c, last, since, loc)
	if !got.Equal(want) || got.Location() != loc {
		t.Errorf("%s\n got %s in %s", line, got.Format(moment), got.Location())
	}
	// The machine's own zone, and the zone that times come in, do not matter.
	if utc := Next(c, last.UTC(), since.UTC(), loc); !utc.Equal(want) {
		t.Errorf("%s\n got %s when asked in UTC", line, utc.Format(moment))
	}
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
		{"monthly", Cadence{Monthly: MonthDay{31}}, ""},
		{"last of the month", Cadence{Monthly: MonthDay{-1}}, ""},
		{"none", Cadence{At: NewClock(9, 0)}, `no cadence: write one of every = "3d", weekly = ["monday"] and monthly = 15`},
		{"two", Cadence{Every: Window{3, 3}, Monthly: MonthDay{1}}, "2 cadences: keep only one of every, weekly and monthly"},
		{"all mistakes at once", Cadence{Every: Window{4, 3}, Weekly: []Weekday{monday, monday}, Monthly: MonthDay{32}},
			"3 cadences: keep only one of every, weekly and monthly\n" +
				"every: 4d..3d, which ends before it begins\n" +
				"weekly: Monday is there twice\n" +
				`monthly: no day 32; write 1 to 31 or "last"`},
		{"no such weekday", Cadence{Weekly: []Weekday{{7}}}, "weekly: no day 7, there are 0 (Sunday) to 6"},
		{"window without end", Cadence{Every: Window{3, 0}}, "every: 3d..0d, which ends before it begins"},
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

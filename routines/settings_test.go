package routines

import (
	"encoding"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parsed is what a reader makes of in: the value, or the mistake.
func parsed[T fmt.Stringer](value T, err error) string {
	if err != nil {
		return err.Error()
	}
	return value.String()
}

func TestParseEvery(t *testing.T) {
	const example = `; write days or weeks, such as "3d", "2w" or "3d..4d"`
	tests := []struct{ in, want string }{
		{"3d", "3d"},
		{"1d", "1d"},
		{"45d", "45d"},
		{" 3 d ", "3d"},
		{"3J", "3d"},
		{"2w", "14d"},
		{"3 jours", "3d"},
		{"1 day", "1d"},
		{"2 semaines", "14d"},
		{"3..4 days", "3d..4d"},
		{"3d..4d", "3d..4d"},
		{"3..4d", "3d..4d"},
		{"3d .. 4d", "3d..4d"},
		{"6d..1w", "6d..7d"},
		{"3d..3d", "3d"},
		{"", `"" is not a number of days` + example},
		{"3", `"3" has no unit` + example},
		{"3..4", `"3..4" is not a number of days` + example},
		{"0d", `"0d" was understood as 0d, but the shortest is one day` + example},
		{"0d..2d", `"0d..2d" was understood as 0d..2d, but the shortest is one day` + example},
		{"4d..3d", `"4d..3d" was understood as 4d..3d, which ends before it begins` + example},
		{"1w..3d", `"1w..3d" was understood as 7d..3d, which ends before it begins` + example},
		{"99999w", `"99999w" was understood as 699993d, but the longest is ten years` + example},
		{"12h", `"12h" is not a number of days` + example},
		{"-3d", `"-3d" is not a number of days` + example},
		{"3d-4d", `"3d-4d" is not a number of days` + example},
		{"1.5d", `"1.5d" is not a number of days` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseEvery(tt.in))); diff != "" {
			t.Errorf("ParseEvery(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseClock(t *testing.T) {
	const example = `; write hours and minutes, such as "09:00" or "21:30"`
	tests := []struct{ in, want string }{
		{"09:00", "09:00"},
		{"9:05", "09:05"},
		{"00:00", "00:00"},
		{"23:59", "23:59"},
		{"9h", "09:00"},
		{"9H30", "09:30"},
		{" 21h30 ", "21:30"},
		{"", `"" is not a time of day` + example},
		{"9", `"9" is not a time of day` + example},
		{"9:5", `"9:5" is not a time of day` + example},
		{"24:00", `"24:00" was understood as hour 24, minute 0, which no day has` + example},
		{"12:60", `"12:60" was understood as hour 12, minute 60, which no day has` + example},
		{"09:00:00", `"09:00:00" is not a time of day` + example},
		{"9am", `"9am" is not a time of day` + example},
		{"noon", `"noon" is not a time of day` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseClock(tt.in))); diff != "" {
			t.Errorf("ParseClock(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestClockNotSetIsNine(t *testing.T) {
	if got := (Clock{}).String(); got != "09:00" {
		t.Errorf("a clock that is not set is %s", got)
	}
	if !NewClock(9, 0).Equal(Clock{}) || NewClock(0, 0).Equal(Clock{}) {
		t.Error("09:00 is not equal to a clock that is not set, or midnight is")
	}
}

func TestParseWeekday(t *testing.T) {
	tests := []struct{ in, want string }{
		{"monday", "Monday"},
		{"Lundi", "Monday"},
		{"MARDI", "Tuesday"},
		{"mer", "Wednesday"},
		{"thu", "Thursday"},
		{" vendredi ", "Friday"},
		{"samedi", "Saturday"},
		{"sunday", "Sunday"},
		{"dim", "Sunday"},
		{"", `"" is not a day of the week; write "monday" or "lundi"`},
		{"1", `"1" is not a day of the week; write "monday" or "lundi"`},
		{"mondy", `"mondy" is not a day of the week; write "monday" or "lundi"; did you mean "monday"?`},
		{"mercredy", `"mercredy" is not a day of the week; write "monday" or "lundi"; did you mean "mercredi"?`},
		{"montag", `"montag" is not a day of the week; write "monday" or "lundi"; did you mean "monday"?`},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseWeekday(tt.in))); diff != "" {
			t.Errorf("ParseWeekday(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseMonthDay(t *testing.T) {
	const wrong = "is not a day of the month; " + monthDayExample
	tests := []struct{ in, want string }{
		{"1", "1"}, {"15", "15"}, {"31", "31"}, {"25th", "25"}, {"1st", "1"}, {"1er", "1"}, {"2nd", "2"}, {"3rd", "3"}, {"3e", "3"},
		{"last", "last"}, {"Dernier", "last"}, {"-1", "last"},
		{"2nd tuesday", "2nd tuesday"}, {"second tuesday", "2nd tuesday"}, {"2e mardi", "2nd tuesday"}, {"2ème  MARDI", "2nd tuesday"},
		{"deuxième mardi", "2nd tuesday"}, {"1er lundi", "1st monday"}, {"premier lun", "1st monday"}, {"first mon", "1st monday"},
		{"3 sunday", "3rd sunday"}, {"5th friday", "5th friday"}, {"last friday", "last friday"}, {"dernier vendredi", "last friday"},
		{"0", wrong}, {"32", wrong}, {"-2", wrong}, {"", wrong}, {"th", wrong}, {"first", wrong}, {"1.5", wrong}, {"99999999999999999999", wrong},
		{"6th monday", wrong}, {"0th monday", wrong}, {"-2 monday", wrong}, {"2nd", "2"}, {"2nd moonday", wrong}, {"monday", wrong},
		{"2nd tuesday morning", wrong},
	}
	for _, tt := range tests {
		if tt.want == wrong {
			tt.want = fmt.Sprintf("%q %s", tt.in, wrong)
		}
		if diff := cmp.Diff(tt.want, parsed(ParseMonthDay(tt.in))); diff != "" {
			t.Errorf("ParseMonthDay(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseDate(t *testing.T) {
	const example = `; write year, month and day, such as "2026-01-31"`
	tests := []struct{ in, want string }{
		{"2026-01-31", "2026-01-31"},
		{" 2028-02-29 ", "2028-02-29"},
		{"", `"" is not a date` + example},
		{"2026-02-29", `"2026-02-29" is not a date: February 2026 has no day 29` + example},
		{"2026-04-31", `"2026-04-31" is not a date: April 2026 has no day 31` + example},
		{"2026-13-01", `"2026-13-01" is not a date` + example},
		{"31/01/2026", `"31/01/2026" is not a date` + example},
		{"0000-01-01", `"0000-01-01" is not a date` + example},
		{"2026-01-31T09:00:00Z", `"2026-01-31T09:00:00Z" is not a date` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseDate(tt.in))); diff != "" {
			t.Errorf("ParseDate(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestDates(t *testing.T) {
	d := Date{2028, time.February, 28}
	if got, want := d.Add(2), (Date{2028, time.March, 1}); got != want {
		t.Errorf("two days after %s is %s, want %s", d, got, want)
	}
	if got := d.Add(366).Sub(d); got != 366 {
		t.Errorf("366 days later is %d days away", got)
	}
	if !d.Before(d.Add(1)) || d.Before(d) {
		t.Error("a day is not before the next, or is before itself")
	}
	if got := (Date{}).String(); got != "" {
		t.Errorf("no date is written %q", got)
	}
}

// TestSettingsAreDecoded: the decoder of the configuration finds the readers.
func TestSettingsAreDecoded(t *testing.T) {
	var c Cadence
	var day Weekday
	settings := []struct {
		setting encoding.TextUnmarshaler
		text    string
	}{
		{&c.Every, "3d..4d"}, {&day, "lundi"}, {&c.Monthly, "15"}, {&c.At, "18:30"}, {&c.Start, "2026-05-01"},
		{&c.Rule, "FREQ=DAILY"}, {&c.Quiet, "22:00..07:00"}, {&c.By, "25th"}, {new(Ahead), "3d"},
	}
	for _, s := range settings {
		if err := s.setting.UnmarshalText([]byte(s.text)); err != nil {
			t.Errorf("%T: %v", s.setting, err)
		}
		if err := s.setting.UnmarshalText([]byte("nonsense")); err == nil {
			t.Errorf("%T takes nonsense", s.setting)
		}
	}
}

// fuzz checks that reading never fails badly, and that what was read is read the
// same from how it is written.
func fuzz[T interface {
	comparable
	fmt.Stringer
}](f *testing.F, parse func(string) (T, error), valid func(T) bool, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parse(s)
		if err != nil {
			var none T
			if got != none {
				t.Errorf("%q: %v beside the error %v", s, got, err)
			}
			return
		}
		if !valid(got) {
			t.Errorf("%q was read as %v", s, got)
		}
		if again, err := parse(got.String()); err != nil || again != got {
			t.Errorf("%q was read as %v, and that as %v, %v", s, got, again, err)
		}
	})
}

func FuzzParseEvery(f *testing.F) {
	fuzz(f, ParseEvery, func(w Window) bool {
		return 1 <= w.First && w.First <= w.Last && w.Last <= maxDays
	}, "3d", "3d..4d", "3..4d", "2w", "45j", "0d", "4d..3d", "99999w", "12h", "")
}

func FuzzParseClock(f *testing.F) {
	fuzz(f, ParseClock, func(c Clock) bool {
		return 0 <= c.sinceMidnight() && c.sinceMidnight() < 24*time.Hour
	}, "09:00", "9h30", "24:00", "12:60", "9h", "-1:00", "")
}

func FuzzParseWeekday(f *testing.F) {
	fuzz(f, ParseWeekday, func(d Weekday) bool { return d.check() == nil }, "monday", "lundi", "dim", "mondy", "é", "")
}

func FuzzParseDate(f *testing.F) {
	fuzz(f, ParseDate, func(d Date) bool { return d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month) },
		"2026-01-31", "2026-02-29", "0000-00-00", "9999-12-31", "2026-1-1", "")
}

func FuzzParseMonthDay(f *testing.F) {
	fuzz(f, ParseMonthDay, func(d MonthDay) bool {
		day := d.in(2026, time.February)
		return d.check() == nil && (1 <= day && day <= 28 || day == 0 && d.Nth == 5)
	}, "1", "1er", "25th", "last", "-1", "0", "2nd tuesday", "dernier vendredi", "5e lun", "2ème mardi", "")
}

func FuzzParseQuiet(f *testing.F) {
	fuzz(f, ParseQuiet, func(q Quiet) bool { return q != (Quiet{}) && q.check() == nil },
		"22:00..07:00", "22h-7h", "de 22h à 7h30", "from 22:00 to 07:00", "9h..9h", "24:00..25:00", "..", "")
}

func FuzzParseBy(f *testing.F) {
	due := Date{2026, time.February, 27}
	fuzz(f, ParseBy, func(b By) bool { return b != (By{}) && !b.from(due).Before(due) && b.from(due).Sub(due) <= maxAhead },
		"25th", "last", "friday", "2e mardi", "3d", "3 jours", "0d", "999w", "")
}

func FuzzParseAhead(f *testing.F) {
	fuzz(f, ParseAhead, func(a Ahead) bool { return a.check() == nil }, "3d", "1w", "0d", "2 semaines", "999w", "")
}

func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{
		"FREQ=MONTHLY;BYDAY=1MO,3MO", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU", "freq=daily;count=3",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20300101T100000Z", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO",
		"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=YEARLY;BYYEARDAY=-1,366", "FREQ=YEARLY;BYDAY=-53MO", "FREQ=HOURLY", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			if r != (Rule{}) {
				t.Errorf("%q: %v beside the error %v", s, r, err)
			}
			return
		}
		if again, err := ParseRule(r.String()); err != nil || !again.Equal(r) {
			t.Errorf("%q was read as %s, and that as %s, %v", s, r, again, err)
		}
		start := Date{2024, time.February, 29}
		if r.check(start) != "" {
			return
		}
		for d, n := start, 0; n < 20; n++ {
			date, ok := r.onOrAfter(start, d)
			if before, found := r.onOrBefore(start, date); ok && (date.Before(d) || !found || before != date) {
				t.Fatalf("%q: %s is not the first date from %s on", s, date, d)
			}
			if d = date.Add(1); !ok {
				return
			}
		}
	})
}

func TestParseQuiet(t *testing.T) {
	const example = `; write a beginning and an end, such as "22:00..07:00"`
	tests := []struct{ in, want string }{
		{"22:00..07:00", "22:00..07:00"},
		{"22h-7h", "22:00..07:00"},
		{"22h30 – 7h", "22:30..07:00"},
		{"de 22h à 7h", "22:00..07:00"},
		{"From 22:00 to 07:00", "22:00..07:00"},
		{"12:00..14:00", "12:00..14:00"},
		{"", `"" is not a span of hours` + example},
		{"22:00", `"22:00" is not a span of hours` + example},
		{"22..7", `"22..7" begins wrongly: "22" is not a time of day; write hours and minutes, such as "09:00" or "21:30"`},
		{"22:00..24:00", `"22:00..24:00" ends wrongly: "24:00" was understood as hour 24, minute 0, which no day has; write hours and minutes, such as "09:00" or "21:30"`},
		{"9h..09:00", `"9h..09:00": it ends when it begins, and nothing could ever be posted` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseQuiet(tt.in))); diff != "" {
			t.Errorf("ParseQuiet(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseBy(t *testing.T) {
	const example = `; write a day such as "25th", "friday" or "3d" (days after it is due)`
	tests := []struct{ in, want string }{
		{"25th", "25"}, {"25", "25"}, {"1er", "1"}, {"last", "last"}, {"Friday", "friday"}, {"vendredi", "friday"}, {"ven", "friday"},
		{"2nd tuesday", "2nd tuesday"}, {"dernier vendredi", "last friday"}, {"3d", "3d"}, {"3 jours", "3d"}, {"1w", "7d"},
		{"", `"" is not a deadline` + example},
		{"32", `"32" is not a deadline` + example},
		{"3h", `"3h" is not a deadline` + example},
		{"0d", `"0d" was understood as 0 days after it is due, but there are 1 to 366` + example},
		{"99w", `"99w" was understood as 693 days after it is due, but there are 1 to 366` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseBy(tt.in))); diff != "" {
			t.Errorf("ParseBy(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseAhead(t *testing.T) {
	const example = `; write days or weeks, such as "3d" or "1w"`
	tests := []struct{ in, want string }{
		{"3d", "3d"}, {"0d", "0d"}, {"1w", "7d"}, {"3 jours", "3d"}, {"1 day", "1d"},
		{"3", `"3" is not a number of days` + example},
		{"12h", `"12h" is not a number of days` + example},
		{"99w", `"99w" was understood as 693d, but there are 0 to 366 days` + example},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseAhead(tt.in))); diff != "" {
			t.Errorf("ParseAhead(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestParseRule(t *testing.T) {
	tests := []struct{ in, want string }{
		{"FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=MONTHLY;BYDAY=+1MO,+3MO"},
		{" rrule:freq=weekly;byday=mo; ", "FREQ=WEEKLY;BYDAY=MO"},
		{"FREQ=DAILY;INTERVAL=1", "FREQ=DAILY"},
		{"FREQ=DAILY;UNTIL=20261231T225959Z", "FREQ=DAILY;UNTIL=20261231T000000Z"},
		{"", `"" has an unknown part ""; ` + ruleExample},
		{"every monday", `"every monday" has an unknown part "EVERY MONDAY"; ` + ruleExample},
		{"FREQ=FORTNIGHTLY", `"FREQ=FORTNIGHTLY" is not a recurrence rule (undefined frequency: FORTNIGHTLY); ` + ruleExample},
		{"BYDAY=MO", `"BYDAY=MO" is not a recurrence rule (RRULE property FREQ is required); ` + ruleExample},
		{"FREQ=MONTHLY;BYMONTHDAY=32", `"FREQ=MONTHLY;BYMONTHDAY=32" is not a recurrence rule (bymonthday must be between 1 and 31 or -1 and -31); ` + ruleExample},
		{"FREQ=HOURLY", `"FREQ=HOURLY" is finer than a day; the finest is FREQ=DAILY`},
		{"FREQ=DAILY;BYHOUR=9", `"FREQ=DAILY;BYHOUR=9" has a BYHOUR; write the setting at = "09:00" instead`},
		{"DTSTART:20260101\nRRULE:FREQ=DAILY", `"DTSTART:20260101\nRRULE:FREQ=DAILY" has a DTSTART; write the setting start = "2026-01-31" instead`},
		{"FREQ=DAILY;DTSTART=20260101", `"FREQ=DAILY;DTSTART=20260101" has a DTSTART; write the setting start = "2026-01-31" instead`},
		{"FREQ=DAILY;BYEASTER=1", `"FREQ=DAILY;BYEASTER=1" has an unknown part "BYEASTER"; ` + ruleExample},
		{"FREQ=DAILY;FREQ=WEEKLY", `"FREQ=DAILY;FREQ=WEEKLY" has FREQ twice; keep one`},
		{"FREQ=DAILY;INTERVAL=0", `"FREQ=DAILY;INTERVAL=0" has INTERVAL=0; it goes from 1 to 1200`},
		{"FREQ=DAILY;COUNT=0", `"FREQ=DAILY;COUNT=0" has COUNT=0; it goes from 1 on`},
		{"FREQ=DAILY;COUNT=2;UNTIL=20270101", `"FREQ=DAILY;COUNT=2;UNTIL=20270101" has COUNT and UNTIL; keep one`},
		{"FREQ=DAILY;UNTIL=00010101", `"FREQ=DAILY;UNTIL=00010101" ends before 1970`},
		{"FREQ=WEEKLY;BYDAY=2MO", `"FREQ=WEEKLY;BYDAY=2MO" has BYDAY=+2MO; a number there needs FREQ=MONTHLY or FREQ=YEARLY without BYWEEKNO`},
		{"FREQ=MONTHLY;BYDAY=-53MO", `"FREQ=MONTHLY;BYDAY=-53MO" has BYDAY=-53MO; a number there goes up to 5 with this FREQ`},
		{"FREQ=YEARLY;BYWEEKNO=20", `"FREQ=YEARLY;BYWEEKNO=20" has a BYWEEKNO, but no day of that week; add BYDAY=MO`},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(ParseRule(tt.in))); diff != "" {
			t.Errorf("ParseRule(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

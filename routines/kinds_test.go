package routines

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// The tests in this file check the newer settings as those of years_test.go do: over
// ten years, against the slowest way to say it.

// newKinds are cadences with the settings that move, end or open dates.
var newKinds = []string{
	"every 3d..7d days monday friday",
	"every 1d..2d quiet 22:00..07:00",
	"monthly 2nd tuesday", "monthly last sunday", "monthly 5th friday",
	"rrule FREQ=MONTHLY;BYDAY=1MO,3MO", "rrule FREQ=WEEKLY;INTERVAL=2;BYDAY=SU start 2005-01-02",
	"weekly saturday sunday days monday wednesday",
	"weekly friday quiet 22:00..07:00 days monday tuesday wednesday thursday friday",
	"weekly monday tuesday days monday tuesday quiet 23:00..12:00",
}

func TestTenYearsOfNthWeekdays(t *testing.T) {
	kinds := []string{
		"monthly 1st monday", "monthly 2nd tuesday", "monthly 3rd sunday", "monthly 4th sunday", "monthly 5th saturday",
		"monthly last sunday", "monthly last thursday",
	}
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		dates := walk(t, c, from, loc)
		if len(dates) < 39 {
			t.Fatalf("due %d times in ten years", len(dates))
		}
		for day, i := DateOf(dates[0]), 0; i < len(dates); day = day.Add(1) {
			nth := (day.Day-1)/7 + 1
			last := day.Add(7).Month != day.Month
			if day.weekday() == c.Monthly.Weekday && (nth == c.Monthly.Nth || last && c.Monthly.Nth == -1) {
				checkClock(t, dates[i], day, c.At)
				i++
			}
		}
	})
}

// TestARuleIsWhatItSays: where a rule says the same as our own words, it comes to
// the same dates, whenever the chore was done.
func TestARuleIsWhatItSays(t *testing.T) {
	same := map[string]string{
		"rrule FREQ=DAILY":                                          "weekly mon tue wed thu fri sat sun",
		"rrule FREQ=WEEKLY;BYDAY=MO":                                "weekly monday",
		"rrule FREQ=WEEKLY;BYDAY=TH,MO;WKST=SU":                     "weekly monday thursday",
		"rrule FREQ=MONTHLY;BYMONTHDAY=15":                          "monthly 15",
		"rrule FREQ=MONTHLY;BYMONTHDAY=-1":                          "monthly last",
		"rrule FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1":     "monthly 31",
		"rrule FREQ=MONTHLY;BYDAY=2TU":                              "monthly 2nd tuesday",
		"rrule FREQ=MONTHLY;BYDAY=-1FR":                             "monthly last friday",
		"rrule FREQ=MONTHLY;BYDAY=5SU":                              "monthly 5th sunday",
		"rrule FREQ=YEARLY;BYMONTHDAY=1 days monday tuesday":        "monthly 1 days monday tuesday",
		"rrule FREQ=WEEKLY;BYDAY=FR quiet 22:00..07:00 days mon":    "weekly friday quiet 22:00..07:00 days monday",
		"rrule FREQ=MONTHLY;BYDAY=SU;BYSETPOS=1 quiet 01:00..03:00": "monthly 1st sunday quiet 01:00..03:00",
	}
	for rule, own := range same {
		eachCadence(t, []string{rule}, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
			o := cadence(t, own+" at "+c.At.String())
			if got, want := walk(t, c, from, loc), walk(t, o, from, loc); !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Fatalf("%s has %d dates, %s %d", rule, len(got), own, len(want))
			}
			for done := from; done.Before(from.AddDate(1, 0, 0)); done = done.Add(3595 * time.Minute) {
				f := Facts{Last: Done{At: done}, Since: from}
				got, _ := Next(c, f, loc)
				if want, _ := Next(o, f, loc); !got.Equal(want) {
					t.Fatalf("done %s: the rule says %s, %s %s", done, got, own, want)
				}
			}
		})
	}
}

// TestAllowedDaysAndQuietHoursAreKept: no date is on another day or in the quiet
// hours, and each is the first instant that may follow from its day in the calendar.
func TestAllowedDaysAndQuietHoursAreKept(t *testing.T) {
	tests := []struct{ calendar, limits string }{
		{"weekly monday thursday at 23:00", "quiet 22:00..07:00"},
		{"weekly monday thursday at 06:00", "quiet 22:00..07:00 days tuesday friday"},
		{"weekly fri sat sun at 23:00", "quiet 22:00..07:00 days mon tue wed thu fri"},
		{"weekly monday tuesday at 23:00", "quiet 22:00..07:00 days monday tuesday"},
		{"weekly friday at 23:00", "quiet 22:00..07:00 days friday"},
		{"monthly 31 at 13:00", "quiet 12:00..14:00 days sunday"},
		{"monthly 1st saturday at 09:00", "days wednesday"},
		{"rrule FREQ=MONTHLY;BYMONTHDAY=1,2,3 at 00:30", "quiet 23:00..12:00 days saturday monday"},
	}
	for _, name := range []string{"Europe/Paris", "America/Sao_Paulo"} {
		loc := zone(t, name)
		from := time.Date(2010, 1, 1, 12, 0, 0, 0, loc)
		for _, tt := range tests {
			free, c := cadence(t, tt.calendar), cadence(t, tt.calendar+" "+tt.limits)
			var want []time.Time
			for _, due := range walk(t, free, from.AddDate(0, 0, -30), loc) {
				if due = slowlyMoved(c, due, loc); !due.Before(from) && (len(want) == 0 || due.After(want[len(want)-1])) {
					want = append(want, due)
				}
			}
			for i, got := range walk(t, c, from, loc) {
				if i < len(want) && !got.Equal(want[i]) {
					t.Fatalf("%s in %s: due %s, want %s", c, name, got, want[i])
				}
				if c.Quiet.Holds(got, loc) || !c.allows(DateOf(got)) {
					t.Fatalf("%s in %s: due %s", c, name, got)
				}
			}
		}
	}
}

// slowlyMoved moves a date as the documentation says, a quarter of an hour at a time
// once it has its day.
func slowlyMoved(c Cadence, due time.Time, loc *time.Location) time.Time {
	day := DateOf(due)
	for !c.allows(day) {
		day = day.Add(1)
	}
	due = day.at(c.At, loc)
	for c.Quiet.Holds(due, loc) || !c.allows(DateOf(due)) {
		due = due.Add(15 * time.Minute)
	}
	return due
}

// TestQuietHoursAreWhatTheClocksShow: on every quarter of an hour of a year with both
// clock changes, but for the nights in which the clocks show hours twice or not.
func TestQuietHoursAreWhatTheClocksShow(t *testing.T) {
	for _, span := range []string{"22:00..07:00", "02:30..03:15", "12:00..14:00", "00:00..06:00", "18:00..00:00"} {
		q, err := ParseQuiet(span)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Europe/Paris", "Australia/Lord_Howe"} {
			loc, last := zone(t, name), time.Time{}
			for at := time.Date(2017, 1, 1, 0, 0, 0, 0, loc); at.Year() < 2018; at = at.Add(15 * time.Minute) {
				end := q.End(at, loc)
				if end.Before(at) || end.Before(last) || q.Holds(end, loc) || end.Sub(at) > 24*time.Hour {
					t.Fatalf("%s in %s: the quiet hours of %s end %s", span, name, at, end)
				}
				last = end
				if calm(at) && q.Holds(at, loc) != shows(q, at) {
					t.Fatalf("%s in %s: at %s they hold: %v", span, name, at, q.Holds(at, loc))
				}
			}
		}
	}
}

// calm reports whether the clocks are not changed on the days around t.
func calm(t time.Time) bool {
	_, before := t.Add(-26 * time.Hour).Zone()
	_, after := t.Add(26 * time.Hour).Zone()
	return before == after
}

// shows reads the clock on the wall.
func shows(q Quiet, t time.Time) bool {
	now, from, to := t.Format("15:04"), q.From.String(), q.To.String()
	if from < to {
		return from <= now && now < to
	}
	return from <= now || now < to
}

// TestAWindowOpensBeforeItIsDue: on an allowed day and outside of the quiet hours,
// and never before the completion that it counts from.
func TestAWindowOpensBeforeItIsDue(t *testing.T) {
	kinds := append([]string{"every 3d..4d", "every 1d..30d"}, newKinds...)
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		for done := from; done.Before(from.AddDate(1, 0, 0)); done = done.Add(3595 * time.Minute) {
			due, ok := Upcoming(Routine{Cadence: c}, Facts{Last: Done{At: done}, Since: from}, loc)
			if !ok || due.Opens.After(due.Due) || !due.Opens.After(done) {
				t.Fatalf("done %s: %v", done, due)
			}
			if c.Quiet.Holds(due.Opens, loc) || c.Quiet.Holds(due.Due, loc) || !c.allows(DateOf(due.Opens)) || !c.allows(DateOf(due.Due)) {
				t.Fatalf("done %s: it may not be posted at %s and %s", done, due.Opens, due.Due)
			}
		}
	})
}

// TestTheAgendaIsNextAgainAndAgain: when each date is done as it falls due.
func TestTheAgendaIsNextAgainAndAgain(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	from := time.Date(2024, 1, 1, 12, 0, 0, 0, loc)
	reading := Reading{At: from, Holds: true, Since: from, Until: from.AddDate(1, 2, 3)}
	kinds := append([]string{`when "reboot antigone"`, `expires "oauth intra"`, "rrule FREQ=DAILY;COUNT=3 start 2024-02-28"}, newKinds...)
	for _, kind := range kinds {
		r := Routine{Key: "chore", Cadence: cadence(t, kind)}
		if r.Expires == "" {
			r.By = by(t, "3d")
		}
		f := Facts{Since: from, Last: Done{At: from}, Reading: reading}
		agenda := Agenda([]Routine{r}, map[string]Facts{"chore": f}, from, 3653, loc)
		agenda = slices.DeleteFunc(agenda, func(d Due) bool { return !d.Due.After(from) }) // what is open
		if len(agenda) == 0 && r.When == "" {
			t.Errorf("%s: the agenda is empty", kind)
		}
		for _, listed := range agenda {
			next, ok := Upcoming(r, f, loc)
			if !ok || next != listed {
				t.Fatalf("%s: the agenda has %v, next is %v", kind, listed, next)
			}
			f.Last.At = next.Due
		}
		if next, ok := Next(r.Cadence, f, loc); ok && !next.After(from.AddDate(0, 0, 3653)) {
			t.Errorf("%s: the agenda lacks %s", kind, next)
		}
	}
}

// TestWarningsComeBetweenTheDueDateAndTheDeadline: in order, and not in quiet hours.
func TestWarningsComeBetweenTheDueDateAndTheDeadline(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	from := time.Date(2024, 1, 1, 12, 0, 0, 0, loc)
	for _, kind := range []string{
		"every 3d by 5d warn 4d 2d 1d 0d", "monthly 1 by 25th", "weekly monday by friday warn 2d 0d",
		"monthly 2nd tuesday at 02:30 by last sunday warn 1d 0d", "weekly monday at 06:30 quiet 22:00..07:00 by 29th warn 3d 1d",
	} {
		c := cadence(t, kind)
		for _, due := range walk(t, c, from, loc) {
			deadline := c.deadline(due, Facts{}, loc)
			warnings := c.Warnings(due, deadline, loc)
			if deadline.Before(DateOf(due)) || len(warnings) > len(c.aheads()) {
				t.Fatalf("%s: due %s, deadline %s, warnings %v", kind, due, deadline, warnings)
			}
			for i, w := range warnings {
				if !w.After(due) || deadline.Before(DateOf(w)) || c.Quiet.Holds(w, loc) || i > 0 && !w.After(warnings[i-1]) {
					t.Fatalf("%s: due %s, deadline %s, warnings %v", kind, due, deadline, warnings)
				}
			}
		}
	}
}

// TestWhatAMeasurementAsksForStaysUntilItIsDone: an occurrence of a condition or of a
// date that lapses is the same one, on the same date, whenever one looks.
func TestWhatAMeasurementAsksForStaysUntilItIsDone(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, loc)
	for _, kind := range []string{`when "reboot antigone" at 21:00`, `expires "oauth intra" at 21:00`} {
		r := Routine{Key: "chore", Cadence: cadence(t, kind)}
		f := Facts{Since: from, Reading: Reading{Holds: true, Since: from.AddDate(0, 0, 3), Until: from.AddDate(0, 0, 17)}}
		want := DateOf(from).Add(3).at(r.At, loc)
		for now := from; now.Before(from.AddDate(0, 2, 0)); now = now.Add(time.Hour) {
			f.Reading.At = now
			due := DueNow([]Routine{r}, map[string]Facts{"chore": f}, now, loc)
			if (len(due) == 1) == now.Before(want) || len(due) == 1 && (!due[0].Due.Equal(want) || due[0].Missed != 0) {
				t.Fatalf("%s at %s: %v, want due %s", kind, now, due, want)
			}
		}
	}
}

// TestARuleIsSharedSafely: copies of a rule, asked for far and near dates at once.
func TestARuleIsSharedSafely(t *testing.T) {
	c := cadence(t, "rrule FREQ=DAILY;BYDAY=MO,WE")
	var all sync.WaitGroup
	for year := 2001; year < 2041; year++ {
		all.Go(func() {
			d, ok := c.onOrAfter(Date{year, 7, 1})
			if before, found := c.onOrBefore(d); !ok || !found || before != d || d.Sub(Date{year, 7, 1}) > 5 {
				t.Errorf("the date after July %d is %s", year, d)
			}
		})
	}
	all.Wait()
}

// TestARuleEndsAtItsHorizon: so that no search goes on for ever.
func TestARuleEndsAtItsHorizon(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	since := time.Date(2026, 2, 1, 12, 0, 0, 0, loc)
	tests := []struct {
		cadence string
		times   int
		last    string
	}{
		{"rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 42, "Mon 2196-02-29 09:00 +01:00"}, // not in 2100
		{"rrule FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29 start 2026-01-01", 48, "Sun 2224-02-29 09:00 +01:00"},
		{"rrule FREQ=YEARLY;INTERVAL=100;BYMONTH=3;BYMONTHDAY=1 start 2026-03-01", 3, "Wed 2226-03-01 09:00 +01:00"},
	}
	for _, tt := range tests {
		f, n := Facts{Since: since}, 0
		for due, ok := Next(cadence(t, tt.cadence), f, loc); ok; due, ok = Next(cadence(t, tt.cadence), f, loc) {
			f.Last.At, n = due, n+1
		}
		if last := f.Last.At.Format(moment); n != tt.times || last != tt.last {
			t.Errorf("%s: due %d times, last %s; want %d, %s", tt.cadence, n, last, tt.times, tt.last)
		}
	}
}

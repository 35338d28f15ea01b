package routines

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The tests in this file walk through ten years in several zones and check what
// must hold on every single date, against the slowest way to say it.

var walks = []struct {
	zone   string
	from   int      // year
	clocks []string // the hours at which something can go wrong there, and some
}{
	// leap years 2024, 2028, 2032
	{"Europe/Paris", 2024, []string{"02:00", "02:30", "09:00", "23:30"}},
	// no leap year 2100, and all beyond the table of the zone's changes
	{"Europe/Paris", 2096, []string{"02:30", "09:00"}},
	{"UTC", 2024, []string{"09:00"}},
	{"Australia/Lord_Howe", 2024, []string{"01:45", "02:15"}}, // by half an hour
	{"America/Sao_Paulo", 2010, []string{"00:00", "23:30"}},   // at midnight
	{"America/St_Johns", 2005, []string{"00:00", "23:30"}},    // one minute past midnight
	{"Africa/Casablanca", 2020, []string{"02:30"}},            // back in spring, forward a month later
}

// eachCadence calls f for every kind at every hour in every zone.
func eachCadence(t *testing.T, kinds []string, f func(t *testing.T, c Cadence, from time.Time, loc *time.Location)) {
	for _, walk := range walks {
		loc := zone(t, walk.zone)
		from := time.Date(walk.from, 1, 1, 12, 0, 0, 0, loc) // noon: no zone changes then
		for _, kind := range kinds {
			for _, clock := range walk.clocks {
				name := kind + " at " + clock
				t.Run(fmt.Sprintf("%s %d %s", walk.zone, walk.from, name), func(t *testing.T) {
					f(t, cadence(t, name), from, loc)
				})
			}
		}
	}
}

// walk returns the dates from the given time to the same one ten years later, each
// done when it falls due, and fails unless each is later than the one before.
func walk(t *testing.T, c Cadence, from time.Time, loc *time.Location) []time.Time {
	var dates []time.Time
	end := from.AddDate(10, 0, 0)
	f := Facts{Since: from}
	for due, ok := Next(c, f, loc); ok && due.Before(end); due, ok = Next(c, f, loc) {
		if due.Before(from) || len(dates) > 0 && !due.After(dates[len(dates)-1]) {
			t.Fatalf("time goes backwards: %v then %v", dates, due)
		}
		dates = append(dates, due)
		f.Last.At = due
	}
	return dates
}

// wall reads the clock on the wall: the date and time that t has in its location.
func wall(t time.Time) string { return t.Format("2006-01-02 15:04") }

// checkClock fails unless due is the first instant at which the wall shows c on
// the given day; or, where it never does, the instant at which it would have shown
// c had the clocks not changed.
func checkClock(t *testing.T, due time.Time, day Date, c Clock) {
	t.Helper()
	_, before := due.Add(-26 * time.Hour).Zone()
	_, after := due.Add(26 * time.Hour).Zone()
	want := day.String() + " " + c.String()
	got := wall(due)
	if before == after {
		if got != want {
			t.Errorf("due %s, want %s", got, want)
		}
		return
	}
	for d := -26 * time.Hour; d <= 26*time.Hour; d += 15 * time.Minute {
		if wall(due.Add(d)) != want {
			continue
		}
		if d != 0 {
			t.Errorf("due %s, but the wall shows %s first at %s", due, want, due.Add(d))
		}
		return
	}
	if got := wall(due.In(time.FixedZone("before", before))); got != want {
		t.Errorf("due %s, want %s by the clocks of the day before", due, want)
	}
}

func TestTenYearsOfDays(t *testing.T) {
	kinds := []string{"every 1d", "weekly monday tuesday wednesday thursday friday saturday sunday"}
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		dates := walk(t, c, from, loc)
		day := DateOf(from)
		if dates[0].Day() != from.Day() {
			day = day.Add(1)
		}
		for i, due := range dates {
			checkClock(t, due, day.Add(i), c.At)
		}
		years := DateOf(from.AddDate(10, 0, 0)).Sub(DateOf(from))
		if len(dates) != years {
			t.Errorf("due on %d days of %d", len(dates), years)
		}
	})
}

func TestTenYearsOfIntervals(t *testing.T) {
	kinds := []string{"every 3d", "every 3d..4d", "every 2w", "every 45d", "every 366d"}
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		dates := walk(t, c, from, loc)
		for i, due := range dates {
			checkClock(t, due, DateOf(dates[0]).Add(i*c.Every.Last), c.At)
		}
	})
}

func TestTenYearsOfWeekdays(t *testing.T) {
	kinds := []string{"weekly sunday", "weekly monday", "weekly saturday sunday monday", "weekly monday thursday"}
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		dates := walk(t, c, from, loc)
		for day, i := DateOf(dates[0]), 0; i < len(dates); day = day.Add(1) {
			if slices.Contains(c.Weekly, Weekday{day.weekday()}) {
				checkClock(t, dates[i], day, c.At)
				i++
			}
		}
	})
}

func TestTenYearsOfMonths(t *testing.T) {
	kinds := []string{"monthly 1", "monthly 15", "monthly 28", "monthly 29", "monthly 30", "monthly 31", "monthly last"}
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		dates := walk(t, c, from, loc)
		if len(dates) != 120 {
			t.Fatalf("due %d times in 120 months", len(dates))
		}
		first := DateOf(dates[0])
		for i, due := range dates {
			month := time.Date(first.Year, first.Month+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
			length := month.AddDate(0, 1, -1).Day()
			day := c.Monthly.Day
			if day < 0 || day > length {
				day = length
			}
			checkClock(t, due, Date{month.Year(), month.Month(), day}, c.At)
		}
	})
}

// TestNextIsMonotone: doing a chore later never makes its next date come earlier,
// and the next date is always after the completion.
func TestNextIsMonotone(t *testing.T) {
	kinds := []string{"every 1d", "every 3d..4d", "weekly monday", "weekly monday thursday", "monthly 31"}
	kinds = append(kinds, newKinds...)
	eachCadence(t, kinds, func(t *testing.T, c Cadence, from time.Time, loc *time.Location) {
		var previous time.Time
		for done := from; done.Before(from.AddDate(1, 0, 0)); done = done.Add(1195 * time.Minute) {
			next, ok := Next(c, Facts{Last: Done{At: done}, Since: from}, loc)
			if !ok || !next.After(done) || next.Before(previous) {
				t.Fatalf("done %s: next %s, and %s when done a little earlier", done, next, previous)
			}
			previous = next
		}
	})
}

// slowly decides as the documentation of DueNow and Next says it, from the list of
// all dates and all completions.
func slowly(dates []time.Time, quarters []time.Duration, completions []time.Time, now time.Time) (due time.Time, missed int) {
	for i, date := range dates {
		covered := slices.ContainsFunc(completions, func(done time.Time) bool {
			return !done.Before(date.Add(-quarters[i]))
		})
		if covered || date.After(now) {
			continue
		}
		if !due.IsZero() {
			missed++
		}
		due = date
	}
	return due, missed
}

// TestDueNowEveryDay asks every day of ten years while a chore is done now and
// then, and compares with the slow way.
func TestDueNowEveryDay(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	kinds := []string{
		"weekly monday", "weekly monday thursday", "monthly 31 at 02:30", "monthly 1 at 23:30",
		"monthly 2nd tuesday", "monthly 5th friday", "rrule FREQ=MONTHLY;BYDAY=1MO,3MO", "rrule FREQ=YEARLY;BYMONTH=1,2,12;BYMONTHDAY=29",
		"weekly saturday sunday monday days monday wednesday", "monthly last at 23:00 quiet 22:00..07:00",
		"weekly monday tuesday days monday tuesday at 23:00 quiet 22:00..07:00",
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			r := Routine{Key: "chore", Cadence: cadence(t, kind)}
			since := time.Date(2024, 1, 1, 12, 0, 0, 0, loc)
			dates, quarters := dated(walk(t, r.Cadence, since.AddDate(-5, 0, 0), loc), walk(t, r.Cadence, since, loc))
			random := rand.New(rand.NewPCG(1, 2))
			facts := Facts{Since: since}
			var done []time.Time
			for now := since; now.Before(dates[len(dates)-1]); now = now.Add(23 * time.Hour) {
				if random.IntN(20) == 0 {
					facts.Last.At, done = now, []time.Time{now} // the latest is enough, for Facts and for slowly
				}
				want, missed := slowly(dates, quarters, done, now)
				got := DueNow([]Routine{r}, map[string]Facts{"chore": facts}, now, loc)
				if want.IsZero() && len(got) == 0 {
					continue
				}
				if len(got) != 1 || !got[0].Due.Equal(want) || got[0].Missed != missed {
					t.Fatalf("at %s, done %v: got %v, want due %s, missed %d", now, done, got, want, missed)
				}
			}
		})
	}
}

// dated returns the dates with a quarter of the days since the one before; earlier
// are dates that begin before them.
func dated(earlier, dates []time.Time) ([]time.Time, []time.Duration) {
	first := slices.IndexFunc(earlier, func(t time.Time) bool { return t.Equal(dates[0]) })
	before := earlier[first-1]
	quarters := make([]time.Duration, len(dates))
	for i, date := range dates {
		quarters[i] = time.Duration(DateOf(date).Sub(DateOf(before))) * 6 * time.Hour
		before = date
	}
	return dates, quarters
}

// TestClockSetBackAsksOnce: whatever way the clock jumps, the set of what was
// asked is that of a clock that only goes forward.
func TestClockSetBackAsksOnce(t *testing.T) {
	loc := zone(t, "Europe/Paris")
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, loc)
	reading := Reading{At: since.AddDate(0, 0, 10), Holds: true, Since: since.AddDate(0, 0, 9), Until: since.AddDate(0, 1, 15)}
	kinds := append([]string{"every 3d", "weekly monday", "monthly 31", "weekly sunday at 02:30"}, newKinds...)
	for _, kind := range append(kinds, `when "reboot antigone"`, `expires "oauth intra"`) {
		r := []Routine{{Key: "chore", Cadence: cadence(t, kind)}}
		asked := func(jumps bool) map[int64]bool {
			random := rand.New(rand.NewPCG(3, 4))
			facts, set := map[string]Facts{"chore": {Since: since, Reading: reading}}, map[int64]bool{}
			for now := since; now.Before(since.AddDate(0, 3, 0)); now = now.Add(3 * time.Hour) {
				seen := now
				if jumps {
					seen = now.Add(-time.Duration(random.IntN(100)) * time.Hour)
				}
				for _, d := range DueNow(r, facts, seen, loc) {
					set[d.Due.Unix()] = true
				}
				for _, d := range DueNow(r, facts, now, loc) {
					set[d.Due.Unix()] = true
				}
			}
			return set
		}
		if straight, jumping := asked(false), asked(true); len(straight) == 0 || len(straight) != len(jumping) {
			t.Errorf("%s: asked %d times, %d with a jumping clock", kind, len(straight), len(jumping))
		}
	}
}

package watch

import (
	"fmt"
	"testing"
	"time"

	"ronde/checks"
)

func every(name string, d time.Duration) checks.Config {
	return checks.Config{Kind: "disk", Name: name, Work: checks.Work{Every: d, For: 10 * time.Minute, Calm: 5 * time.Minute, Opens: checks.Warning}}
}

// TestWhenACheckIsDue: at points of its own, sooner when something is to be decided, and
// once when points have passed.
func TestWhenACheckIsDue(t *testing.T) {
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	hourly := every("antigone", time.Hour)
	shift := phase(hourly.Ref(), time.Hour)
	point := began.Truncate(time.Hour).Add(shift)
	for _, tt := range []struct {
		name          string
		last, decided time.Time
		want          time.Time
	}{
		{"never made", time.Time{}, time.Time{}, time.Time{}},
		{"after its point", point.Add(time.Second), time.Time{}, point.Add(time.Hour)},
		{"right at its point", point, time.Time{}, point.Add(time.Hour)},
		{"by hand between two points", point.Add(20 * time.Minute), time.Time{}, point.Add(time.Hour)},
		{"something is to be decided", point, point.Add(10 * time.Minute), point.Add(10 * time.Minute)},
		{"but not at once", point, point.Add(time.Second), point.Add(soonest)},
		{"nor later than usual", point, point.Add(3 * time.Hour), point.Add(time.Hour)},
		{"after days", point.AddDate(0, 0, -3).Add(time.Second), time.Time{}, point.AddDate(0, 0, -3).Add(time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := due(hourly, tt.last, tt.decided); !got.Equal(tt.want) {
				t.Errorf("due at %s, want %s", got.Format(time.TimeOnly), tt.want.Format(time.TimeOnly))
			}
		})
	}
}

// TestManyChecksDoNotMeet: of a hundred that are made every five minutes, no minute has
// more than twice its share; nor has the first one after a start, or a second of it.
func TestManyChecksDoNotMeet(t *testing.T) {
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	minutes, seconds := map[int]int{}, map[int]int{}
	for n := range 100 {
		c := every(fmt.Sprintf("host-%d", n), 5*time.Minute)
		minutes[due(c, began, time.Time{}).Minute()%5]++
		seconds[int(phase(c.Ref(), spread)/(10*time.Second))]++
	}
	for minute, n := range minutes {
		if n > 40 || len(minutes) != 5 {
			t.Errorf("%d checks meet in minute %d", n, minute)
		}
	}
	for second, n := range seconds {
		if n > 34 || len(seconds) != 6 {
			t.Errorf("%d checks meet in second %d0 after a start", n, second)
		}
	}
}

// TestALookIsNeverDueBeforeTheOneBefore: whatever the clock did.
func TestALookIsNeverDueBeforeTheOneBefore(t *testing.T) {
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for n := range 500 {
		c := every(fmt.Sprintf("host-%d", n), 30*time.Second+time.Duration(n)*7*time.Second)
		last := began.Add(time.Duration(n*n) * time.Second).Truncate(time.Millisecond)
		next := due(c, last, last.Add(time.Duration(n%40)*time.Second))
		if !next.After(last) || next.Sub(last) > c.Work.Every {
			t.Fatalf("%s after %s, which is made every %s", next.Sub(last), last, c.Work.Every)
		}
	}
}

package routines

import (
	"testing"
	"time"

	"ronde/store"
)

// TestTheWatchPassesOn: who is on turn follows from the calendar and the absences alone.
func TestTheWatchPassesOn(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(moment string) time.Time {
		t.Helper()
		got, err := time.ParseInLocation("2006-01-02 15:04", moment, paris)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	three := []string{"chloe", "ana", "bruno"}
	weekly := Watch{People: three, Day: Weekday{time.Monday}}
	friday := Watch{People: three, Day: Weekday{time.Friday}, At: NewClock(18, 0)}
	daily := Watch{People: three, Daily: true, At: NewClock(8, 0)}
	away := func(who, first, last string) store.Absence { return store.Absence{Who: who, First: first, Last: last} }
	for _, tt := range []struct {
		name     string
		watch    Watch
		now      string
		absences []store.Absence
		who      string
		until    string // "" for never
		next     string
	}{
		{"nobody is listed", Watch{}, "2026-03-02 10:00", nil, "", "", ""},
		{"one person is always on turn", Watch{People: []string{"ana"}}, "2026-03-02 10:00", nil, "ana", "", ""},
		{"a week", weekly, "2026-03-02 09:00", nil, "bruno", "2026-03-09 09:00", "chloe"},
		{"up to its last minute", weekly, "2026-03-09 08:59", nil, "bruno", "2026-03-09 09:00", "chloe"},
		{"and the next", weekly, "2026-03-09 09:00", nil, "chloe", "2026-03-16 09:00", "ana"},
		{"over a year's end", weekly, "2026-12-31 23:59", nil, "chloe", "2027-01-04 09:00", "ana"},
		{"over the change of the clocks", weekly, "2026-03-29 02:59", nil, "bruno", "2026-03-30 09:00", "chloe"},
		{"on another day and hour", friday, "2026-03-06 17:59", nil, "ana", "2026-03-06 18:00", "bruno"},
		{"a day each", daily, "2026-03-02 07:59", nil, "ana", "2026-03-02 08:00", "bruno"},
		{"also where the clocks are set forward", Watch{People: three, Daily: true, At: NewClock(2, 30)}, "2026-03-29 01:59", nil, "ana", "2026-03-29 03:30", "bruno"},

		{"who is away is passed over", weekly, "2026-03-02 10:00", []store.Absence{away("bruno", "2026-02-28", "2026-03-12")}, "chloe", "2026-03-16 09:00", "ana"},
		{"for those days only", weekly, "2026-03-02 10:00", []store.Absence{away("bruno", "2026-03-02", "2026-03-03")}, "chloe", "2026-03-04 00:00", "bruno"},
		{"from the day on", weekly, "2026-03-02 10:00", []store.Absence{away("bruno", "2026-03-05", "2026-03-06")}, "bruno", "2026-03-05 00:00", "chloe"},
		{"two of them", weekly, "2026-03-02 10:00", []store.Absence{away("bruno", "2026-03-01", "2026-03-20"), away("chloe", "2026-03-01", "2026-03-20")}, "ana", "2026-03-23 09:00", "bruno"},
		{"all of them", Watch{People: []string{"ana"}}, "2026-03-02 10:00", []store.Absence{away("ana", "2026-03-01", "2026-03-04")}, "", "2026-03-05 00:00", "ana"},
		{"an absence that is over", weekly, "2026-03-04 10:00", []store.Absence{away("bruno", "2026-03-01", "2026-03-03")}, "bruno", "2026-03-09 09:00", "chloe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := Guard{Now: tt.who, Next: tt.next}
			if tt.until != "" {
				want.Until = at(tt.until)
			}
			got := tt.watch.guard(at(tt.now), paris, tt.absences)
			if got.Now != want.Now || got.Next != want.Next || !got.Until.Equal(want.Until) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestTheWatchIsFair: in the long run everybody has as many turns.
func TestTheWatchIsFair(t *testing.T) {
	w := Watch{People: []string{"ana", "bruno", "chloe"}, Day: Weekday{time.Wednesday}}
	times := map[string]int{}
	for week := range 52 * 3 {
		times[w.on(time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC).AddDate(0, 0, 7*week), time.UTC, nil)]++
	}
	for who, n := range times {
		if n != 52 {
			t.Errorf("%s had %d turns of 156", who, n)
		}
	}
}

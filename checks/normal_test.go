package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/probe"
)

func inParis(t *testing.T) *time.Location {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return paris
}

// past is a history made by a function of the local time, with a value every ten minutes
// from begin on.
type past struct {
	begin, now time.Time
	value      func(local time.Time) float64
	trouble    error
}

func (p past) Points(_ context.Context, _ Series, since time.Time) (all []Point, err error) {
	at := p.begin
	if at.Before(since) {
		at = since
	}
	for ; at.Before(p.now); at = at.Add(10 * time.Minute) {
		all = append(all, Point{at, p.value(at)})
	}
	return all, p.trouble
}

// sundays are busy in the evening, at a little over 40 %, and all else rests at 5 %.
func sundays(local time.Time) float64 {
	if local.Weekday() == time.Sunday && local.Hour() >= 17 && local.Hour() < 23 {
		return 20 + float64(local.Minute())*0.8
	}
	return 5
}

func normalAt(t *testing.T, p past) (Normal, *Learning) {
	t.Helper()
	hours, err := hoursOf(t.Context(), p, Series{}, likeHours(p.now))
	if err != nil {
		t.Fatal(err)
	}
	return learn(p.now, hours)
}

func TestWhatIsUsualDependsOnTheHourOfTheWeek(t *testing.T) {
	paris := inParis(t)
	sunday := time.Date(2026, 11, 22, 20, 10, 0, 0, paris)
	for _, tt := range []struct {
		name  string
		weeks int
		now   time.Time
		want  string
	}{
		{"a busy evening", 12, sunday, "20 to 60, weekly at 20 on Sunday, 12 weeks"},
		{"the same hour of another day", 12, sunday.AddDate(0, 0, -1), "5 to 5, weekly at 20 on Saturday, 11 weeks"},
		{"four weeks are enough", 4, sunday, "20 to 60, weekly at 20 on Sunday, 4 weeks"},
		{"with three, any day counts", 3, sunday, "5 to 60, daily at 20, 21 days"},
		{"with one, nothing is known", 1, sunday, "7 days of 14"},
		{"at first, too", 0, sunday, "0 days of 14"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, learning := normalAt(t, past{begin: sunday.AddDate(0, 0, -7*tt.weeks), now: tt.now, value: sundays})
			got := fmt.Sprintf("%.0f to %.0f, weekly at %d on %s, %d weeks", n.Low, n.High, n.When.Hour, n.When.Weekday, n.Weeks)
			if n.When.Daily {
				got = fmt.Sprintf("%.0f to %.0f, daily at %d, %d days", n.Low, n.High, n.When.Hour, n.Days)
			}
			if learning != nil {
				got = fmt.Sprintf("%d days of %d", learning.Days, learning.Of)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What happens at nine by the clock is usual at nine, whether the clocks changed or not.
func TestWhatIsUsualFollowsTheClocks(t *testing.T) {
	paris := inParis(t)
	nightly := func(local time.Time) float64 {
		if local.In(paris).Hour() == 9 {
			return 80
		}
		return 1
	}
	for _, now := range []time.Time{
		time.Date(2026, 3, 30, 9, 30, 0, 0, paris),  // the day after the spring night
		time.Date(2026, 10, 26, 9, 30, 0, 0, paris), // and after the autumn night
		time.Date(2026, 3, 29, 3, 30, 0, 0, paris),  // in them
		time.Date(2026, 10, 25, 2, 30, 0, 0, paris),
	} {
		n, learning := normalAt(t, past{begin: now.AddDate(0, 0, -84), now: now, value: nightly})
		busy := now.Hour() == 9
		if learning != nil || n.Weeks != 12 || busy != (n.High == 80) {
			t.Errorf("%s: usual is %+v, learning %+v", now, n, learning)
		}
		for _, b := range likeHours(now) {
			if !b.Equal(b.Truncate(time.Hour)) || !b.Before(now) {
				t.Errorf("%s: the hour of %s is asked for", now, b)
			}
		}
	}
	if n := len(likeHours(time.Date(2026, 11, 22, 20, 10, 0, 0, paris))); n != 3*(28+8) {
		t.Errorf("%d hours are asked for", n) // four of the weeks are among the days
	}
}

// The hours before and after are those by the clock, also in the nights in which one is
// missing or comes twice, as somebody finds them a week later.
func TestHoursBesideAreThoseOfTheClock(t *testing.T) {
	paris := inParis(t)
	for _, tt := range []struct {
		now  time.Time
		want string
	}{
		{time.Date(2026, 4, 5, 3, 30, 0, 0, paris), "3 4"}, // there was no two, and one is no neighbour
		{time.Date(2026, 4, 5, 1, 30, 0, 0, paris), "0 1 3"},
		{time.Date(2026, 11, 1, 2, 30, 0, 0, paris), "1 2 3"}, // not twice two
		{time.Date(2026, 11, 1, 3, 30, 0, 0, paris), "2 3 4"},
		{time.Date(2026, 11, 1, 9, 30, 0, 0, paris), "8 9 10"},
	} {
		var hours []string
		for _, b := range likeHours(tt.now) {
			if night := tt.now.AddDate(0, 0, -7); b.In(paris).YearDay() == night.YearDay() {
				hours = append(hours, fmt.Sprint(b.In(paris).Hour()))
			}
		}
		if got := strings.Join(hours, " "); got != tt.want {
			t.Errorf("a week before %s: the hours %s, want %s", tt.now, got, tt.want)
		}
	}
}

func TestOneBadWeekDoesNotBecomeUsual(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 10, 0, 0, inParis(t))
	bad := now.AddDate(0, 0, -21)
	n, _ := normalAt(t, past{begin: now.AddDate(0, 0, -84), now: now, value: func(local time.Time) float64 {
		if local.After(bad.Add(-12*time.Hour)) && local.Before(bad.Add(12*time.Hour)) {
			return 900
		}
		return sundays(local)
	}})
	if n.High > 61 || n.Low < 19 {
		t.Errorf("usual is %.0f to %.0f", n.Low, n.High)
	}
}

func TestBoundsKeepTheirDistanceFromWhatIsUsual(t *testing.T) {
	for _, tt := range []struct {
		name                           string
		n                              Normal
		factor, least, wantLow, wantUp float64
	}{
		{"each side for itself", Normal{Usual{Low: 30, High: 60}, 40}, 3, 1, 10, 100},
		{"no spread at all", Normal{Usual{Low: 40, High: 40}, 40}, 3, 1, 28, 52},
		{"what rests", Normal{Usual{Low: 0, High: 0.2}, 0.1}, 3, 10, -29.9, 30.1},
	} {
		low, up := tt.n.Bounds(tt.factor, tt.least)
		if math.Abs(low-tt.wantLow) > 1e-9 || math.Abs(up-tt.wantUp) > 1e-9 {
			t.Errorf("%s: %g and %g, want %g and %g", tt.name, low, up, tt.wantLow, tt.wantUp)
		}
	}
}

// judged is what a person reads of a CPU at a value, with a history that began some weeks ago.
func judged(t *testing.T, code string, value float64, weeks int, s usualSettings) string {
	t.Helper()
	now := time.Now().In(inParis(t)).Truncate(time.Hour)
	steady := past{begin: now.AddDate(0, 0, -7*weeks), now: now, value: func(local time.Time) float64 { return 20 + float64(local.Minute())*0.8 }}
	a := Asked{Kind: "containers", Name: "antigone", History: steady, Location: now.Location()}
	found, learning, err := judgeUsual(t.Context(), a, s, []Metric{{"cpu", "peertube", value, Percent}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	o := Outcome{Result: newResult("containers", "antigone", now, found), Count: 4}
	o.Learning = learning
	for i := range o.Findings { // which day it is does not matter here
		o.Findings[i].Usual.When = When{Weekday: time.Sunday, Hour: 20}
	}
	return strings.ReplaceAll(sayOutcome(speak(code), o, now), "\u00a0", " ")
}

func TestAFindingSaysHowUnusualItIs(t *testing.T) {
	on := usualByDefault()
	for _, tt := range []struct {
		code  string
		value float64
		weeks int
		s     usualSettings
		want  string
	}{
		{"en", 310, 12, on, "peertube 310% CPU, usually 20–60% on Sunday evenings"},
		{"fr", 310, 12, on, "peertube : CPU 310 %, d’habitude 20 à 60 % le dimanche soir"},
		{"en", 70, 12, on, "4 containers, all calm"},
		{"en", 310, 12, usualSettings{"off", 3}, "4 containers, all calm"},
		{"en", 310, 12, usualSettings{"on", 50}, "4 containers, all calm"},
		{"en", 310, 1, on, "4 containers, all calm (nothing is usual yet: day 7 of 14)"},
		{"fr", 310, 1, on, "4 conteneurs, tout est calme (pas encore d’habitudes : jour 7 sur 14)"},
		{"en", 310, 1, usualSettings{"off", 3}, "4 containers, all calm"},
	} {
		if got := judged(t, tt.code, tt.value, tt.weeks, tt.s); got != tt.want {
			t.Errorf("%g after %d weeks: got %q, want %q", tt.value, tt.weeks, got, tt.want)
		}
	}
}

func TestRangesAndTimesAreSaidAsPeopleSayThem(t *testing.T) {
	for _, tt := range []struct {
		code string
		f    Finding
		want string
	}{
		{"en", Finding{Unit: Bytes, Usual: &Usual{Low: 500 << 20, High: 2 << 30, When: When{Daily: true, Hour: 5}}}, ", usually 500 MiB–2.0 GiB at night"},
		{"fr", Finding{Unit: Bytes, Usual: &Usual{Low: 1 << 30, High: 2 << 30, When: When{Weekday: time.Monday, Hour: 5}}}, ", d’habitude 1,0 à 2,0 GiB le lundi avant 6 h"},
		{"fr", Finding{Unit: Percent, Usual: &Usual{Low: 3, High: 3, When: When{Daily: true, Hour: 12}}}, ", d’habitude 3,0 % l’après-midi"},
		{"en", Finding{Unit: Count, Usual: &Usual{Low: 3, High: 12, When: When{Weekday: time.Friday, Hour: 11}}}, ", usually 3–12 on Friday mornings"},
		{"en", Finding{Unit: Bytes}, ""},
	} {
		if got := strings.ReplaceAll(sayUsual(speak(tt.code), tt.f), "\u00a0", " "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	for _, code := range []string{"fr", "en"} {
		for n := range 24 {
			for _, daily := range []bool{true, false} {
				if said := sayWhen(speak(code), When{Daily: daily, Weekday: time.Weekday(n % 7), Hour: n}); strings.Contains(said, "checks.") {
					t.Errorf("hour %d is said as %q", n, said)
				}
			}
		}
	}
	if got := MetricName(speak("fr"), "memory") + ", " + MetricName(speak("fr"), "queue"); got != "mémoire, queue" {
		t.Errorf("metrics are called %q", got)
	}
}

func TestRoundValuesAreWrittenShort(t *testing.T) {
	for _, tt := range []struct {
		code string
		v    float64
		u    Unit
		want string
	}{
		{"en", 0, Percent, "0%"}, {"fr", 0, Percent, "0 %"}, {"fr", 2.5 * gib, Bytes, "2,5 GiB"}, {"en", 310.4444, Percent, "310%"},
		{"fr", 0.05, Count, "0,05"}, {"en", 123456, Count, "123456"}, {"en", 12.3456, PerSecond, "12.3/s"}, {"fr", 3, Days, "3 j"},
		{"en", 3, Days, "3 d"}, {"en", 0.25, Seconds, "0.25 s"}, {"en", -4096, Bytes, "-4 KiB"}, {"fr", 1500, Milliseconds, "1500 ms"},
	} {
		if got := strings.ReplaceAll(SayRound(speak(tt.code), tt.v, tt.u), "\u00a0", " "); got != tt.want {
			t.Errorf("%g %q in %s is %q, want %q", tt.v, tt.u, tt.code, got, tt.want)
		}
	}
}

const gib = 1 << 30

// The day a disk is full is told a week after it began to grow, and not of what comes and goes.
func TestADiskThatFillsUpIsForetold(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	day := func(at time.Time) float64 { return at.Sub(now).Hours() / 24 }
	grows := func(at time.Time) float64 { return (500 + 5*day(at)) * gib }
	for _, tt := range []struct {
		name  string
		known int // days
		free  float64
		used  func(at time.Time) float64
		want  float64 // days left; 0 for no finding
	}{
		{"it grows", 28, 50, grows, 10},
		{"for a week", 7, 50, grows, 10},
		{"for five days: too little is known", 5, 50, grows, 0},
		{"there is time", 28, 500, grows, 0},
		{"it stays", 28, 50, func(time.Time) float64 { return 500 * gib }, 0},
		{"it shrinks", 28, 50, func(at time.Time) float64 { return (500 - 5*day(at)) * gib }, 0},
		{"a big file came and went", 28, 50, func(at time.Time) float64 {
			if d := day(at); d > -12 && d < -10 {
				return grows(at) + 300*gib
			}
			return grows(at)
		}, 10},
		{"it is filled and cleaned up each night", 28, 5, func(at time.Time) float64 { return 500*gib + float64(at.Hour())*gib }, 0},
		{"it was cleaned up half-way", 28, 50, func(at time.Time) float64 {
			if day(at) < -14 {
				return grows(at) + 200*gib
			}
			return grows(at)
		}, 0}, // more slopes go down than one in four
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := past{begin: now.AddDate(0, 0, -tt.known), now: now, value: tt.used}
			a := Asked{Kind: "disk", Name: "antigone", History: p, Settings: diskSettings{Warning: 85, Critical: 99, Forecast: 14 * 24 * time.Hour}}
			found, err := forecastDisks(t.Context(), a, []probe.Disk{{Mount: "/srv", Used: uint64(tt.used(now)), Free: uint64(tt.free * gib)}}, now)
			if err != nil {
				t.Fatal(err)
			}
			left := 0.0
			if len(found) > 0 {
				left = found[0].Value
			}
			if math.Abs(left-tt.want) > 0.3 {
				t.Errorf("%g days are left, want %g", left, tt.want)
			}
		})
	}
}

func TestAForecastNamesItsDay(t *testing.T) {
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, inParis(t))
	o := Outcome{Result: newResult("disk", "antigone", at, []Finding{{Status: Warning, Thing: "/srv", Fault: FaultForecast, Value: 9.5, Limit: 14, Unit: Days}})}
	for code, want := range map[string]string{
		"fr": "/srv plein le 2 déc. (dans 10 jours) au rythme des dernières semaines",
		"en": "/srv full on 2 Dec (in 10 days) at the rate of the last weeks",
	} {
		if got := strings.ReplaceAll(sayOutcome(speak(code), o, at), "\u00a0", " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A disk that is nearly full says whether it always was, a history that cannot be read is
// no silence, and what is switched off is not asked for.
func TestADiskIsComparedWithItsPast(t *testing.T) {
	now := time.Now()
	full := []Finding{{Status: Warning, Thing: "/srv", Fault: FaultSpace, Value: 91, Limit: 85, Unit: Percent}}
	a := Asked{Kind: "disk", Name: "antigone", History: past{begin: now.AddDate(0, 0, -60), now: now, value: func(time.Time) float64 { return 62 }}}
	if err := explainDisks(t.Context(), a, full, now); err != nil || full[0].Usual == nil || full[0].Usual.High != 62 {
		t.Errorf("got %+v, %v", full[0].Usual, err)
	}
	broken := errors.New("the disk is broken")
	a.History = past{begin: now, now: now, trouble: broken}
	disks := []probe.Disk{{Mount: "/srv", Used: 1, Free: 9}}
	for forecast, want := range map[time.Duration]error{0: nil, time.Hour: broken} {
		a.Settings = diskSettings{Critical: 95, Forecast: forecast}
		if _, err := forecastDisks(t.Context(), a, disks, now); !errors.Is(err, want) {
			t.Errorf("forecast %s: %v, want %v", forecast, err, want)
		}
	}
}

func TestASettingOfAnEmbeddedStructIsOneOfTheKind(t *testing.T) {
	type own struct {
		Warning float64 `set:"warning" help:"From when."`
		usualSettings
	}
	defaults := own{1, usualByDefault()}
	var names []string
	filled := With(defaults, func(s Setting) any {
		names = append(names, s.Name)
		if s.Name == "usual" {
			return "off"
		}
		return s.Default
	}).(own)
	if !slices.Equal(names, []string{"warning", "usual", "usual_factor"}) || filled.Usual != "off" || filled.Factor != 3 || filled.Warning != 1 {
		t.Errorf("settings %q, filled %+v", names, filled)
	}
}

package graph

import (
	"strings"
	"time"

	"ronde/text"
)

const day = 24 * time.Hour

// rhythm is at which times there are ticks.
type rhythm struct {
	upTo  time.Duration // for pictures of up to so long
	first func(time.Time) time.Time
	next  func(time.Time) time.Time
	label func(l *text.Language, at time.Time) string
}

// rhythms are from the finest to the coarsest. All go by the local clock, so a day may
// have 23 hours or 25.
func rhythms() []rhythm {
	return []rhythm{
		{36 * time.Hour, midnight, hours(6), clock},
		{3 * day, midnight, hours(12), clock},
		{9 * day, midnight, days(1), weekday},
		{18 * day, midnight, days(2), date},
		{40 * day, monday, days(7), date},
		{100 * day, monday, days(14), date},
		{500 * day, january, months(2), month},
		{1500 * day, january, months(6), monthAndYear},
		{20 * 366 * day, january, months(24), year},
	}
}

// Ticks are a few round times between two, in the location of from, with their labels.
func Ticks(l *text.Language, from, to time.Time) (all []Tick) {
	r := rhythms()[0]
	for _, r = range rhythms() {
		if to.Sub(from) <= r.upTo {
			break
		}
	}
	for at := r.first(from); !at.After(to); at = r.next(at) {
		if !at.Before(from) {
			all = append(all, Tick{at, r.label(l, at)})
		}
	}
	return all
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func monday(t time.Time) time.Time {
	return midnight(t).AddDate(0, 0, -int(t.Weekday()+6)%7)
}

func january(t time.Time) time.Time {
	return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location())
}

func hours(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+n, 0, 0, 0, t.Location())
	}
}

func days(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.AddDate(0, 0, n) }
}

func months(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.AddDate(0, n, 0) }
}

// clock is the time of day, at midnight the day that begins.
func clock(l *text.Language, at time.Time) string {
	if at.Hour() == 0 {
		return weekday(l, at)
	}
	return at.Format("15:04")
}

// weekday is "lun. 23".
func weekday(l *text.Language, at time.Time) string {
	return strings.Join(strings.Fields(l.Day(at))[:2], " ")
}

func date(l *text.Language, at time.Time) string { return l.Date(at) }

func month(l *text.Language, at time.Time) string {
	_, name, _ := strings.Cut(l.Date(at), " ")
	return name
}

func monthAndYear(l *text.Language, at time.Time) string { return month(l, at) + at.Format(" 2006") }

func year(_ *text.Language, at time.Time) string { return at.Format("2006") }

package checks

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"ronde/logs"
)

// logMetrics are the metrics of each service; a share of requests is no such one, since
// it has limits of its own.
func logMetrics() []string { return []string{"lines", "errors", "requests"} }

// countOf returns a count by the name of its metric.
func countOf(s logs.Service, metric string) uint64 {
	switch metric {
	case "errors":
		return s.Errors
	case "requests":
		return s.Requests
	}
	return s.Lines
}

// usualRate is what is usual of something at an hour.
type usualRate struct {
	Median float64
	Spread float64 // as a standard deviation, from the median of the distances to Median
	Days   int     // from how many days it is known
}

// How many days make a rate usual.
const (
	fewLogWeeks = 3 // of the same weekday
	fewLogDays  = 5 // of any
)

// known tells whether there were enough days.
func (u usualRate) known() bool { return u.Days > 0 }

// usualOfLogs learns from the history what is usual now of each service that is known.
func usualOfLogs(ctx context.Context, a Asked, h logHead, w logPart) (map[Series]usualRate, error) {
	all := map[Series]usualRate{}
	for name := range h.New {
		for _, metric := range logMetrics() {
			s := Series{Check: logsName, Name: a.Name, Metric: metric, Thing: name}
			points, err := a.History.Points(ctx, s, w.To.AddDate(0, 0, -36))
			if err != nil {
				return nil, fmt.Errorf("read the history: %w", err)
			}
			if u := usualAt(points, w.To); u.known() {
				all[s] = u
			}
		}
	}
	return all, nil
}

// usualAt is what values were at the same hour, give or take one: on the same weekdays of
// the last five weeks, or while there are too few on all days of the last two weeks. The
// hours just before do not count: they are what is in question.
func usualAt(points []Point, at time.Time) usualRate {
	near := func(p Point) bool {
		apart := at.Sub(p.At) % (24 * time.Hour)
		return at.Sub(p.At) > 12*time.Hour && (apart <= time.Hour || apart >= 23*time.Hour)
	}
	sameHour := slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return !near(p) })
	sameDay := slices.DeleteFunc(slices.Clone(sameHour), func(p Point) bool {
		apart := at.Sub(p.At) % (7 * 24 * time.Hour)
		return apart > 12*time.Hour && apart < (7*24-12)*time.Hour
	})
	if u := rateOf(sameDay); u.Days >= fewLogWeeks {
		return u
	}
	lately := slices.DeleteFunc(sameHour, func(p Point) bool { return at.Sub(p.At) > 15*24*time.Hour })
	if u := rateOf(lately); u.Days >= fewLogDays {
		return u
	}
	return usualRate{}
}

func rateOf(points []Point) (u usualRate) {
	if len(points) == 0 {
		return u
	}
	days := map[int]bool{}
	var values, distances []float64
	for _, p := range points {
		days[p.At.YearDay()] = true
		values = append(values, p.Value)
	}
	u.Median, u.Days = median(values), len(days)
	for _, v := range values {
		distances = append(distances, math.Abs(v-u.Median))
	}
	u.Spread = 1.4826 * median(distances) // as for a normal distribution
	return u
}

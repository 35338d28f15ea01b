package checks

import (
	"math"
	"slices"
	"time"
)

// How far back it is looked for what is usual, and how much of that must be known.
const (
	usualWeeks  = 12
	usualDays   = 28
	fewestWeeks = 4
	fewestDays  = 14
	usualTenth  = 0.1 // what the lowest and the highest tenth of the hours say does not count
)

// Usual is between what a value usually lies at such a time.
type Usual struct {
	Metric string  `json:"metric"` // what is measured: "cpu"
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	When   When    `json:"when"`
	Weeks  int     `json:"weeks"` // on how many weeks it rests; 0 when it rests on days
	Days   int     `json:"days"`  // on how many days
}

// When is a time that comes again: an hour of a day of the week, or of every day.
type When struct {
	Daily   bool         `json:"daily,omitempty"`
	Weekday time.Weekday `json:"weekday"` // 0 for Sunday; of no meaning if Daily
	Hour    int          `json:"hour"`    // by the local clock
}

// Learning says that what is usual is not known yet.
type Learning struct {
	Days int `json:"days"` // on how many days it was measured at such an hour
	Of   int `json:"of"`   // on how many it must have been
}

// Normal is what a series is normally like at one time of the week.
type Normal struct {
	Usual
	Median float64
}

// likeHours returns the begins of the hours that tell what is usual at a time: that hour
// and those before and after it, on the same day of the last twelve weeks and on each of
// the last 28 days. They are hours by the clock in the location of at, so that what
// happens at nine does so at nine in winter and in summer.
func likeHours(at time.Time) (begins []time.Time) {
	for w := 1; w <= usualWeeks; w++ {
		begins = append(begins, around(at.AddDate(0, 0, -7*w))...)
	}
	for d := 1; d <= usualDays; d++ {
		begins = append(begins, around(at.AddDate(0, 0, -d))...)
	}
	slices.SortFunc(begins, time.Time.Compare)
	return slices.CompactFunc(begins, time.Time.Equal)
}

// around are the begins of the hour of a time, and of those before and after it. In
// zones that are half an hour off it is the whole hour of UTC in which that begins.
func around(t time.Time) (begins []time.Time) {
	for off := -1; off <= 1; off++ {
		begins = append(begins, time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+off, 0, 0, 0, t.Location()).Truncate(time.Hour))
	}
	return begins
}

// learn tells what is normal at a time, by the clock in its location, from hours of the
// past: by those of the same day of the week once four weeks are known, else by those of
// every day once two weeks are. Otherwise learning says how far that is; it is nil when
// what is normal is known.
func learn(at time.Time, hours []Hour) (n Normal, learning *Learning) {
	weekly, weeks := pick(at, hours, 7, usualWeeks)
	daily, days := pick(at, hours, 1, usualDays)
	switch {
	case weeks >= fewestWeeks:
		n = normalOf(weekly)
		n.Weeks, n.Days, n.When = weeks, weeks, When{Weekday: at.Weekday(), Hour: at.Hour()}
	case days >= fewestDays:
		n = normalOf(daily)
		n.Days, n.When = days, When{Daily: true, Hour: at.Hour()}
	default:
		return n, &Learning{Days: days, Of: fewestDays}
	}
	return n, nil
}

// pick returns the hours that are like that of a time, so many days before it and again
// so many, and on how many of those days there are any.
func pick(at time.Time, hours []Hour, days, steps int) (like []Hour, on int) {
	for step := 1; step <= steps; step++ {
		begins, found := around(at.AddDate(0, 0, -days*step)), len(like)
		for _, h := range hours {
			if slices.ContainsFunc(begins, h.At.Equal) {
				like = append(like, h)
			}
		}
		if len(like) > found {
			on++
		}
	}
	return like, on
}

// normalOf is robust: one week in which all was different changes little. Low is what all
// but a tenth of the hours were at least, even at their lowest; High likewise.
func normalOf(hours []Hour) (n Normal) {
	var lows, medians, highs []float64
	for _, h := range hours {
		lows, medians, highs = append(lows, h.Low), append(medians, h.Median), append(highs, h.High)
	}
	n.Low, n.Median, n.High = quantile(lows, usualTenth), median(medians), quantile(highs, 1-usualTenth)
	return n
}

// median is the middle of all; 0 of nothing.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return quantile(all, 0.5)
}

// quantile is the value that a share of all do not exceed, between two values in
// proportion. all is sorted by it, and not empty.
func quantile(all []float64, share float64) float64 {
	slices.Sort(all)
	at := share * float64(len(all)-1)
	below := int(at)
	above := min(below+1, len(all)-1)
	return all[below] + (at-float64(below))*(all[above]-all[below])
}

// Bounds are from where on a value is unusual: factor times as far from the median as
// the usual ones, of which each side counts for itself. What is calm may have no spread
// at all, so it is taken to be a tenth of the median and at least so much.
func (n Normal) Bounds(factor, least float64) (low, high float64) {
	spread := max(math.Abs(n.Median)/10, least)
	return n.Median - factor*max(n.Median-n.Low, spread), n.Median + factor*max(n.High-n.Median, spread)
}

package checks

import (
	"context"
	"time"
)

// Unit is what a value counts.
type Unit string

// Units of values.
const (
	Count        Unit = ""
	Percent      Unit = "%"
	Bytes        Unit = "B"
	Seconds      Unit = "s"
	Days         Unit = "d"
	PerSecond    Unit = "/s"
	PerHour      Unit = "/h"
	Milliseconds Unit = "ms"
)

// Metric is one figure that a check measured and that is worth keeping.
type Metric struct {
	Name  string  `json:"name"`            // what is measured: "used"
	Thing string  `json:"thing,omitempty"` // of what, where there are several: "/srv"
	Value float64 `json:"value"`
	Unit  Unit    `json:"unit,omitempty"`
}

// Series names the values of one metric over time.
type Series struct {
	Check  string // the name of the kind
	Name   string // of the host, or of the [[check]] where it has one of its own
	Metric string
	Thing  string
}

// Point is one value of a series.
type Point struct {
	At    time.Time
	Value float64
}

// History is what was measured before.
type History interface {
	// Points returns the values of a series since a time, oldest first. What is older
	// than two weeks is one value for each hour, later for each day.
	Points(ctx context.Context, s Series, since time.Time) ([]Point, error)
}

// Hour is what a series was like in one hour that is over.
type Hour struct {
	At                time.Time // its begin, a whole hour in UTC
	Low, Median, High float64
	Count             int // how many values there were
}

// Hourly is a [History] that also knows what single hours were like, without reading each
// value.
type Hourly interface {
	// Hours returns what those hours of the series were that begin at the given times,
	// in no particular order. Those without values are missing.
	Hours(ctx context.Context, s Series, begins []time.Time) ([]Hour, error)
}

// noHistory is that of a check that is made for the first time.
type noHistory struct{}

func (noHistory) Points(context.Context, Series, time.Time) ([]Point, error) { return nil, nil }

// daysOf writes a length of time in [Days].
func daysOf(d time.Duration) float64 { return d.Hours() / 24 }

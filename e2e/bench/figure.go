package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// figure is one line of the result.
type figure struct {
	name  string
	value float64
	unit  string
	ratio float64 // to the yardstick; 0 without one
}

// String writes the figure as the line that is printed.
func (f figure) String() string {
	line := fmt.Sprintf("bench %s %s %s", f.name, short(f.value), f.unit)
	if f.ratio != 0 {
		line += " ratio " + short(f.ratio)
	}
	return line
}

// short writes a number with three digits that count, never with an exponent.
func short(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	places := max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0)
	return strconv.FormatFloat(v, 'f', places, 64)
}

// quantile returns the smallest of the durations that q of them do not exceed, by
// nearest rank; of 100, q = 0.99 is the second largest. It needs at least one.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// milliseconds makes a figure of a duration and what the yardstick took.
func milliseconds(name string, d, yardstick time.Duration) figure {
	f := figure{name: name, value: d.Seconds() * 1000, unit: "ms"}
	if yardstick > 0 {
		f.ratio = d.Seconds() / yardstick.Seconds()
	}
	return f
}

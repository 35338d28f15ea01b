package checks

import (
	"slices"
	"time"
)

// What a forecast rests on.
const (
	forecastOver   = 28 * 24 * time.Hour // what is older says nothing about next week
	forecastEach   = 6 * time.Hour       // one point of the trend
	forecastSpan   = 6.5                 // days between the first and the last point
	forecastPoints = 6
)

// trend is by how much values grow each day: the median of the slopes between each two
// (the Theil-Sen estimator), so that a big file that came and went changes little. steady
// is false when less than three of four slopes go up, as of what is filled and cleaned
// up again and again, or when too little is known. points are in order.
func trend(points []Point) (perDay float64, steady bool) {
	known := foldPoints(points, forecastEach)
	if len(known) < forecastPoints || days(known[0].At, known[len(known)-1].At) < forecastSpan {
		return 0, false
	}
	var slopes []float64
	for n, a := range known {
		for _, b := range known[n+1:] {
			slopes = append(slopes, (b.Median-a.Median)/days(a.At, b.At))
		}
	}
	slices.Sort(slopes)
	return median(slopes), quantile(slopes, 0.25) > 0
}

func days(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 }

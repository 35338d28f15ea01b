package checks

import (
	"context"
	"slices"
	"time"

	"ronde/probe"
)

const (
	// fillingOver is how far back it counts how a file system filled.
	fillingOver = 14 * 24 * time.Hour
	// fewestDays is how many days must be known: less say nothing of a week.
	fewestDays = 4
	// longestLeft is how many days are told of at most: further ahead it is a guess.
	longestLeft = 365
)

// fillings returns for each file system that fills, by where it is mounted, in how many
// days it is full. One whose history cannot be read is left out.
func fillings(ctx context.Context, a Asked, disks []probe.Disk, now time.Time) map[string]float64 {
	left := map[string]float64{}
	for _, d := range disks {
		points, err := a.History.Points(ctx, Series{Check: "disk", Name: a.Name, Metric: "used", Thing: d.Mount}, now.Add(-fillingOver))
		if err != nil || d.Problem != "" {
			continue
		}
		if days, fills := daysLeft(append(points, Point{At: now, Value: float64(d.Used)}), float64(d.Free)); fills {
			left[d.Mount] = days
		}
	}
	return left
}

// daysLeft is in how many days what is free is used up, if each day goes on as the days
// did before: by the median of the slopes between any two of them (Theil and Sen), of
// which a day on which something large was put there or deleted is no part. Of each day
// the largest value counts, so that what comes and goes daily is no growth.
func daysLeft(points []Point, free float64) (days float64, fills bool) {
	peaks := dailyPeaks(points)
	if len(peaks) < fewestDays {
		return 0, false
	}
	var slopes []float64
	for i, a := range peaks {
		for _, b := range peaks[i+1:] {
			slopes = append(slopes, (b.Value-a.Value)/daysOf(b.At.Sub(a.At)))
		}
	}
	slices.Sort(slopes)
	daily := slopes[len(slopes)/2]
	if daily <= 0 || free/daily > longestLeft {
		return 0, false
	}
	return free / daily, true
}

// dailyPeaks returns the largest value of each day, counted back from the last point.
func dailyPeaks(points []Point) (peaks []Point) {
	if len(points) == 0 {
		return nil
	}
	last := points[len(points)-1].At
	day := -1
	for _, p := range slices.Backward(points) {
		switch d := int(daysOf(last.Sub(p.At))); {
		case d != day:
			day = d
			peaks = append(peaks, p)
		case p.Value > peaks[len(peaks)-1].Value:
			peaks[len(peaks)-1] = p
		}
	}
	slices.Reverse(peaks)
	return peaks
}

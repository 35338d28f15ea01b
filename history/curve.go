package history

import (
	"cmp"
	"slices"
	"time"

	"ronde/store"
)

// Curve is a series over some time.
type Curve struct {
	store.Series
	Points            []store.Point // each of a stretch of the same length
	Low, High, Newest float64       // of all that was measured
}

// Curves are what to draw of some series.
type Curves struct {
	All  []Curve       // highest first
	More int           // how many there are besides
	Step time.Duration // of which length the stretches are
}

// mostPoints is how many points a picture can show of one curve.
const mostPoints = 370

// Read reads some series from one time to another, for a picture that has room for so
// many curves: those that are highest by the mean of their points.
func Read(tx *store.Tx, series []store.Series, from, to time.Time, room int) (c Curves, err error) {
	c.Step = stepOf(to.Sub(from))
	for _, s := range series {
		points, err := tx.Points(s.ID, from, to, c.Step)
		if err != nil {
			return c, err
		}
		points = slices.DeleteFunc(points, func(p store.Point) bool { return p.At.Add(c.Step).Before(from) || p.At.After(to) })
		if len(points) > 0 {
			c.All = append(c.All, newCurve(s, points))
		}
	}
	slices.SortStableFunc(c.All, func(a, b Curve) int { return cmp.Compare(b.mean(), a.mean()) })
	c.More = max(len(c.All)-room, 0)
	c.All = c.All[:min(len(c.All), room)]
	return c, nil
}

// stepOf is of which length the stretches of a curve are that is so long: a round one, so
// that there are no more points than a picture can show.
func stepOf(length time.Duration) time.Duration {
	for _, step := range []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, store.Day} {
		if length/step <= mostPoints {
			return step
		}
	}
	return 7 * store.Day
}

func newCurve(s store.Series, points []store.Point) Curve {
	all := store.Fold(points)
	return Curve{Series: s, Points: points, Low: all.Low, High: all.High, Newest: points[len(points)-1].Median}
}

func (c Curve) mean() (mean float64) {
	for _, p := range c.Points {
		mean += p.Median / float64(len(c.Points))
	}
	return mean
}

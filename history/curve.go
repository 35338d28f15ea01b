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
	From time.Time     // since when there could be points
	Step time.Duration // of which length the stretches are
	Gap  time.Duration // how far apart two points are at most between which there was nothing missing
}

// mostPoints is how many points a picture can show of one curve.
const mostPoints = 370

// Read reads some series from one time to another, for a picture that has room for so
// many curves: those that are highest by the mean of their points.
func Read(tx *store.Tx, series []store.Series, from, to time.Time, room int) (c Curves, err error) {
	c.From, c.Step = from, stepOf(to.Sub(from))
	for _, s := range series {
		points, err := tx.Points(s.ID, from, to, c.Step)
		if err != nil {
			return c, err
		}
		points = slices.DeleteFunc(points, func(p store.Point) bool { return p.At.Add(c.Step).Before(from) || p.At.After(to) })
		if len(points) == 0 {
			continue
		}
		newest, err := tx.Points(s.ID, points[len(points)-1].At, to, 0)
		if err != nil {
			return c, err
		}
		c.All = append(c.All, newCurve(s, points, newest))
	}
	slices.SortStableFunc(c.All, func(a, b Curve) int { return cmp.Compare(b.mean(), a.mean()) })
	c.More = max(len(c.All)-room, 0)
	c.All = c.All[:min(len(c.All), room)]
	c.Gap = c.gap()
	return c, nil
}

// gap allows for one measurement that failed, however seldom there is one.
func (c Curves) gap() time.Duration {
	var apart []time.Duration
	for _, one := range c.All {
		for n, p := range one.Points[1:] {
			apart = append(apart, p.At.Sub(one.Points[n].At))
		}
	}
	slices.Sort(apart)
	if len(apart) == 0 {
		return c.Step
	}
	return max(c.Step, apart[len(apart)/2]) * 5 / 2
}

// Count is how many values or stretches a curve has.
func (c Curve) Count() int { return len(c.Points) }

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

func newCurve(s store.Series, points, newest []store.Point) Curve {
	all := store.Fold(points)
	if len(newest) == 0 {
		newest = points
	}
	return Curve{Series: s, Points: points, Low: all.Low, High: all.High, Newest: newest[len(newest)-1].Median}
}

func (c Curve) mean() (mean float64) {
	for _, p := range c.Points {
		mean += p.Median / float64(len(c.Points))
	}
	return mean
}

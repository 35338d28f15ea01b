package checks

import (
	"math"
	"testing"
	"time"
)

// daily makes points of a day's morning and evening, the last one now.
func daily(values ...[2]float64) (points []Point) {
	now := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	for i, v := range values {
		evening := now.AddDate(0, 0, i+1-len(values))
		points = append(points, Point{evening.Add(-12 * time.Hour), v[0]}, Point{evening, v[1]})
	}
	return points
}

func TestTheDayADiskIsFull(t *testing.T) {
	for name, tt := range map[string]struct {
		points []Point
		free   float64
		want   float64 // 0 when it is not told
	}{
		"it grows evenly":                   {daily([2]float64{10, 10}, [2]float64{20, 20}, [2]float64{30, 30}, [2]float64{40, 40}), 50, 5},
		"it is full":                        {daily([2]float64{10, 10}, [2]float64{20, 20}, [2]float64{30, 30}, [2]float64{40, 40}), 0, math.SmallestNonzeroFloat64},
		"too few days are known":            {daily([2]float64{10, 10}, [2]float64{20, 20}, [2]float64{30, 30}), 50, 0},
		"nothing changes":                   {daily([2]float64{10, 10}, [2]float64{10, 10}, [2]float64{10, 10}, [2]float64{10, 10}), 50, 0},
		"it shrinks":                        {daily([2]float64{40, 40}, [2]float64{30, 30}, [2]float64{20, 20}, [2]float64{10, 10}), 50, 0},
		"a dump comes and goes daily":       {daily([2]float64{90, 10}, [2]float64{90, 10}, [2]float64{90, 10}, [2]float64{90, 10}, [2]float64{10, 90}), 10, 0},
		"one large file":                    {daily([2]float64{10, 10}, [2]float64{10, 10}, [2]float64{10, 10}, [2]float64{10, 10}, [2]float64{10, 80}), 20, 0},
		"somebody tidied up in between":     {daily([2]float64{50, 50}, [2]float64{60, 60}, [2]float64{70, 70}, [2]float64{80, 80}, [2]float64{40, 90}, [2]float64{30, 30}, [2]float64{40, 40}), 60, 6},
		"so slowly that it is only a guess": {daily([2]float64{10, 10}, [2]float64{10.1, 10.1}, [2]float64{10.2, 10.2}, [2]float64{10.3, 10.3}), 50, 0},
		"nothing is known":                  {nil, 50, 0},
	} {
		t.Run(name, func(t *testing.T) {
			days, fills := daysLeft(tt.points, tt.free)
			if fills != (tt.want != 0) || math.Abs(days-tt.want) > 0.01 {
				t.Errorf("%v days, %v; want %v", days, fills, tt.want)
			}
		})
	}
}

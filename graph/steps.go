package graph

import "math"

// fewSteps is about how many values are written beside a picture.
const fewSteps = 4

// steps are the values at which lines go across the picture, from the lowest that it
// shows to the highest, at equal and round distances. It begins at zero unless all values
// are far from it.
func steps(low, high float64, binary bool) (all []float64) {
	if low > 0 && low < 0.7*high {
		low = 0
	}
	if high < 0 {
		high = 0
	}
	if high-low <= math.Abs(high)*1e-6 { // a flat line lies in the middle
		room := max(math.Abs(high)*0.1, 0.5)
		low, high = low-room, high+room
		if low < 0 && high-room >= 0 {
			low = 0
		}
	}
	step := round((high-low)/fewSteps, binary)
	for n := math.Floor(low/step + 1e-9); ; n++ {
		all = append(all, n*step)
		if n*step >= high-step*1e-9 {
			return all
		}
	}
}

// round is the next round number from v on: 1, 2 or 5 times a power of ten, and of bytes
// also times a power of 1024.
func round(v float64, binary bool) float64 {
	scale := 1.0
	for binary && v/scale > 500 {
		scale *= 1024
	}
	power := math.Pow(10, math.Floor(math.Log10(v/scale)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power*scale >= v*(1-1e-9) {
			return digit * power * scale
		}
	}
	return 10 * power * scale
}

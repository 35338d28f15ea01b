package checks

import (
	"math"
	"strconv"
	"strings"

	"ronde/text"
)

// SayRound writes a figure in its unit with at most three digits that count, and no
// others: "0 %", "2.5 GiB", "310 %". So the values beside a curve are written.
func SayRound(l *text.Language, v float64, u Unit) string {
	space := "\u00a0"
	switch u {
	case Bytes:
		scaled, unit := scale(math.Abs(v))
		return digits(l, math.Copysign(scaled, v)) + space + [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[unit]
	case Percent:
		if l.Code() == "en" {
			space = ""
		}
	case Days:
		if l.Code() == "fr" {
			return digits(l, v) + space + "j"
		}
	case Count, PerSecond, PerHour:
		space = ""
	}
	return digits(l, v) + space + string(u)
}

// digits writes a number with three digits that count, without zeros at its end.
func digits(l *text.Language, v float64) string {
	if v == 0 {
		return "0"
	}
	power := math.Pow(10, max(2-math.Floor(math.Log10(math.Abs(v))), 0))
	s := strconv.FormatFloat(math.Round(v*power)/power, 'f', -1, 64)
	if l.Code() == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

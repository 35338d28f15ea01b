package store

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// The values of one hour are packed into a few bytes each: how many seconds after the one
// before (of the first: after the hour's begin), as a varint, and the value as an IEEE
// 754 number of 32 bits in little endian, which is good to seven digits.

var errPacked = errors.New("packed values that cannot be read")

// packPoints packs the values of one hour, which must be in order.
func packPoints(hour int64, points []Point) []byte {
	packed, before := []byte{}, hour*secondsPerHour
	for _, p := range points {
		packed = binary.AppendUvarint(packed, uint64(p.At.Unix()-before))
		packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(float32(p.Median)))
		before = p.At.Unix()
	}
	return packed
}

// unpackPoints reads what packPoints wrote.
func unpackPoints(hour int64, packed []byte) (points []Point, err error) {
	at := hour * secondsPerHour
	for len(packed) > 0 {
		gap, n := binary.Uvarint(packed)
		if n <= 0 || len(packed) < n+4 || gap >= secondsPerHour {
			return points, errPacked
		}
		at += int64(gap)
		value := float64(math.Float32frombits(binary.LittleEndian.Uint32(packed[n:])))
		points = append(points, pointOf(at, value))
		packed = packed[n+4:]
	}
	return points, nil
}

const (
	secondsPerHour = 3600
	hoursPerDay    = 24
)

// pointOf is one value as a point.
func pointOf(second int64, value float64) Point {
	return Point{At: time.Unix(second, 0), Low: value, Median: value, High: value, Count: 1}
}

package store

import (
	"fmt"
	"time"
)

// Points returns what a series was from one time up to another, oldest first, each time
// as fine as it is kept: days, then hours, then single values. finest makes it coarser:
// of what was at or after a time there is then one point for each finest, such as
// [time.Hour]; 0 is for single values, a [Day] for days.
func (tx *Tx) Points(series int64, from, to time.Time, finest time.Duration) (all []Point, err error) {
	read := []func(int64, time.Time, time.Time) ([]Point, error){tx.daily, tx.hourly}
	if finest < time.Hour {
		read = append(read, tx.packedSingle)
	}
	read = append(read, tx.single)
	for n, one := range read {
		next, err := one(series, from, to)
		if err != nil {
			return nil, fmt.Errorf("read what was measured: %w", err)
		}
		if n >= 2 && len(next) > 0 { // what is known more finely need not be told twice
			all = before(all, next[0].At)
		}
		all = append(all, next...)
	}
	return coarser(all, finest), nil
}

// Hours returns what those hours of a series were that begin at the given times, in no
// particular order. Hours without values, those that are not over and those that are
// older than [HourlyFor] are missing.
func (tx *Tx) Hours(series int64, begins []time.Time) ([]Point, error) {
	if len(begins) == 0 {
		return nil, nil
	}
	query, args := "SELECT hour, count, low, median, high FROM hours WHERE series = ? AND hour IN (", []any{series}
	for n, b := range begins {
		if n > 0 {
			query += ","
		}
		query, args = query+"?", append(args, b.Unix()/secondsPerHour)
	}
	hours, err := many(tx, scanFolded(secondsPerHour), query+")", args...)
	if err != nil {
		return nil, fmt.Errorf("read hours that were measured: %w", err)
	}
	return hours, nil
}

// Day is a day of 24 hours in UTC, as the coarsest kind of point stands for.
const Day = hoursPerDay * time.Hour

// before are the points before a time.
func before(points []Point, at time.Time) []Point {
	for n, p := range points {
		if !p.At.Before(at.Truncate(time.Hour)) {
			return points[:n]
		}
	}
	return points
}

// coarser makes one point of those that lie in the same stretch of the given length.
func coarser(points []Point, length time.Duration) (all []Point) {
	if length <= 0 {
		return points
	}
	for first := 0; first < len(points); {
		begin, next := points[first].At.Truncate(length), first+1
		for next < len(points) && points[next].At.Before(begin.Add(length)) {
			next++
		}
		one := Fold(points[first:next])
		one.At = begin
		all, first = append(all, one), next
	}
	return all
}

func (tx *Tx) daily(series int64, from, to time.Time) ([]Point, error) {
	return tx.folded("days", series, from.Unix()/secondsPerHour/hoursPerDay, to.Unix()/secondsPerHour/hoursPerDay+1)
}

func (tx *Tx) hourly(series int64, from, to time.Time) ([]Point, error) {
	return tx.folded("hours", series, from.Unix()/secondsPerHour, to.Unix()/secondsPerHour+1)
}

// packedSingle are the values of the hours that are over.
func (tx *Tx) packedSingle(series int64, from, to time.Time) ([]Point, error) {
	points, err := tx.unpacked(series, from.Unix()/secondsPerHour, to.Unix()/secondsPerHour+1)
	for len(points) > 0 && points[0].At.Before(from) {
		points = points[1:]
	}
	for len(points) > 0 && points[len(points)-1].At.After(to) {
		points = points[:len(points)-1]
	}
	return points, err
}

// single are the values of the hours that are not.
func (tx *Tx) single(series int64, from, to time.Time) ([]Point, error) {
	return tx.loose(series, from.Unix(), to.Unix()+1)
}

// loose are the values that are not packed, from one second to before another.
func (tx *Tx) loose(series, from, to int64) ([]Point, error) {
	return many(tx, func(row scanner) (Point, error) {
		var second int64
		var value float64
		err := row.Scan(&second, &value)
		return pointOf(second, value), err
	}, "SELECT at, value FROM points WHERE series = ? AND at >= ? AND at < ? ORDER BY at", series, from, to)
}

// unpacked are the values that are packed, from one hour to before another.
func (tx *Tx) unpacked(series, from, to int64) (all []Point, err error) {
	_, err = many(tx, func(row scanner) (none struct{}, err error) {
		var hour int64
		var packed []byte
		if err := row.Scan(&hour, &packed); err != nil {
			return none, err
		}
		points, err := unpackPoints(hour, packed)
		all = append(all, points...)
		return none, err
	}, "SELECT hour, points FROM packed WHERE series = ? AND hour >= ? AND hour < ? ORDER BY hour", series, from, to)
	return all, err
}

// folded are the rows of the table of hours or of days, from one to before another.
func (tx *Tx) folded(table string, series, from, to int64) ([]Point, error) {
	unit, seconds := "hour", int64(secondsPerHour)
	if table == "days" {
		unit, seconds = "day", secondsPerHour*hoursPerDay
	}
	return many(tx, scanFolded(seconds), "SELECT "+unit+", count, low, median, high FROM "+table+
		" WHERE series = ? AND "+unit+" >= ? AND "+unit+" < ? ORDER BY "+unit, series, from, to)
}

// scanFolded reads an hour or a day of so many seconds.
func scanFolded(seconds int64) func(scanner) (Point, error) {
	return func(row scanner) (p Point, err error) {
		var n int64
		err = row.Scan(&n, &p.Count, &p.Low, &p.Median, &p.High)
		p.At = time.Unix(n*seconds, 0)
		return p, err
	}
}

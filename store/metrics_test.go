package store

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// measure keeps a value of the container nuage.
func measure(t *testing.T, s *Store, at time.Time, value float64) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		return tx.AddMetrics(at, []Measured{{Series{Check: "stats", Name: "antigone", Metric: "cpu", Thing: "nuage", Unit: "%"}, value}})
	})
}

func fold(t *testing.T, s *Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.FoldMetrics(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
	}
}

// curve reads all that is kept of the only series, as "time value" or "time low median high n".
func curve(t *testing.T, s *Store, finest time.Duration) (all []string) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		series, err := tx.AllSeries()
		if err != nil || len(series) == 0 {
			return err
		}
		points, err := tx.Points(series[0].ID, time.Unix(0, 0), tx.Now, finest)
		for _, p := range points {
			line := fmt.Sprintf("%s %g", p.At.UTC().Format("01-02T15:04"), p.Median)
			if p.Count > 1 {
				line = fmt.Sprintf("%s %g %g %g %d", p.At.UTC().Format("01-02T15:04"), p.Low, p.Median, p.High, p.Count)
			}
			all = append(all, line)
		}
		return err
	})
	return all
}

func rowsOf(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	update(t, s, func(tx *Tx) error { return tx.sql.QueryRowContext(tx.ctx, "SELECT count(*) FROM "+table).Scan(&n) })
	return n
}

// Values become hours and days as they get old, whatever is asked first tells them once.
func TestWhatIsMeasuredGetsCoarserAsItGetsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t) // the clock shows 2000-01-01T00:00Z
		for _, v := range []float64{1, 5, 2, 90} {
			measure(t, s, time.Now(), v)
			time.Sleep(20 * time.Minute)
		}
		fresh := []string{"01-01T00:00 1", "01-01T00:20 5", "01-01T00:40 2", "01-01T01:00 90"}
		same := func(when string, finest time.Duration, want []string) {
			t.Helper()
			if got := curve(t, s, finest); !slices.Equal(got, want) {
				t.Errorf("%s:\n got %q\nwant %q", when, got, want)
			}
		}
		same("before anything is folded", 0, fresh)
		fold(t, s)
		same("with one hour folded", 0, fresh)
		same("by the hour", time.Hour, []string{"01-01T00:00 1 2 5 3", "01-01T01:00 90"})
		if n := rowsOf(t, s, "points"); n != 1 {
			t.Errorf("%d values are loose, want the one of the hour that is not over", n)
		}

		time.Sleep(RawFor)
		fold(t, s)
		hourly := []string{"01-01T00:00 1 2 5 3", "01-01T01:00 90"}
		same("after two weeks", 0, hourly)

		time.Sleep(HourlyFor)
		fold(t, s)
		same("after a quarter", 0, []string{"01-01T00:00 1 2 90 4"})
		if n := rowsOf(t, s, "hours") + rowsOf(t, s, "packed") + rowsOf(t, s, "points"); n != 0 {
			t.Errorf("%d rows are left beside the day", n)
		}

		time.Sleep(DailyFor)
		fold(t, s)
		if n := rowsOf(t, s, "days") + rowsOf(t, s, "series"); n != 0 {
			t.Errorf("%d rows are left after ten years", n)
		}
	})
}

// A fold that was cut off in any of its transactions, or is done again, counts nothing twice.
func TestAFoldThatIsRepeatedDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		for v := range 240 {
			measure(t, s, time.Now(), float64(v))
			time.Sleep(time.Minute)
		}
		one := stretch{series: 1, n: time.Now().Add(-4*time.Hour).Unix() / secondsPerHour}
		killed := fmt.Errorf("killed")
		if err := s.Update(t.Context(), func(tx *Tx) error { return cutOff(tx.foldHour(one), killed) }); err == nil {
			t.Fatal("nothing was cut off")
		}
		fold(t, s)
		update(t, s, func(tx *Tx) error { return tx.foldHour(one) })
		fold(t, s)
		got := curve(t, s, time.Hour)
		if want := "01-01T00:00 0 29.5 59 60"; len(got) != 4 || got[0] != want {
			t.Errorf("got %q, want four hours from %q on", got, want)
		}
		if n := len(curve(t, s, 0)); n != 240 {
			t.Errorf("%d values are left of 240", n)
		}
	})
}

func cutOff(err, by error) error {
	if err != nil {
		return err
	}
	return by
}

// A clock that goes back by an hour adds to what was folded already, and the same second
// measured twice is one value.
func TestAClockThatGoesBackLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		begin := time.Now()
		measure(t, s, begin, 10)
		measure(t, s, begin, 20)
		time.Sleep(2 * time.Hour)
		fold(t, s)
		measure(t, s, begin.Add(time.Minute), 40)
		measure(t, s, begin, 30)
		fold(t, s)
		if got, want := curve(t, s, 0), []string{"01-01T00:00 30", "01-01T00:01 40"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := curve(t, s, time.Hour), []string{"01-01T00:00 30 35 40 2"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestWhatIsNoNumberOrTooOldIsNotKept(t *testing.T) {
	s := temp(t)
	measure(t, s, time.Now(), math.NaN())
	measure(t, s, time.Now(), math.Inf(1))
	measure(t, s, time.Now().Add(-RawFor-time.Hour), 1)
	if n := rowsOf(t, s, "points") + rowsOf(t, s, "series"); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestOneRunFoldsNoMoreThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		for range 30 {
			measure(t, s, time.Now(), 1)
			time.Sleep(time.Hour)
		}
		more, err := s.FoldMetrics(t.Context(), 10)
		if n := rowsOf(t, s, "hours"); n != 10 || !more || err != nil {
			t.Errorf("%d hours are folded, more %v, %v", n, more, err)
		}
		fold(t, s)
		if n := rowsOf(t, s, "hours"); n < 29 {
			t.Errorf("%d hours are folded in the end", n)
		}
	})
}

func TestHoursAreFoundByTheirBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		begin := time.Now()
		for v := range 5 {
			measure(t, s, time.Now(), float64(v))
			time.Sleep(time.Hour)
		}
		fold(t, s)
		update(t, s, func(tx *Tx) error {
			hours, err := tx.Hours(1, []time.Time{begin.Add(3 * time.Hour), begin.Add(-time.Hour), begin})
			if err != nil || len(hours) != 2 || hours[0].Median+hours[1].Median != 3 {
				t.Errorf("hours %v, %v", hours, err)
			}
			none, err := tx.Hours(1, nil)
			if err != nil || len(none) != 0 {
				t.Errorf("no hours are %v, %v", none, err)
			}
			_, known, err := tx.FindSeries(Series{Check: "stats", Name: "antigone", Metric: "cpu"})
			if known || err != nil {
				t.Errorf("a series of nothing is known: %v, %v", known, err)
			}
			return nil
		})
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(packPoints(7, []Point{pointOf(7*3600, 1.5), pointOf(7*3600+59, -2)}))
	f.Add([]byte{0x80, 0x80})
	f.Fuzz(func(t *testing.T, packed []byte) {
		points, err := unpackPoints(7, packed)
		if err != nil || slices.ContainsFunc(points, func(p Point) bool { return math.IsNaN(p.Median) }) {
			return
		}
		again, err := unpackPoints(7, packPoints(7, points))
		if err != nil || !slices.Equal(points, again) {
			t.Errorf("%v becomes %v, %v", points, again, err)
		}
	})
}

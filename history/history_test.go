package history

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/checks"
	"ronde/store"
)

func temp(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func outcome(at time.Time, metrics ...checks.Metric) checks.Outcome {
	return checks.Outcome{Result: checks.Result{Check: "containers", Host: "antigone", Status: checks.OK, At: at, Metrics: metrics}}
}

// What checks measured is found again by who asks for it, as fine as it is kept.
func TestWhatIsMeasuredIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := New(temp(t))
		begin := time.Now()
		for n := range 200 {
			o := outcome(time.Now(), checks.Metric{Name: "cpu", Thing: "nuage", Value: float64(n), Unit: checks.Percent}, checks.Metric{Name: "cpu", Thing: "odd\nname", Value: 1})
			if err := k.Keep(t.Context(), []checks.Outcome{o, o}); err != nil {
				t.Fatal(err)
			}
			if err := k.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		nuage := checks.Series{Check: "containers", Name: "antigone", Metric: "cpu", Thing: "nuage"}
		points, err := k.Points(t.Context(), nuage, begin)
		if err != nil || len(points) != 200 || points[199] != (checks.Point{At: begin.Add(199 * time.Minute), Value: 199}) {
			t.Errorf("%d points, %v", len(points), err)
		}
		hours, err := k.Hours(t.Context(), nuage, []time.Time{begin.Add(time.Hour)})
		if err != nil || len(hours) != 1 || hours[0] != (checks.Hour{At: begin.Add(time.Hour), Low: 60, Median: 89.5, High: 119, Count: 60}) {
			t.Errorf("hours %v, %v", hours, err)
		}
		nuage.Thing = "odd\nname"
		if points, err := k.Points(t.Context(), nuage, begin); err != nil || len(points) != 200 {
			t.Errorf("%d points of an odd name, %v", len(points), err)
		}
		nuage.Thing = "nobody"
		if points, err := k.Points(t.Context(), nuage, begin); err != nil || len(points) != 0 {
			t.Errorf("%d points of nobody, %v", len(points), err)
		}
	})
}

// Folding costs something once an hour, not at each tick of the clock.
func TestFoldingHappensOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		k := New(s)
		for range 3 * 60 {
			if err := k.Keep(t.Context(), []checks.Outcome{outcome(time.Now(), checks.Metric{Name: "cpu", Value: 1})}); err != nil {
				t.Fatal(err)
			}
			before := k.next
			if err := k.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			if due := !time.Now().Before(before); due != !k.next.Equal(before) {
				t.Errorf("at %s it was folded, though it was not due, or not: %v", time.Now(), due)
			}
			time.Sleep(time.Minute)
		}
	})
}

func kept() []store.Series {
	of := func(check, name, metric, thing string) store.Series {
		return store.Series{Check: check, Name: name, Metric: metric, Thing: thing}
	}
	return []store.Series{
		of("disk", "antigone", "used", "/"), of("disk", "antigone", "used", "/srv"),
		of("load", "antigone", "cpu", ""), of("load", "antigone", "load", ""),
		of("containers", "antigone", "cpu", "nextcloud"), of("containers", "antigone", "cpu", "peertube"), of("containers", "antigone", "memory", "nextcloud"), of("containers", "antigone", "memory", "peertube"),
		of("containers", "balearica", "cpu", "redis"), of("containers", "balearica", "cpu", "nextcloud"),
		of("http", "nuage", "time", ""), of("processes", "antigone", "memory", "php"),
	}
}

func TestCurvesAreFoundByPlaceAndMetric(t *testing.T) {
	for _, tt := range []struct{ place, metric, want string }{
		{"antigone", "cpu", "load antigone "},
		{"Antigone", "MEMORY", "containers antigone nextcloud, containers antigone peertube"},
		{"balearica", "cpu", "containers balearica redis, containers balearica nextcloud"},
		{"nextcloud", "cpu", "containers antigone nextcloud, containers balearica nextcloud"},
		{"/srv", "used", "disk antigone /srv"},
		{"nuage", "time", "http nuage "},
		{"antigone", "cpuu", "metrics cpu load memory used"},
		{"nextclud", "cpu", "near nextcloud of antigone balearica nuage / /srv nextcloud peertube php redis"},
		{"xxxxxxxxxx", "cpu", "near  of antigone balearica nuage / /srv nextcloud peertube php redis"},
	} {
		f := Find(kept(), Asked{tt.place, tt.metric})
		var said []string
		for _, s := range f.Series {
			said = append(said, s.Check+" "+s.Name+" "+s.Thing)
		}
		got := strings.Join(said, ", ")
		switch {
		case f.Places != nil:
			got = "near " + f.Near + " of " + strings.Join(f.Places, " ")
		case f.Metrics != nil:
			got = "metrics " + strings.Join(f.Metrics, " ")
		}
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.place, tt.metric, got, tt.want)
		}
	}
}

// A picture gets as many points as it can show, and the highest curves.
func TestCurvesFitIntoAPicture(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		time.Hour: time.Minute, 24 * time.Hour: 5 * time.Minute, 7 * store.Day: time.Hour, 30 * store.Day: 3 * time.Hour,
		366 * store.Day: store.Day, 3660 * store.Day: 7 * store.Day,
	} {
		if got := stepOf(length); got != want {
			t.Errorf("steps of %s in %s, want %s", got, length, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		k := New(s)
		begin := time.Now()
		for n := range 24 * 60 {
			var metrics []checks.Metric
			for i, thing := range []string{"low", "high", "middle"} {
				metrics = append(metrics, checks.Metric{Name: "cpu", Thing: thing, Value: []float64{1, 100, 50}[i] + math.Mod(float64(n), 5)})
			}
			if err := k.Keep(t.Context(), []checks.Outcome{outcome(time.Now(), metrics...)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		err := s.View(t.Context(), func(tx *store.Tx) error {
			all, err := tx.AllSeries()
			if err != nil {
				return err
			}
			c, err := Read(tx, all, begin, time.Now(), 2)
			var names []string
			for _, one := range c.All {
				names = append(names, one.Thing)
			}
			if !slices.Equal(names, []string{"high", "middle"}) || c.More != 1 || len(c.All[0].Points) != 288 || c.All[0].Low != 100 || c.All[0].High != 104 {
				t.Errorf("curves %q and %d more, of %d points", names, c.More, len(c.All[0].Points))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

package main

import (
	"testing"
	"time"
)

func TestALineOfAFigure(t *testing.T) {
	for want, f := range map[string]figure{
		"bench relay_p50 12.3 ms ratio 1.50":             {"relay_p50", 12.345, "ms", 1.5},
		"bench stats_warm 0.000412 ms ratio 0.000000210": {"stats_warm", 0.000412, "ms", 0.00000021},
		"bench start 1234 ms":                            {"start", 1234.4, "ms", 0},
		"bench idle_rss 29.5 MiB":                        {"idle_rss", 29.51, "MiB", 0},
		"bench nothing 0 ms":                             {"nothing", 0, "ms", 0},
	} {
		if got := f.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestQuantilesByNearestRank(t *testing.T) {
	var hundred []time.Duration
	for i := 100; i > 0; i-- {
		hundred = append(hundred, time.Duration(i))
	}
	for _, story := range []struct {
		all  []time.Duration
		q    float64
		want time.Duration
	}{
		{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0, 1},
		{[]time.Duration{7}, 0.99, 7}, {[]time.Duration{3, 1, 2}, 0.5, 2},
	} {
		if got := quantile(story.all, story.q); got != story.want {
			t.Errorf("%v of %d: got %d, want %d", story.q, len(story.all), got, story.want)
		}
	}
}

func TestFiguresAreChosenByName(t *testing.T) {
	if wanted, err := choose("start,binary"); err != nil || len(wanted) != 2 || !wanted["start"] {
		t.Errorf("got %v, %v", wanted, err)
	}
	if wanted, err := choose("due"); err != nil || len(wanted) != 2 || !wanted["due_year"] {
		t.Errorf("all of due: got %v, %v", wanted, err)
	}
	if wanted, err := choose(""); err != nil || !wanted["relay_p99"] || !wanted["idle_rss"] {
		t.Errorf("all: got %v, %v", wanted, err)
	}
	if _, err := choose("strat"); err == nil {
		t.Error("a figure that does not exist was accepted")
	}
}

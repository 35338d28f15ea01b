package checks

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// FaultUnusual is of a value that is far higher than it usually is at such a time. Value
// is in Unit, Limit is from where it counts as unusual, and Usual says what is usual.
const FaultUnusual Fault = "unusual"

// usualSettings are for a kind that finds what is unusual; its own struct embeds them,
// filled by usualByDefault.
type usualSettings struct {
	Usual  string  `set:"usual" oneof:"on|off" help:"Whether a value is found that is far higher than it usually is at that hour of the week. That is known after two weeks, and better after four."`
	Factor float64 `set:"usual_factor" unit:"times" least:"1" most:"100" help:"How many times as far from the median as the usual values it must be."`
}

func usualByDefault() usualSettings { return usualSettings{Usual: "on", Factor: 3} }

// habits are what the metrics of one check usually are at one time.
type habits struct {
	asked    Asked
	at       time.Time         // by the clock of the people
	normal   map[string]Normal // by metric and thing
	learning *Learning         // of what is known best, while nothing is known well enough
}

// habitsAt are those of which nothing was looked up yet.
func habitsAt(a Asked, at time.Time) *habits {
	return &habits{asked: a, at: at.In(a.zone()), normal: map[string]Normal{}}
}

// habitsOf looks up what is usual for some metrics at a time.
func habitsOf(ctx context.Context, a Asked, metrics []Metric, at time.Time) (*habits, error) {
	h := habitsAt(a, at)
	for _, m := range metrics {
		if err := h.learn(ctx, m); err != nil {
			return h, err
		}
	}
	return h, nil
}

// learn looks up what is usual for a metric: one look into the history.
func (h *habits) learn(ctx context.Context, m Metric) error {
	hours, err := hoursOf(ctx, h.asked.History, h.asked.series(m.Name, m.Thing), likeHours(h.at))
	if err != nil {
		return err
	}
	normal, learning := learn(h.at, hours)
	normal.Metric = m.Name
	switch {
	case learning == nil:
		h.normal[m.Name+"\x00"+m.Thing], h.learning = normal, nil
	case len(h.normal) == 0 && (h.learning == nil || learning.Days > h.learning.Days):
		h.learning = learning
	}
	return nil
}

// of is what is normal for a metric, where that is known.
func (h *habits) of(metric, thing string) (n Normal, known bool) {
	n, known = h.normal[metric+"\x00"+thing]
	return n, known
}

// usual is what a metric usually is; nil when that is not known.
func (h *habits) usual(metric, thing string) *Usual {
	if n, known := h.of(metric, thing); known {
		return &n.Usual
	}
	return nil
}

// judge finds a metric that is far higher than usual. least is the smallest spread that
// counts, in the metric's unit: the CPU of what rests jumps from 0.1 % to 3 %, and nobody
// wants to know.
func (h *habits) judge(m Metric, s usualSettings, least float64) []Finding {
	n, known := h.of(m.Name, m.Thing)
	_, high := n.Bounds(s.Factor, least)
	if !known || s.Usual == "off" || m.Value <= high {
		return nil
	}
	thing := cmp.Or(m.Thing, h.asked.Name)
	return []Finding{{Status: Warning, Thing: thing, Fault: FaultUnusual, Value: m.Value, Limit: high, Unit: m.Unit, Usual: &n.Usual}}
}

// learntFrom is of how many metrics it is asked whether anything is known of them.
const learntFrom = 5

// judgeUsual is the short way for a kind: it finds which of some metrics of one name are
// far higher than they usually are now. learning belongs into the kind's [Result], so
// that people read why nothing is found yet; it is nil as soon as any of them is known,
// since new things come and go, and when the settings say "off". The kind's Measure calls
// it as
//
//	found, learning, err := judgeUsual(ctx, a, s.usualSettings, cpu, 20)
//
// where 20 is the least spread that counts, as in [habits.judge]. Values so low that they
// cannot be unusual are not looked up, as those of most containers, once it is known
// whether anything is.
func judgeUsual(ctx context.Context, a Asked, s usualSettings, metrics []Metric, least float64) (found []Finding, learning *Learning, err error) {
	if s.Usual == "off" {
		return nil, nil, nil
	}
	h := habitsAt(a, time.Now())
	for n, m := range metrics {
		if (len(h.normal) > 0 || n >= learntFrom) && m.Value <= s.Factor*least {
			continue
		}
		if err := h.learn(ctx, m); err != nil {
			return found, h.learning, err
		}
		found = append(found, h.judge(m, s, least)...)
	}
	return found, h.learning, nil
}

// series names one of the check's own.
func (a Asked) series(metric, thing string) Series {
	return Series{Check: a.Kind, Name: a.Name, Metric: metric, Thing: thing}
}

// zone is where people's clocks are.
func (a Asked) zone() *time.Location {
	if a.Location == nil {
		return time.UTC
	}
	return a.Location
}

// hoursOf asks a history for hours, or makes them of single values where it knows none.
func hoursOf(ctx context.Context, h History, s Series, begins []time.Time) ([]Hour, error) {
	if known, ok := h.(Hourly); ok {
		return known.Hours(ctx, s, begins)
	}
	if len(begins) == 0 {
		return nil, nil
	}
	points, err := h.Points(ctx, s, slices.MinFunc(begins, time.Time.Compare))
	hours := slices.DeleteFunc(foldPoints(points, time.Hour), func(h Hour) bool { return !slices.ContainsFunc(begins, h.At.Equal) })
	return hours, err
}

// foldPoints makes one of all values that lie in the same stretch of a length. points are
// in order.
func foldPoints(points []Point, length time.Duration) (all []Hour) {
	for first := 0; first < len(points); {
		begin, next := points[first].At.Truncate(length), first
		var values []float64
		for next < len(points) && points[next].At.Before(begin.Add(length)) {
			values = append(values, points[next].Value)
			next++
		}
		all = append(all, Hour{
			At: begin, Median: median(values), Low: values[0], High: values[len(values)-1], Count: len(values), // sorted now
		})
		first = next
	}
	return all
}

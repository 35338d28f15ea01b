package commands

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/graph"
	"ronde/history"
	"ronde/store"
	"ronde/text"
)

// shownKnown is how many names an answer lists of those that can be asked for.
const shownKnown = 12

// GraphCommand draws what was measured: "!graph antigone cpu 24h", "!graph nextcloud
// memory 7d". What its picture shows it also says in words.
var GraphCommand = Command{Name: "graph", French: "courbe", Aliases: []string{"graphe"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	asked, ok := readGraph(c.Args)
	if !ok {
		return c.Mistake("graph", c.Say("graph.which"))
	}
	c.subject = text.OneLine(asked.place+" "+asked.metric, 60)
	now := time.Now().In(c.Desk.Location)
	var found history.Found
	var curves history.Curves
	err := c.Desk.Store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.AllSeries()
		if err != nil {
			return err
		}
		found = history.Find(all, history.Asked{Place: asked.place, Metric: c.metricOf(all, asked.metric)})
		curves, err = history.Read(tx, found.Series, asked.back(now), now, graph.MostLines)
		return err
	})
	if err != nil {
		return err
	}
	if len(found.Series) == 0 {
		return c.noGraph(asked, found)
	}
	return c.draw(asked, found, curves, now)
}}

// wantedGraph is what somebody wants to see drawn.
type wantedGraph struct {
	place, metric string
	n             int
	unit          byte // h, d, w or y
}

var spanForm = regexp.MustCompile(`^([0-9]{1,4})(h|d|j|w|s|y|a|an|ans)$`)

// readGraph reads "antigone cpu 24h", in English or French. ok is false without a place.
// The time is 24 hours unless it is said, and never more than what is kept.
func readGraph(args []string) (w wantedGraph, ok bool) {
	w.n, w.unit = 24, 'h'
	for _, word := range args {
		m := spanForm.FindStringSubmatch(text.Fold(word))
		n := 0
		if m != nil {
			n, _ = strconv.Atoi(m[1]) // at most four digits
		}
		switch {
		case n > 0 && w.place != "":
			w.n, w.unit = n, map[byte]byte{'j': 'd', 's': 'w', 'a': 'y'}[m[2][0]]
			if w.unit == 0 {
				w.unit = m[2][0]
			}
		case w.place == "":
			w.place = word
		default:
			w.metric = strings.TrimSpace(w.metric + " " + word)
		}
	}
	return w, w.place != ""
}

// back is when the time begins that is to be drawn.
func (w wantedGraph) back(now time.Time) (from time.Time) {
	switch w.unit {
	case 'h':
		from = now.Add(-time.Duration(w.n) * time.Hour)
	case 'd':
		from = now.AddDate(0, 0, -w.n)
	case 'w':
		from = now.AddDate(0, 0, -7*w.n)
	default:
		from = now.AddDate(-min(w.n, 20), 0, 0)
	}
	if oldest := now.Add(-store.DailyFor); from.Before(oldest) {
		return oldest
	}
	return from
}

// span says how long that is: "24 h", "7 j".
func (c *Call) span(w wantedGraph) string {
	return c.Say("graph.span."+string(w.unit), "Count", w.n)
}

// metricOf is the metric that people of the room's language call so.
func (c *Call) metricOf(all []store.Series, called string) string {
	for _, s := range all {
		if text.Fold(checks.MetricName(c.Desk.Language, s.Metric)) == text.Fold(called) {
			return s.Metric
		}
	}
	return called
}

// noGraph says why there is nothing to draw, and what there is.
func (c *Call) noGraph(w wantedGraph, f history.Found) error {
	switch {
	case f.Metrics != nil:
		explanation := c.Say("graph.metrics", "Place", text.OneLine(f.Place, 40), "Known", list(f.Metrics))
		if near := text.Nearest(w.metric, f.Metrics); near != "" && w.metric != "" {
			explanation = c.Say("graph.near", "Near", near) + " " + explanation
		}
		return c.Mistake("graph", explanation)
	case len(f.Places) == 0:
		c.Reply.Text(c.Say("graph.empty"))
		return nil
	}
	explanation := c.Say("graph.places", "Place", text.OneLine(w.place, 40), "Known", list(f.Places))
	if f.Near != "" {
		explanation = c.Say("graph.near", "Near", f.Near) + " " + explanation
	}
	return c.Mistake("graph", explanation)
}

func list(names []string) string {
	var shown []string
	for _, name := range names[:min(len(names), shownKnown)] {
		shown = append(shown, text.OneLine(name, 40))
	}
	if len(names) > shownKnown {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}

// draw answers with a picture, and with words that say the same. One value is no curve
// yet, so it is only said.
func (c *Call) draw(w wantedGraph, f history.Found, curves history.Curves, now time.Time) error {
	metric := checks.MetricName(c.Desk.Language, f.Metric)
	title := text.OneLine(f.Place, 40) + " · " + metric + " · " + c.span(w)
	if len(curves.All) == 0 {
		c.Reply.Text(c.Say("graph.none", "What", title, "Since", c.Desk.Language.Clock(since(f.Series), now)))
		return nil
	}
	c.Reply.Text("📈 ").Bold(title)
	c.writeCurves(f, curves, now)
	if slices.MaxFunc(curves.All, fewerPoints).Count() < 2 {
		c.Reply.Line().Text(c.Say("graph.single"))
		return nil
	}
	picture, err := c.graphOf(w, f, curves, now, title).PNG()
	c.picture = &cards.Image{Name: fileName(w), Type: "image/png", Width: graph.Width, Height: graph.Height, Bytes: picture}
	return err
}

func fewerPoints(a, b history.Curve) int { return a.Count() - b.Count() }

func since(all []store.Series) time.Time {
	return slices.MinFunc(all, func(a, b store.Series) int { return a.Since.Compare(b.Since) }).Since
}

// sayCurve says the last value of a curve, and between what its values were.
func (c *Call) sayCurve(one history.Curve) string {
	say := func(v float64) string { return checks.SayRound(c.Desk.Language, v, checks.Unit(one.Unit)) }
	said := say(one.Newest)
	if low, high := say(one.Low), say(one.High); low != high {
		said = c.Say("graph.value", "Newest", said, "Low", low, "High", high)
	}
	return c.Say("graph.says", "What", said)
}

// writeCurves says since when there is something, if that is later than asked for, and
// what each curve says.
func (c *Call) writeCurves(f history.Found, curves history.Curves, now time.Time) {
	known := ""
	if begin := since(f.Series); begin.After(curves.From.Add(time.Hour)) {
		known = " " + c.Say("graph.since", "Since", c.Desk.Language.Clock(begin, now))
	}
	if len(curves.All) == 1 {
		c.Reply.Text(c.sayCurve(curves.All[0]) + known)
		return
	}
	c.Reply.Text(known)
	for _, one := range curves.All {
		c.Reply.Line().Text(curveName(f, one) + c.sayCurve(one))
	}
	if curves.More > 0 {
		c.Reply.Line().Text(c.Say("graph.more", "Count", curves.More))
	}
}

// curveName tells a curve apart from the others in the picture.
func curveName(f history.Found, one history.Curve) string {
	if f.IsThing || one.Thing == "" {
		return text.OneLine(one.Name, 40)
	}
	return text.OneLine(one.Thing, 40)
}

func (c *Call) graphOf(w wantedGraph, f history.Found, curves history.Curves, now time.Time, title string) graph.Graph {
	unit := checks.Unit(f.Series[0].Unit)
	g := graph.Graph{
		Title: title, From: w.back(now), To: now, Ticks: graph.Ticks(c.Desk.Language, w.back(now), now), Gap: curves.Gap,
		Write: func(v float64) string { return checks.SayRound(c.Desk.Language, v, unit) }, Binary: unit == checks.Bytes,
	}
	for _, one := range curves.All {
		line := graph.Line{Name: curveName(f, one)}
		for _, p := range one.Points {
			line.Points = append(line.Points, graph.Point{At: p.At, Value: p.Median, Low: p.Low, High: p.High})
		}
		g.Lines = append(g.Lines, line)
	}
	return g
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

func fileName(w wantedGraph) string {
	name := notInNames.ReplaceAllString(text.Fold(w.place+"-"+w.metric), "-")
	return strings.Trim(text.OneLine(name, 60), "-…") + "-" + strconv.Itoa(w.n) + string(w.unit) + ".png"
}

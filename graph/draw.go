package graph

import (
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-analyze/charts"
)

// The measures of a picture in pixels.
const (
	margin     = 16
	titleSize  = 28
	labelSize  = 22
	legendLine = 34
	tickLength = 8
	stroke     = 3
	dot        = 4
)

// colors can be told apart by most people who see some colours alike (Okabe and Ito,
// "Color Universal Design", 2008).
func colors() []charts.Color {
	return []charts.Color{
		charts.ColorRGB(0, 114, 178), charts.ColorRGB(213, 94, 0), charts.ColorRGB(0, 158, 115),
		charts.ColorRGB(204, 121, 167), charts.ColorRGB(230, 159, 0), charts.ColorRGB(86, 180, 233),
	}
}

// drawing is a picture that is being drawn.
type drawing struct {
	Graph
	painter                  *charts.Painter
	steps                    []float64
	left, right, top, bottom int // of the field in which the curves are
}

func newDrawing(g Graph, steps []float64) *drawing {
	d := &drawing{Graph: g, steps: steps, painter: charts.NewPainter(charts.PainterOptions{Width: Width, Height: Height})}
	for _, v := range steps {
		d.left = max(d.left, d.width(g.Write(v), labelSize))
	}
	d.left += 2 * margin
	d.right, d.bottom = Width-2*margin, Height-margin-labelSize-2*tickLength
	d.top = margin + titleSize + margin + labelSize/2
	if len(g.Lines) > 1 {
		d.top += legendLine * (len(d.legendRows()))
	}
	return d
}

func ink() charts.Color  { return charts.ColorRGB(40, 40, 40) }
func pale() charts.Color { return charts.ColorRGB(215, 215, 215) }

func (d *drawing) write(s string, x, y int, size float64) {
	d.painter.Text(s, x, y, 0, charts.FontStyle{FontSize: points(size), FontColor: ink()})
}

// points turns a size in pixels into one in points, as the library wants it at 96 dots
// per inch.
func points(pixels float64) float64 { return pixels * 72 / 96 }

func (d *drawing) width(s string, size float64) int {
	return d.painter.MeasureText(s, 0, charts.FontStyle{FontSize: points(size), FontColor: ink()}).Width()
}

// cut shortens s until it is no wider than so many pixels.
func (d *drawing) cut(s string, size float64, width int) string {
	for full := s; d.width(s, size) > width && utf8.RuneCountInString(full) > 1; {
		_, n := utf8.DecodeLastRuneInString(full)
		full = full[:len(full)-n]
		s = full + "…"
	}
	return s
}

// frame draws everything but the curves.
func (d *drawing) frame() {
	d.painter.FilledRect(0, 0, Width, Height, charts.ColorWhite, charts.ColorWhite, 0)
	d.write(d.cut(d.Title, titleSize, Width-2*margin), margin, margin+titleSize, titleSize)
	for _, v := range d.steps {
		y, label := d.y(v), d.Write(v)
		d.painter.LineStroke([]charts.Point{{X: d.left, Y: y}, {X: d.right, Y: y}}, pale(), 1)
		d.write(label, d.left-margin/2-d.width(label, labelSize), y+labelSize/3, labelSize)
	}
	d.times()
}

// times writes the ticks, as many as there is room for.
func (d *drawing) times() {
	free := 0
	for _, t := range d.Ticks {
		x, w := d.x(t.At), d.width(t.Label, labelSize)
		d.painter.LineStroke([]charts.Point{{X: x, Y: d.bottom}, {X: x, Y: d.bottom + tickLength}}, ink(), 1)
		left := min(max(x-w/2, 0), Width-w)
		if left < free {
			continue
		}
		d.write(t.Label, left, d.bottom+2*tickLength+labelSize, labelSize)
		free = left + w + margin
	}
}

// legendRows are the names of the lines, by their numbers, in as many rows as they need.
func (d *drawing) legendRows() (rows [][]int) {
	free := 0
	for n := range d.Lines {
		w := d.legendWidth(n)
		if free < w {
			rows, free = append(rows, nil), Width-2*margin
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], n)
		free -= w
	}
	return rows
}

func (d *drawing) legendWidth(n int) int {
	return labelSize + margin/2 + d.width(d.legendName(n), labelSize) + 2*margin
}

func (d *drawing) legendName(n int) string {
	return d.cut(d.Lines[n].Name, labelSize, Width/2-6*margin)
}

// legend writes the name of each line in its colour, unless there is only one.
func (d *drawing) legend() {
	if len(d.Lines) == 1 {
		return
	}
	y := margin + titleSize + margin + labelSize
	for _, row := range d.legendRows() {
		x := margin
		for _, n := range row {
			d.painter.FilledRect(x, y-labelSize+6, x+labelSize-4, y+2, colors()[n], colors()[n], 0)
			d.write(d.legendName(n), x+labelSize+margin/2, y, labelSize)
			x += d.legendWidth(n)
		}
		y += legendLine
	}
}

// line draws a curve, with gaps where nothing is known. One alone also shows between
// what the values were.
func (d *drawing) line(n int, line Line) {
	color := colors()[n]
	for _, part := range d.parts(line.Points) {
		if len(d.Lines) == 1 {
			d.band(part, color)
		}
		if len(part) == 1 {
			d.painter.Circle(dot, d.x(part[0].At), d.y(part[0].Value), color, color, 1)
			continue
		}
		var path []charts.Point
		for _, p := range part {
			path = append(path, charts.Point{X: d.x(p.At), Y: d.y(p.Value)})
		}
		d.painter.LineStroke(path, color, stroke)
	}
}

// parts are the stretches of a curve that have no gap.
func (d *drawing) parts(all []Point) (parts [][]Point) {
	for first, n := 0, 1; n <= len(all); n++ {
		if n == len(all) || all[n].At.Sub(all[n-1].At) > d.Gap {
			parts, first = append(parts, all[first:n]), n
		}
	}
	return parts
}

// band is the field between the least and the most.
func (d *drawing) band(part []Point, color charts.Color) {
	var edge []charts.Point
	for _, p := range part {
		edge = append(edge, charts.Point{X: d.x(p.At), Y: d.y(p.High)})
	}
	for _, p := range slices.Backward(part) {
		edge = append(edge, charts.Point{X: d.x(p.At), Y: d.y(p.Low)})
	}
	d.painter.FillArea(append(edge, edge[0]), color.WithAlpha(60))
}

func (d *drawing) x(at time.Time) int {
	share := float64(at.Sub(d.From)) / float64(d.To.Sub(d.From))
	return d.left + int(math.Round(share*float64(d.right-d.left)))
}

func (d *drawing) y(v float64) int {
	low, high := d.steps[0], d.steps[len(d.steps)-1]
	return d.bottom - int(math.Round((v-low)/(high-low)*float64(d.bottom-d.top)))
}

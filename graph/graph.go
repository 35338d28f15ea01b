// Package graph draws curves as pictures for a phone: few words, big ones, and the time
// by the clock of the people who look at it.
//
// What it needs for that, a font above all, is read when the first picture is drawn.
package graph

import (
	"errors"
	"fmt"
	"time"
)

// The size of a picture in pixels. A phone shows it at less than half of that.
const (
	Width  = 800
	Height = 480
)

// MostLines is how many curves one picture may hold: more cannot be told apart.
const MostLines = 6

// Graph is what a picture shows.
type Graph struct {
	Title    string
	From, To time.Time
	Lines    []Line // at least one, at most [MostLines]
	Ticks    []Tick // of the time, as [Ticks] makes them
	// Write writes a value with its unit.
	Write func(v float64) string
	// Binary says that values are counted in powers of 1024, as bytes are.
	Binary bool
	// Gap is how far two points may be apart that a line connects.
	Gap time.Duration
}

// Line is one curve.
type Line struct {
	Name   string
	Points []Point // in order
}

// Point is a value, or what a time was like.
type Point struct {
	At        time.Time
	Value     float64
	Low, High float64 // the least and the most; shown only where there is one line
}

// Tick is a time that is written under the picture.
type Tick struct {
	At    time.Time
	Label string
}

var errNothing = errors.New("there is nothing to draw")

// PNG draws the picture, of about 30 KiB. It fails for a graph that has no points, or too
// many lines.
func (g Graph) PNG() ([]byte, error) {
	low, high, any := g.extent()
	if !any || len(g.Lines) > MostLines || !g.To.After(g.From) {
		return nil, errNothing
	}
	d := newDrawing(g, steps(low, high, g.Binary))
	d.frame()
	d.legend()
	for n, line := range g.Lines {
		d.line(n, line)
	}
	drawn, err := d.painter.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw a picture: %w", err)
	}
	return lighten(drawn)
}

// extent is between what the values lie.
func (g Graph) extent() (low, high float64, any bool) {
	for _, line := range g.Lines {
		for _, p := range line.Points {
			below, above := p.Value, p.Value
			if len(g.Lines) == 1 {
				below, above = min(p.Low, below), max(p.High, above)
			}
			if !any {
				low, high, any = below, above, true
			}
			low, high = min(low, below), max(high, above)
		}
	}
	return low, high, any
}

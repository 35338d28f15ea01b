package graph

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/text"
)

func speak(t *testing.T, code string) *text.Language {
	t.Helper()
	l, err := text.In(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// wave is a curve over a time, in so many steps, with a gap of a tenth in its middle.
func wave(name string, from, to time.Time, n int, height float64) Line {
	line := Line{Name: name}
	for i := range n {
		if i > n*45/100 && i < n*55/100 {
			continue
		}
		v := height * (1.2 + math.Sin(float64(i)/float64(n)*12) + 0.2*math.Sin(float64(i*i)))
		line.Points = append(line.Points, Point{At: from.Add(to.Sub(from) / time.Duration(n) * time.Duration(i)), Value: v, Low: v * 0.8, High: v * 1.3})
	}
	return line
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", v) }

func mebibytes(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }

// picture is one of the stories: RONDE_PICTURES keeps them in a folder, to be looked at.
func picture(t *testing.T, name string, g Graph) []byte {
	t.Helper()
	drawn, err := g.PNG()
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("RONDE_PICTURES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), drawn, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return drawn
}

func stories(t *testing.T) map[string]Graph {
	t.Helper()
	now, fr, en := time.Date(2026, 11, 26, 15, 37, 0, 0, paris(t)), speak(t, "fr"), speak(t, "en")
	of := func(l *text.Language, title string, back time.Duration, lines ...Line) Graph {
		return Graph{Title: title, From: now.Add(-back), To: now, Lines: lines, Ticks: Ticks(l, now.Add(-back), now), Write: percent, Gap: back / 20}
	}
	all := map[string]Graph{
		"one":   of(fr, "peertube · CPU · 24 h", day, wave("peertube", now.Add(-day), now, 288, 120)),
		"three": of(en, "antigone · CPU · 7 d", 7*day, wave("nextcloud", now.Add(-7*day), now, 168, 40), wave("peertube", now.Add(-7*day), now, 168, 90), wave("a-very-long-name-of-a-container-1", now.Add(-7*day), now, 168, 9)),
		"year":  of(fr, "antigone · espace utilisé · 1 an", 365*day, wave("/", now.Add(-365*day), now, 365, 3e9)),
		"month": of(fr, "nextcloud · mémoire · 30 j", 30*day, wave("nextcloud", now.Add(-30*day), now, 240, 5e8)),
		"new":   of(fr, "nextcloud · CPU · 24 h", day, Line{Name: "nextcloud", Points: []Point{{At: now.Add(-time.Hour), Value: 12, Low: 12, High: 12}}}),
		"six": of(fr, strings.Repeat("un titre bien trop long ", 9), 2*day, wave("antigone", now.Add(-2*day), now, 100, 1), wave("balearica", now.Add(-2*day), now, 100, 2),
			wave("creon", now.Add(-2*day), now, 100, 3), wave("ismene", now.Add(-2*day), now, 100, 4), wave("hemon", now.Add(-2*day), now, 100, 5), wave("tiresias-le-devin", now.Add(-2*day), now, 100, 6)),
	}
	for _, name := range []string{"year", "month"} {
		g := all[name]
		g.Write, g.Binary = mebibytes, true
		all[name] = g
	}
	return all
}

func TestPicturesAreLightAndOfOneSize(t *testing.T) {
	for name, g := range stories(t) {
		drawn := picture(t, name, g)
		image, err := png.Decode(bytes.NewReader(drawn))
		if err != nil {
			t.Fatal(err)
		}
		if size := image.Bounds().Size(); size.X != Width || size.Y != Height || len(drawn) > 40<<10 {
			t.Errorf("%s is %d by %d and has %d bytes", name, size.X, size.Y, len(drawn))
		}
	}
}

// A curve is where it belongs: the colour of the line is found at the place of its values.
func TestACurveShowsItsValues(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 37, 0, 0, time.UTC)
	flat := func(v float64) Line {
		return Line{Points: []Point{{At: now.Add(-time.Hour), Value: v, Low: v, High: v}, {At: now, Value: v, Low: v, High: v}}}
	}
	g := Graph{From: now.Add(-time.Hour), To: now, Lines: []Line{flat(0), flat(50), flat(100)}, Write: percent, Gap: time.Hour}
	image, err := png.Decode(bytes.NewReader(picture(t, "flat", g)))
	if err != nil {
		t.Fatal(err)
	}
	d := newDrawing(g, steps(0, 100, false))
	for n, v := range []float64{0, 50, 100} {
		r, green, b, _ := image.At(d.x(now.Add(-30*time.Minute)), d.y(v)).RGBA()
		want := colors()[n]
		if uint8(r>>8) != want.R || uint8(green>>8) != want.G || uint8(b>>8) != want.B {
			t.Errorf("at %g there is %d %d %d, want %v", v, r>>8, green>>8, b>>8, want)
		}
	}
}

func TestNothingIsNoPicture(t *testing.T) {
	now := time.Now()
	one := Line{Points: []Point{{At: now}}}
	for name, g := range map[string]Graph{
		"no lines":       {From: now.Add(-1), To: now, Write: percent},
		"no points":      {From: now.Add(-1), To: now, Lines: []Line{{}}, Write: percent},
		"no time":        {From: now, To: now, Lines: []Line{one}, Write: percent},
		"too many lines": {From: now.Add(-1), To: now, Lines: make([]Line, MostLines+1), Write: percent},
	} {
		if _, err := g.PNG(); err == nil {
			t.Errorf("%s can be drawn", name)
		}
	}
}

func TestStepsAreRoundAndFew(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		binary    bool
		want      string
	}{
		{3, 97, false, "0 50 100"},
		{3, 310, false, "0 100 200 300 400"},
		{88, 96, false, "88 90 92 94 96"},
		{0, 0, false, "0 0.2 0.4 0.6"},
		{7, 7, false, "6 6.5 7 7.5 8"},
		{0, 3 << 30, true, "0 1073741824 2147483648 3221225472"},
		{-20, 20, false, "-20 -10 0 10 20"},
		{-7, -3, false, "-8 -6 -4 -2 0"},
		{0, 1e-3, false, "0 0.0005 0.001"},
	} {
		var got []string
		for _, v := range steps(tt.low, tt.high, tt.binary) {
			got = append(got, fmt.Sprintf("%.10g", v))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("from %g to %g: %s, want %s", tt.low, tt.high, s, tt.want)
		}
	}
}

func TestTicksAreAtRoundLocalTimes(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, paris(t))
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ code, from, to, want string }{
		{"fr", "2026-11-25 15:37", "2026-11-26 15:37", "18:00, jeu. 26, 06:00, 12:00"},
		{"fr", "2026-10-24 20:00", "2026-10-25 20:00", "dim. 25, 06:00, 12:00, 18:00"}, // with 25 hours
		{"en", "2026-03-28 20:00", "2026-03-29 20:00", "Sun 29, 06:00, 12:00, 18:00"},  // with 23
		{"en", "2026-11-19 15:37", "2026-11-26 15:37", "Fri 20, Sat 21, Sun 22, Mon 23, Tue 24, Wed 25, Thu 26"},
		{"fr", "2026-10-27 15:37", "2026-11-26 15:37", "2 nov., 9 nov., 16 nov., 23 nov."},
		{"fr", "2025-11-26 15:37", "2026-11-26 15:37", "janv., mars, mai, juil., sept., nov."},
		{"fr", "2024-01-26 15:37", "2026-11-26 15:37", "juil. 2024, janv. 2025, juil. 2025, janv. 2026, juil. 2026"},
		{"fr", "2016-11-26 15:37", "2026-11-26 15:37", "2018, 2020, 2022, 2024, 2026"},
	} {
		var got []string
		for _, tick := range Ticks(speak(t, tt.code), at(tt.from), at(tt.to)) {
			got = append(got, tick.Label)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("from %s to %s: %s, want %s", tt.from, tt.to, s, tt.want)
		}
	}
}

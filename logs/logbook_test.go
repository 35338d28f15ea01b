package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// logbook is a log in a folder, with a writer and a reader who only keeps a cursor.
type logbook struct {
	t      testing.TB
	path   string
	writes string // where the writer writes: to a file that was moved away until it hears of it
	begun  string // a line that has no end yet
	lines  int
	lost   map[string]bool // lines that nobody can read any more
	cursor string
	tally  map[string]uint64
	limit  int64
	gap    bool
	moved  bool // the newest rotated file was moved away, not copied
}

func newLogbook(t testing.TB) *logbook {
	path := filepath.Join(t.TempDir(), "services.log")
	return &logbook{t: t, path: path, writes: path, lost: map[string]bool{}, tally: map[string]uint64{}, limit: 1 << 30}
}

func (b *logbook) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *logbook) append(data string) {
	f, err := os.OpenFile(b.writes, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	b.must(err)
	_, err = f.WriteString(data)
	b.must(errors.Join(err, f.Close()))
}

// line writes a line that is like no other.
func (b *logbook) line(padding int) {
	b.finish()
	b.lines++
	b.append(fmt.Sprintf("Nov 21 03:14:07 host %s[1]: %s\n", b.name(b.lines), strings.Repeat("x", padding)))
}

func (b *logbook) name(i int) string { return fmt.Sprintf("line%d", i) }

// begin writes a line without its end.
func (b *logbook) begin() {
	b.finish()
	b.lines++
	b.begun = b.name(b.lines)
	b.append("Nov 21 03:14:07 host " + b.begun + "[1]: begi")
}

func (b *logbook) finish() {
	if b.begun != "" {
		b.append("ns\n")
		b.begun = ""
	}
}

func (b *logbook) numbered(i int) string { return fmt.Sprintf("%s.%d", b.path, i) }

const keptRotations = 4

// age gives every rotated file its next number, and packs the one that was the first.
func (b *logbook) age() {
	b.finish()
	b.loses(b.numbered(keptRotations) + ".gz")
	_ = os.Remove(b.numbered(keptRotations) + ".gz")
	for i := keptRotations - 1; i >= 1; i-- {
		_ = os.Rename(b.numbered(i)+".gz", b.numbered(i+1)+".gz")
	}
	whole, err := os.ReadFile(b.numbered(1))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	b.must(err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(whole)
	b.must(errors.Join(err, w.Close(), os.WriteFile(b.numbered(2)+".gz", packed.Bytes(), 0o600), os.Remove(b.numbered(1))))
}

// rotate moves the log away; the writer hears of it later.
func (b *logbook) rotate() {
	b.hears()
	b.age()
	if os.Rename(b.path, b.numbered(1)) == nil {
		b.writes, b.moved = b.numbered(1), true
		b.must(os.WriteFile(b.path, nil, 0o600))
	}
}

// another writes a line that has not heard yet of the last time the log was moved away.
func (b *logbook) another() {
	if _, err := os.Stat(b.numbered(1)); err != nil || !b.moved {
		return
	}
	was := b.writes
	b.finish()
	b.writes = b.numbered(1)
	b.line(3)
	b.writes = was
}

// hears has the writer go over to the new file.
func (b *logbook) hears() {
	b.finish()
	b.writes = b.path
}

// copies has the log copied; what the writer adds before it is truncated is lost.
func (b *logbook) copies(late int) {
	b.hears()
	b.age()
	whole, err := os.ReadFile(b.path)
	if err != nil {
		return
	}
	b.must(os.WriteFile(b.numbered(1), whole, 0o600))
	b.moved = false
	if late > 0 {
		before := b.lines
		for range late {
			b.line(1)
		}
		if late%2 == 0 {
			b.reads()
		}
		for i := before + 1; i <= b.lines; i++ {
			b.lost[b.name(i)] = true
		}
	}
	b.must(os.Truncate(b.path, 0))
}

// empties truncates the log, and nobody has a copy.
func (b *logbook) empties() {
	b.hears()
	b.loses(b.path)
	_ = os.Truncate(b.path, 0)
}

func (b *logbook) loses(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	t := NewTally(Auto, "own")
	var whole bytes.Buffer
	_, _ = whole.ReadFrom(f)
	if filepath.Ext(path) == ".gz" {
		r, err := gzip.NewReader(&whole)
		b.must(err)
		var plain bytes.Buffer
		_, err = plain.ReadFrom(r)
		b.must(err)
		whole = plain
	}
	t.Block(whole.Bytes())
	for _, s := range t.Services() {
		b.lost[s.Name] = true
	}
}

func (b *logbook) reads() Reading {
	b.t.Helper()
	c, err := ParseCursor(b.cursor)
	b.must(err)
	t := NewTally(Auto, "own")
	r, err := Follow(context.Background(), []string{b.path}, c, Limits{Bytes: b.limit, First: 1 << 30}, t)
	b.must(err)
	for _, s := range t.Services() {
		b.tally[s.Name] += s.Lines
	}
	b.cursor, b.gap = r.Cursor.String(), b.gap || r.Gap
	return r
}

// check tells whether every line was counted once that was not lost.
func (b *logbook) check() {
	b.t.Helper()
	for i := 1; i <= b.lines; i++ {
		name := b.name(i)
		if n := b.tally[name]; n > 1 || n == 0 && !b.lost[name] && name != b.begun {
			b.t.Errorf("%s was counted %d times (lost: %v)", name, n, b.lost[name])
		}
	}
	for name := range b.tally {
		if !strings.HasPrefix(name, "line") {
			b.t.Errorf("a line was counted that nobody wrote, of %q", name)
		}
	}
}

// play has things happen, one for each letter.
func (b *logbook) play(story string) {
	for _, what := range story {
		switch what {
		case 'l':
			b.line(3)
		case 'L':
			b.line(700)
		case 'b':
			b.begin()
		case 'r':
			b.rotate()
		case 'h':
			b.hears()
		case 'w':
			b.another()
		case 'c':
			b.copies(0)
		case 'd':
			b.copies(1)
		case 'D':
			b.copies(2)
		case 't':
			b.empties()
		case 'R':
			b.reads()
		}
	}
}

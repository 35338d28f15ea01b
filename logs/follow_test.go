package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestEveryWholeLineIsCountedOnce(t *testing.T) {
	for name, story := range map[string]string{
		"lines come":                              "lRllRR",
		"a line ends later":                       "lbRRlR",
		"the log is not there at first":           "RllR",
		"it is empty at first":                    "lrRhlR",
		"moved away, and the writer hears later":  "llRlrlRlRhlRlR",
		"moved away twice between two readings":   "lLlRlrlhlrlhlR",
		"packed between two readings":             "LLRLrlhlrlhlrlhlR",
		"moved away before the first line":        "RrlhlrlhlR",
		"moved away while empty":                  "lRrhrhlR",
		"late lines after the new file has some":  "llRrllRhlRlR",
		"one writer of two hears later":           "lRrhllRwlRwwRlwrhlRwR",
		"late lines that are packed before read":  "lLRrhllRwwrhlRlrhlR",
		"copied and truncated":                    "lLlRlcllR",
		"copied and truncated, and short again":   "LLLRlclRlR",
		"copied twice between two readings":       "lLRlclclR",
		"copied, and some lost in between":        "LlRldlRlR",
		"copied, and read before it is truncated": "LlRlDlRlRlDlR",
		"truncated without a copy":                "LlRltlRl",
		"truncated and longer than before":        "lRtLLLR",
		"first read when there are old files":     "lrhlrhlRlrhlR",
		"only old files at first":                 "lrhlrhRlrhlRlclR",
	} {
		t.Run(name, func(t *testing.T) {
			b := newLogbook(t)
			if first := strings.IndexByte(story, 'R'); first > 0 { // what was rotated away before is not read
				b.play(story[:first])
				before := b.lines
				b.reads()
				for i := 1; i <= before; i++ {
					if b.tally[b.name(i)] == 0 {
						b.lost[b.name(i)] = true
					}
				}
				story = story[first+1:]
			}
			b.play(story + "R")
			b.check()
		})
	}
}

// Whatever happens to a log, and however little is read at once.
func FuzzFollow(f *testing.F) {
	for _, story := range []string{"llRlrlRlRhlRlR", "LLRLrlhlrlhlrlhlR", "LlRlDlRlRlDlR", "lRtLLLR", "lrbRhlcRdR", "RrlhlrlhlR", "bD", "bDR", "lRrhllRwlRwwRlwrhlRwR"} {
		f.Add(story, uint16(60000))
		f.Add(story, uint16(100))
	}
	f.Fuzz(func(t *testing.T, story string, limit uint16) {
		if len(story) > 200 {
			return
		}
		b := newLogbook(t)
		b.limit = int64(limit) + 1
		b.reads() // from here on every line counts
		b.play(story)
		for range 10_000 {
			if !b.reads().More {
				break
			}
		}
		b.check()
	})
}

// What was rotated away before the first reading is of nobody knows when.
func TestWhatWasRotatedAwayAtFirstIsNeverCounted(t *testing.T) {
	for _, story := range []string{"lrhlrhl", "lLrhlcl", "lrh"} {
		b := newLogbook(t)
		b.play(story)
		b.reads()
		counted := len(b.tally)
		b.play("tlRlclRtR")
		if later := len(b.tally) - counted; later != 3 && later != 2 {
			t.Errorf("%s: %d more lines were counted of the 3 that came", story, later)
		}
	}
}

func TestALineThatIsLongerThanABlockIsOneLine(t *testing.T) {
	for _, limit := range []int64{1 << 30, 1000} {
		b := newLogbook(t)
		b.limit = limit
		b.reads()
		b.line(3)
		b.line(blockSize)
		b.line(blockSize - 40)
		b.line(5 * blockSize)
		b.line(3)
		for b.reads().More {
		}
		var lines uint64
		for _, n := range b.tally {
			lines += n
		}
		if lines != 5 {
			t.Errorf("with %d bytes at once: counted %d lines, want 5: %v", limit, lines, b.tally)
		}
		if limit > blockSize {
			b.check()
		}
	}
}

func TestALongLineWaitsForItsEnd(t *testing.T) {
	b := newLogbook(t)
	b.reads()
	b.line(3)
	b.begin()
	b.append(strings.Repeat("y", 3*blockSize))
	b.reads()
	b.reads()
	if b.tally["line2"] != 0 {
		t.Error("a line was counted before it ended")
	}
	b.finish()
	b.reads()
	b.check()
}

func TestAnOldLogIsReadFromNearItsEndOnly(t *testing.T) {
	b := newLogbook(t)
	for range 100 {
		b.line(3)
	}
	tally := NewTally(Auto, "own")
	r, err := Follow(t.Context(), []string{b.path}, Cursor{}, Limits{Bytes: 1 << 30, First: 100}, tally)
	if err != nil || !r.First || r.Gap || tally.Lines < 1 || tally.Lines > 3 {
		t.Fatalf("got %d lines, %+v, %v", tally.Lines, r, err)
	}
	b.cursor = r.Cursor.String()
	b.line(3)
	b.reads()
	if len(b.tally) != 1 || b.tally["line101"] != 1 {
		t.Errorf("went on with %v", b.tally)
	}
}

func TestAGapIsSaid(t *testing.T) {
	for story, want := range map[string]bool{
		"lRlR": false, "LlRlrlhlR": false, "LlRlclR": false, "LlRtlR": true, "LRrhlrhlrhlrhlrhlrhlrhlR": true,
	} {
		b := newLogbook(t)
		b.play(story)
		if b.gap != want {
			t.Errorf("%s: a gap %v, want %v", story, b.gap, want)
		}
	}
}

// Whoever may write beside a log must not have us read something else.
func TestNoLinkIsFollowedAndNoPipeWaitedFor(t *testing.T) {
	dir := t.TempDir()
	secret, log := filepath.Join(dir, "secret"), filepath.Join(dir, "a.log")
	if err := errors.Join(os.WriteFile(secret, []byte("one\n"), 0o600), os.Symlink(secret, log)); err != nil {
		t.Fatal(err)
	}
	tally := NewTally(Auto, "own")
	if _, err := Follow(t.Context(), []string{log}, Cursor{}, Limits{Bytes: 1000, First: 1000}, tally); !errors.Is(err, errIrregular) || tally.Lines > 0 {
		t.Errorf("%d lines, %v", tally.Lines, err)
	}
}

// A container may write into the folder of its logs whatever it likes.
func TestAPatternLeadsNowhereElse(t *testing.T) {
	dir := t.TempDir()
	logs, other := filepath.Join(dir, "logs"), filepath.Join(dir, "other")
	err := errors.Join(
		os.MkdirAll(filepath.Join(logs, "web"), 0o700), os.MkdirAll(other, 0o700), os.MkdirAll(filepath.Join(logs, "web", "folder.log"), 0o700),
		os.WriteFile(filepath.Join(logs, "web", "a.log"), nil, 0o600), os.WriteFile(filepath.Join(other, "secret.log"), nil, 0o600),
		os.Symlink(other, filepath.Join(logs, "evil")), os.Symlink(filepath.Join(other, "secret.log"), filepath.Join(logs, "web", "b.log")),
		os.Symlink(logs, filepath.Join(dir, "link")), // the administrator's own
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"logs", "link"} {
		got, err := Find(filepath.Join(dir, folder, "*", "*.log"))
		if want := []string{filepath.Join(dir, folder, "web", "a.log")}; err != nil || !cmp.Equal(want, got) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestAFolderThatIsNotThereIsNoEmptyOne(t *testing.T) {
	if got, err := Find(filepath.Join(t.TempDir(), "away", "*.log")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWhichLogsAPatternMeans(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"mail.log", "mail.log.1", "mail.log.2.gz", "web.log", "web.log-20261121", "web.log-20261114.gz", "old.log.3.xz", "app.2026"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Find(filepath.Join(dir, "*"))
	var names []string
	for _, path := range got {
		names = append(names, filepath.Base(path))
	}
	if want := "app.2026 mail.log web.log"; err != nil || strings.Join(names, " ") != want {
		t.Errorf("got %v, %v, want %s", names, err, want)
	}
}

func FuzzParseCursor(f *testing.F) {
	b := newLogbook(f)
	b.play("lRLrhlR")
	f.Add(b.cursor)
	f.Add("1~a..")
	f.Add("2~")
	f.Add("1~zz.1_1_1_1_1_1.1_1_1_1_1_0")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		if err != nil {
			return
		}
		again, err := ParseCursor(c.String())
		if err != nil || again.String() != c.String() || len(c.String()) > 4000 {
			t.Errorf("%q came back as %q, %v", s, again, err)
		}
	})
}

// Two processors count what one counts.
func TestALargeLogIsCountedInHalves(t *testing.T) {
	data := traffic(3 * blockSize)
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, want := NewTally(Auto, "own"), NewTally(Auto, "own")
	if _, err := Follow(t.Context(), []string{path}, Cursor{}, Limits{Bytes: 1 << 30, First: 1 << 30}, got); err != nil {
		t.Fatal(err)
	}
	want.Block(data)
	without := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Paths" || p.Last().String() == ".Addresses" }, cmp.Ignore())
	if diff := cmp.Diff(want.Services(), got.Services(), without); diff != "" || got.Lines != want.Lines || got.Bytes != want.Bytes {
		t.Errorf("%d lines, want %d (-want +got):\n%s", got.Lines, want.Lines, diff)
	}
}

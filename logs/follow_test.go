package logs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

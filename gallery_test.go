package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// pushed is how many characters of a message a phone's notification shows.
const pushed = 70

// TestGallery writes down how each state looks on a phone, in both languages: the line of
// the notification, the plain text and the HTML, and whether it stands in a thread. To look
// at it after a change of words: go test . -run TestGallery -update, and git diff.
func TestGallery(t *testing.T) {
	scripts, err := filepath.Glob("testdata/gallery/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		for _, language := range []string{"fr", "en"} {
			golden := strings.TrimSuffix(script, ".txt") + "." + language + ".golden"
			t.Run(filepath.Base(golden), func(t *testing.T) {
				t.Parallel()
				source, err := os.ReadFile(script)
				if err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					c := newChat(t)
					defer c.stop()
					compareGolden(t, golden, c.pictures(parseScript("language "+language+"\n"+string(source))))
				})
			})
		}
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *updateChats {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// pictures plays a script and returns what each step has the bot show.
func (c *chat) pictures(steps []step) string {
	c.t.Helper()
	var out strings.Builder
	for _, s := range steps {
		out.WriteString(s.lead + s.raw)
		if s.text == "" {
			break // the end of the file
		}
		if err := c.do(s); err != nil {
			c.t.Fatalf("%d: %v", s.line, err)
		}
		c.settle()
		if err := c.listen(); err != nil {
			c.t.Fatalf("%d: %v", s.line, err)
		}
		for len(c.pending) > 0 {
			out.WriteString(c.take(0).picture())
		}
	}
	return out.String()
}

// picture shows a message as it is sent. What rings shows its notification.
func (u utterance) picture() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n    ── %s%s\n", map[bool]string{true: "edit in ", false: "in "}[u.mark == "~"], u.room+map[bool]string{true: ", in a thread"}[u.thread])
	if strings.HasPrefix(u.mark, "<!") {
		first := []rune(strings.ReplaceAll(u.body, "\n", " "))
		fmt.Fprintf(&out, "    rings %s: %s\n", strings.TrimPrefix(u.mark, "<!"), string(first[:min(len(first), pushed)]))
	}
	for line := range strings.Lines(u.body + "\n") {
		out.WriteString("    | " + line)
	}
	out.WriteString("    " + u.html + "\n")
	return out.String()
}

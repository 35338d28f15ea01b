package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

var updateChats = flag.Bool("update", false, "write what the bot says into testdata/chats, to be read with care")

// TestChats plays each conversation of testdata/chats against the whole bot, on
// faked time.
func TestChats(t *testing.T) {
	files, err := filepath.Glob("testdata/chats/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations to play: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { playFile(t, file, string(script)) })
		})
	}
}

func playFile(t *testing.T, file, script string) {
	c := newChat(t)
	defer c.closePages()
	defer c.stop()
	written, err := c.play(parseScript(script), *updateChats)
	if err != nil {
		t.Fatalf("%s:%v\n\n%s\nthe log:\n%s", file, err, c.transcript.String(), c.log)
	}
	if *updateChats && written != script {
		if err := os.WriteFile(file, []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAChatCanFail: each kind of difference between a script and the bot is found.
func TestAChatCanFail(t *testing.T) {
	const before = `routine backups, sauvegardes: Vérifier les sauvegardes; weekly monday
clock 2026-03-02 08:00
start
`
	const asked = "technique <! 🔔 À faire : Vérifier les sauvegardes · lun. 2 mars 09:00\n    | ✅ quand c’est fait, ou !fait sauvegardes\n    | 👀 je m’en charge · 💤 demain · ⏭️ pas cette fois\n"
	for _, tt := range []struct{ name, script, want string }{
		{"nothing is said", "wait 10m\n" + asked, "5: the bot says nothing in technique"},
		{"something else is said", "clock 2026-03-02 09:00\ntechnique <! 🔔 Rien\n", "5: the bot says something else"},
		{"it does not ring", "clock 2026-03-02 09:00\n" + strings.Replace(asked, "<!", "<", 1), "5: the bot says something else"},
		{"the next step comes too early", "clock 2026-03-02 09:00\nwait 1m\n", "5: the bot said this before"},
		{"the end comes too early", "clock 2026-03-02 09:00\n", "5: the bot said this before"},
		{"in the other room", "clock 2026-03-02 09:00\nsupervision <! […]\n", "5: the bot says nothing in supervision"},
		{"a line that nobody understands", "ana sings\n", `4: "ana sings" is no step`},
		{"all is well", "clock 2026-03-02 09:00\n" + asked + "ana reacts ✅\ntechnique ~ ✅ Fait : […]\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newChat(t)
				defer c.stop()
				_, err := c.play(parseScript(before+tt.script), false)
				got := ""
				if err != nil {
					got = err.Error()
				}
				if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (err == nil) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// play runs the steps and returns the script as it is now: the same, or with
// update what the bot really says.
func (c *chat) play(steps []step, update bool) (written string, err error) {
	var out strings.Builder
	for _, s := range steps {
		if err := c.playOne(&out, s, update); err != nil {
			return "", fmt.Errorf("%d: %w", s.line, err)
		}
	}
	return out.String(), nil
}

func (c *chat) playOne(out *strings.Builder, s step, update bool) error {
	expect, isExpectation := c.expectation(s)
	switch {
	case isExpectation && update:
		out.WriteString(s.lead)
		out.WriteString(expect.actual())
		return nil
	case isExpectation:
		return expect.check()
	case update:
		for len(c.pending) > 0 {
			out.WriteString(c.take(0).String())
		}
	case len(c.pending) > 0:
		return fmt.Errorf("the bot said this before, which the script does not have:\n%s", c.pending[0])
	}
	out.WriteString(s.lead + s.raw)
	if s.text == "" {
		return nil // the end of the file
	}
	fmt.Fprintf(&c.transcript, "%s\n", s.text)
	if err := c.do(s); err != nil {
		return err
	}
	c.settle()
	return c.listen()
}

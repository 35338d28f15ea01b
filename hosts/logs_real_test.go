package hosts_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
	"ronde/hosts"
)

// The scripts run in busybox, and end when they have said everything.
const (
	saysBoth  = "echo first; echo second >&2; echo 'third of all, été'"
	saysMuch  = "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done"
	saysLarge = "for i in 1 2 3 4 5 6 7 8 9; do head -c 100000 /dev/zero | tr '\\0' x; echo; done; echo the end"
)

func TestTheLastLinesOfAContainerComeBackFromARealEngine(t *testing.T) {
	engine := peers.NeedDocker(t)
	h, err := hosts.New(hosts.Config{Name: "antigone", Docker: engine.Host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	began := time.Now()
	for name, script := range map[string]string{"both": saysBoth, "much": saysMuch, "large": saysLarge, "nothing": ":"} {
		if err := engine.RunBusybox(name, "sh", "-c", script); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := engine.Command("run", "--detach", "--tty", "--network", "none", "--name", "terminal", imageOf(t, engine), "sh", "-c", saysBoth); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = engine.Command("rm", "--force", "terminal") })
	for _, name := range []string{"both", "much", "large", "nothing", "terminal"} {
		if _, err := engine.Command("wait", name); err != nil {
			t.Fatal(err)
		}
	}
	tails := tailsOf(t, h)
	for _, name := range []string{"both", "terminal"} {
		slices.SortFunc(tails[name], func(a, b hosts.LogLine) int { return cmp.Compare(a.Text, b.Text) }) // the engine reads both at once
		if got := words(tails[name]); got != "first|second|third of all, été" {
			t.Errorf("%s wrote %q", name, got)
		}
		for _, line := range tails[name] {
			if line.At.Before(began.Add(-time.Minute)) || line.At.After(time.Now().Add(time.Minute)) {
				t.Errorf("%s wrote %q at %s", name, line.Text, line.At)
			}
		}
	}
	if much := tails["much"]; len(much) != 200 || much[0].Text != "line 100" || much[199].Text != "line 299" {
		t.Errorf("of 300 lines %d came: %s", len(much), words(much[:min(len(much), 3)]))
	}
	if large := tails["large"]; len(large) == 0 || large[len(large)-1].Text != "the end" {
		t.Errorf("the end of a large log is missing from %d lines", len(large))
	}
	if len(tails["nothing"]) != 0 {
		t.Errorf("a container that wrote nothing wrote %q", words(tails["nothing"]))
	}
	if _, err := h.Tail(t.Context(), strings.Repeat("0", 64)); err == nil {
		t.Error("a container that there is not has a log")
	}
}

// imageOf is the image that the containers of a peer are made of.
func imageOf(t *testing.T, engine *peers.Docker) string {
	t.Helper()
	image, err := engine.Command("inspect", "--format", "{{.Config.Image}}", "both")
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// tailsOf reads what each container wrote, by its name.
func tailsOf(t *testing.T, h *hosts.Host) map[string][]hosts.LogLine {
	t.Helper()
	all, err := h.Listed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tails := map[string][]hosts.LogLine{}
	for _, c := range all {
		if tails[c.Name], err = h.Tail(t.Context(), c.ID); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	return tails
}

func words(lines []hosts.LogLine) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return strings.Join(all, "|")
}

func FuzzLog(f *testing.F) {
	f.Add([]byte("2026-03-02T10:00:00.123456789Z of a terminal\r\n2026-03-02T10:00:01Z two"))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x1a2026-03-02T10:00:00Z words\n\x02\x00\x00\x00\x00\x00\x00\x02x\n"))
	f.Add([]byte("\x02\x00\x00\x00\xff\xff\xff\xffcut off"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, line := range hosts.ReadLog(raw) {
			if strings.Contains(line.Text, "\n") || len(line.Text) > len(raw) {
				t.Errorf("%s is no line of %s", strconv.Quote(line.Text), strconv.Quote(string(raw)))
			}
		}
	})
}

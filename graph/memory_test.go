package graph

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// resident is the process's resident memory in KiB, from /proc/self/status.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the memory of a process can be read on Linux only")
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// The bot rests in less than 30 MiB. A picture may cost it a font and the code that draws,
// once, and nothing with each further one.
func TestPicturesLeaveLittleBehind(t *testing.T) {
	g := stories(t)["three"]
	before := resident(t)
	picture(t, "memory", g)
	first := resident(t)
	for range 5 {
		picture(t, "memory", g)
	}
	later := resident(t)
	t.Logf("resident memory: %d KiB, after one picture %d KiB more, after six %d KiB more", before, first-before, later-before)
	if first-before > 12<<10 || later-first > 4<<10 {
		t.Errorf("%d KiB more after one picture, %d KiB after six", first-before, later-before)
	}
}

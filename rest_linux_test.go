package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestOnlyTheCodeOfTheProgramIsGivenBack(t *testing.T) {
	maps := `00400000-00410000 r--p 00000000 fe:00 11 /usr/local/bin/ronde
00410000-01200000 r-xp 00010000 fe:00 11 /usr/local/bin/ronde
01200000-02000000 r--p 00e00000 fe:00 11 /usr/local/bin/ronde
02000000-02100000 rw-p 01c00000 fe:00 11 /usr/local/bin/ronde
c000000000-c000400000 rw-p 00000000 00:00 0
7f0000000000-7f0000100000 r-xp 00000000 fe:00 12 /lib/x86_64-linux-gnu/libc.so.6
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
`
	want := []mapping{{0x410000, 0x1200000}}
	if got := codeOf(strings.NewReader(maps), "/usr/local/bin/ronde"); !slices.Equal(got, want) {
		t.Errorf("code at %x, want %x", got, want)
	}
}

// The test goes on running on pages that were given back.
func TestTheProgramRunsOnAfterItsCodeWasGivenBack(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if len(codeOf(strings.NewReader(string(maps)), program)) == 0 {
		t.Errorf("no code of %s in\n%s", program, maps)
	}
	for range 3 {
		if err := giveBackCode(); err != nil {
			t.Fatal(err)
		}
	}
}

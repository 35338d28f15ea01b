package probe

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestACrowdOfProbesIsRefused(t *testing.T) {
	proc := t.TempDir()
	run := func(pid int, exe, line string) {
		dir := filepath.Join(proc, strconv.Itoa(pid))
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Symlink(exe, filepath.Join(dir, "exe")), os.WriteFile(filepath.Join(dir, "cmdline"), []byte(line), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const ronde, probe = "/usr/local/bin/ronde", "ronde\x00probe\x00"
	run(1, ronde, probe)
	run(2, ronde, "ronde\x00run\x00") // the bot on its own machine
	run(3, "/bin/dash", "sh\x00-c\x00ronde probe\x00")
	for i := range mostAtOnce - 1 {
		run(100+i, ronde, probe)
	}
	if err := crowded(proc, 1); err != nil {
		t.Errorf("%d others: %v", mostAtOnce-1, err)
	}
	run(99, ronde, probe)
	var told *Error
	if err := crowded(proc, 1); !errors.As(err, &told) || told.Code != Busy {
		t.Errorf("%d others: got %v, want busy", mostAtOnce, err)
	}
	if err := crowded(t.TempDir(), 1); err != nil {
		t.Errorf("a system without processes to look at: %v", err)
	}
}

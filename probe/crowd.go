package probe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// mostAtOnce is how many probes may be at work on a machine. The bot has four; more is
// somebody who wants to slow it down.
const mostAtOnce = 16

// Crowded returns an [*Error] when many other probes of this account are at work already.
// It leaves no trace: it counts their processes.
func Crowded() error { return crowded("/proc", os.Getpid()) }

func crowded(proc string, self int) error {
	own, err := os.Readlink(filepath.Join(proc, strconv.Itoa(self), "exe"))
	if err != nil {
		return nil // another system: sshd's own limits have to do
	}
	processes, err := os.ReadDir(proc)
	if err != nil {
		return nil
	}
	others := 0
	for _, p := range processes {
		if pid, err := strconv.Atoi(p.Name()); err == nil && pid != self && isProbe(filepath.Join(proc, p.Name()), own) {
			others++
		}
	}
	if others >= mostAtOnce {
		return &Error{Code: Busy, Text: fmt.Sprintf("%d other probes are at work here", others)}
	}
	return nil
}

// isProbe tells whether a process runs the program own as a probe. What runs under another
// account does not let itself be looked at, and is none.
func isProbe(process, own string) bool {
	exe, err := os.Readlink(filepath.Join(process, "exe"))
	if err != nil || exe != own {
		return false
	}
	line, err := os.ReadFile(filepath.Join(process, "cmdline"))
	words := bytes.Split(line, []byte{0})
	return err == nil && len(words) > 1 && string(words[1]) == "probe"
}

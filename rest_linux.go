package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// giveBackCode lets go of the pages of the program's own code: the start runs through
// much that a resting bot never needs again. What it does need comes back from the
// file, which the kernel holds anyway. Nothing is lost by it: code is never written.
func giveBackCode() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	for _, m := range codeOf(maps, program) {
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, m.start, m.end-m.start, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("give back the pages of the code: %w", errno)
		}
	}
	return nil
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// codeOf returns where a program's file is mapped as code, by what /proc/PID/maps
// says. Constants are left alone: the loader may have written into their pages.
func codeOf(maps io.Reader, program string) (all []mapping) {
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var m mapping
		var rights, offset, device, inode string
		n, err := fmt.Sscanf(lines.Text(), "%x-%x %s %s %s %s", &m.start, &m.end, &rights, &offset, &device, &inode)
		if err == nil && n == 6 && rights == "r-xp" && strings.HasSuffix(lines.Text(), " "+program) {
			all = append(all, m)
		}
	}
	return all
}

package main

import (
	"context"
	_ "embed" // for clockSource
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clockSource goes into the standard library's package time, and makes a wall clock
// that can be wrong.
//
//go:embed clock/shift.go.txt
var clockSource []byte

// looksAtClock is where [time.Now] has read the real clock; what measures durations is
// read there, too, and stays as it is: that is what a jump of the clock is.
const looksAtClock = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"

// overlay makes, in dir, what `go build -overlay` needs to build the bot with a clock
// that jumps when it is told to. The bot's own code is that of its users.
func overlay(ctx context.Context, dir string) (file string, err error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the standard library: %w", err)
	}
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		return "", err
	}
	if strings.Count(string(source), looksAtClock) != 1 {
		return "", errors.New("time.Now of this Go is not the one that chaos knows; see clock.go")
	}
	source = []byte(strings.Replace(string(source), looksAtClock, strings.Replace(looksAtClock, "\n", "\n\tsec += wrongBy()\n", 1), 1))
	mine, changed := filepath.Join(dir, "time-shift.go"), filepath.Join(dir, "time-time.go")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(library, "time.go"): changed, filepath.Join(library, "shift.go"): mine,
	}})
	file = filepath.Join(dir, "overlay.json")
	return file, errors.Join(err, os.WriteFile(mine, clockSource, 0o600), os.WriteFile(changed, source, 0o600), os.WriteFile(file, replace, 0o600))
}

// jump is when the bot's clock becomes wrong, and by how much; it jumps back by itself
// with the next.
type jump struct {
	at time.Duration
	by time.Duration // whole seconds
}

func (j jump) String() string {
	return fmt.Sprintf("%s wrong after %s", j.by, j.at.Round(time.Millisecond))
}

// setClock makes the clocks of all bots that were started with the file wrong.
func setClock(file string, by time.Duration) error {
	var page [8]byte
	binary.NativeEndian.PutUint64(page[:], uint64(int64(by/time.Second))) //nolint:gosec // the bits count
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("set the bot's clock: %w", err)
	}
	_, err = f.WriteAt(page[:], 0)
	return errors.Join(err, f.Close())
}

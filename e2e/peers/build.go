package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	dendriteModule = "github.com/element-hq/dendrite"
	buildLimit     = 15 * time.Minute // two to three minutes are usual
)

// dendriteBinary gives the path of the Dendrite that tools/go.mod names, and builds it when the cache lacks it.
func dendriteBinary(ctx context.Context) (string, error) {
	tools, err := toolsFolder()
	if err != nil {
		return "", err
	}
	version, err := moduleVersion(filepath.Join(tools, "go.mod"), dendriteModule)
	if err != nil {
		return "", err
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "dendrite-"+version)
	unlock, err := lock(binary + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(binary); !errors.Is(err, fs.ErrNotExist) {
		return binary, err
	}
	return binary, build(ctx, tools, dendriteModule+"/cmd/dendrite", binary)
}

// build compiles a tool. It needs cgo: Dendrite's pure-Go SQLite leaves a transaction open when a
// client drops a request, and every later write fails.
func build(ctx context.Context, tools, program, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	fmt.Fprintf(os.Stderr, "building %s, once, in two to three minutes\n", program)
	fresh := binary + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", fresh, program)
	cmd.Dir = tools
	// Our own tags and settings must not reach another program's build.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return &MissingError{
			Peer:    "Dendrite",
			Reason:  fmt.Sprintf("build: %v: %s", err, lastLines(string(output), 5)),
			Install: "needs go, gcc, libc6-dev and the Go module proxy",
		}
	}
	return os.Rename(fresh, binary)
}

// toolsFolder finds tools/ of the checkout in which this program was started.
func toolsFolder() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find tools/go.mod: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		tools := filepath.Join(folder, "tools")
		if _, err := os.Stat(filepath.Join(tools, "go.mod")); err == nil {
			return tools, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("find tools/go.mod: neither in %s nor above it", start)
		}
	}
}

// cacheFolder is where built peers are kept between runs: $RONDE_CACHE/bin, or ronde/bin in the user's cache.
func cacheFolder() (string, error) {
	root := os.Getenv("RONDE_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder: %w", err)
		}
		root = filepath.Join(user, "ronde")
	}
	folder := filepath.Join(root, "bin")
	return folder, os.MkdirAll(folder, 0o755)
}

// moduleVersion reads the version of module that a go.mod file requires.
func moduleVersion(file, module string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read version of %s: %w", module, err)
	}
	found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("read version of %s: not in %s", module, file)
	}
	return string(found[1]), nil
}

// lock keeps other test programs from building the same file at the same time.
func lock(file string) (unlock func(), err error) {
	held, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file, err), held.Close())
	}
	return func() { _ = held.Close() }, nil // closing gives the lock back
}

func lastLines(text string, n int) string {
	lines := slices.Collect(strings.Lines(strings.TrimSpace(text)))
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

package hosts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// ErrNotLocal is the error of a question that only the machine itself can answer,
// about a host that is not this machine.
var ErrNotLocal = errors.New("it is not this machine: local is not set")

// errContainer keeps a container's own /run, where nobody ever asks for a reboot,
// from passing for the machine's.
var errContainer = errors.New("root is a container of its own: mount the machine's /run into it and set root")

// What is read of a list of packages at most; apt's own is a few lines.
const (
	maxPackagesFile = 64 << 10 // bytes
	maxPackages     = 100
)

// RebootNotice is what Debian notes when something that was upgraded works only
// after a reboot.
type RebootNotice struct {
	Required bool
	// Packages asked for it, without doubles, in the order of the file; none when it
	// does not say.
	Packages []string
}

// IsLocal tells whether the host is this machine.
func (h *Host) IsLocal() bool { return h.local }

// Reboot reads run/reboot-required below the host's root, which the hooks of
// unattended-upgrades write on Debian (of update-notifier on Ubuntu), and the
// packages beside it. Errors: [ErrNotLocal], or why the folder run cannot be read.
func (h *Host) Reboot() (RebootNotice, error) {
	if !h.local {
		return RebootNotice{}, fmt.Errorf("ask %s for a reboot: %w", h.name, ErrNotLocal)
	}
	notice, err := readReboot(h.root)
	if err != nil {
		return RebootNotice{}, fmt.Errorf("ask %s for a reboot: %w", h.name, err)
	}
	return notice, nil
}

func readReboot(root string) (RebootNotice, error) {
	run := filepath.Join(root, "run")
	if exists(filepath.Join(root, ".dockerenv")) || exists(filepath.Join(run, ".containerenv")) {
		return RebootNotice{}, errContainer
	}
	// Without the folder, the file that is missing would say nothing.
	if _, err := os.ReadDir(run); err != nil {
		return RebootNotice{}, err
	}
	_, err := os.Stat(filepath.Join(run, "reboot-required"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return RebootNotice{}, nil
	case err != nil:
		return RebootNotice{}, err
	}
	return RebootNotice{Required: true, Packages: packagesIn(filepath.Join(run, "reboot-required.pkgs"))}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// packagesIn reads the names in a file. They only explain, so a file that cannot
// be read has none. A pipe is never opened: it could block for ever.
func packagesIn(path string) []string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	return ReadPackages(f)
}

// packageName is what dpkg allows, with an architecture where it writes one.
var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]{1,127}(:[a-z0-9-]{1,20})?$`)

// ReadPackages reads names of Debian packages, one a line, without doubles and at
// most a hundred. What is no name of a package is left out.
func ReadPackages(r io.Reader) []string {
	var names []string
	lines := bufio.NewScanner(io.LimitReader(r, maxPackagesFile))
	for lines.Scan() && len(names) < maxPackages {
		if name := lines.Text(); packageName.MatchString(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

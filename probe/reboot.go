package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// What is read of a list of packages at most; apt's own is a few lines.
const (
	maxPackagesFile = 64 << 10 // bytes
	maxPackages     = 100
)

// Reboot is what says that something that was upgraded works only after a reboot.
type Reboot struct {
	// Noted says that a package asked for it: run/reboot-required is there.
	Noted bool `json:"noted"`
	// Packages asked for it, without doubles, in the order of the file; none when it
	// does not say.
	Packages []string `json:"packages"`
	// Kernel is the kernel that runs, beside the one that is installed; nil when they
	// cannot be told.
	Kernel *Kernel `json:"kernel,omitempty"`
}

// Required tells whether a reboot changes anything.
func (r Reboot) Required() bool { return r.Noted || r.Kernel != nil && r.Kernel.Old }

// RebootNotice asks whether a reboot is required. It reads run/reboot-required below the
// machine's root, which the hooks of unattended-upgrades write on Debian (of
// update-notifier on Ubuntu), and compares the kernel that runs with those installed.
func RebootNotice() Question[Reboot] {
	return Question[Reboot]{Name: "reboot", answer: func(_ context.Context, m *Machine) (Reboot, error) {
		root, err := m.files()
		if err != nil {
			return Reboot{}, err
		}
		all, unread := readDebs(root)
		r, err := readReboot(root, all)
		// Where there is no dpkg, only the kernel is not known. In a list that cannot be
		// read there may be a newer one.
		if err == nil && !r.Noted && unread != nil && !errors.Is(unread, fs.ErrNotExist) {
			err = fmt.Errorf("read the packages: %w", unread)
		}
		return r, err
	}}
}

func readReboot(root string, all []deb) (Reboot, error) {
	if err := refuseContainer(root); err != nil {
		return Reboot{}, err
	}
	run := filepath.Join(root, "run")
	// Without the folder, the file that is missing would say nothing.
	if _, err := os.ReadDir(run); err != nil {
		return Reboot{}, err
	}
	r := Reboot{Packages: []string{}, Kernel: readKernel(root, all)}
	_, err := os.Stat(filepath.Join(run, "reboot-required"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return Reboot{}, err
	}
	r.Noted, r.Packages = true, packagesIn(filepath.Join(run, "reboot-required.pkgs"))
	return r, nil
}

// packagesIn reads the names in a file. They only explain, so a file that cannot
// be read has none. A pipe is never opened: it could block for ever.
func packagesIn(path string) []string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return []string{}
	}
	f, err := os.Open(path)
	if err != nil {
		return []string{}
	}
	defer f.Close()
	return readNames(f)
}

// readNames reads names of Debian packages, one a line, without doubles and at
// most a hundred. What is no name of a package is left out.
func readNames(r io.Reader) []string {
	names := []string{}
	lines := bufio.NewScanner(io.LimitReader(r, maxPackagesFile))
	for lines.Scan() && len(names) < maxPackages {
		if name := lines.Text(); packageName.MatchString(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

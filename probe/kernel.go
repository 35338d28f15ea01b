package probe

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	version "github.com/knqyf263/go-deb-version"
)

// Kernel is the kernel that runs and the newest that is installed.
type Kernel struct {
	Running string `json:"running"` // "6.1.0-37-amd64", as uname -r
	// RunningVersion is that of its package, "6.1.140-1": on Debian up to 12 it moves
	// while the name stays. "" when not known.
	RunningVersion string `json:"running_version,omitempty"`
	Newest         string `json:"newest"` // "6.1.0-38-amd64"
	NewestVersion  string `json:"newest_version"`
	// Old says that the newest one waits for a reboot.
	Old bool `json:"old"`
}

var (
	// kernelName is a package with a kernel, not one that only depends on the newest.
	kernelName = regexp.MustCompile(`^linux-image-(?:unsigned-)?([0-9].*)$`)
	// builtFrom is what Debian writes into uname -v: the version of the package.
	builtFrom = regexp.MustCompile(` Debian ([0-9][^ ]*)`)
	// flavour is what comes after the numbers: "amd64", "cloud-amd64", "generic".
	flavour = regexp.MustCompile(`-([a-z][a-z0-9-]*)$`)
)

// readKernel returns nil for a kernel that no package brought, as on many rented
// servers: what is installed then says nothing about it.
func readKernel(root string, all []deb) *Kernel {
	release := firstLine(filepath.Join(root, "proc/sys/kernel/osrelease"))
	built := builtFrom.FindStringSubmatch(firstLine(filepath.Join(root, "proc/sys/kernel/version")))
	if release == "" {
		return nil
	}
	k := Kernel{Running: release}
	if built != nil {
		k.RunningVersion = built[1]
	}
	for _, d := range all {
		name := kernelName.FindStringSubmatch(d.name)
		switch {
		case name == nil || !d.installed || strings.HasSuffix(d.name, "-dbg") || flavourOf(name[1]) != flavourOf(release):
			continue
		case name[1] == release && built == nil:
			k.RunningVersion = d.version
		}
		if k.Newest == "" || newer(d.version, k.NewestVersion) {
			k.Newest, k.NewestVersion = name[1], d.version
		}
	}
	if k.Newest == "" || k.RunningVersion == "" {
		return nil
	}
	k.Old = newer(k.NewestVersion, k.RunningVersion)
	return &k
}

func flavourOf(release string) string { return flavour.FindString(release) }

// newer compares versions as dpkg does. What is no version is not newer.
func newer(a, b string) bool {
	one, errOne := version.NewVersion(a)
	two, errTwo := version.NewVersion(b)
	return errOne == nil && errTwo == nil && one.GreaterThan(two)
}

// firstLine reads the beginning of a small file of the kernel; "" when it cannot be read.
func firstLine(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > 4<<10 {
		return ""
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSpace(line)
}

package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Upgrade is a newer version of a package that waits.
type Upgrade struct {
	Name     string `json:"name"`
	From     string `json:"from"` // the version that is installed
	To       string `json:"to"`
	Security bool   `json:"security"` // an archive for security has it
	// Kept says that an upgrade of everything leaves it out: it is held, or something
	// that it needs cannot be had.
	Kept bool `json:"kept"`
}

// readUpgrades asks apt what it would do, which changes nothing: it neither waits for
// its lock, nor fetches lists, nor writes its cache or its log.
func readUpgrades(ctx context.Context, root string) ([]Upgrade, error) {
	if findProgram(root, "apt-get") == "" {
		return nil, fmt.Errorf("there is no apt-get: this is not Debian")
	}
	out, err := runApt(ctx, root, "apt-get", "--simulate", "dist-upgrade")
	if err != nil {
		return nil, err
	}
	all, kept := parseSimulation(out)
	if len(kept) == 0 {
		return all, nil
	}
	// Only "apt list" tells the versions of what is kept back.
	if out, err = runApt(ctx, root, "apt", "list", "--upgradable"); err != nil {
		return nil, err
	}
	for _, u := range parseUpgradable(out) {
		if slices.Contains(kept, u.Name) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b Upgrade) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func runApt(ctx context.Context, root, name string, args ...string) ([]byte, error) {
	fixed := []string{"-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-o", "Dir::Log::Planner=/dev/null", "-o", "APT::Color=0"}
	s, err := program{path: "/usr/bin/" + name, args: append(fixed, args...), root: root}.run(ctx)
	switch {
	case root != "/" && errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("only root can run the apt of %s: ask the machine over SSH instead", root)
	case err != nil:
		return nil, err
	case s.code != 0:
		return nil, fmt.Errorf("%s says: %s", name, firstError(s.err))
	case s.cut:
		return nil, fmt.Errorf("%s says too much", name)
	}
	return s.out, nil
}

// firstError is the first line of an error of apt, "E: …".
func firstError(written []byte) string {
	for line := range strings.Lines(string(written)) {
		if strings.HasPrefix(line, "E: ") {
			return strings.TrimSpace(line[3:])
		}
	}
	return "nothing"
}

// simulated is a line of apt-get --simulate about a package with an older version, in
// brackets; in the parentheses are the new one, the archives that have it and the
// architecture:
//
//	Inst openssl [3.5.7-1~deb13u2] (3.5.7-1~deb13u3 Debian-Security:13/stable-security [amd64])
var simulated = regexp.MustCompile(`^Inst ([^ ]+) \[([^] ]+)\] \(([^ ]+) ([^\[]*)`)

// keptHead begins the list of what is kept back, indented by two spaces and wrapped.
const keptHead = "The following packages have been kept back:"

// parseSimulation reads what apt-get --simulate writes in English: the upgrades, and the
// names of those kept back.
func parseSimulation(out []byte) (all []Upgrade, kept []string) {
	all = []Upgrade{}
	inKept := false
	for line := range linesOf(out) {
		if inKept = line == keptHead || inKept && strings.HasPrefix(line, "  "); inKept && line != keptHead {
			kept = append(kept, strings.Fields(line)...)
		}
		if m := simulated.FindStringSubmatch(line); m != nil && packageName.MatchString(m[1]) {
			all = append(all, Upgrade{Name: m[1], From: m[2], To: m[3], Security: isSecurity(m[4])})
		}
	}
	slices.SortFunc(all, func(a, b Upgrade) int { return cmp.Compare(a.Name, b.Name) })
	return all, kept
}

// isSecurity tells whether one of some archives is for security: "Debian-Security:13/…",
// "…/stable-security" or Ubuntu's "…/jammy-security".
func isSecurity(archives string) bool {
	for archive := range strings.FieldsFuncSeq(archives, func(r rune) bool { return r == ',' || r == ' ' }) {
		if strings.HasPrefix(archive, "Debian-Security:") || strings.HasSuffix(archive, "-security") {
			return true
		}
	}
	return false
}

// listed is a line of apt list --upgradable:
//
//	rsync/stable-security 3.5.0+ds1-0+deb13u1 amd64 [upgradable from: 3.4.1+ds1-5+deb13u4]
var listed = regexp.MustCompile(`^([^ /]+)/([^ ]*) ([^ ]+) ([^ ]+) \[upgradable from: ([^] ]+)\]$`)

// parseUpgradable reads what apt list --upgradable writes in English. What it lists of a
// foreign architecture has the name that apt-get gives it, "libc6:i386", too.
func parseUpgradable(out []byte) (all []Upgrade) {
	seen := map[string]bool{}
	for line := range linesOf(out) {
		m := listed.FindStringSubmatch(line)
		if m == nil || !packageName.MatchString(m[1]) {
			continue
		}
		u := Upgrade{Name: m[1], From: m[5], To: m[3], Security: isSecurity(m[2]), Kept: true}
		if seen[u.Name] {
			u.Name += ":" + m[4]
		}
		seen[u.Name] = true
		all = append(all, u)
	}
	return all
}

// readListsAge returns when the lists of packages were fetched; zero for never. apt gives
// the lists the times of the server, so it is that of the stamps, which are set when all
// could be fetched, or of the folder, which changes with what is in it.
func readListsAge(root string) (latest time.Time) {
	lists := filepath.Join(root, "var/lib/apt/lists")
	if found, err := filepath.Glob(filepath.Join(lists, "*Release")); err != nil || len(found) == 0 {
		return time.Time{}
	}
	periodic := filepath.Join(root, "var/lib/apt/periodic")
	for _, path := range []string{lists, filepath.Join(periodic, "update-success-stamp"), filepath.Join(periodic, "update-stamp")} {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest
}

// isRoot tells whether this program runs as root, which sees the processes of all.
func isRoot() bool { return syscall.Geteuid() == 0 }

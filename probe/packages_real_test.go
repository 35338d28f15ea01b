package probe

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/e2e/peers"
)

// archive is a repository of packages with nothing in them, in a folder of a Debian.
type archive struct {
	root, folder string
	label, suite string
}

// build makes a package and returns the path of its file.
func (a archive) build(t *testing.T, name, version, depends string) string {
	t.Helper()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Ana <ana@example.org>\nDescription: nothing\n", name, version)
	if depends != "" {
		control += "Depends: " + depends + "\n"
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "DEBIAN/control"), control)
	file := filepath.Join(a.root, a.folder, name+"_"+version+".deb")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, nil, "dpkg-deb", "--root-owner-group", "--build", dir, file)
	if a.label != "" {
		a.list(t, control, file)
	}
	return file
}

// list adds a package to the archive.
func (a archive) list(t *testing.T, control, file string) {
	t.Helper()
	deb, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(a.root, a.folder, "Packages")
	known, _ := os.ReadFile(index)
	write(t, index, string(known)+fmt.Sprintf("%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(file), len(deb), sha256.Sum256(deb)))
	write(t, filepath.Join(a.root, a.folder, "Release"), fmt.Sprintf("Origin: Debian\nLabel: %s\nSuite: %s\nCodename: %s\n",
		a.label, a.suite, strings.Replace(a.suite, "stable", "bookworm", 1)))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pending makes a Debian in which four packages have a newer version: one for security,
// one that is ordinary, one for security that is held, one that cannot be installed.
func pending(t *testing.T) (root string) {
	t.Helper()
	root = peers.NeedDebian(t)
	old := archive{root: root, folder: "srv/old"}
	security := archive{root: root, folder: "srv/security", label: "Debian-Security", suite: "stable-security"}
	stable := archive{root: root, folder: "srv/stable", label: "Debian", suite: "stable"}
	install := []string{"dpkg", "--install"}
	for _, name := range []string{"ronde-urgent", "ronde-calm", "ronde-held", "ronde-stuck"} {
		install = append(install, "/"+strings.TrimPrefix(old.build(t, name, "1.0-1", ""), root+"/"))
	}
	security.build(t, "ronde-urgent", "1.0-1+deb12u1", "")
	security.build(t, "ronde-held", "1.0-1+deb12u2", "")
	stable.build(t, "ronde-calm", "1:0.9-1", "")
	stable.build(t, "ronde-stuck", "2.0-1", "nowhere-to-be-found")
	write(t, filepath.Join(root, "etc/apt/sources.list"), "deb [trusted=yes] file:/srv/security ./\ndeb [trusted=yes] file:/srv/stable ./\n")
	peers.InDebian(t, root, install...)
	peers.InDebian(t, root, "apt-mark", "hold", "ronde-held")
	peers.InDebian(t, root, "apt-get", "update")
	return root
}

// byHand is what apt list --upgradable shows, "name old new".
func byHand(t *testing.T, root string) (all []string) {
	t.Helper()
	listed := regexp.MustCompile(`(?m)^([^/\n]+)/\S+ (\S+) \S+ \[upgradable from: (\S+)\]$`)
	for _, m := range listed.FindAllStringSubmatch(peers.InDebian(t, root, "apt", "list", "--upgradable"), -1) {
		all = append(all, m[1]+" "+m[3]+" "+m[2])
	}
	return all
}

func TestARealDebianSaysWhatItsOwnProgramsSay(t *testing.T) {
	root := pending(t)
	t.Run("what waits is what apt lists", func(t *testing.T) { asAptLists(t, root) })
	t.Run("who is not root sees the same", func(t *testing.T) { asNobodySees(t, root) })
	t.Run("the log of unattended-upgrades is understood", func(t *testing.T) { asUnattendedWrites(t, root) })
}

func asAptLists(t *testing.T, root string) {
	before := filesOf(t, root)
	got, err := Ask(t.Context(), machine(t, root).Host, PackageState())
	if err != nil {
		t.Fatal(err)
	}
	if changed := filesOf(t, root); !slices.Equal(before, changed) {
		t.Errorf("asking changed files (-before +after):\n%s", cmp.Diff(before, changed))
	}
	var far Packages
	if err := readAnswer(machine(t, root).Serve(t.Context(), "packages", "1.0"), &far); err != nil || !cmp.Equal(got, far) {
		t.Errorf("over the network %v (-here +there):\n%s", err, cmp.Diff(got, far))
	}
	var upgrades, marks []string
	for _, u := range got.Upgrades {
		upgrades = append(upgrades, u.Name+" "+u.From+" "+u.To)
		marks = append(marks, fmt.Sprintf("%s security %v, kept %v", u.Name, u.Security, u.Kept))
	}
	if diff := cmp.Diff(byHand(t, root), upgrades); diff != "" || len(upgrades) != 4 {
		t.Errorf("%d upgrades (-apt list +got):\n%s", len(upgrades), diff)
	}
	want := []string{"ronde-calm security false, kept false", "ronde-held security true, kept true", "ronde-stuck security false, kept true", "ronde-urgent security true, kept false"}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if held := strings.Fields(peers.InDebian(t, root, "apt-mark", "showhold")); !slices.Equal(held, got.Held) {
		t.Errorf("held %v, apt-mark says %v", got.Held, held)
	}
	if age := time.Since(got.Lists); age < 0 || age > 10*time.Minute {
		t.Errorf("the lists are from %s", got.Lists)
	}
	t.Logf("apt list --upgradable:\n%s\nasked: %v; held %v", strings.Join(byHand(t, root), "\n"), marks, got.Held)
}

func asUnattendedWrites(t *testing.T, root string) {
	ask := func() Packages {
		t.Helper()
		got, err := Ask(t.Context(), machine(t, root).Host, PackageState())
		if err != nil || got.Unattended == nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		return got
	}
	if u := ask().Unattended; !u.Last.IsZero() || len(u.Errors) != 0 {
		t.Errorf("before it ever ran: %+v", u)
	}
	peers.InDebian(t, root, "env", "TZ=UTC", "unattended-upgrade")
	got := ask()
	if age := time.Since(got.Unattended.Last); age < -time.Minute || age > 10*time.Minute || len(got.Unattended.Errors) != 0 {
		t.Errorf("after a run that went well: %+v", got.Unattended)
	}
	if names := byHand(t, root); len(got.Upgrades) != 2 || len(names) != 2 || got.Upgrades[1].Name != "ronde-stuck" {
		t.Errorf("left %+v, apt says %v", got.Upgrades, names)
	}
	log, err := os.ReadFile(filepath.Join(root, unattendedLog))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("asked: last %s, errors %q; its log:\n%s", got.Unattended.Last, got.Unattended.Errors, log)
	if _, ok := parseServices([]byte(peers.InDebian(t, root, "needrestart", "-b"))); !ok {
		t.Error("needrestart is not understood")
	}
}

// asNobody is set in the environment of this test program where it runs as nobody.
const asNobody = "RONDE_TEST_AS_NOBODY"

// asNobodySees runs [TestAsNobody] in a Debian, without any right.
func asNobodySees(t *testing.T, root string) {
	self, err := os.ReadFile(os.Args[0])
	if err = errors.Join(err, os.WriteFile(filepath.Join(root, "probe.test"), self, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/probe.test", "-test.run", "^TestAsNobody$", "-test.v")
	cmd.Dir, cmd.Env = "/", []string{asNobody + "=yes", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "LANG=fr_FR.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestAsNobody") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestAsNobody(t *testing.T) {
	if os.Getenv(asNobody) == "" {
		t.Skip("it runs in a Debian of its own")
	}
	got, err := Ask(t.Context(), machine(t, "/").Host, PackageState())
	if err != nil || got.Services != nil || got.NoServices == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	var names []string
	for _, u := range got.Upgrades {
		names = append(names, u.Name)
	}
	out := peers.Run(t, []string{"LC_ALL=C"}, "apt", "list", "--upgradable")
	if want := strings.Count(out, "[upgradable from: "); want != len(names) || want != 4 {
		t.Errorf("%d upgrades %v, apt lists %d", len(names), names, want)
	}
	m := machineWith(t, map[string]string{"usr/bin/apt-get": "", "var/lib/dpkg/status": "", "run/utmp": ""})
	if err := os.Chmod(filepath.Join(m.Root, "usr/bin/apt-get"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Ask(t.Context(), m.Host, PackageState()); err == nil || !strings.Contains(err.Error(), "ask the machine over SSH instead") {
		t.Errorf("another root: %v", err)
	}
}

// filesOf lists files with their sizes and times.
func filesOf(t *testing.T, root string) []string {
	t.Helper()
	return strings.Split(peers.Run(t, nil, "find", root, "-printf", "%P %s %T@\n"), "\n")
}

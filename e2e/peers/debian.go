package peers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	debianSuite = "bookworm"
	debianLimit = 5 * time.Minute // forty seconds are usual
)

// NeedDebian gives the test a folder with a small Debian of its own, with apt, unattended-upgrades and needrestart, in
// which programs run by [InDebian]. Where there is neither one in the cache nor debootstrap, and for others than
// root, it skips the test or fails it, as [NeedDocker] does.
func NeedDebian(t testing.TB) string {
	t.Helper()
	if os.Geteuid() != 0 {
		lack(t, &MissingError{Peer: "a Debian of its own", Reason: "only root can unpack one", Install: "run the test as root"})
	}
	tarball, err := debianTarball(t.Context())
	if missing, ok := errors.AsType[*MissingError](err); ok {
		lack(t, missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	root := shortTempDir(t)
	Run(t, nil, "tar", "-C", root, "-xf", tarball)
	if err := os.Chmod(root, 0o755); err != nil { // for those in it who are not root
		t.Fatal(err)
	}
	return root
}

// InDebian runs a program in the Debian of [NeedDebian], and returns what it wrote to its output.
func InDebian(t testing.TB, root string, args ...string) string {
	t.Helper()
	env := []string{"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}
	return Run(t, nil, "chroot", append(append([]string{root}, env...), args...)...)
}

// debianTarball gives the path of the Debian that is kept between runs, and makes it when the cache lacks it.
func debianTarball(ctx context.Context) (string, error) {
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	tarball := filepath.Join(cache, "debian-"+debianSuite+".tar")
	unlock, err := lock(tarball + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(tarball); !errors.Is(err, fs.ErrNotExist) {
		return tarball, err
	}
	if _, found := find("debootstrap"); !found {
		return "", &MissingError{Peer: "a Debian of its own", Reason: "no debootstrap", Install: "apt-get install debootstrap"}
	}
	return tarball, packDebian(ctx, tarball)
}

// packDebian makes a Debian without what no test looks at.
func packDebian(ctx context.Context, tarball string) error {
	ctx, cancel := context.WithTimeout(ctx, debianLimit)
	defer cancel()
	fmt.Fprintf(os.Stderr, "installing Debian %s into %s, once, in a minute\n", debianSuite, tarball)
	root, err := os.MkdirTemp(filepath.Dir(tarball), "debian.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	mirror := cmp.Or(os.Getenv("DEBIAN_MIRROR"), "http://deb.debian.org/debian")
	for _, command := range [][]string{
		{"debootstrap", "--variant=minbase", "--include=unattended-upgrades,needrestart", debianSuite, root, mirror},
		{"chroot", root, "apt-get", "clean"},
		{"sh", "-c", `cd "$0" && rm -rf usr/share/doc usr/share/man usr/share/locale var/lib/apt/lists/*_Packages`, root},
		{"tar", "-C", root, "-cf", tarball + ".new", "."},
	} {
		path, _ := find(command[0])
		if output, err := exec.CommandContext(ctx, path, command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("make a Debian: %s: %w\n%s", command[0], err, output[max(0, len(output)-1000):])
		}
	}
	return os.Rename(tarball+".new", tarball)
}

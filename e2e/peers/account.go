package peers

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// account is whom a peer runs as.
type account struct {
	name, group string
	uid, gid    uint32
	foreign     bool // not the account that this program runs as
}

// unprivileged gives the account to run as: our own, or for root the one that every Debian has for this.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		self, err := user.Current()
		return describe(self, err)
	}
	nobody, err := describe(user.Lookup("nobody"))
	nobody.foreign = true
	return nobody, err
}

func describe(u *user.User, err error) (account, error) {
	if err != nil {
		return account{}, fmt.Errorf("find an account to run as: %w", err)
	}
	group, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return account{}, fmt.Errorf("find the group of %s: %w", u.Username, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the number of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the group number of %s: %w", u.Username, err)
	}
	return account{name: u.Username, group: group.Name, uid: uint32(uid), gid: uint32(gid)}, nil
}

// own gives the account everything in dir, and lets it reach dir: temporary folders are closed to others.
func (a account) own(dir string) error {
	if !a.foreign {
		return nil
	}
	give := func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(a.uid), int(a.gid))
	}
	if err := filepath.WalkDir(dir, give); err != nil {
		return fmt.Errorf("give %s to %s: %w", dir, a.name, err)
	}
	return open(filepath.Dir(dir))
}

// open lets everybody pass through folder and its parents, but only below the temporary folder: what lies elsewhere is
// not ours to open.
func open(folder string) error {
	temporary := filepath.Clean(os.TempDir()) + string(filepath.Separator)
	for ; strings.HasPrefix(folder, temporary); folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return fmt.Errorf("open %s: %w", folder, err)
		}
		if err := os.Chmod(folder, info.Mode().Perm()|0o011); err != nil {
			return fmt.Errorf("open %s: %w", folder, err)
		}
	}
	return nil
}

package logs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// file is one file of a log, open.
type file struct {
	path          string
	handle        *os.File
	device, inode uint64
	size          int64 // when it was opened
	packed        bool  // by gzip
	unreadable    bool  // packed by something else
}

// mostRotated is how many rotated files of a log are looked at, the newest.
const mostRotated = 60

var (
	// rotatedForm is how logrotate names what it moved away: by number, or by date.
	rotatedForm  = regexp.MustCompile(`^(?:[.](\d{1,4})|-(\d{8}(?:-?\d{2,10})?))((?:[.](?:gz|xz|bz2|zst))?)$`)
	errUnsettled = errors.New("it is being rotated again and again")
)

// Find lists the logs that a pattern of [filepath.Glob] means, without those that were
// rotated away from another of them. Only files in the pattern's own folders count, and no
// links: whoever may write there must not have us read something else. A pattern without any
// special character is the path of one log, which need not be there now. Errors: that the
// folder in which the pattern begins cannot be read.
func Find(pattern string) ([]string, error) {
	if !hasWildcard(pattern) {
		return []string{pattern}, nil
	}
	all, err := matches(pattern)
	if err != nil {
		return nil, fmt.Errorf("look for logs: %w", err)
	}
	logs := slices.DeleteFunc(slices.Clone(all), func(path string) bool {
		return slices.ContainsFunc(all, func(of string) bool {
			rest, longer := strings.CutPrefix(path, of)
			return longer && rotatedForm.MatchString(rest)
		}) || slices.Contains([]string{".gz", ".xz", ".bz2", ".zst"}, filepath.Ext(path))
	})
	if len(logs) > MostLogs {
		return nil, fmt.Errorf("%q means %d logs, more than %d", pattern, len(logs), MostLogs)
	}
	return logs, nil
}

func hasWildcard(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// matches lists the files that a pattern means.
func matches(pattern string) ([]string, error) {
	fixed := filepath.Dir(pattern)
	for hasWildcard(fixed) {
		fixed = filepath.Dir(fixed)
	}
	if _, err := os.ReadDir(fixed); err != nil { // which Glob takes for an empty one
		return nil, err
	}
	origin, err := filepath.EvalSymlinks(fixed)
	if err != nil {
		return nil, err
	}
	all, err := filepath.Glob(pattern)
	return slices.DeleteFunc(all, func(path string) bool {
		info, err := os.Lstat(path)
		return err != nil || !info.Mode().IsRegular() || !isWithin(path, fixed, origin)
	}), err
}

// isWithin tells whether no folder is a link on the way to a path from fixed, which is truly
// called origin.
func isWithin(path, fixed, origin string) bool {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	way, errWay := filepath.Rel(fixed, filepath.Dir(path))
	return err == nil && errWay == nil && folder == filepath.Join(origin, way)
}

// family opens the files of a log: those that were rotated away, oldest first, and at
// the end the one that is written now, which is nil when it is not there. They are of
// one moment: nothing was rotated in between.
func family(path string) (files []*file, live *file, err error) {
	for range 10 {
		before, err := names(path)
		if err != nil {
			return nil, nil, err
		}
		if files, err = openAll(before, path); err != nil {
			return nil, nil, err
		}
		if after, err := names(path); err == nil && isSame(files, after) {
			if n := len(files); n > 0 && files[n-1].path == path {
				return files[:n-1], files[n-1], nil
			}
			return files, nil, nil
		}
		closeAll(files)
	}
	return nil, nil, fmt.Errorf("open %s: %w", path, errUnsettled)
}

// names lists the files of a log, oldest first.
func names(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("look for rotated files: %w", err)
	}
	type rotated struct {
		name, date string
		number     int
	}
	var all []rotated
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
	}
	base := filepath.Base(path)
	for name := range there {
		m := rotatedForm.FindStringSubmatch(strings.TrimPrefix(name, base))
		if !strings.HasPrefix(name, base) || m == nil || m[3] != "" && there[strings.TrimSuffix(name, m[3])] {
			continue // of one that is being packed, only the original is whole
		}
		number, _ := strconv.Atoi(m[1])
		all = append(all, rotated{name, m[2], number})
	}
	slices.SortFunc(all, func(a, b rotated) int {
		return cmp.Or(cmp.Compare(b.number, a.number), cmp.Compare(a.date, b.date), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, r := range all[max(0, len(all)-mostRotated):] {
		names = append(names, filepath.Join(filepath.Dir(path), r.name))
	}
	if there[base] {
		names = append(names, path)
	}
	return names, nil
}

// openAll opens files. One that is gone meanwhile is left out.
func openAll(paths []string, live string) (files []*file, err error) {
	for _, path := range paths {
		f, err := open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errIrregular) && path != live:
		case err != nil:
			closeAll(files)
			return nil, err
		default:
			files = append(files, f)
		}
	}
	return files, nil
}

var errIrregular = errors.New("it is no regular file")

// open opens a regular file. It follows no link at the end of a path, which whoever may
// write beside a log could have made, and waits for no pipe.
func open(path string) (*file, error) {
	handle, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("open %s: %w", path, errIrregular)
	}
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	info, err := handle.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), handle.Close())
	}
	f := &file{path: path, handle: handle, size: info.Size()}
	f.device, f.inode = identity(info)
	ext := filepath.Ext(path)
	f.packed = ext == ".gz"
	f.unreadable = slices.Contains([]string{".xz", ".bz2", ".zst"}, ext)
	return f, nil
}

func identity(info os.FileInfo) (device, inode uint64) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(stat.Dev), stat.Ino //nolint:unconvert // it is shorter on other systems
}

// isSame tells whether names still lead to files.
func isSame(files []*file, names []string) bool {
	if len(files) != len(names) {
		return false
	}
	for i, f := range files {
		info, err := os.Lstat(names[i])
		if err != nil || names[i] != f.path {
			return false
		}
		if device, inode := identity(info); device != f.device || inode != f.inode {
			return false
		}
	}
	return true
}

func closeAll(files []*file) {
	for _, f := range files {
		_ = f.handle.Close() // was only read
	}
}

package probe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// unfinished is how lately a file was written that may still be growing.
const unfinished = 2 * time.Minute

// files takes each path of a pattern for a run. Nothing is opened.
func (b BackupConfig) files(_ context.Context, root string) (Backup, error) {
	pattern := filepath.Join(root, b.Files)
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return Backup{}, err
	}
	if len(paths) == 0 {
		// A folder that is not mounted is no backup that never ran.
		_, err := os.ReadDir(folderOf(pattern))
		return Backup{}, err
	}
	var runs []Run
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // it was just removed
		case err != nil:
			return Backup{}, err
		}
		r := Run{At: info.ModTime()}
		if size := info.Size(); info.Mode().IsRegular() {
			r.Bytes = &size
		}
		runs = append(runs, r)
	}
	return Backup{Runs: withoutUnfinished(runs, time.Now())}, nil
}

// withoutUnfinished leaves out what may still be growing, unless there is nothing else.
func withoutUnfinished(runs []Run, now time.Time) []Run {
	done := slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return now.Sub(r.At) < unfinished })
	if len(done) == 0 {
		return runs
	}
	return done
}

// folderOf is the last folder of a pattern that has no wildcard.
func folderOf(pattern string) string {
	for folder := filepath.Dir(pattern); ; folder = filepath.Dir(folder) {
		if !hasWildcard(folder) {
			return folder
		}
	}
}

func hasWildcard(path string) bool { return strings.ContainsAny(path, `*?[\`) }

package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// BackupConfig is a backup that a machine lets be looked at: a [[backup]] of its
// probe.toml. Whoever asks learns times and sizes, not names of files.
//
// The kinds files and lines only look at what the backup itself leaves behind. The others
// ask the repository, which needs its passphrase on this machine.
type BackupConfig struct {
	Name string `toml:"name"`
	// Kind is "borg", "restic", "borgmatic", "files" or "lines".
	Kind string `toml:"kind"`
	// Repository is that of borg or restic, as on their command lines.
	Repository string `toml:"repository"`
	// EnvFile has lines NAME=value for the program's environment, such as
	// BORG_PASSPHRASE. Others must not be able to read it.
	EnvFile string `toml:"env_file"`
	// Archives are those of borg that count: "nuage-*". Empty for all.
	Archives string `toml:"archives"`
	// Host and Tag are those of the snapshots of restic that count. Empty for all.
	Host string `toml:"host"`
	Tag  string `toml:"tag"`
	// Config is that of borgmatic, which is asked for its archives.
	Config string `toml:"config"`
	// Log is a file: that of borgmatic, or one with a line for each run.
	Log string `toml:"log"`
	// Success and Failure are regular expressions of lines of Log that end a run. Their
	// groups time, bytes and files are what they are called. Without them each line is
	// JSON: {"job":"nuage","end":"2026-11-22T03:20:00+01:00","rc":0,"bytes":1,"files":1}.
	Success Pattern `toml:"success"`
	Failure Pattern `toml:"failure"`
	// Job are the lines of JSON that count. Empty for all.
	Job string `toml:"job"`
	// Files is a pattern of paths, of which each is a run: "/srv/backup/*.sql.gz".
	Files string `toml:"files"`
}

// Pattern is a regular expression of RE2.
type Pattern struct{ *regexp.Regexp }

// UnmarshalText compiles it.
func (p *Pattern) UnmarshalText(s []byte) (err error) {
	p.Regexp, err = regexp.Compile(string(s))
	return err
}

func (b BackupConfig) check() error {
	needed := map[string]string{"borg": b.Repository, "restic": b.Repository, "borgmatic": b.Config + b.Log, "files": b.Files, "lines": b.Log}
	setting := map[string]string{"borg": "repository", "restic": "repository", "borgmatic": "config or log", "files": "files", "lines": "log"}
	value, known := needed[b.Kind]
	switch {
	case !known:
		return fmt.Errorf("[[backup]] %q: kind is not borg, restic, borgmatic, files or lines", b.Name)
	case value == "":
		return fmt.Errorf("[[backup]] %q: %s is needed", b.Name, setting[b.Kind])
	case b.Kind == "borgmatic" && b.Config != "" && b.Log != "":
		return fmt.Errorf("[[backup]] %q: config and log are two ways to ask; keep one", b.Name)
	}
	for _, path := range []string{b.EnvFile, b.Config, b.Log, b.Files} {
		if path != "" && !filepath.IsAbs(path) {
			return fmt.Errorf("[[backup]] %q: %q must be an absolute path", b.Name, path)
		}
	}
	return nil
}

// Backup is what is known of one backup.
type Backup struct {
	Name string `json:"name"`
	// Runs succeeded, newest first, ten at most; never nil.
	Runs []Run `json:"runs"`
	// Failed is when it last did not succeed; zero for never, or not known.
	Failed time.Time `json:"failed,omitzero"`
	// Trouble is why nothing is known; "" for none.
	Trouble Trouble `json:"trouble,omitempty"`
}

// Run is a backup that succeeded.
type Run struct {
	At time.Time `json:"at"` // its end where that is known, else its beginning
	// Bytes is how much it holds, before compression, and Files how many files; nil when
	// not known.
	Bytes *int64 `json:"bytes,omitempty"`
	Files *int64 `json:"files,omitempty"`
}

// Trouble says in one word that never changes why nothing is known of a backup. Nothing
// else of what went wrong crosses the network: addresses may hold passwords.
type Trouble string

// Troubles of a backup.
const (
	Locked       Trouble = "locked"        // it is being written
	Passphrase   Trouble = "passphrase"    // it is wrong or missing
	Missing      Trouble = "missing"       // the repository or the log is not there
	Refused      Trouble = "refused"       // it may not be read
	NotInstalled Trouble = "not-installed" // the program that knows it
	Open         Trouble = "open"          // others can read the file with its passphrase
	Slow         Trouble = "slow"          // no answer in time
	Broken       Trouble = "broken"        // anything else
)

// Error returns the word.
func (t Trouble) Error() string { return string(t) }

const (
	mostRuns         = 10
	mostRepositories = 2                // backups that are looked at at the same time
	backupTime       = 14 * time.Second // for each
)

// BackupState asks for every backup that the machine's configuration names, in its order.
func BackupState() Question[[]Backup] {
	return Question[[]Backup]{Name: "backups", answer: func(ctx context.Context, m *Machine) ([]Backup, error) {
		root, err := m.files()
		if err != nil {
			return nil, err
		}
		if len(m.Config.Backups) == 0 {
			return nil, &Error{Code: NoSuch, Text: "probe.toml has no [[backup]]"}
		}
		return readBackups(ctx, filepath.Clean(root), m.Config.Backups)
	}}
}

func readBackups(ctx context.Context, root string, configs []BackupConfig) ([]Backup, error) {
	all := make([]Backup, len(configs))
	free := make(chan struct{}, mostRepositories)
	var running sync.WaitGroup
	for i, c := range configs {
		running.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			all[i] = c.look(ctx, root)
		})
	}
	running.Wait()
	return all, ctx.Err()
}

// look reads one backup.
func (b BackupConfig) look(ctx context.Context, root string) Backup {
	ctx, cancel := context.WithTimeout(ctx, backupTime)
	defer cancel()
	read := map[string]func(context.Context, string) (Backup, error){
		"borg": b.borg, "restic": b.restic, "borgmatic": b.borgmatic, "files": b.files, "lines": b.lines,
	}[b.Kind]
	found, err := read(ctx, root)
	found.Name, found.Trouble = b.Name, troubleOf(ctx, err)
	slices.Reverse(found.Runs) // all tell the oldest first: of two in one second the later is the newer
	slices.SortStableFunc(found.Runs, func(a, b Run) int { return b.At.Compare(a.At) })
	found.Runs = append([]Run{}, found.Runs[:min(len(found.Runs), mostRuns)]...)
	return found
}

func troubleOf(ctx context.Context, err error) Trouble {
	var told Trouble
	switch {
	case err == nil:
		return ""
	case ctx.Err() != nil:
		return Slow
	case errors.As(err, &told):
		return told
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, fs.ErrPermission):
		return Refused
	}
	return Broken
}

// newestOf keeps the later of two times.
func newestOf(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }

// orAll is a filter that may be empty.
func orAll(flag, value string) []string {
	if value == "" {
		return nil
	}
	return []string{flag + "=" + value}
}

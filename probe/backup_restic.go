package probe

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// resticSnapshot is one of restic snapshots --json, see its doc/075_scripting.rst.
type resticSnapshot struct {
	Time     time.Time `json:"time"`
	Hostname string    `json:"hostname"`
	Paths    []string  `json:"paths"`
	// Summary is there since restic 0.17.
	Summary *struct {
		End   time.Time `json:"backup_end"`
		Files int64     `json:"total_files_processed"`
		Bytes int64     `json:"total_bytes_processed"`
	} `json:"summary"`
}

// restic asks a repository for its last snapshots, without a lock and without a cache, so
// that it writes nothing. Those of the host and the paths of the newest one count.
func (b BackupConfig) restic(ctx context.Context, root string) (Backup, error) {
	env, err := readEnv(root, b.EnvFile)
	if err != nil {
		return Backup{}, err
	}
	path := findProgram(root, "restic")
	if path == "" {
		return Backup{}, NotInstalled
	}
	args := []string{"--repo", b.Repository, "--no-lock", "--no-cache", "snapshots", "--json", "--latest", "10"}
	args = append(append(args, orAll("--host", b.Host)...), orAll("--tag", b.Tag)...)
	told, err := program{path: path, args: args, env: env, root: root}.run(ctx)
	switch {
	case err != nil:
		return Backup{}, err
	case told.code != 0:
		return Backup{}, resticTrouble(told.code, string(told.err))
	}
	return readRestic(told.out)
}

func readRestic(out []byte) (b Backup, err error) {
	var all []resticSnapshot
	if err := json.Unmarshal(out, &all); err != nil {
		return Backup{}, err
	}
	if len(all) == 0 {
		return Backup{}, nil
	}
	newest := slices.MaxFunc(all, func(a, b resticSnapshot) int { return a.Time.Compare(b.Time) })
	for _, s := range all {
		if s.Hostname == newest.Hostname && slices.Equal(s.Paths, newest.Paths) {
			b.Runs = append(b.Runs, s.run())
		}
	}
	return b, nil
}

func (s resticSnapshot) run() Run {
	if s.Summary == nil {
		return Run{At: s.Time}
	}
	return Run{At: newestOf(s.Time, s.Summary.End), Bytes: &s.Summary.Bytes, Files: &s.Summary.Files}
}

// resticTrouble tells exit codes apart, which restic has since 0.17, and before that its
// sentences.
func resticTrouble(code int, written string) error {
	says := func(sentence string) bool { return strings.Contains(written, sentence) }
	switch {
	case says("permission denied"):
		return Refused
	case code == 10, says("Is there a repository at"), says("repository does not exist"):
		return Missing
	case code == 11, says("already locked"):
		return Locked
	case code == 12, says("wrong password"), says("no key found"), says("empty password"), says("Resolving password failed"):
		return Passphrase
	}
	return Broken
}

package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// borgSaid is what borg list --json and borg info --json write, see Borg's
// docs/internals/frontends.rst.
type borgSaid struct {
	Archives []struct {
		ID    string   `json:"id"`
		Start borgTime `json:"start"`
		End   borgTime `json:"end"`
		Stats *struct {
			OriginalSize int64 `json:"original_size"`
			Files        int64 `json:"nfiles"`
		} `json:"stats"`
	} `json:"archives"`
}

// borgTime is a time as Borg writes it: up to 1.4 without a zone, in that of the machine
// which reads, and so in UTC for us; from 2.0 with an offset.
type borgTime time.Time

func (t *borgTime) UnmarshalText(s []byte) error {
	at, err := time.Parse("2006-01-02T15:04:05", string(s))
	if err != nil {
		at, err = time.Parse(time.RFC3339, string(s))
	}
	*t = borgTime(at)
	return err
}

// borg asks a repository for its last archives. It takes no lock: "borg create" waits for
// one only a second, and a backup must not fail because somebody looks. What is read while
// one is written may be broken, and is asked for again the next time. Borg keeps a cache of
// its own in its user's home. Sizes take a second question, which may fail.
func (b BackupConfig) borg(ctx context.Context, root string) (Backup, error) {
	env, err := readEnv(root, b.EnvFile)
	if err != nil {
		return Backup{}, err
	}
	listed, err := b.askBorg(ctx, root, env, "list")
	if err != nil {
		return Backup{}, err
	}
	if sized, err := b.askBorg(ctx, root, env, "info"); err == nil {
		listed = sized
	}
	return Backup{Runs: listed.runs()}, nil
}

func (b BackupConfig) askBorg(ctx context.Context, root string, env []string, question string) (s borgSaid, err error) {
	path := findProgram(root, "borg")
	if path == "" {
		return s, NotInstalled
	}
	args := append([]string{"--log-json", "--bypass-lock", question, "--json", "--last", "10"}, orAll("--glob-archives", b.Archives)...)
	p := program{path: path, args: append(args, "--", b.Repository), env: append(env, "BORG_EXIT_CODES=modern"), root: root}
	told, err := p.run(ctx)
	switch {
	case err != nil:
		return s, err
	case told.code > 1 && told.code < 100: // a warning is 1, or 100 and more
		return s, borgTrouble(told.err)
	}
	return s, json.Unmarshal(told.out, &s)
}

// borgTroubles are the messages of Borg that say what is wrong.
func borgTroubles() map[string]Trouble {
	return map[string]Trouble{
		"LockTimeout": Locked, "LockError": Locked, "LockErrorT": Locked, "LockFailed": Refused,
		"PassphraseWrong": Passphrase, "PasscommandFailure": Passphrase, "NoPassphraseFailure": Passphrase,
		"PasswordRetriesExceeded": Passphrase, "KeyfileNotFoundError": Passphrase, "RepoKeyNotFoundError": Passphrase,
		"Repository.DoesNotExist": Missing, "Repository.InvalidRepository": Missing, "Repository.ParentPathDoesNotExist": Missing,
	}
}

// borgTrouble reads what Borg logs with --log-json, of which the last error counts.
func borgTrouble(logged []byte) error {
	trouble := Broken
	for line := range bytes.Lines(logged) {
		var said struct {
			ID    string `json:"msgid"`
			Level string `json:"levelname"`
			Text  string `json:"message"`
		}
		if json.Unmarshal(line, &said) != nil {
			continue
		}
		if known := borgTroubles()[said.ID]; known != "" {
			trouble = known
		} else if strings.Contains(said.Text, "Permission denied") {
			trouble = Refused
		}
	}
	return trouble
}

func (s borgSaid) runs() (all []Run) {
	for _, a := range s.Archives {
		r := Run{At: newestOf(time.Time(a.Start), time.Time(a.End))}
		if a.Stats != nil {
			r.Bytes, r.Files = &a.Stats.OriginalSize, &a.Stats.Files
		}
		all = append(all, r)
	}
	return all
}

// borgmatic reads its log, or asks it for the archives of its repositories. Of several
// repositories the one counts whose newest archive is the oldest.
func (b BackupConfig) borgmatic(ctx context.Context, root string) (Backup, error) {
	if b.Log != "" {
		return b.borgmaticLog(root)
	}
	env, err := readEnv(root, b.EnvFile)
	if err != nil {
		return Backup{}, err
	}
	path := findProgram(root, "borgmatic")
	if path == "" {
		return Backup{}, NotInstalled
	}
	args := append([]string{"--config", b.Config, "info", "--json", "--last", "10"}, orAll("--glob-archives", b.Archives)...)
	told, err := program{path: path, args: args, env: env, root: root}.run(ctx)
	switch {
	case err != nil:
		return Backup{}, err
	case told.code != 0:
		return Backup{}, borgmaticTrouble(told.err)
	}
	return readBorgmatic(told.out)
}

// readBorgmatic reads borgmatic info --json: a list of what Borg says of each repository.
func readBorgmatic(out []byte) (oldest Backup, err error) {
	var all []borgSaid
	if err := json.Unmarshal(out, &all); err != nil {
		return Backup{}, err
	}
	for i, s := range all {
		runs := s.runs()
		if i == 0 || lastOf(runs).Before(lastOf(oldest.Runs)) {
			oldest.Runs = runs
		}
	}
	if len(all) == 0 {
		return oldest, errors.New("borgmatic knows no repository")
	}
	return oldest, nil
}

func lastOf(runs []Run) (last time.Time) {
	for _, r := range runs {
		last = newestOf(last, r.At)
	}
	return last
}

// borgmaticTrouble knows the sentences of Borg that borgmatic repeats.
func borgmaticTrouble(logged []byte) error {
	for sentence, trouble := range map[string]Trouble{
		"Failed to create/acquire the lock": Locked, "passphrase supplied in": Passphrase, "Permission denied": Refused,
		"does not exist": Missing,
	} {
		if bytes.Contains(logged, []byte(sentence)) {
			return trouble
		}
	}
	return Broken
}

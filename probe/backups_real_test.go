package probe

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
)

// source makes a folder of so many files with a thousand bytes each.
func source(t *testing.T, files int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, "f"+string(rune('a'+i))), []byte(strings.Repeat("x", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// envFile makes a file with the environment of a backup's program, and that environment.
func envFile(t *testing.T, lines ...string) (path string, env []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte("# of the backup\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, append(lines, "TZ=UTC")
}

func TestBorgSaysWhatBorgListShows(t *testing.T) {
	t.Parallel()
	borg := peers.NeedProgram(t, "borg", "borgbackup")
	repo := filepath.Join(t.TempDir(), "repo")
	path, env := envFile(t, "BORG_PASSPHRASE=sesame", "BORG_BASE_DIR="+t.TempDir(), "TZ=America/Noronha")
	peers.Run(t, env, borg, "init", "-e", "repokey", repo)
	c := BackupConfig{Kind: "borg", Repository: repo, EnvFile: path, Archives: "nuage-*"}
	if got := look(t, "/", c); got.Trouble != "" || len(got.Runs) != 0 {
		t.Errorf("an empty repository: %+v", got)
	}
	peers.Run(t, env, borg, "create", repo+"::nuage-1", source(t, 3))
	peers.Run(t, env, borg, "create", repo+"::nuage-2", source(t, 1))
	peers.Run(t, env, borg, "create", repo+"::mail-1", source(t, 5))
	got := look(t, "/", c)
	var want borgSaid
	if err := json.Unmarshal([]byte(peers.Run(t, env, borg, "info", "--json", "-a", "nuage-*", repo)), &want); err != nil {
		t.Fatal(err)
	}
	if got.Trouble != "" || len(got.Runs) != 2 || *got.Runs[0].Bytes != 1000 || *got.Runs[0].Files != 1 || *got.Runs[1].Bytes != 3000 || *got.Runs[1].Files != 3 {
		t.Fatalf("got %+v", got)
	}
	if !got.Runs[0].At.Equal(time.Time(want.Archives[1].End)) || time.Since(got.Runs[0].At) > 10*time.Minute {
		t.Errorf("last at %s, borg says %s", got.Runs[0].At, time.Time(want.Archives[1].End))
	}
	t.Logf("last archive at %s: %d bytes, %d files; borg list:\n%s", got.Runs[0].At, *got.Runs[0].Bytes, *got.Runs[0].Files, peers.Run(t, env, borg, "list", repo))
	for name, tt := range map[string]struct {
		change func(c *BackupConfig)
		want   Trouble
	}{
		"a wrong passphrase":  {func(c *BackupConfig) { c.EnvFile, _ = envFile(t, "BORG_PASSPHRASE=wrong", env[1]) }, Passphrase},
		"no repository":       {func(c *BackupConfig) { c.Repository += "-gone" }, Missing},
		"no environment":      {func(c *BackupConfig) { c.EnvFile += "-gone" }, Missing},
		"an open environment": {func(c *BackupConfig) { c.EnvFile = opened(t, c.EnvFile) }, Open},
	} {
		changed := c
		tt.change(&changed)
		if got := look(t, "/", changed); got.Trouble != tt.want {
			t.Errorf("%s: got %+v, want %s", name, got, tt.want)
		}
	}
}

// opened is a copy of a file that everybody can read.
func opened(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		path = filepath.Join(t.TempDir(), "open")
		err = os.WriteFile(path, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A backup that runs at that moment would fail if somebody else held the lock.
func TestABorgRepositoryIsReadWithoutItsLock(t *testing.T) {
	t.Parallel()
	borg := peers.NeedProgram(t, "borg", "borgbackup")
	repo := filepath.Join(t.TempDir(), "repo")
	path, env := envFile(t, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "BORG_BASE_DIR="+t.TempDir())
	peers.Run(t, env, borg, "init", "-e", "none", repo)
	cmd := exec.CommandContext(t.Context(), borg, "with-lock", repo, "sh", "-c", "echo held; cat")
	cmd.Env = append(os.Environ(), env...)
	release, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	written, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = io.ReadFull(written, make([]byte, len("held")))
	}
	if err != nil {
		t.Fatal(err)
	}
	got := look(t, "/", BackupConfig{Kind: "borg", Repository: repo, EnvFile: path})
	if err := errors.Join(release.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	if got.Trouble != "" {
		t.Errorf("while it is written: %+v", got)
	}
}

func TestResticSaysWhatResticSnapshotsShows(t *testing.T) {
	t.Parallel()
	restic := peers.NeedProgram(t, "restic", "restic")
	repo := filepath.Join(t.TempDir(), "repo")
	path, env := envFile(t, "RESTIC_PASSWORD=sesame", "RESTIC_CACHE_DIR="+t.TempDir())
	peers.Run(t, env, restic, "init", "--repo", repo)
	c := BackupConfig{Kind: "restic", Repository: repo, EnvFile: path, Tag: "nuit"}
	if got := look(t, "/", c); got.Trouble != "" || len(got.Runs) != 0 {
		t.Errorf("an empty repository: %+v", got)
	}
	folder := source(t, 3)
	for _, tag := range []string{"nuit", "nuit", "essai"} {
		peers.Run(t, env, restic, "--repo", repo, "backup", "--tag", tag, folder)
	}
	var want []resticSnapshot
	if err := json.Unmarshal([]byte(peers.Run(t, env, restic, "--repo", repo, "snapshots", "--json", "--tag", "nuit")), &want); err != nil {
		t.Fatal(err)
	}
	got := look(t, "/", c)
	if got.Trouble != "" || len(got.Runs) != 2 || len(want) != 2 || !got.Runs[0].At.Truncate(time.Second).Equal(want[1].run().At.Truncate(time.Second)) {
		t.Fatalf("got %+v, restic says %+v", got, want)
	}
	if got.Runs[0].Bytes != nil && *got.Runs[0].Bytes != 3000 {
		t.Errorf("got %d bytes", *got.Runs[0].Bytes)
	}
	t.Logf("last snapshot at %s; restic snapshots:\n%s", got.Runs[0].At, peers.Run(t, env, restic, "--repo", repo, "snapshots"))
	wrong := c
	wrong.EnvFile, _ = envFile(t, "RESTIC_PASSWORD=wrong")
	if got := look(t, "/", wrong); got.Trouble != Passphrase {
		t.Errorf("a wrong password: %+v", got)
	}
	wrong.EnvFile = ""
	if got := look(t, "/", wrong); got.Trouble != Passphrase {
		t.Errorf("no password: %+v", got)
	}
	wrong = c
	wrong.Repository += "-gone"
	if got := look(t, "/", wrong); got.Trouble != Missing {
		t.Errorf("no repository: %+v", got)
	}
	if files, err := filepath.Glob(filepath.Join(repo, "locks", "*")); err != nil || len(files) != 0 {
		t.Errorf("reading left locks: %v, %v", files, err)
	}
}

func TestBorgmaticSaysWhatBorgInfoShows(t *testing.T) {
	t.Parallel()
	borgmatic := peers.NeedProgram(t, "borgmatic", "borgmatic")
	borg := peers.NeedProgram(t, "borg", "borgbackup")
	dir := t.TempDir()
	repo, config := filepath.Join(dir, "repo"), filepath.Join(dir, "config.yaml")
	path, env := envFile(t, "BORG_PASSPHRASE=sesame", "BORG_BASE_DIR="+dir)
	yaml := "location:\n  source_directories: [" + source(t, 2) + "]\n  repositories: [" + repo + "]\n"
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, env, borg, "init", "-e", "repokey", repo)
	peers.Run(t, env, borg, "create", repo+"::one", source(t, 2))
	got := look(t, "/", BackupConfig{Kind: "borgmatic", Config: config, EnvFile: path})
	if got.Trouble != "" || len(got.Runs) != 1 || *got.Runs[0].Bytes != 2000 || *got.Runs[0].Files != 2 {
		t.Errorf("got %+v with %s", got, borgmatic)
	}
	wrong, _ := envFile(t, "BORG_PASSPHRASE=wrong", env[1])
	if got := look(t, "/", BackupConfig{Kind: "borgmatic", Config: config, EnvFile: wrong}); got.Trouble != Passphrase {
		t.Errorf("a wrong passphrase: %+v", got)
	}
}

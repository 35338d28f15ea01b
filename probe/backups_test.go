package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func utc(s string) time.Time {
	at, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err)
	}
	return at
}

// look asks for one backup of a machine.
func look(t *testing.T, root string, c BackupConfig) Backup {
	t.Helper()
	c.Name = "nuage"
	m := machine(t, root)
	m.Config.Backups = []BackupConfig{c}
	var all []Backup
	if err := readAnswer(m.Serve(t.Context(), "backups", "1.0"), &all); err != nil || len(all) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	return all[0]
}

func pattern(t *testing.T, s string) (p Pattern) {
	t.Helper()
	if err := p.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLinesOfAStateFileAreRuns(t *testing.T) {
	m := machineWith(t, map[string]string{"state": `{"job":"nuage","start":"2026-11-20T03:15:00+01:00","end":"2026-11-20T03:20:00+01:00","rc":0,"bytes":1000,"files":10}
{"job":"mail","end":"2026-11-21T09:20:00+01:00","rc":0,"bytes":5}
not JSON
{"job":"nuage","end":"2026-11-21T03:20:00+01:00","rc":2,"bytes":10}
{"job":"nuage","start":"2026-11-22T03:15:00+01:00"}
{"job":"nuage","end":"2026-11-19T03:20:00+01:00","rc":0}
{"job":"nuage","rc":0}
`})
	got := look(t, m.Root, BackupConfig{Kind: "lines", Log: "/state", Job: "nuage"})
	want := Backup{
		Name: "nuage", Failed: utc("2026-11-22 02:15:00"),
		Runs: []Run{{At: utc("2026-11-20 02:20:00"), Bytes: new(int64(1000)), Files: new(int64(10))}, {At: utc("2026-11-19 02:20:00")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinesOfALogAreRuns(t *testing.T) {
	m := machineWith(t, map[string]string{"rsync.log": string(sample(t, "backups/rsync.log")) + "2026/11/23 15:57:05 [24495] rsync error: some files (code 23) at main.c\n"})
	if err := os.Mkdir(filepath.Join(m.Root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/share/zoneinfo/Europe/Paris", filepath.Join(m.Root, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	got := look(t, m.Root, BackupConfig{
		Kind: "lines", Log: "/rsync.log", Success: pattern(t, `^(?P<time>\S+ \S+) \[\d+\] Total file size: (?P<bytes>[\d,]+) bytes`), Failure: pattern(t, "rsync error"),
	})
	want := Backup{Name: "nuage", Failed: utc("2026-11-23 14:57:05"), Runs: []Run{{At: utc("2026-11-22 14:57:05"), Bytes: new(int64(1150000))}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("times are local (-want +got):\n%s", diff)
	}
}

func TestFilesAreRuns(t *testing.T) {
	m := machineWith(t, map[string]string{"srv/backup/a.sql": "12345", "srv/backup/b.sql": "123", "srv/backup/c.sql": "1", "srv/backup/note.txt": "x"})
	for name, at := range map[string]time.Time{"a.sql": utc("2026-11-20 03:00:00"), "b.sql": utc("2026-11-21 03:00:00"), "c.sql": time.Now()} {
		if err := os.Chtimes(filepath.Join(m.Root, "srv/backup", name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	got := look(t, m.Root, BackupConfig{Kind: "files", Files: "/srv/backup/*.sql"})
	want := Backup{Name: "nuage", Runs: []Run{{At: utc("2026-11-21 03:00:00"), Bytes: new(int64(3))}, {At: utc("2026-11-20 03:00:00"), Bytes: new(int64(5))}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("one that is being written does not count (-want +got):\n%s", diff)
	}
	if got := look(t, m.Root, BackupConfig{Kind: "files", Files: "/srv/backup/*.zip"}); got.Trouble != "" || len(got.Runs) != 0 {
		t.Errorf("no files: %+v", got)
	}
	if got := look(t, m.Root, BackupConfig{Kind: "files", Files: "/mnt/backup/*/x.zip"}); got.Trouble != Missing {
		t.Errorf("a folder that is not mounted: %+v", got)
	}
}

func TestWhatBackupProgramsWriteIsRead(t *testing.T) {
	size, files := new(int64(1100000)), new(int64(6))
	t.Run("borg", func(t *testing.T) {
		var s borgSaid
		if err := json.Unmarshal(sample(t, "backups/borg-info-last1.json"), &s); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Run{{At: utc("2026-11-22 15:56:52"), Bytes: size, Files: files}}, s.runs()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		s = borgSaid{}
		if err := json.Unmarshal(sample(t, "backups/borg-list.json"), &s); err != nil || len(s.runs()) != 3 || s.runs()[0].Bytes != nil {
			t.Errorf("a list has no sizes: %+v, %v", s.runs(), err)
		}
	})
	t.Run("borgmatic", func(t *testing.T) {
		want := Backup{Runs: []Run{{At: utc("2026-11-22 15:59:12"), Bytes: new(int64(1150352)), Files: new(int64(9))}}}
		got, err := readBorgmatic(sample(t, "backups/borgmatic-info-last1.json"))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		want.Runs[0].At, want.Runs[0].Bytes = utc("2026-11-22 16:59:13").Add(807*time.Millisecond), new(int64(1150000))
		if diff := cmp.Diff(want, readBorgmaticLog(sample(t, "backups/borgmatic-success.log"), time.UTC)); diff != "" {
			t.Errorf("its log (-want +got):\n%s", diff)
		}
		failed := readBorgmaticLog([]byte("[2026-11-23 16:59:13,807] CRITICAL: local: Error running actions for repository\n"), time.UTC)
		if len(failed.Runs) != 0 || failed.Failed.IsZero() {
			t.Errorf("a run that failed: %+v", failed)
		}
	})
	t.Run("restic", func(t *testing.T) {
		got, err := readRestic(sample(t, "backups/restic-snapshots.json"))
		if err != nil || len(got.Runs) != 2 || *got.Runs[0].Bytes != *size || *got.Runs[1].Files != 7 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestTroublesAreToldApart(t *testing.T) {
	for path, want := range map[string]Trouble{"borg-locked.txt": Locked, "borg-error-logjson.stderr": Missing} {
		if got := borgTrouble(sample(t, "backups/"+path)); !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]Trouble{"restic-badpw.txt": Passphrase, "restic-error.txt": Missing} {
		if got := resticTrouble(1, string(sample(t, "backups/"+path))); !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func FuzzBackups(f *testing.F) {
	for _, path := range []string{"borg-info-last1.json", "borgmatic-info-last1.json", "borgmatic-success.log", "restic-snapshots.json", "rsync.log", "borg-locked.txt"} {
		f.Add(sample(f, "backups/"+path))
	}
	f.Add([]byte(`{"job":"x","end":"2026-11-20T03:20:00+01:00","rc":0,"bytes":-1}`))
	c := BackupConfig{}
	if err := c.Success.UnmarshalText([]byte(`size (?P<bytes>.*) (?P<time>.*)`)); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		all := []Backup{readJobs(out, ""), readBorgmaticLog(out, time.UTC), c.readLines(out, time.UTC)}
		if b, err := readBorgmatic(out); err == nil {
			all = append(all, b)
		}
		if b, err := readRestic(out); err == nil {
			all = append(all, b)
		}
		_, _ = borgTrouble(out), resticTrouble(1, string(out))
		for _, b := range all {
			if len(b.Runs) > 1+bytes.Count(out, []byte("\n"))+bytes.Count(out, []byte("{")) {
				t.Errorf("%d runs of nothing", len(b.Runs))
			}
		}
	})
}

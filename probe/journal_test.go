package probe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/logs"
)

// remote is what writes journals that came from elsewhere, in systemd's own format.
const remote = "/lib/systemd/systemd-journal-remote"

// writeJournal adds entries to the journal of a machine: "service: message".
func writeJournal(t *testing.T, root string, begin int, entries ...string) {
	t.Helper()
	var export bytes.Buffer
	for i, entry := range entries {
		service, message, _ := strings.Cut(entry, ": ")
		n := begin + i
		fmt.Fprintf(&export, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n", 1795227247000000+n, 1000000+n, 7)
		fmt.Fprintf(&export, "_SYSTEMD_UNIT=ssh.service\nSYSLOG_IDENTIFIER=%s\nPRIORITY=6\n", service)
		fmt.Fprintf(&export, "MESSAGE\n%s%s\n\n", littleEndian(len(message)), message)
	}
	folder := filepath.Join(root, "var/log/journal", strings.Repeat("a", 32))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(remote, "--output="+filepath.Join(folder, fmt.Sprintf("part%d.journal", begin)), "-")
	cmd.Stdin = &export
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
}

func littleEndian(n int) []byte {
	return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), 0, 0, 0, 0}
}

func needJournal(t *testing.T) {
	t.Helper()
	for _, program := range []string{remote, "/usr/bin/journalctl"} {
		if _, err := os.Stat(program); err == nil {
			continue
		}
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatalf("%s is missing", program)
		}
		t.Skipf("%s is missing (apt-get install systemd-journal-remote)", program)
	}
}

// The journal is one that systemd's own program wrote, and journalctl reads it.
func TestTheJournalOfAUnitIsCountedFromItsCursorOn(t *testing.T) {
	needJournal(t)
	root := t.TempDir()
	m := machine(t, root)
	m.Config = Config{Logs: []Log{{Name: "ssh", Unit: "ssh.service"}, {Name: "other", Unit: "other.service"}}}
	ask := func(name, cursor string) (got LogCounts) {
		t.Helper()
		if err := readAnswer(m.Serve(t.Context(), CommandLine("logs", []string{name, cursor}), "1.0"), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	writeJournal(t, root, 0, "sshd: Accepted key", "sshd: error: kex", "sshd: caf\xe9 \x1b[31m fatal", "sshd: line\nfeed")
	first := ask("ssh", "")
	if want := []logs.Service{{Name: "sshd", Lines: 4, Errors: 2}}; !first.First || !cmp.Equal(want, first.Services) {
		t.Errorf("got %+v", first)
	}
	if again := ask("ssh", first.Cursor); again.Lines != 0 || again.Cursor != first.Cursor || again.First {
		t.Errorf("got %+v", again)
	}
	writeJournal(t, root, 100, "sftp: one", "sshd: two")
	next := ask("ssh", first.Cursor)
	if want := []logs.Service{{Name: "sftp", Lines: 1}, {Name: "sshd", Lines: 1}}; !cmp.Equal(want, next.Services) {
		t.Errorf("got %+v", next)
	}
	if other := ask("other", ""); other.Lines != 0 || other.Cursor != "" {
		t.Errorf("got %+v", other)
	}
}

func TestAJournalThatCannotBeReadIsNoEmptyJournal(t *testing.T) {
	needJournal(t)
	m := machine(t, t.TempDir())
	m.Config = Config{Logs: []Log{{Name: "ssh", Unit: "ssh.service"}}}
	if err := readAnswer(m.Serve(t.Context(), "logs ssh", "1.0"), nil); err == nil || !strings.Contains(err.Error(), "journalctl") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherJournalctlOnThePathIsNotRun(t *testing.T) {
	evil := t.TempDir()
	ran := filepath.Join(evil, "ran")
	if err := os.WriteFile(filepath.Join(evil, "journalctl"), []byte("#!/bin/sh\n>"+ran+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", evil)
	m := machine(t, t.TempDir())
	m.Config = Config{Logs: []Log{{Name: "ssh", Unit: "ssh.service"}}}
	_ = m.Serve(t.Context(), "logs ssh", "1.0")
	if exists(ran) {
		t.Error("what the environment names was run")
	}
}

func TestNoOptionIsTakenForTheCursorOfAJournal(t *testing.T) {
	m := machine(t, t.TempDir())
	m.Config = Config{Logs: []Log{{Name: "ssh", Unit: "ssh.service"}}}
	for _, cursor := range []string{"--help", "s=1 --root", "s=$(id)", strings.Repeat("a", 500)} {
		err := readAnswer(m.Serve(t.Context(), CommandLine("logs", []string{"ssh", cursor}), "1.0"), nil)
		if err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("%q: got %v", cursor, err)
		}
	}
}

func FuzzCountEntries(f *testing.F) {
	f.Add([]byte(`{"__CURSOR":"s=1;i=2","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"an error"}` + "\n"))
	f.Add([]byte(`{"__CURSOR":"s=1","SYSLOG_IDENTIFIER":["a","b"],"MESSAGE":[104,300,-1]}` + "\n" + `{"MESSAGE":null`))
	f.Fuzz(func(t *testing.T, out []byte) {
		tally := logs.NewTally(logs.Auto, "own")
		got, err := countEntries(t.Context(), bytes.NewReader(out), tally)
		if err != nil {
			t.Errorf("%q: %v", out, err)
		}
		if got.Cursor != "" && !cursorForm.MatchString(got.Cursor) {
			t.Errorf("%q gave the cursor %q", out, got.Cursor)
		}
	})
}

package peers

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// NeedProgram gives the path of a program that the test runs: one by its name, as "borg", or one by its path. pkg is
// the Debian package that has it. What is missing skips the test, or fails it, as for [NeedDocker].
func NeedProgram(t testing.TB, name, pkg string) string {
	t.Helper()
	path, found := find(name) // a path is found where it is
	if !found {
		lack(t, &MissingError{Peer: filepath.Base(name), Reason: "it is not installed", Install: "apt-get install " + pkg})
	}
	return path
}

// lack skips a test for what is missing, or fails it where all must be there.
func lack(t testing.TB, missing *MissingError) {
	t.Helper()
	if os.Getenv("RONDE_PEERS") == "required" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// Run runs a program to its end and returns what it wrote to its output; the test fails if the program does.
func Run(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderrOf(err))
	}
	return string(out)
}

func stderrOf(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}

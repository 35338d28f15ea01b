package logs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A container may write into the folder of its logs whatever it likes.
func TestAPatternLeadsNowhereElse(t *testing.T) {
	dir := t.TempDir()
	logs, other := filepath.Join(dir, "logs"), filepath.Join(dir, "other")
	err := errors.Join(
		os.MkdirAll(filepath.Join(logs, "web"), 0o700), os.MkdirAll(other, 0o700), os.MkdirAll(filepath.Join(logs, "web", "folder.log"), 0o700),
		os.WriteFile(filepath.Join(logs, "web", "a.log"), nil, 0o600), os.WriteFile(filepath.Join(other, "secret.log"), nil, 0o600),
		os.Symlink(other, filepath.Join(logs, "evil")), os.Symlink(filepath.Join(other, "secret.log"), filepath.Join(logs, "web", "b.log")),
		os.Symlink(logs, filepath.Join(dir, "link")), // the administrator's own
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"logs", "link"} {
		got, err := Find(filepath.Join(dir, folder, "*", "*.log"))
		if want := []string{filepath.Join(dir, folder, "web", "a.log")}; err != nil || !cmp.Equal(want, got) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestAFolderThatIsNotThereIsNoEmptyOne(t *testing.T) {
	if got, err := Find(filepath.Join(t.TempDir(), "away", "*.log")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWhichLogsAPatternMeans(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"mail.log", "mail.log.1", "mail.log.2.gz", "web.log", "web.log-20261121", "web.log-20261114.gz", "old.log.3.xz", "app.2026"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Find(filepath.Join(dir, "*"))
	var names []string
	for _, path := range got {
		names = append(names, filepath.Base(path))
	}
	if want := "app.2026 mail.log web.log"; err != nil || strings.Join(names, " ") != want {
		t.Errorf("got %v, %v, want %s", names, err, want)
	}
}

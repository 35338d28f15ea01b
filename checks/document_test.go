package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDocumentationListsEveryKindAndSetting(t *testing.T) {
	var b strings.Builder
	if err := Document(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "docs", "checks.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("docs/checks.md is not what the code says; -update writes it (-file +code):\n%s", diff)
	}
	for _, k := range Kinds() {
		if k.Help == "" {
			t.Errorf("the kind %s has no Help", k.Name)
		}
	}
}

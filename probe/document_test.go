package probe

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheExamplesOfTheDocumentationAreUnderstood(t *testing.T) {
	doc, err := os.ReadFile("../docs/plugins-and-backups.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, block := range regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllSubmatch(doc, -1) {
		all.Write(block[1])
	}
	c, err := ReadConfig([]byte(all.String()))
	if err != nil || len(c.Plugins) != 1 || len(c.Backups) != 7 {
		t.Errorf("%d plugins, %d backups, %v", len(c.Plugins), len(c.Backups), err)
	}
	kinds := map[string]bool{}
	for _, b := range c.Backups {
		kinds[b.Kind] = true
	}
	if len(kinds) != 5 {
		t.Errorf("not every kind of backup has its example: %v", kinds)
	}
}

package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says which of our packages each package may import. Imports go down only; the program itself (the root)
// may import all, and nobody imports e2e but tests. A package that is not here does not exist yet.
func layers() map[string][]string {
	return map[string][]string{
		"text":        {},
		"pulse":       {"text"},
		"store":       {},
		"graph":       {"text"},
		"hosts":       {},
		"logs":        {},
		"probe":       {"hosts", "logs"},
		"checks":      {"hosts", "logs", "probe", "text"},
		"history":     {"checks", "store", "text"},
		"cards":       {"store", "text"},
		"bot":         {"cards", "text"},
		"routines":    {"cards", "checks", "store", "text"},
		"alerts":      {"cards", "checks", "store", "text"},
		"watch":       {"alerts", "checks", "hosts", "store", "text"},
		"pager":       {"alerts", "cards", "store", "text"},
		"maintenance": {"cards", "checks", "store", "text"},
		"moderation":  {"cards", "checks", "store", "text"},
		"board":       {"alerts", "store"},
		"commands": {
			"alerts", "cards", "checks", "graph", "history", "hosts", "maintenance", "moderation", "routines", "store", "text", "watch",
		},
		"config": {
			"alerts", "board", "bot", "cards", "checks", "commands", "hosts", "maintenance", "moderation", "pager", "pulse",
			"routines", "store", "text",
		},
	}
}

// protocols says which package alone speaks to the outside through each library; "one" is any package, but only one.
func protocols() map[string]string {
	return map[string]string{
		"maunium.net/go/mautrix":       "bot",
		"github.com/emersion/go-imap":  "alerts",
		"github.com/docker/docker":     "hosts",
		"github.com/go-analyze/charts": "graph",
		"golang.org/x/oauth2":          "checks",
		"github.com/shirou/gopsutil":   "probe",
		"github.com/gomodule/redigo":   "probe",
		"github.com/prometheus":        "checks",
		"github.com/mattn/go-sqlite3":  "store",
		"github.com/coreos/go-systemd": "pulse",
		"go.mau.fi/util/dbutil":        "store",
		"github.com/wneessen/go-mail":  "pager",
		"github.com/go-co-op/gocron":   "one",
		"github.com/teambition":        "routines",
		"golang.org/x/crypto/ssh":      "hosts",
		"github.com/skeema/knownhosts": "hosts",
	}
}

// An imports tells for each package of ours, by its folder, what its files import.
type imports map[string][]string

func TestImportsGoDownOnly(t *testing.T) {
	for _, broken := range brokenRules(read(t)) {
		t.Error(broken)
	}
}

func TestTheLayerRulesCanBreak(t *testing.T) {
	for _, story := range []struct {
		name string
		read imports
		want string
	}{
		{"upwards", imports{"store": {"ronde/cards"}}, "store must not import ronde/cards"},
		{"sideways", imports{"alerts": {"ronde/routines"}}, "alerts must not import ronde/routines"},
		{"the program", imports{"bot": {"ronde"}}, "bot must not import ronde"},
		{"the peers", imports{"bot": {"ronde/e2e/peers"}}, "bot must not import ronde/e2e/peers"},
		{"a new package", imports{"util": {"fmt"}}, "util is not in the table of layers"},
		{"another's protocol", imports{"cards": {"maunium.net/go/mautrix/id"}}, "maunium.net/go/mautrix is bot's alone, but cards imports it"},
		{"a protocol in the program", imports{".": {"github.com/mattn/go-sqlite3"}}, "github.com/mattn/go-sqlite3 is store's alone, but . imports it"},
		{"two that tick", imports{".": {"github.com/go-co-op/gocron/v2"}, "routines": {"github.com/go-co-op/gocron/v2"}}, "github.com/go-co-op/gocron is imported by . and routines"},
		{"down", imports{"commands": {"ronde/store"}, ".": {"ronde/bot"}, "bot": {"maunium.net/go/mautrix"}}, ""},
		{"a name that only begins alike", imports{"cards": {"github.com/docker/docker-credential-helpers"}}, ""},
	} {
		t.Run(story.name, func(t *testing.T) {
			if got := strings.Join(brokenRules(story.read), "; "); got != story.want {
				t.Errorf("got %q, want %q", got, story.want)
			}
		})
	}
}

// read gives the imports of everything that the program is built from. Tests may meet whatever they need, and so may
// all of e2e; tools is another module.
func read(t *testing.T) imports {
	t.Helper()
	all := imports{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && exempt(entry.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		imported, err := importsOf(path)
		folder := filepath.Dir(path)
		all[folder] = append(all[folder], imported...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func exempt(folder string) bool {
	hidden := strings.HasPrefix(folder, ".") && folder != "."
	return hidden || slices.Contains([]string{"e2e", "testdata", "tools"}, folder)
}

func importsOf(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var imported []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imported = append(imported, name)
	}
	return imported, nil
}

// brokenRules gives a sentence for each rule that the imports break, sorted.
func brokenRules(all imports) []string {
	var broken []string
	for folder, imported := range all {
		broken = append(broken, brokenLayers(folder, imported)...)
	}
	for library, owner := range protocols() {
		broken = append(broken, brokenProtocol(library, owner, all)...)
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}

func brokenLayers(folder string, imported []string) []string {
	if folder == "." {
		return nil
	}
	allowed, known := layers()[folder]
	if !known {
		return []string{folder + " is not in the table of layers"}
	}
	var broken []string
	for _, path := range imported {
		name, ours := strings.CutPrefix(path+"/", "ronde/")
		if ours && !slices.Contains(allowed, strings.TrimSuffix(name, "/")) && path != "ronde/"+folder {
			broken = append(broken, folder+" must not import "+path)
		}
	}
	return broken
}

func brokenProtocol(library, owner string, all imports) []string {
	var users []string
	for folder, imported := range all {
		if slices.ContainsFunc(imported, func(path string) bool { return strings.HasPrefix(path+"/", library+"/") }) {
			users = append(users, folder)
		}
	}
	slices.Sort(users)
	if owner == "one" {
		if len(users) > 1 {
			return []string{library + " is imported by " + strings.Join(users, " and ")}
		}
		return nil
	}
	var broken []string
	for _, user := range users {
		if user != owner {
			broken = append(broken, library+" is "+owner+"'s alone, but "+user+" imports it")
		}
	}
	return broken
}

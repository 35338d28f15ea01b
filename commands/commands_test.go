package commands

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ronde/text"
)

// TestEveryCommandIsListed: a command that is written but not listed would be
// unknown to people.
func TestEveryCommandIsListed(t *testing.T) {
	declared, listed := readCommands(t)
	for _, name := range declared {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is a command that nobody can use; add this line to All in commands.go:\n\t%s,", name, name)
		}
	}
	if len(listed) != len(All) || len(declared) < 6 {
		t.Errorf("found %d commands and %d lines, but All has %d", len(declared), len(listed), len(All))
	}
}

// readCommands reads from the source which variables are commands, and which of
// them All lists.
func readCommands(t *testing.T) (declared, listed []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			value, ok := spec.Values[0].(*ast.CompositeLit)
			switch {
			case !ok:
			case isIdent(value.Type, "Command"):
				declared = append(declared, spec.Names[0].Name)
			case spec.Names[0].Name == "All":
				for _, e := range value.Elts {
					listed = append(listed, e.(*ast.Ident).Name)
				}
			}
			return true
		})
	}
	return declared, listed
}

func isIdent(e ast.Expr, name string) bool {
	i, ok := e.(*ast.Ident)
	return ok && i.Name == name
}

func TestEveryCommandIsExplained(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		l := speak(t, code)
		d := &Desk{Language: l, commands: All}
		for _, cmd := range All {
			for _, what := range []string{"short", "long", "example"} {
				id := "command." + cmd.Name + "." + what
				if said := l.Say(id); said == "" || strings.HasPrefix(said, id) {
					t.Errorf("%s: the catalogue lacks %s", code, id)
				}
			}
			id := "command." + cmd.Name + ".args"
			if hasArgs := !strings.HasPrefix(l.Say(id), id); hasArgs != cmd.Args {
				t.Errorf("%s: %s takes arguments: %v; the catalogue has %s: %v", code, cmd.Name, cmd.Args, id, hasArgs)
			}
			name, args, _, ok := parse(l.Say("command." + cmd.Name + ".example"))
			if !ok || name != d.callName(cmd) || len(args) > 0 && !cmd.Args {
				t.Errorf("%s: the example of %s is no use of !%s", code, cmd.Name, d.callName(cmd))
			}
		}
	}
}

func TestEveryCommandDoesOneThing(t *testing.T) {
	for _, cmd := range All {
		if (cmd.Do == nil) == (cmd.Ask == nil) {
			t.Errorf("%s must have either Do or Ask", cmd.Name)
		}
		// What is asked may be asked again after a restart, so it must change nothing.
		// Reload leaves that to what follows its reply; TestAReloadIsUsedOnceItsReplyIsStored.
		if cmd.Acts && cmd.Ask != nil && cmd.Name != Reload.Name {
			t.Errorf("%s changes something outside of any transaction", cmd.Name)
		}
		if cmd.Listed && !cmd.Acts {
			t.Errorf("%s needs a listed person, and yet it does not act", cmd.Name)
		}
	}
}

func TestNoTwoCommandsShareAName(t *testing.T) {
	owner := map[string]string{}
	for _, cmd := range All {
		for _, name := range cmd.names() {
			folded := text.Fold(name)
			if other, taken := owner[folded]; taken {
				t.Errorf("!%s is a name of %s and of %s", name, other, cmd.Name)
			}
			owner[folded] = cmd.Name
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		body string
		name string // "" for what is no command
		args []string
		rest string
	}{
		{"!due", "due", nil, ""},
		{"  !due  ", "due", nil, ""},
		{"!Prévu", "Prévu", nil, ""},
		{"!État", "État", nil, ""},
		{"!done backups", "done", []string{"backups"}, ""},
		{"!done backups all green", "done", []string{"backups", "all", "green"}, "all green"},
		{"!done  backups   all   green ", "done", []string{"backups", "all", "green"}, "all   green"},
		{"!done backups\nall green\nindeed", "done", []string{"backups", "all", "green", "indeed"}, "all green\nindeed"},
		{`!done "host updates" all green`, "done", []string{"host updates", "all", "green"}, "all green"},
		{"!fait « mises à jour » tout est vert", "fait", []string{"mises à jour", "tout", "est", "vert"}, "tout est vert"},
		{`!done backups "all green"`, "done", []string{"backups", "all green"}, "all green"},
		{"!done backups “all green”", "done", []string{"backups", "all green"}, "all green"},
		{`!done backups "all" is "green"`, "done", []string{"backups", "all", "is", "green"}, `"all" is "green"`},
		{`!done backups disk 14" is full`, "done", []string{"backups", "disk", "14", "is full"}, `disk 14" is full`},
		{"!done backups: all green", "done", []string{"backups:", "all", "green"}, "all green"},
		{"!done backups : all green", "done", []string{"backups", ":", "all", "green"}, "all green"},
		{"!done done done", "done", []string{"done", "done"}, "done"},
		{"!fait l'hôte d'antigone", "fait", []string{"l'hôte", "d'antigone"}, "d'antigone"},
		{"!done", "done", nil, ""},
		{"!done «", "done", nil, ""},

		{"", "", nil, ""},
		{"!", "", nil, ""},
		{"! due", "", nil, ""},
		{"!!due", "", nil, ""},
		{"!!! careful", "", nil, ""},
		{"!1", "", nil, ""},
		{"!?", "", nil, ""},
		{`!"due"`, "", nil, ""},
		{"due", "", nil, ""},
		{"well !due", "", nil, ""},
	} {
		name, args, rest, ok := parse(tt.body)
		if name != tt.name || ok != (tt.name != "") || !slices.Equal(args, tt.args) && len(args)+len(tt.args) > 0 || rest != tt.rest {
			t.Errorf("parse(%q) = %q %q %q %v, want %q %q %q", tt.body, name, args, rest, ok, tt.name, tt.args, tt.rest)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, body := range []string{"!done backups all green", `!fait "mises à jour" : « vert »`, "!", "!!", "!é", "! x", "!a\x00\xff", "!«»a", "!A?«"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		body = strings.ToValidUTF8(body, "?") // as JSON is
		name, args, rest, ok := parse(body)
		if !ok {
			if name != "" || args != nil || rest != "" {
				t.Errorf("parse(%q) is no command, and yet %q %q %q", body, name, args, rest)
			}
			return
		}
		if name == "" || !strings.Contains(body, name) || !strings.Contains(body, rest) {
			t.Errorf("parse(%q) = %q … %q, which nobody typed", body, name, rest)
		}
		if len(args) == 0 && rest != "" {
			t.Errorf("parse(%q) has no argument, and yet something behind it: %q", body, rest)
		}
		if again, _, _, ok := parse("!" + name); !ok || again != name {
			t.Errorf("parse(%q) names %q, which parses as %q", body, name, again)
		}
	})
}

package config

import (
	"strings"
	"testing"
)

// TestSyntax: TOML that is not valid is one mistake, at its place, and causes no
// further ones; what stands behind it is read.
func TestSyntax(t *testing.T) {
	// Each document ends with a mistake that is found only by going on.
	const more = "language = \"de\"\n"
	const found = `language: "de" is none of "fr" and "en"`
	tests := []struct{ name, doc, want string }{
		{"no value", "timezone =\n" + more, `1:11: timezone: not valid TOML: the value is missing or has no quotes; a text is written key = "text"` + "\n2:12: " + found},
		{"no quotes", "timezone = UTC\n" + more, `1:12: timezone: not valid TOML: the value is missing or has no quotes; a text is written key = "text"` + "\n2:12: " + found},
		{"no equals sign", "timezone \"UTC\"\n" + more, `1:10: timezone: not valid TOML: expected '=' after key` + "\n2:12: " + found},
		{"quote not closed", "timezone = \"UTC\n" + more, `1:16: timezone: not valid TOML: the quote that opens the text is not closed on its line` + "\n2:12: " + found},
		{"unit without quotes", "timezone = 5m\n" + more, `1:13: timezone: not valid TOML: a text needs quotes` + "\n2:12: " + found},
		{"time without quotes", "timezone = 9:00\n" + more, `1:13: timezone: not valid TOML: there is more behind the value; a text needs quotes` + "\n2:12: " + found},
		{"rest behind a value", "timezone = \"UTC\" \"Paris\"\n" + more, `1:18: timezone: not valid TOML: there is more behind the value; a text needs quotes` + "\n2:12: " + found},
		{"junk", "???\n" + more, `1:1: not valid TOML: invalid character at start of key: U+003F '?'` + "\n2:12: " + found},
		{"wrong escape", "timezone = \"\\q\"\n" + more, `1:13: timezone: not valid TOML: a \ between double quotes needs another one in front; between single quotes it stands for itself` + "\n2:12: " + found},
		{"list of two lines", "timezone = [\n  \"a\"\n  \"b\",\n]\n" + more, `3:3: timezone: not valid TOML: expected ',' or ']' after array value (in what begins on line 1)` + "\n5:12: " + found},
		{"list not closed", "timezone = [\"a\",\n" + more, `2:1: timezone: not valid TOML: unexpected character U+006C 'l' at start of value (in what begins on line 1)` + "\n2:12: " + found},
		{"table without a comma", "timezone = { a = 1 b = 2 }\n" + more, `1:20: timezone: not valid TOML: expected ',' or '}' after inline table key-value` + "\n2:12: " + found},
		{"two mistakes", "timezone = x\nlog_level = y\n" + more, `1:12: timezone: not valid TOML: the value is missing or has no quotes; a text is written key = "text"` + "\n" +
			`2:13: log_level: not valid TOML: the value is missing or has no quotes; a text is written key = "text"` + "\n3:12: " + found},
		{"header not closed", more + "[rights\nact = 101", "1:12: " + found + "\n2:8: not valid TOML: expected ']' to close table name\n3:7: rights.act: 101 is out of range; it goes from 0 to 100"},
		{"header that cannot be read", more + "[?]\nanything = 1", "1:12: " + found + "\n2:2: not valid TOML: invalid character at start of key: U+003F '?'"},
		{"text over many lines not closed", more + "timezone = \"\"\"\nfoo\n[rights]\nact = 101", "1:12: " + found + "\n" +
			`2:12: timezone: not valid TOML: the value that begins here is not closed up to the end of the file` + "\n5:7: rights.act: 101 is out of range; it goes from 0 to 100"},
		{"invalid UTF-8 in a text", "timezone = \"é\xff\"\n" + more, "1:14: timezone: not valid TOML: invalid UTF-8 character in basic string\n2:12: " + found},
		{"invalid UTF-8 in a comment", "# \xff\n" + more, "1:3: not valid TOML: invalid UTF-8 character in comment\n2:12: " + found},
		{"zero byte", "timezone = \"a\x00\"\n" + more, "1:14: timezone: not valid TOML: basic strings cannot have control characters\n2:12: " + found},
		{"old Mac line ends", "timezone = \"UTC\"\rlanguage = \"de\"\n", "1:17: timezone: not valid TOML: there is more behind the value; a text needs quotes"},
		{"no such date", "[[routine]]\nkey = \"a\"\ntitle.fr = \"A\"\nevery = \"1d\"\nstart = 2026-13-01", `5:9: routine[a].start: "2026-13-01" is not a date; write year, month and day, such as "2026-01-31"`},
		{"setting twice", "language = \"fr\"\nlanguage = \"en\"", "2:1: language: is set twice, first on line 1; keep one"},
		{"table twice", "[rights]\nact = 101\n[rights]\npeople = [\"x\"]", "2:7: rights.act: 101 is out of range; it goes from 0 to 100\n3:2: rights: the table is opened twice, first on line 1; put its settings together\n" +
			`4:11: rights.people: "x" is not a full user id; write it with its homeserver, such as "@ana:example.org"`},
		{"closed table opened", "rights = { act = 0 }\n[rights]\nact = 1", "2:2: rights: is already set on line 1, so nothing can be added to it here"},
		{"one of several opened as one", "[[host]]\nname = \"a\"\n[host]\nname = \"b\"", "3:2: host: line 1 opens it as [[host]], with two brackets; write [[host]] here too"},
		{"list opened as several", "host = []\n[[host]]\nname = \"b\"", "2:3: host: line 1 already sets it in another way, so [[host]] cannot be added"},
		{"text taken for a table", "language = \"fr\"\nlanguage.en = 1", "2:1: language: is already set on line 1, so nothing can be added to it here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantMistakes(t, tt.doc, tt.want) })
	}
}

// TestDoubleCheck: what only the library knows of TOML has its place, and no piece
// of the file is repeated.
func TestDoubleCheck(t *testing.T) {
	for _, tt := range []struct {
		doc  string
		at   place
		want string
	}{
		{"a = 1", place{}, ""},
		{"# é\nébauche = 1", place{2, 1}, "not valid TOML: invalid character at start of key: U+00C3 'Ã'"},
		{"a = 1\nb = 2026-02-30", place{2, 13}, "not valid TOML: impossible date"},
		{"[a.b]\n[a]\nb.c = 1", place{3, 1}, "not valid TOML: key b is already defined"},
	} {
		at, text := doubleCheck([]byte(tt.doc))
		if at != tt.at || text != tt.want {
			t.Errorf("%q: %v %q, want %v %q", tt.doc, at, text, tt.at, tt.want)
		}
	}
}

// TestForms: whatever TOML allows is understood in the same way.
func TestForms(t *testing.T) {
	const plain = "language = \"en\"\n[rights]\nact = 50\npeople = [\"@a:b\"]\n[[host]]\nname = \"x\"\n[[host]]\nname = \"y\"\n"
	for _, tt := range []struct{ name, doc string }{
		{"plain", plain},
		{"byte order mark", "\ufeff" + plain},
		{"Windows line ends", strings.ReplaceAll(plain, "\n", "\r\n")},
		{"tabs and comments", "\tlanguage\t=\t\"en\"\t# é\n\n[rights] # all\n\tact = 5_0\n\tpeople = [\t# who\n\t\"@a:b\", ]\n[[host]]\nname='x'\n[[host]]\nname = 'y'"},
		{"dotted keys", "language = \"en\"\nrights.act = 0x32\nrights . \"people\" = [\"@a:b\"]\n[[host]]\nname = \"x\"\n[[host]]\nname = \"y\""},
		{"inline tables", "language = \"en\"\nrights = { act = +50, people = [\"@a:b\"] }\nhost = [{ name = \"x\" }, { name = \"y\" }]"},
		{"texts over lines", "language = \"\"\"\nen\"\"\"\n[rights]\nact = 50\npeople = ['''@a:b''']\n[[host]]\nname = \"\"\"\\\n  x\"\"\"\n[[host]]\nname = \"\\u0079\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, mistakes := parse(tt.doc)
			if len(mistakes) > 0 {
				t.Fatal(mistakes)
			}
			if c.Language != "en" || c.Rights.Act != 50 || len(c.Rights.People) != 1 || c.Rights.People[0] != "@a:b" ||
				len(c.Hosts) != 2 || c.Hosts[0].Name != "x" || c.Hosts[1].Name != "y" {
				t.Errorf("understood as %+v", c)
			}
		})
	}
}

// FuzzParse: no document stops the program, every mistake has a place inside the
// document, and none tells a secret.
func FuzzParse(f *testing.F) {
	// Short seeds: Go spends a minute on making each long one shorter.
	f.Add(mail+"poll = 15\n"+oneHost, "hunter2")
	f.Add(chore+"weekly = [\"mondy\"]\nmonthly = 32\nchecks = [\"containers a\"]", "hunter2")
	f.Add("[rooms]\ntechnique = \"!a\"\nsupervision = 1.5\r\n[rights]\nact = 0x7f", "hunter2")
	f.Add("[matrix]\npassword = ", "'hunter2'")
	f.Add("[[routine]\nkey = 1\n[routine.title]\nx", "hunter2")
	f.Add("a = [\n{b = \"\"\"", "hunter2")
	f.Fuzz(func(t *testing.T, doc, secret string) {
		const marker = "zqxjkvwzqxjkv"
		doc += "\n[matrix]\naccess_token = \"" + marker + secret + "\"\npassword_env = \"" + marker + "\"\npassword_file = " + marker + "\n"
		_, mistakes := Parse("/none/config.toml", []byte(doc), func(string) (string, bool) { return marker, true })
		height := strings.Count(doc, "\n") + 1
		last := place{}
		for _, m := range mistakes {
			at := place{m.Line, m.Column}
			if m.Line < 1 || m.Line > height || m.Column < 1 || at.line < last.line || at.line == last.line && at.column < last.column {
				t.Errorf("%v stands behind %v in a document of %d lines", m, last, height)
			}
			if strings.ContainsAny(m.String(), "\n\r\x00") {
				t.Errorf("%q is not one line", m)
			}
			last = at
		}
		// A text over many lines may hold what follows it, marker and all, as the
		// value of a setting that is no secret.
		manyLines := strings.Contains(doc, `"""`) || strings.Contains(doc, "'''")
		if !manyLines && strings.Contains(mistakes.Error(), marker) {
			t.Errorf("the mistakes tell a secret:\n%v", mistakes)
		}
	})
}

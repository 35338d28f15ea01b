package text

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// badFrench finds the faults of typography that keyboards invite to: a plain space
// where a line must not break, none at all, and quotes and apostrophes of typewriters.
var badFrench = regexp.MustCompile(` [:;?»%]| !(?:$|[^a-z])|« |\p{L}[;?»](?:\s|$)|\p{L}:\s|'|\.\.\.|[“”]`)

func TestTheFrenchIsSetAsFrenchIs(t *testing.T) {
	files, err := fs.Glob(catalogue, "catalogue/*.fr.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no French catalogue: %v", err)
	}
	for _, file := range files {
		doc, err := catalogue.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(doc), "\n") {
			name, sentence, isSentence := strings.Cut(line, " = ")
			if !isSentence || strings.HasPrefix(line, "#") || name == "columns" {
				continue
			}
			if fault := badFrench.FindString(strings.Trim(sentence, `"`)); fault != "" {
				t.Errorf("%s:%d: %s has %q: %s", file, n+1, name, fault, sentence)
			}
		}
	}
}

func TestBadFrenchIsFound(t *testing.T) {
	for sentence, bad := range map[string]bool{
		"À faire : rien":      true,
		"À faire\u00a0: rien": false,
		"Quoi?":               true,
		"Quoi ?":              true,
		"Quoi\u00a0?":         false,
		"« oui »":             true,
		"«\u00a0oui\u00a0»":   false,
		"l'heure":             true,
		"l’heure":             false,
		"ou !fait":            false,
		"Attention !":         true,
		"50 %":                true,
		"50\u00a0%":           false,
		"il est 09:00, voir https://wiki.exemple-asso.fr": false,
	} {
		if got := badFrench.MatchString(sentence); got != bad {
			t.Errorf("%q: found %v, want %v", sentence, got, bad)
		}
	}
}

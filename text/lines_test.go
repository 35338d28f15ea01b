package text

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestLinesBreakAtSpacesWhereThereAreSome(t *testing.T) {
	for line, want := range map[string][]string{
		"":                 {""},
		"one two":          {"one two"},
		"one two three":    {"one two", "three"},
		"abcdefghijklmnop": {"abcdefghij", "klmnop"},
		"a bcdefghijklm":   {"a bcdefghi", "jklm"},
		"été été été":      {"été été", "été"},
	} {
		if got := Wrap(line, 10); !slices.Equal(got, want) {
			t.Errorf("%q is broken into %q, want %q", line, got, want)
		}
	}
}

func TestOfALineOnlyWhatATerminalShowsIsLeft(t *testing.T) {
	for line, want := range map[string]string{
		"plain, été, 😀":                                        "plain, été, 😀",
		"\x1b[1;31mERROR\x1b[0m: \x1b[38;5;9mdisk\x1b[m":       "ERROR: disk",
		"\x1b]0;a title\x07done":                               "done",
		"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b(Bok\x1b7\x1b[2K\x1b":                             "ok",
		"a\tb\x00c\u0085d\u2028e":                              "a b c d e",
		"exe\u202egpj.\u200b\ufeff":                            "exegpj.",
		"\xff":                                                 "\uFFFD",
	} {
		if got := Printed(line); got != want {
			t.Errorf("%q is shown as %q, want %q", line, got, want)
		}
	}
}

func FuzzPrinted(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m")
	f.Add("\x1b]0;title\x07\x9b31m\u202e")
	f.Fuzz(func(t *testing.T, line string) {
		shown := Printed(line)
		if strings.ContainsFunc(shown, unicode.IsControl) || strings.ContainsRune(shown, '\u202e') {
			t.Errorf("%q is shown as %q", line, shown)
		}
		for _, part := range Wrap(shown, 36) {
			if n := len([]rune(part)); n > 36 {
				t.Errorf("a part has %d columns: %q", n, part)
			}
		}
	})
}

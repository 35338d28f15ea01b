package text

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Wrap breaks a line where it has more than so many columns, at a space if there is one.
func Wrap(line string, columns int) (parts []string) {
	runes := []rune(line)
	for len(runes) > columns {
		at := columns
		if i := lastSpace(runes[:columns+1]); i > columns/2 {
			at = i
		}
		parts = append(parts, strings.TrimRight(string(runes[:at]), " "))
		runes = []rune(strings.TrimLeft(string(runes[at:]), " "))
	}
	return append(parts, string(runes))
}

func lastSpace(runes []rune) int {
	for i, r := range slices.Backward(runes) {
		if r == ' ' {
			return i
		}
	}
	return -1
}

// escapes are what terminals do not show (ECMA-48): control sequences such as colours,
// then strings such as titles and links up to their end, then what has two characters.
var escapes = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?`)

// Printed returns what a terminal shows of a line that a program wrote: without escape
// sequences, and a space in place of other control characters. What turns the direction
// of writing or cannot be seen is left out, too.
func Printed(line string) string {
	line = escapes.ReplaceAllString(strings.ToValidUTF8(line, "\uFFFD"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, line)
}

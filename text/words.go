package text

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Fold returns s as it is compared when people type it: in lower case and
// without accents, so that "Prévu" finds "prevu".
func Fold(s string) string {
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(s))
	if err != nil {
		return strings.ToLower(s)
	}
	return folded
}

// Nearest returns the known word that somebody probably meant by word, or "" when
// none is near: at most a third of its letters are wrong, missing, too many or
// swapped with their neighbour.
func Nearest(word string, known []string) string {
	best, least := "", max(1, len([]rune(word))/3)
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(Fold(word), Fold(k)); d < least || d == least && best == "" {
			best, least = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: the edits that turn a into
// b, a swap of two neighbours counting once.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// Person returns how people call the user with a Matrix id: its local part.
func Person(userID string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	return OneLine(name, 30)
}

// PlainEmoji returns an emoji without variation selectors and skin tones, which
// differ between keyboards and mean nothing.
func PlainEmoji(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\ufe0e' || r == '\ufe0f' || r >= 0x1f3fb && r <= 0x1f3ff {
			return -1
		}
		return r
	}, s)
}

// Words splits what somebody typed at white space. Words between double quotes
// or guillemets stay together; an apostrophe is a letter like any other.
func Words(s string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	flush := func() {
		if w := strings.TrimSpace(word.String()); begun && w != "" {
			words = append(words, w)
		}
		word.Reset()
		begun = false
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune(`"“”«»`, r):
			flush()
			quoted = !quoted
		case unicode.IsSpace(r) && !quoted:
			flush()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	flush()
	return words
}

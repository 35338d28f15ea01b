package config

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxValue is how much of a value a mistake repeats, in characters.
const maxValue = 60

// shown quotes a value of the file for a mistake: short, on one line, and without
// the parts of an address that may be secret.
func shown(s string) string {
	if u, err := url.Parse(s); strings.Contains(s, "://") && (err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		scheme, _, _ := strings.Cut(s, "://")
		s = clip(scheme) + "://…"
	}
	return strconv.Quote(clip(s))
}

func clip(s string) string {
	runes := []rune(s)
	if len(runes) <= maxValue {
		return s
	}
	return string(runes[:maxValue]) + "…"
}

// shownKey writes a key of the file for a mistake.
func shownKey(s string) string {
	plain := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return clip(s)
	}
	return strconv.Quote(clip(s))
}

// quoted lists texts: "a", "b" and "c".
func quoted(all []string) string {
	var b strings.Builder
	for i, s := range all {
		switch {
		case i > 0 && i == len(all)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(s))
	}
	return b.String()
}

// kindNames says in words what was given and what is wanted.
var kindNames = map[kind][2]string{
	words:   {"the text", `a text in quotes`},
	integer: {"the number", "a whole number without quotes"},
	decimal: {"the number", "a number without quotes"},
	boolean: {"the word", "true or false without quotes"},
	moment:  {"the date", "a date"},
	list:    {"a list", "a list in brackets"},
	group:   {"a table", "a table in braces"},
}

// misfit says that a value is of the wrong kind. tell is false where the value
// may be a secret.
func misfit(v *value, tell bool, wanted []kind, example string) string {
	given := kindNames[v.kind][0]
	switch {
	case v.kind == list || v.kind == group:
	case !tell:
		given = strings.Replace(given, "the ", "a ", 1)
	case v.kind == words:
		given += " " + shown(v.text)
	default:
		given += " " + clip(v.text)
	}
	if slices.Contains(wanted, decimal) {
		wanted = []kind{decimal}
	}
	var names []string
	for _, k := range wanted {
		names = append(names, kindNames[k][1])
	}
	return fmt.Sprintf("is %s, but %s is wanted: %s", given, strings.Join(names, " or "), example)
}

// nearest returns the candidate that a person most likely meant by a word, or ""
// when none is near.
func nearest(word string, candidates []string) string {
	best, least := "", 1+max(1, len([]rune(word))/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with their neighbour
// to make b from a (the restricted Damerau-Levenshtein distance).
func distance(a, b string) int {
	x, y := []rune(clip(a)), []rune(clip(b))
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}

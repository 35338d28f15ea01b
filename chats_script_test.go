package main

import (
	"fmt"
	"regexp"
	"strings"
)

// step is one thing that happens in a script, or that must be seen.
type step struct {
	line  int    // its first line in the file, from 1
	lead  string // the comments and blank lines before it
	raw   string // as it stands in the file
	text  string // its first line; "" for the end of the file
	block []string
}

// all is the text of the step with its further lines.
func (s step) all(first string) string {
	return strings.Join(append([]string{first}, s.block...), "\n")
}

var further = regexp.MustCompile(`^\s+\|(?: (.*))?$`)

// parseScript splits a script into its steps. A line that begins with spaces and
// "|" belongs to the step above it.
func parseScript(script string) []step {
	var steps []step
	lead, lines := "", strings.SplitAfter(script, "\n")
	for i, line := range lines {
		bare := strings.TrimRight(line, "\n")
		m := further.FindStringSubmatch(bare)
		switch {
		case m != nil && len(steps) > 0 && lead == "":
			last := &steps[len(steps)-1]
			last.raw += line
			last.block = append(last.block, m[1])
		case strings.TrimSpace(bare) == "" || strings.HasPrefix(bare, "#"):
			lead += line
		default:
			steps = append(steps, step{line: i + 1, lead: lead, raw: line, text: bare})
			lead = ""
		}
	}
	return append(steps, step{line: len(lines), lead: lead})
}

// utterance is something that the bot said, or now says in another way.
type utterance struct {
	room   string // technique or supervision, or the road of a page
	mark   string // "<" quiet, "<!" rings, "<!ana" rings and mentions her, "~" an edit
	body   string // with plain spaces
	html   string
	event  string // the first event of the message
	card   bool
	thread bool
}

// String writes the utterance as a script has it.
func (u utterance) String() string {
	return fmt.Sprintf("%s %s %s\n", u.room, u.mark, strings.ReplaceAll(u.body, "\n", "\n    | "))
}

// anything is what a script writes for what it does not care about.
const anything = "[…]"

// matches tells whether the bot's words are those of the script.
func matches(script, said string) bool {
	var pattern strings.Builder
	for i, part := range strings.Split(script, anything) {
		if i > 0 {
			pattern.WriteString("(?s:.*)")
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(said)
}

// expectation is a step that says what must be seen.
type expectation struct {
	c     *chat
	s     step
	room  string
	mark  string
	words string
}

var saidLine = regexp.MustCompile(`^(technique|supervision|ntfy|email) (<!(?:[a-z]+(?:,[a-z]+)*)?|<|~) (.*)$`)

func (c *chat) expectation(s step) (expectation, bool) {
	if words, ok := strings.CutPrefix(s.text, "html "); ok {
		return expectation{c: c, s: s, mark: "html", words: words}, true
	}
	m := saidLine.FindStringSubmatch(s.text)
	if m == nil {
		return expectation{}, false
	}
	return expectation{c: c, s: s, room: m[1], mark: m[2], words: s.all(m[3])}, true
}

// check compares what must be seen with what is. What the bot says in one step may
// come in any order: an answer can overtake the edit of a card by a blink.
func (e expectation) check() error {
	if e.mark == "html" {
		if !matches(e.words, e.c.last.html) {
			return fmt.Errorf("the HTML differs\n got: %s\nwant: %s", e.c.last.html, e.words)
		}
		return nil
	}
	i, found := e.find()
	switch {
	case found:
		e.c.take(i)
		return nil
	case i < 0:
		return fmt.Errorf("the bot says nothing in %s; the script has: %s", e.room, e.words)
	}
	want := utterance{room: e.room, mark: e.mark, body: e.words}
	return fmt.Errorf("the bot says something else\n got: %swant: %s", e.c.pending[i], want)
}

// find returns which of the things that the bot said is the one, else the first
// that it said in the room, else -1.
func (e expectation) find() (i int, found bool) {
	first := -1
	for i, u := range e.c.pending {
		if u.room == e.room && u.mark == e.mark && matches(e.words, u.body) {
			return i, true
		}
		if u.room == e.room && first < 0 {
			first = i
		}
	}
	return first, false
}

// actual writes what is seen instead of what the script says.
func (e expectation) actual() string {
	if e.mark == "html" {
		return "html " + e.c.last.html + "\n"
	}
	i, found := e.find()
	switch {
	case found:
		e.c.take(i)
		return e.s.raw
	case i < 0:
		return ""
	}
	return e.c.take(i).String()
}

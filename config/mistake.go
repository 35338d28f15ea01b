package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxShown is how many mistakes [Mistakes.Error] writes out. A file with more of
// them has usually one cause.
const maxShown = 50

// Scope says which commands a mistake stops.
type Scope int

const (
	// Always is for what is wrong in the file itself, whoever reads it.
	Always Scope = iota
	// Running is for a file or a variable that a setting names and that cannot be read. It stops
	// the bot, not a command that only looks at the configuration.
	Running
	// LoggingIn is the same for what only the log-in needs: people may take the
	// password away once the bot has its device.
	LoggingIn
)

// Mistake is one thing wrong with the configuration. Its text names neither the
// value of a secret nor any line but its own.
type Mistake struct {
	File         string
	Line, Column int    // both from 1; columns are characters
	Key          string // the setting, such as mailbox.poll; "" where none can be told
	Text         string // what was understood, what is wrong and what is valid
	Scope        Scope
}

// String writes the mistake as FILE:LINE:COL: key: text, the form that editors
// can jump to.
func (m Mistake) String() string {
	text := m.Text
	if m.Key != "" {
		text = m.Key + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, text)
}

// Mistakes is all that is wrong with a configuration, in the order of its lines.
// As an error it has one line for each, up to a limit.
type Mistakes []Mistake

// Error writes one mistake per line. After fifty it only counts the rest.
func (ms Mistakes) Error() string {
	var b strings.Builder
	for i, m := range ms {
		if i == maxShown {
			fmt.Fprintf(&b, "\n(%d more)", len(ms)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(m.String())
	}
	return b.String()
}

// In returns the mistakes of the given scopes.
func (ms Mistakes) In(scopes ...Scope) Mistakes {
	var in Mistakes
	for _, m := range ms {
		if slices.Contains(scopes, m.Scope) {
			in = append(in, m)
		}
	}
	return in
}

// orNil returns the mistakes as an error, nil when there are none.
func (ms Mistakes) orNil() error {
	if len(ms) == 0 {
		return nil
	}
	return ms
}

// sort puts the mistakes in the order of the file.
func (ms Mistakes) sort() {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

package text

import (
	"html"
	"strings"
)

// Message is a message for a room, written once and kept in two forms: plain
// text that stands alone, and HTML. Whatever is added is escaped; there is no
// way to add raw HTML, so text from outside can never become markup.
//
// The zero Message is empty and ready to use.
type Message struct {
	plain, html strings.Builder
}

// Text adds s as it is.
func (m *Message) Text(s string) *Message { return m.add("", s, "") }

// Bold adds s in bold.
func (m *Message) Bold(s string) *Message { return m.add("<strong>", s, "</strong>") }

// Code adds s as code, for words that people type.
func (m *Message) Code(s string) *Message { return m.add("<code>", s, "</code>") }

// Line ends the line.
func (m *Message) Line() *Message {
	m.plain.WriteByte('\n')
	m.html.WriteString("<br>")
	return m
}

// Pre adds s, which may hold several lines, in a fixed-width block. Phones show
// about 36 columns and ten lines of it.
func (m *Message) Pre(s string) *Message {
	s = strings.TrimRight(s, "\n")
	if n := m.plain.Len(); n > 0 && !strings.HasSuffix(m.plain.String(), "\n") {
		m.plain.WriteByte('\n')
	}
	m.plain.WriteString(s + "\n")
	m.html.WriteString("<pre><code>" + html.EscapeString(s) + "</code></pre>")
	return m
}

// Plain returns the plain form, without surrounding white space.
func (m *Message) Plain() string { return strings.TrimSpace(m.plain.String()) }

// HTML returns the HTML form, without line breaks at its end.
func (m *Message) HTML() string {
	s := strings.TrimSpace(m.html.String())
	for strings.HasSuffix(s, "<br>") {
		s = strings.TrimSuffix(s, "<br>")
	}
	return s
}

func (m *Message) add(open, s, end string) *Message {
	m.plain.WriteString(s)
	escaped := strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
	m.html.WriteString(open + escaped + end)
	return m
}

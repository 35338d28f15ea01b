package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/width"
	"maunium.net/go/mautrix/id"

	"ronde/e2e/scene"
	"ronde/text"
)

// columns is the width of the printed conversation.
const columns = 80

// show prints both rooms as the person sees them now.
func (t *town) show(out io.Writer) error {
	var page strings.Builder
	for _, room := range []struct {
		name, kind string
		id         id.RoomID
	}{
		{t.words.technique, t.words.clear, t.technique},
		{t.words.supervision, t.words.encrypted, t.supervision},
	} {
		heading := "━━ " + room.name + " (" + room.kind + ") "
		page.WriteString("\n" + heading + strings.Repeat("━", columns-widthOf(heading)) + "\n")
		messages := t.ana.Room(room.id)
		for n, m := range messages {
			page.WriteByte('\n')
			t.words.write(&page, m, quoted(messages, n))
		}
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// quoted returns the message that the nth one answers, unless it stands right above.
func quoted(messages []scene.Message, n int) (above scene.Message) {
	for i, m := range messages[:n] {
		if m.ID == messages[n].ReplyTo && i != n-1 {
			return m
		}
	}
	return scene.Message{}
}

// write prints one message: when and who, the text, and below it the first text
// of one that was edited, and the reactions. A reply is indented.
func (w words) write(page *strings.Builder, m, answered scene.Message) {
	margin := ""
	if m.ReplyTo != "" || m.Thread != "" {
		margin = "      "
	}
	head := margin + m.At.In(paris()).Format("15:04") + "  " + text.Person(string(m.Sender))
	if answered.ID != "" {
		head += ", " + w.answers + " " + text.Person(string(answered.Sender)) + " « " + text.OneLine(answered.Body, 30) + " »"
	}
	page.WriteString(head + "\n")
	margin += "       "
	for line := range strings.SplitSeq(m.Body, "\n") {
		writeLine(page, margin, line)
	}
	if under := w.under(m); under != "" {
		writeLine(page, margin, under)
	}
	if m.Edits > 0 {
		first, _, _ := strings.Cut(m.Original, "\n")
		writeLine(page, margin+"   ", fmt.Sprintf(w.rang, m.At.In(paris()).Format("15:04"), first))
	}
}

// under is the line below a message: its reactions, and how often it was edited.
func (w words) under(m scene.Message) string {
	var parts []string
	counts := map[string]int{}
	for _, r := range m.Reactions {
		counts[text.PlainEmoji(r.Emoji)]++
	}
	for emoji, n := range counts {
		parts = append(parts, fmt.Sprintf("[%s %d]", emoji, n))
	}
	slices.Sort(parts)
	if m.Edits > 0 {
		parts = append(parts, "("+fmt.Sprintf(w.edited, m.Edits)+")")
	}
	return strings.Join(parts, " ")
}

// writeLine prints a line, broken at spaces where it is too long. One that fits
// keeps its own spaces: it may belong to a table.
func writeLine(page *strings.Builder, margin, line string) {
	if widthOf(margin+line) <= columns {
		page.WriteString(strings.TrimRight(margin+line, " ") + "\n")
		return
	}
	row := margin
	for word := range strings.SplitSeq(line, " ") { // not at no-break spaces
		if row != margin && widthOf(row)+widthOf(word) > columns {
			page.WriteString(strings.TrimRight(row, " ") + "\n")
			row = margin
		}
		row += word + " "
	}
	page.WriteString(strings.TrimRight(row, " ") + "\n")
}

// widthOf is the number of terminal columns that s takes.
func widthOf(s string) (n int) {
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			if r != '\ufe0f' { // makes the one before it an emoji
				n++
			}
		}
	}
	return n
}

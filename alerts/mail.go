package alerts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxMail = 1 << 20   // of a mail, only so many bytes are read
	maxHash = 256 << 10 // of its body, only so many bytes tell it from another
)

// mail is one mail, opened: what the formats look at.
type mail struct {
	header  header
	rawBody []byte
	subject string // decoded, one line
	from    string // decoded, `Name <address>` or the address alone
	addr    string // the first sender's address, in lower case
	// oneSender is true when there is one From header with one proper address.
	oneSender bool
	text      string // as Reading.Text
	problem   string // as Reading.Problem
}

// openMail takes a mail apart. It never fails: what cannot be read is empty and
// the problem says so.
func openMail(raw []byte) mail {
	var m mail
	if len(raw) > maxMail {
		raw, m.problem = raw[:maxMail], "longer than 1 MiB: only its beginning was read"
	}
	m.header, m.rawBody = splitMail(raw)
	if len(m.header) == 0 {
		m.rawBody, m.problem = raw, "no header"
		m.text = cleanText(decodeCharset(raw[:min(len(raw), maxPart)], ""))
		return m
	}
	m.subject = oneLine(decodeWords(m.header.get("subject")), maxSubject)
	m.readSender()
	var problem string
	m.text, problem = bodyText(raw, m.rawBody)
	if m.problem == "" {
		m.problem = problem
	}
	return m
}

var bareAddress = regexp.MustCompile(`[^\s<>"(),:;@]+@[^\s<>"(),:;@]+`)

// readSender fills in the sender. One that breaks the rules is still shown, but
// is not one sender.
func (m *mail) readSender() {
	value := decodeCharset([]byte(cutBytes(m.header.get("from"), 4<<10)), "")
	parser := netmail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charsetReader}}
	if list, err := parser.ParseList(value); err == nil && len(list) > 0 {
		name := oneLine(decodeWords(list[0].Name), maxThing)
		m.addr = strings.ToLower(oneLine(list[0].Address, maxThing))
		m.from = m.addr
		if name != "" {
			m.from = name + " <" + m.addr + ">"
		}
		m.oneSender = len(list) == 1 && len(m.header.all("from")) == 1
		return
	}
	m.from = oneLine(decodeWords(value), maxThing)
	if found := bareAddress.FindAllString(m.from, -1); len(found) > 0 {
		m.addr = strings.ToLower(found[len(found)-1])
	}
}

// date returns the Date header in UTC, or zero. A year that no mail was sent in
// counts as none.
func (m mail) date() time.Time {
	t, err := netmail.ParseDate(oneLine(m.header.get("date"), 100))
	if err != nil || t.UTC().Year() < 1980 || t.UTC().Year() > 9000 {
		return time.Time{}
	}
	return t.UTC()
}

// hash is the mail's identity. Line ends and what the servers on the way added
// do not count, nor does the part of the body that may be cut off.
func (m mail) hash() string {
	h := sha256.New()
	for _, name := range []string{"from", "date", "subject", "message-id"} {
		value := strings.Join(strings.Fields(strings.Join(m.header.all(name), " ")), " ")
		fmt.Fprintf(h, "%s %d %s\n", name, len(value), value)
	}
	body := bytes.ReplaceAll(m.rawBody, []byte("\r\n"), []byte("\n"))
	h.Write(bytes.TrimRight(body[:min(len(body), maxHash)], "\n"))
	return hex.EncodeToString(h.Sum(nil))
}

var replySubject = regexp.MustCompile(`(?i)^(re|fwd?|tr|aw|wg|rép)\s*:`)

// isReply tells whether a person answered or passed on a mail: what it quotes has
// not happened again.
func (m mail) isReply() bool {
	return m.header.get("in-reply-to") != "" || replySubject.MatchString(m.subject)
}

// firstLine returns the first line of the text that is not blank.
func (m mail) firstLine() string {
	line, _, _ := strings.Cut(strings.TrimLeft(m.text, " \t\n"), "\n")
	return oneLine(line, maxSubject)
}

// oneLine returns s on one line of at most n runes, "…" included, without control
// characters or doubled spaces.
func oneLine(s string, n int) string {
	s = strings.Join(strings.Fields(strings.Map(shown, cutBytes(s, 16*n))), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}

// shown maps what would not show, or would change how its neighbours show:
// control characters and marks of direction go, odd spaces become plain.
func shown(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\u2028' || r == '\u2029' || r == '\r':
		return '\n'
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.IsControl(r), r == '\uFEFF', r == '\u200B', r == '\u200E', r == '\u200F', r == '\u061C':
		return -1
	case '\u202A' <= r && r <= '\u202E', '\u2066' <= r && r <= '\u2069':
		return -1
	}
	return r
}

// cutBytes cuts s to at most n bytes, between two characters.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

package alerts

import (
	"regexp"
	"strings"
)

var (
	// kumaChange stops at the first status: what follows may quote the watched
	// page, and a page that holds "] [✅ Up] " must not close its own incident.
	kumaChange = regexp.MustCompile(`^\[(.+?)\] \[(🔴 Down|✅ Up)\] ?(.*)$`)
	kumaMark   = regexp.MustCompile("🔴 Down|✅ Up|⚠\uFE0F? Test")
	kumaTest   = regexp.MustCompile(`^(.+) (Testing)$`)
)

// kuma reads the mails of Uptime Kuma 1.23 and 2: monitors that went down or up, and
// as notes those of the test button.
var kuma = Format{Kind: Kuma, read: func(m mail) (said, bool) {
	if m.isReply() {
		return said{}, false
	}
	for _, read := range []func(mail) (said, bool){kumaFlip, kumaButton, kumaTemplate} {
		if s, ok := read(m); ok {
			return s, true
		}
	}
	return said{}, false
}}

// kumaFlip reads the default wording. The subject can be a template, and anyone's
// spam filter writes in front of it, so the body's first line decides when the
// two disagree; when they agree, the subject has the whole message on one line.
func kumaFlip(m mail) (said, bool) {
	subject := kumaChange.FindStringSubmatch(m.subject)
	body := kumaChange.FindStringSubmatch(m.firstLine())
	if body != nil && (subject == nil || body[1] != subject[1] || body[2] != subject[2]) {
		subject = body
	}
	if subject == nil {
		return said{}, false
	}
	return said{kumaState(subject[2]), subject[1], subject[3]}, true
}

// kumaButton reads the mail of the test button, subject and body of which are the
// same line.
func kumaButton(m mail) (said, bool) {
	f := kumaTest.FindStringSubmatch(m.subject)
	if f == nil || m.subject != m.firstLine() {
		return said{}, false
	}
	return said{Note, f[1], f[2]}, true
}

// kumaTemplate reads a custom subject. The default wording may stand anywhere in a
// custom body, if the subject names the same status or at least the monitor; else
// a subject with a status has the name in what is left of it.
func kumaTemplate(m mail) (said, bool) {
	mark := kumaMark.FindString(m.subject)
	for line := range strings.Lines(m.text) {
		f := kumaChange.FindStringSubmatch(strings.TrimSpace(line))
		if f != nil && (f[2] == mark || mark == "" && strings.Contains(m.subject, f[1]) && !hcSubject.MatchString(m.subject)) {
			return said{kumaState(f[2]), f[1], f[3]}, true
		}
	}
	if mark == "" {
		return said{}, false
	}
	name := strings.Trim(strings.Replace(m.subject, mark, "", 1), " []:|-–—")
	return said{state: kumaState(mark), thing: name}, name != ""
}

// kumaSays reads the one line that Uptime Kuma sends wherever it sends nothing
// else: as the subject of its mails, in chats, and in webhooks without a heartbeat.
func kumaSays(message string) (said, Kind, bool) {
	line := oneLine(message, maxSubject)
	if f := kumaChange.FindStringSubmatch(line); f != nil {
		return said{kumaState(f[2]), f[1], f[3]}, Kuma, true
	}
	m := mail{subject: line, text: line}
	if s, ok := kumaExpiry.read(m); ok {
		return s, KumaExpiry, true
	}
	s, ok := kumaButton(m)
	return s, Kuma, ok
}

func kumaState(mark string) State {
	switch mark {
	case "🔴 Down":
		return Firing
	case "✅ Up":
		return Resolved
	}
	return Note
}

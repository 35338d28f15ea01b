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
	kumaCert   = regexp.MustCompile(`^\[(.+?)\]\[(.+?)\] (.+ certificate .+ will (?:be expired|expire) in -?\d+ days?)$`)
	kumaDomain = regexp.MustCompile(`^(Domain name) (\S+) (will expire in -?\d+ days?)$`)
	kumaTest   = regexp.MustCompile(`^(.+) (Testing)$`)
)

// kuma reads the mails of Uptime Kuma 1.23 and 2: monitors that went down or up,
// and as notes the ends of certificates and domains and the test button.
var kuma = Format{Kind: Kuma, read: func(m mail) (said, bool) {
	if m.isReply() {
		return said{}, false
	}
	for _, read := range []func(mail) (said, bool){kumaFlip, kumaNotice, kumaTemplate} {
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

// kumaNotice reads what no template changes: subject and body are the same line.
func kumaNotice(m mail) (said, bool) {
	if f := kumaCert.FindStringSubmatch(m.subject); f != nil {
		return said{Note, f[1], f[3]}, true
	}
	if m.subject != m.firstLine() {
		return said{}, false
	}
	if f := kumaDomain.FindStringSubmatch(m.subject); f != nil {
		return said{Note, f[2], f[1] + " " + f[3]}, true
	}
	if f := kumaTest.FindStringSubmatch(m.subject); f != nil {
		return said{Note, f[1], f[2]}, true
	}
	return said{}, false
}

// kumaTemplate reads a custom subject that names the status: the default wording
// may stand anywhere in a custom body, else the rest of the subject is the name.
func kumaTemplate(m mail) (said, bool) {
	mark := kumaMark.FindString(m.subject)
	if mark == "" {
		return said{}, false
	}
	for line := range strings.Lines(m.text) {
		f := kumaChange.FindStringSubmatch(strings.TrimSpace(line))
		if f != nil && f[2] == mark {
			return said{kumaState(mark), f[1], f[3]}, true
		}
	}
	name := strings.Trim(strings.Replace(m.subject, mark, "", 1), " []:|-–—")
	return said{state: kumaState(mark), thing: name}, name != ""
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

// Package alerts turns what a mailbox, webhooks and Uptime Kuma's messages in the
// rooms say broke or recovered into incidents: it keeps all that comes in, reads what
// the systems it knows have written, and shows the rest as it is, so that nothing is
// dropped. What several of them say about the same thing is one incident.
//
// To teach it a kind of mail: one file with a [Format], one test with mails under
// testdata/mails, and one line in [Formats]. A kind of webhook is a [HookFormat].
package alerts

import (
	"strings"
	"time"

	"ronde/text"
)

// Kind says which system wrote a mail.
type Kind string

// The kinds of mail. Plain is every mail that is of no other kind.
const (
	Kuma               Kind = "kuma"
	KumaExpiry         Kind = "kuma-expiry" // certificates and domains, not monitors
	Healthchecks       Kind = "healthchecks"
	Diun               Kind = "diun"
	UnattendedUpgrades Kind = "unattended-upgrades"
	Pflogsumm          Kind = "pflogsumm"
	Cron               Kind = "cron"
	Plain              Kind = "plain"
	Ruled              Kind = "rule" // what it is, a [Rule] says
)

// State says what a mail does to an incident: it opens or repeats one (firing), ends
// one (resolved), or neither (note); one that is ignored is not even shown.
type State string

// The states.
const (
	Firing   State = "firing"
	Resolved State = "resolved"
	Note     State = "note"
	Ignored  State = "ignored"
)

// Limits of what is kept of one mail, in bytes (text) and runes (the rest).
const (
	maxText    = 64 << 10
	maxSubject = 1000
	maxThing   = 200
	maxFault   = 200
	maxShown   = 160 // a line of FirstLines
)

// Reading is what one mail says. Nothing in it is escaped, and all of it comes
// from outside; only Fault is masked, and Thing where a rule said it.
type Reading struct {
	Kind  Kind  `json:"kind"`
	State State `json:"state"`
	// Rule is the name of the [Rule] that said what the mail is or had it ignored, ""
	// for none.
	Rule string `json:"rule,omitempty"`
	// Thing is what it is about: the name of a monitor or check, an image, a host,
	// a domain; for a plain mail, its subject. With Kind and Rule it is what pairs
	// a recovery with its failure. One line, at most 200 runes.
	Thing string `json:"thing"`
	// Fault is the short reason, in the words of the mail, with secrets masked; ""
	// when it gives none. One line, at most 200 runes.
	Fault string `json:"fault"`
	// Since is the mail's Date header in UTC, or zero when it has none that can be
	// read: then take the date at which the mail was received.
	Since time.Time `json:"since,omitzero"`
	// Verified is true when the trusted server says that the From address is
	// genuine, or when that address needs no proof. See [Trust].
	Verified bool `json:"verified"`

	// Still is true when the sender says that it is broken at the time of sending,
	// whenever that began. Only a webhook can say so.
	Still bool `json:"still,omitzero"`
	// Critical is true when the sender itself says that it cannot wait. Only a webhook
	// can say so; what else cannot wait is configured, see [Settings].
	Critical bool `json:"critical,omitzero"`

	// Group is the group in which the sender keeps the thing, "" for none. Only a webhook
	// of Uptime Kuma 2 says so.
	Group string `json:"group,omitempty"`
	// Host is the host of theirs that a webhook speaks of, where it says so by itself.
	Host string `json:"-"`

	From     string `json:"-"` // decoded, as `Name <address>` or the address alone
	FromAddr string `json:"-"` // the bare address, in lower case
	Subject  string `json:"-"` // decoded
	// Text is the mail's text, or its HTML turned to text: at most 64 KiB, with
	// line feeds only, plain spaces for no-break spaces, no control characters.
	Text string `json:"-"`
	// Problem says why only a part of the mail could be read, "" if all was.
	Problem string `json:"-"`
	// Hash is a hex SHA-256 of From, Date, Subject, Message-ID and body: the same
	// mail met again, with other trace headers, has the same hash.
	Hash string `json:"-"`
}

// Read reads one mail as it came over IMAP. It never fails: what cannot be read
// comes back as a plain mail with its Problem set. Only the first MiB counts, so
// raw may be cut there. Of the rules, the first that takes the mail counts.
func Read(raw []byte, trust Trust, rules ...Rule) Reading {
	m := openMail(raw)
	r := Reading{
		From:     m.from,
		FromAddr: m.addr,
		Subject:  m.subject,
		Since:    m.date(),
		Verified: trust.verifies(m),
		Text:     m.text,
		Problem:  m.problem,
		Hash:     m.hash(),
	}
	for _, f := range Formats {
		if s, ok := f.read(m); ok {
			r.Kind = f.Kind
			r.say(s)
			break
		}
	}
	r.rule(m, rules)
	return r
}

// say takes over what a format or a rule read.
func (r *Reading) say(s said) {
	r.State = s.state
	r.Thing = oneLine(s.thing, maxThing)
	r.Fault = oneLine(text.Mask(oneLine(s.fault, 4*maxFault)), maxFault)
}

// FirstLines returns the first n lines of the text that say something, masked,
// each cut at 160 runes; blank lines and rulers are skipped.
func (r Reading) FirstLines(n int) string {
	var kept []string
	for line := range strings.Lines(text.Mask(cutBytes(r.Text, 16<<10))) {
		if len(kept) >= n {
			break
		}
		if strings.Trim(line, " \t\n-=*_+|#~.") != "" {
			kept = append(kept, oneLine(line, maxShown))
		}
	}
	return strings.Join(kept, "\n")
}

package alerts

import (
	"regexp"
	"strings"
)

var (
	// uuSubject fits every language: only the program's name and the result stay
	// untranslated, and the host stands before the last colon.
	uuSubject = regexp.MustCompile(`(?i:unattended-upgrades?)(?:.*\s(\S+?))?\s*[:：]\s*['"»]?(SUCCESS|FAILURE)['"«]?$`)
	uuFlag    = regexp.MustCompile(`\[[^\[\]]+\]`)
	uuResult  = regexp.MustCompile(`(?m)^Unattended upgrade result: (.+(?:\n .+)?)`)
)

// unattended reads the mails of Debian's unattended-upgrades. The same one comes
// every day while a held package has an update, so the fault depends on nothing
// but the outcome.
var unattended = Format{Kind: UnattendedUpgrades, read: func(m mail) (said, bool) {
	f := uuSubject.FindStringSubmatch(m.subject)
	if f == nil {
		return said{}, false
	}
	fault := f[2] + " " + strings.Join(uuFlag.FindAllString(m.subject, 4), "")
	if result := uuResult.FindStringSubmatch(m.text); result != nil {
		fault = strings.TrimSpace(fault) + ": " + result[1]
	}
	return said{state: Note, thing: uuHost(f[1], m.addr), fault: fault}, true
}}

// uuHost returns the host of the subject, or of the sender where a language puts
// something else before the colon.
func uuHost(word, from string) string {
	host := strings.Trim(word, `'"«»“”„`)
	if host == "" {
		host, _, _ = strings.Cut(domainOf(from), ".")
	}
	return host
}

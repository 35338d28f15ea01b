package alerts

import (
	"regexp"
	"strings"
)

var (
	pflogSubject = regexp.MustCompile(`^Postfix [Ss]ummary for (\S+)(?: sent \S+)?$`)
	pflogTotal   = regexp.MustCompile(`(?m)^\s*(\d+[kmg]?)\s*(received|delivered|deferred|bounced|rejected)\b`)
)

// pflogsumm reads the mail server's daily or weekly report: as docker-mailserver
// sends it, and as cron or anacron send Debian's. Only the totals are kept; the
// rest is full of the members' addresses.
var pflogsumm = Format{Kind: Pflogsumm, read: func(m mail) (said, bool) {
	if f := pflogSubject.FindStringSubmatch(m.subject); f != nil {
		return said{state: Note, thing: f[1], fault: pflogFault(m)}, true
	}
	host, command, ok := cronJob(m.subject)
	if !ok || !strings.Contains(m.text, "Grand Totals") {
		return said{}, false
	}
	if !strings.Contains(command, "pflogsumm") && !strings.HasSuffix(m.firstLine(), "/pflogsumm:") {
		return said{}, false
	}
	return said{state: Note, thing: host, fault: pflogFault(m)}, true
}}

// pflogFault returns the totals, such as "640 received, 633 delivered", or the
// first line when there is no report.
func pflogFault(m mail) string {
	_, report, ok := strings.Cut(m.text, "Grand Totals")
	if !ok {
		return m.firstLine()
	}
	var totals []string
	for _, f := range pflogTotal.FindAllStringSubmatch(report, 5) {
		totals = append(totals, f[1]+" "+f[2])
	}
	return strings.Join(totals, ", ")
}

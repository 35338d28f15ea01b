package alerts

import (
	"regexp"
	"strings"
)

var (
	hcSubject  = regexp.MustCompile(`^(DOWN|UP) \| (.+)$`)
	hcReason   = regexp.MustCompile(`(?m)^Reason: (.+?)\.?$`)
	hcDowntime = regexp.MustCompile(`(?m)^The downtime lasted (.+?)\.?$`)
	// hcHTML is the first line of the HTML part, for mails that have no other.
	hcHTML     = regexp.MustCompile(`^".+" is (?:DOWN|UP) \((.+)\)\.`)
	hcFlapping = regexp.MustCompile(`^The [Cc]heck "(.+)" [Ii]s [Ff]lapping\.?$`)
	hcNag      = regexp.MustCompile(`^(Reminder): (\d+ checks? still down)$`)
	hcReport   = regexp.MustCompile(`^(?:Monthly|Weekly|Daily) Report$`)
	hcAbout    = regexp.MustCompile(`\bchecks?\b|report sent by`)
	hcDown     = regexp.MustCompile(`(?m)^DOWN +(\S.*?)(?: {2,}|$)`)
	hcEvents   = regexp.MustCompile(`(?m)^.*\d+ checks? had \d+ downtime.*$`)
)

// healthchecks reads the mails of Healthchecks 2 to 4: checks that went down or
// up, and as notes its reminders and reports.
var healthchecks = Format{Kind: Healthchecks, read: func(m mail) (said, bool) {
	if m.isReply() {
		return said{}, false
	}
	if f := hcSubject.FindStringSubmatch(m.subject); f != nil {
		return hcFlip(m, f[1], f[2]), true
	}
	if f := hcFlapping.FindStringSubmatch(m.subject); f != nil {
		return said{state: Note, thing: f[1], fault: "flapping"}, true
	}
	// These subjects are anybody's; the site's own mails can be unsubscribed from
	// and speak of checks.
	if m.header.get("list-unsubscribe") == "" || !hcAbout.MatchString(m.text) {
		return said{}, false
	}
	if f := hcNag.FindStringSubmatch(m.subject); f != nil {
		return said{state: Note, thing: f[1], fault: f[2]}, true
	}
	if hcReport.MatchString(m.subject) {
		return said{state: Note, thing: m.subject, fault: hcSummary(m.text)}, true
	}
	return said{}, false
}}

// hcSummary returns the sentence of a report that says what happened, or what was
// down when one from before 3.11 was sent, "" for nothing.
func hcSummary(report string) string {
	var names []string
	for _, f := range hcDown.FindAllStringSubmatch(report, 10) {
		names = append(names, f[1])
	}
	if len(names) == 0 {
		return hcEvents.FindString(report)
	}
	return "DOWN: " + strings.Join(names, ", ")
}

// hcFlip reads a check that changed. Only the first paragraph counts: below are
// free text, and the body of a ping, which may look like anything.
func hcFlip(m mail, status, name string) said {
	s := said{state: Firing, thing: name}
	first, _, _ := strings.Cut(strings.TrimSpace(m.text), "\n\n")
	if f := hcReason.FindStringSubmatch(first); f != nil {
		s.fault = f[1]
	} else if f := hcHTML.FindStringSubmatch(first); f != nil {
		s.fault = f[1]
	}
	if status == "DOWN" {
		return s
	}
	s.state = Resolved
	if f := hcDowntime.FindStringSubmatch(first); f != nil {
		s.fault = "downtime " + f[1]
	}
	return s
}

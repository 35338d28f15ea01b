package checks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// oneWord is a name that a server gives, for one cell of a table.
func oneWord(s string) string { return text.OneLine(text.Printed(s), 60) }

const (
	longestNote    = 120 // characters of what a program on a server says
	shownUpgrades  = 6   // lines
	versionColumns = 16  // of a version
	shownNames     = 50  // characters of several names in a sentence
)

// listed are some names for a sentence.
func listed(names []string) string { return outside(strings.Join(names, ", "), shownNames) }

// tell adds how old what is known is, and what waits, security first.
func (r PackagesReport) tell(o *Outcome, l *text.Language) {
	if r.Packages == nil {
		return
	}
	o.Count = len(r.Packages.Upgrades)
	lines := r.factLines(l)
	if table := upgradeTable(r.Packages.Upgrades, l); table != "" {
		lines = append(lines, table)
	}
	o.Detail = strings.Join(lines, "\n")
}

// factLines say when the lists were fetched, when unattended-upgrades ran, and how many
// services are to be restarted; "?" for what is not known.
func (r PackagesReport) factLines(l *text.Language) (lines []string) {
	say := func(id, value string) {
		lines = append(lines, text.OneLine(l.Say("checks.packages."+id)+" "+value, detailColumns))
	}
	age := func(t time.Time) string {
		if t.IsZero() {
			return "?"
		}
		return l.Say("checks.packages.ago", "Age", l.Duration(r.At.Sub(t)))
	}
	say("lists", age(r.Packages.Lists))
	if u := r.Packages.Unattended; u != nil {
		say("unattended", age(u.Last))
	}
	services := strconv.Itoa(len(r.Packages.Services))
	if r.Packages.NoServices != "" {
		services = "?"
	}
	say("services", services)
	return lines
}

func upgradeTable(all []probe.Upgrade, l *text.Language) string {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b probe.Upgrade) int { return cmp.Compare(rank(a.Security), rank(b.Security)) })
	var rows [][]string
	for _, u := range sorted {
		mark := ""
		if u.Security {
			mark = l.Say("checks.packages.security")
		}
		if u.Kept {
			mark = strings.TrimSpace(mark + " " + l.Say("checks.packages.kept"))
		}
		rows = append(rows, []string{oneWord(u.Name), middle(oneWord(u.To), versionColumns), mark})
	}
	if more := len(rows) - shownUpgrades; more > 0 {
		rows = append(rows[:shownUpgrades-1], []string{"+ " + strconv.Itoa(more+1)})
	}
	return columns(strings.Split(l.Say("checks.packages.columns"), "|"), rows)
}

func calmPackages(l *text.Language, o Outcome, _ time.Time) string {
	counted := map[string]int{}
	for _, m := range o.Metrics {
		counted[m.Name] = int(m.Value)
	}
	switch {
	case counted["upgrades"] == 0:
		return l.Say("checks.packages.none")
	case counted["security"] == 0:
		return l.Say("checks.packages.calm", "Count", counted["upgrades"])
	}
	return l.Say("checks.packages.calm", "Count", counted["upgrades"]) + l.Say("checks.packages.of-security", "Count", counted["security"])
}

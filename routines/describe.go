package routines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ronde/text"
)

// String writes the cadence in one line, in the words of the configuration and
// always in the same way, defaults too: cadences that make the same dates are
// written the same, so a change of it is a change of the configuration.
func (c Cadence) String() string {
	var b strings.Builder
	word := func(setting, value string) {
		if value != "" {
			b.WriteString(" " + setting + " " + value)
		}
	}
	if c.Every != (Window{}) {
		word("every", c.Every.String())
	}
	word("weekly", dayWords(c.Weekly))
	if c.Monthly != (MonthDay{}) {
		word("monthly", c.Monthly.String())
	}
	word("rrule", c.Rule.String())
	word("when", reference(c.When))
	word("expires", reference(c.Expires))
	word("at", c.At.String())
	word("start", c.Start.String())
	word("days", dayWords(c.Days))
	word("quiet", c.Quiet.String())
	word("by", c.By.String())
	word("warn", c.warnWords())
	return b.String()[1:] // a time of day is always there
}

func reference(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

// warnWords writes what c.Warn comes to: "14d 7d 1d".
func (c Cadence) warnWords() string {
	var words []string
	for _, ahead := range c.aheads() {
		words = append(words, ahead.String())
	}
	return strings.Join(words, " ")
}

// dayWords writes days of the week in the order of the week: "monday thursday".
func dayWords(days []Weekday) string {
	var words []string
	for _, day := range inWeek(days) {
		words = append(words, day.word())
	}
	return strings.Join(words, " ")
}

// inWeek returns the days in the order of a week that begins on Monday.
func inWeek(days []Weekday) []Weekday {
	fromMonday := func(d Weekday) int { return int(d.Weekday+6) % 7 }
	return slices.SortedFunc(slices.Values(days), func(a, b Weekday) int { return fromMonday(a) - fromMonday(b) })
}

// Describe writes the cadence as a person says it: "tous les 3 à 4 jours à 09:00".
// It has no capital and no full stop.
func (c Cadence) Describe(l *text.Language) string {
	parts := []string{c.describeKind(l)}
	if c.Start != (Date{}) {
		parts = append(parts, l.Say("cadence.start", "Date", fmt.Sprintf("%s %d", l.Date(c.Start.midnight()), c.Start.Year)))
	}
	if len(c.Days) > 0 {
		parts = append(parts, l.Say("cadence.days", "Days", listDays(l, c.Days)))
	}
	if c.Quiet != (Quiet{}) {
		parts = append(parts, l.Say("cadence.quiet", "From", c.Quiet.From.String(), "To", c.Quiet.To.String()))
	}
	if c.By != (By{}) {
		parts = append(parts, c.By.describe(l))
	}
	return strings.Join(parts, ", ")
}

// describeKind writes when it is due, with the time of day where the cadence has a
// day of its own.
func (c Cadence) describeKind(l *text.Language) string {
	if c.When != "" {
		return l.Say("cadence.when", "Check", c.When)
	}
	return l.Say("cadence.at", "Days", c.describeDays(l), "Time", c.At.String())
}

func (c Cadence) describeDays(l *text.Language) string {
	switch {
	case c.Expires != "":
		return l.Say("cadence.expires", "Check", c.Expires, "Days", c.describeAheads(l))
	case c.Rule.isSet():
		return l.Say("cadence.rule", "Rule", c.Rule.String())
	case len(c.Weekly) == 7:
		return l.Say("cadence.every", "Count", 1)
	case len(c.Weekly) > 0:
		return l.Say("cadence.weekly", "Days", listDays(l, c.Weekly))
	case c.Monthly != (MonthDay{}):
		return l.Say("cadence.monthly", "Day", c.Monthly.describe(l))
	case c.Every.First < c.Every.Last:
		return l.Say("cadence.window", "First", c.Every.First, "Last", c.Every.Last)
	}
	return l.Say("cadence.every", "Count", c.Every.Last)
}

func (c Cadence) describeAheads(l *text.Language) string {
	var days []string
	for _, ahead := range c.aheads() {
		days = append(days, strconv.Itoa(ahead.Days))
	}
	return enumerate(l, days)
}

// describe writes the day without its article: "15th", "2e mardi", "dernier jour".
func (d MonthDay) describe(l *text.Language) string {
	switch {
	case d.Nth != 0:
		return spokenOrdinal(l, d.Nth) + " " + dayName(l, Weekday{d.Weekday})
	case d.Day < 0:
		return l.Say("cadence.lastday")
	case l.Code() == "fr" && d.Day > 1:
		return strconv.Itoa(d.Day)
	}
	return spokenOrdinal(l, d.Day)
}

func (b By) describe(l *text.Language) string {
	switch b.kind {
	case byDays:
		return l.Say("cadence.within", "Count", b.days)
	case byWeekday:
		return l.Say("cadence.byday", "Day", dayName(l, b.weekday))
	}
	return l.Say("cadence.by", "Day", b.month.describe(l))
}

// spokenOrdinal writes "2e" or "2nd", and the word for the last for -1.
func spokenOrdinal(l *text.Language, n int) string {
	switch {
	case n < 0:
		return l.Say("cadence.last")
	case l.Code() != "fr":
		return ordinal(n)
	case n == 1:
		return "1er"
	}
	return fmt.Sprintf("%de", n)
}

// dayName writes a day of the week as it stands within a sentence.
func dayName(l *text.Language, d Weekday) string {
	names := dayNames[d.Weekday]
	if l.Code() == "fr" {
		return names[1]
	}
	return d.String()
}

// listDays writes days of the week: "lundi, mardi et jeudi".
func listDays(l *text.Language, days []Weekday) string {
	var names []string
	for _, d := range inWeek(days) {
		names = append(names, dayName(l, d))
	}
	return enumerate(l, names)
}

// enumerate joins words with commas, and the last two with "and".
func enumerate(l *text.Language, words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return l.Say("cadence.and", "Words", strings.Join(words[:last], ", "), "Last", words[last])
}

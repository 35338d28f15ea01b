package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"ronde/bot"
	"ronde/checks"
	"ronde/routines"
	"ronde/text"
)

// roomNames are the rooms that a routine may go to; the first is the default.
var roomNames = []string{bot.Technique, bot.Supervision}

// namesakes remembers who has a name already, so that no two share one.
type namesakes map[string]place

// take notes a name that is taken, else keeps it.
func (n namesakes) take(s *section, setting, name string, at place) {
	if name == "" {
		return
	}
	folded := strings.ToLower(name) // phones put a capital at the start of a word
	if first, taken := n[folded]; taken {
		s.note(at, s.key(setting), fmt.Sprintf("%s is already the name of another %s, on line %d", shown(name), s.group, first.line))
		return
	}
	n[folded] = at
}

// routines reads every [[routine]].
func (r *reader) routines(root *section, known targets) []routines.Routine {
	var all []routines.Routine
	taken := namesakes{}
	for _, s := range root.each("routine", "key") {
		before := len(r.mistakes)
		one := routines.Routine{
			Key:     s.ownName("key", `"backups"`, taken),
			Aliases: s.aliases(taken),
			Title:   r.title(s),
			Room:    s.oneOf("room", roomNames...),
			Cadence: s.cadence(known),
			Runbook: parsed(s, "runbook", `"https://wiki.example.org/backups"`, parseLink),
			Checks:  s.checks(known),
			Rota:    s.rota(),
		}
		one.WhenOK, one.AskEvery = s.complete()
		if s.table == nil {
			continue
		}
		if len(r.mistakes) == before {
			s.crossCheck(one.Cadence)
		}
		if err := one.Validate(); err != nil && len(r.mistakes) == before && len(s.strangers()) == 0 {
			s.note(s.table.at, s.name, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		all = append(all, one)
	}
	return all
}

var routineName = regexp.MustCompile(`^[\p{Ll}\p{Nd}]+(-[\p{Ll}\p{Nd}]+)*$`)

// parseName checks the key or an alias of a routine.
func parseName(s string) (string, error) {
	if !routineName.MatchString(s) {
		return "", fmt.Errorf(`%s is not one word of small letters, digits and hyphens, such as "backups" or "host-updates"`, shown(s))
	}
	return s, nil
}

// ownName reads the one name that a table is known by.
func (s *section) ownName(name, valid string, taken namesakes) string {
	s.need(name, valid)
	key := parsed(s, name, valid, parseName)
	taken.take(s, name, key, s.at(name))
	return key
}

// aliases reads the other names of a routine.
func (s *section) aliases(taken namesakes) []string {
	var all []string
	for _, i := range s.texts("aliases", `["sauvegardes"]`) {
		alias, err := parseName(i.text)
		if err != nil {
			s.note(i.at, s.key("aliases"), err.Error())
			continue
		}
		taken.take(s, "aliases", alias, i.at)
		all = append(all, alias)
	}
	return all
}

// title reads the title in one or both languages.
func (r *reader) title(s *section) text.Localized {
	const valid = `{ fr = "Vérifier les sauvegardes", en = "Check the backups" }`
	s.need("title", valid)
	v := s.get("title", valid, group)
	var t *table
	if v != nil {
		t = v.table
	}
	sub := r.section(t, s.key("title"), s.group+".title")
	title := text.Localized{FR: sub.text("fr", "", `"…"`), EN: sub.text("en", "", `"…"`)}
	if v != nil && title == (text.Localized{}) && !sub.has("fr") && !sub.has("en") {
		s.wrong("title", "is in no language; write title = "+valid)
	}
	return title
}

// cadence reads the settings that say when a routine is due.
func (s *section) cadence(known targets) routines.Cadence {
	c := routines.Cadence{
		Every:   parsed(s, "every", `"3d"`, routines.ParseEvery),
		Weekly:  s.weekdays("weekly"),
		Monthly: dayOrWords(s, "monthly", `15 or monthly = "last"`, routines.ParseMonthDay),
		Rule:    parsed(s, "rrule", `"FREQ=MONTHLY;BYDAY=1MO,3MO"`, routines.ParseRule),
		When:    s.fact("when", known, func(k checks.Kind) bool { return k.Holds }),
		Expires: s.fact("expires", known, func(k checks.Kind) bool { return k.Until }),
		At:      parsed(s, "at", `"09:00"`, routines.ParseClock),
		Start:   s.date("start"),
		Days:    s.weekdays("days"),
		Quiet:   parsed(s, "quiet", `"22:00..07:00"`, routines.ParseQuiet),
		By:      dayOrWords(s, "by", `"25th"`, routines.ParseBy),
		Warn:    parsedList(s, "warn", `["3d", "1d"]`, routines.ParseAhead),
	}
	s.defaults[s.setting("at")] = `"` + routines.Clock{}.String() + `"`
	s.oneKind()
	return c
}

// oneKind notes a routine that has not exactly one of the settings that say on
// which days it is due.
func (s *section) oneKind() {
	var given []string
	misspelt := false
	for _, name := range routines.Kinds() {
		if s.has(name) {
			given = append(given, name)
		}
		misspelt = misspelt || s.table != nil && s.misspelt(name)
	}
	switch {
	case len(given) > 1:
		s.wrong(given[1], fmt.Sprintf("a routine has one cadence, but this one has %s; keep one", quoted(given)))
	case len(given) == 0 && s.table != nil && !misspelt:
		s.note(s.table.at, s.name, "has no cadence; "+routines.KindsExample)
	}
}

// crossCheck notes what is wrong between the settings of a cadence, at the setting
// that has to change.
func (s *section) crossCheck(c routines.Cadence) {
	for _, fault := range c.Faults() {
		if s.has(fault.Setting) {
			s.wrong(fault.Setting, fault.Text)
		}
	}
}

// weekdays reads one day of the week or a list of them.
func (s *section) weekdays(name string) []routines.Weekday {
	const valid = `["monday"]`
	v := s.get(name, valid, words, list)
	if v == nil {
		return nil
	}
	if v.kind == words {
		v = &value{kind: list, at: v.at, items: []*value{v}}
	}
	if len(v.items) == 0 {
		s.wrong(name, "is an empty list; write "+name+" = "+valid)
	}
	var days []routines.Weekday
	for _, i := range s.items(name, valid, v) {
		day, err := routines.ParseWeekday(i.text)
		if err != nil {
			s.note(i.at, s.key(name), err.Error())
			continue
		}
		days = append(days, day)
	}
	return days
}

// dayOrWords is parsed for a text that may also be a day of the month as a number.
func dayOrWords[T any](s *section, name, valid string, parse func(string) (T, error)) T {
	var none T
	v := s.get(name, valid, words, integer)
	if v == nil {
		return none
	}
	day, err := parse(v.text)
	if err != nil {
		s.note(v.at, s.key(name), err.Error())
	}
	return day
}

// date reads a date, with or without quotes.
func (s *section) date(name string) routines.Date {
	v := s.get(name, `"2026-01-31"`, words, moment)
	if v == nil {
		return routines.Date{}
	}
	day, err := routines.ParseDate(v.text)
	if err != nil {
		s.note(v.at, s.key(name), err.Error())
	}
	return day
}

// parseLink checks the address of a page that people open.
func parseLink(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return "", fmt.Errorf(`%s is not the address of a page, such as "https://wiki.example.org/backups"`, shown(s))
	}
	return s, nil
}

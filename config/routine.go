package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"ronde/bot"
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
			Cadence: r.cadence(s),
			Runbook: parsed(s, "runbook", `"https://wiki.example.org/backups"`, parseLink),
			Checks:  s.checks(known),
		}
		if s.table == nil {
			continue
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
func (r *reader) cadence(s *section) routines.Cadence {
	c := routines.Cadence{
		Every:   parsed(s, "every", `"3d"`, routines.ParseEvery),
		Weekly:  s.weekly(),
		Monthly: s.monthly(),
		At:      parsed(s, "at", `"09:00"`, routines.ParseClock),
		Start:   s.date("start"),
	}
	s.defaults[s.setting("at")] = `"` + routines.Clock{}.String() + `"`
	var given []string
	for _, name := range []string{"every", "weekly", "monthly"} {
		if s.has(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) > 1:
		s.wrong(given[1], fmt.Sprintf("a routine has one cadence, but this one has %s; keep one", quoted(given)))
	case len(given) == 0 && s.table != nil && !s.misspelt("every") && !s.misspelt("weekly") && !s.misspelt("monthly"):
		s.note(s.table.at, s.name, `has no cadence; write one of every = "3d", weekly = ["monday"] and monthly = 15`)
	}
	return c
}

// weekly reads one day of the week or a list of them.
func (s *section) weekly() []routines.Weekday {
	const valid = `["monday"]`
	v := s.get("weekly", valid, words, list)
	if v == nil {
		return nil
	}
	if v.kind == words {
		v = &value{kind: list, at: v.at, items: []*value{v}}
	}
	if len(v.items) == 0 {
		s.wrong("weekly", "is an empty list; write weekly = "+valid)
	}
	var days []routines.Weekday
	for _, i := range s.items("weekly", valid, v) {
		day, err := routines.ParseWeekday(i.text)
		if err != nil {
			s.note(i.at, s.key("weekly"), err.Error())
			continue
		}
		days = append(days, day)
	}
	return days
}

// monthly reads a day of the month, a number or a word.
func (s *section) monthly() routines.MonthDay {
	v := s.get("monthly", `15 or monthly = "last"`, words, integer)
	if v == nil {
		return routines.MonthDay{}
	}
	day, err := routines.ParseMonthDay(v.text)
	if err != nil {
		s.note(v.at, s.key("monthly"), err.Error())
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

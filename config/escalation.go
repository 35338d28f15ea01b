package config

import (
	"fmt"
	"time"

	"github.com/xhit/go-str2duration/v2"

	"ronde/alerts"
	"ronde/routines"
)

// watch reads [oncall]: who is on turn for what breaks.
func (r *reader) watch(root *section) routines.Watch {
	s := root.only("oncall", false)
	w := routines.Watch{
		People: parsedList(s, "people", `["@ana:example.org", "@bob:example.org"]`, parseUser),
		Daily:  s.oneOf("turns", "weekly", "daily") == "daily",
		Day:    s.weekday("day", "monday", time.Monday),
		At:     parsed(s, "at", `"09:00"`, routines.ParseClock),
	}
	s.defaults[s.setting("at")] = `"` + routines.Clock{}.String() + `"`
	s.need("people", `["@ana:example.org", "@bob:example.org"]`)
	if w.Daily && s.has("day") {
		s.wrong("day", `has no effect where turns = "daily"; take it away`)
	}
	return w
}

// weekday reads the name of a day of the week, or its default.
func (s *section) weekday(name, byDefault string, none time.Weekday) routines.Weekday {
	day, err := routines.ParseWeekday(s.text(name, byDefault, fmt.Sprintf("%q", byDefault)))
	if err != nil {
		s.wrong(name, err.Error())
		return routines.Weekday{Weekday: none}
	}
	return day
}

// escalation reads every [[escalation]]: who is mentioned while nobody is on an incident.
func (r *reader) escalation(root *section, watch routines.Watch) []alerts.Step {
	var all []alerts.Step
	var before place
	for _, s := range root.each("escalation", "after") {
		s.need("after", `"10m"`)
		s.need("mention", mentionExample)
		step := alerts.Step{After: parsed(s, "after", `"10m"`, parseAfter)}
		s.whom(&step, watch)
		if s.table == nil {
			continue
		}
		if n := len(all); n > 0 && step.After > 0 && step.After <= all[n-1].After {
			s.wrong("after", fmt.Sprintf("does not come after the step on line %d; put the soonest first, each later than the one above", before.line))
		}
		if step.After > 0 {
			before = s.at("after")
			all = append(all, step)
		}
	}
	return all
}

const (
	mentionExample = `"turn", "everyone", "room" or ["@ana:example.org"]`
	leastAfter     = time.Minute
	mostAfter      = 7 * 24 * time.Hour
)

// parseAfter reads a delay.
func parseAfter(s string) (time.Duration, error) {
	d, err := str2duration.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf(`%s is not a length of time; write a number and a unit (s, m, h, d, w) without a space, such as "10m"`, shown(s))
	case d < leastAfter || d > mostAfter:
		return 0, fmt.Errorf(`%s is out of range; it goes from "1m" to "7d"`, shown(s))
	}
	return d, nil
}

// whom reads who is mentioned.
func (s *section) whom(step *alerts.Step, watch routines.Watch) {
	v := s.get("mention", mentionExample, words, list)
	switch {
	case v == nil:
	case v.kind == list:
		step.People = s.users("mention", v)
	case v.text == "room":
		step.Room = true
	case v.text == "turn" || v.text == "everyone":
		step.Turn, step.People = v.text == "turn", watch.People
		if len(watch.People) == 0 {
			s.wrong("mention", fmt.Sprintf(`is %q, but nobody takes turns; write [oncall] and below it people = ["@ana:example.org", "@bob:example.org"]`, v.text))
		}
	default:
		text := shown(v.text) + " is none of " + quoted([]string{"turn", "everyone", "room"})
		if near := nearest(v.text, []string{"turn", "everyone", "room"}); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		} else {
			text += `; people are a list, such as ["@ana:example.org"]`
		}
		s.wrong("mention", text)
	}
}

// users returns the user ids of a list that must have some.
func (s *section) users(name string, v *value) (users []string) {
	const valid = `["@ana:example.org"]`
	if len(v.items) == 0 {
		s.wrong(name, "is an empty list; write "+name+" = "+valid)
	}
	for _, i := range s.items(name, valid, v) {
		user, err := parseUser(i.text)
		if err != nil {
			s.note(i.at, s.key(name), err.Error())
			continue
		}
		users = append(users, user)
	}
	return users
}

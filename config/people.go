package config

import (
	"fmt"
	"time"

	"ronde/bot"
	"ronde/routines"
)

// prompting reads [prompts], [people] and [digest]: how all routines are asked for.
func (r *reader) prompting(root *section) routines.Settings {
	prompts, people, digest := root.only("prompts", false), root.only("people", false), root.only("digest", false)
	s := routines.Settings{
		Quiet:   people.quiet("quiet"),
		Lease:   people.durationOrNone("lease", "4h", "15m", "7d"),
		Rounds:  map[string]bool{},
		RoundAt: parsed(prompts, "at", `"09:00"`, routines.ParseClock),
	}
	prompts.defaults[prompts.setting("at")] = `"` + routines.Clock{}.String() + `"`
	for _, room := range []string{bot.Technique, bot.Supervision} {
		s.Rounds[room] = prompts.oneOf(room, "each", "round") == "round"
	}
	s.Digest = routines.Digest{
		Room: digest.oneOf("room", roomNames...),
		At:   parsed(digest, "at", `"09:00"`, routines.ParseClock),
	}
	digest.defaults[digest.setting("at")] = `"` + routines.Clock{}.String() + `"`
	s.Digest.On, s.Digest.Day = digest.digestDay()
	return s
}

// durationOrNone is duration, but that the word "none" stands for zero.
func (s *section) durationOrNone(name, byDefault, least, most string) time.Duration {
	if s.has(name) && s.table.values[name].text == "none" {
		s.asked = append(s.asked, name)
		return 0
	}
	return s.duration(name, byDefault, least, most)
}

// quiet reads hours such as "22:00..07:00"; the word "none" turns them off.
func (s *section) quiet(name string) routines.Quiet {
	const usual = "22:00..08:00"
	written := s.text(name, usual, `"`+usual+`"`)
	if written == "none" {
		return routines.Quiet{}
	}
	q, err := routines.ParseQuiet(written)
	if err != nil {
		s.wrong(name, err.Error()+`; or write "none"`)
	}
	return q
}

// digestDay reads the day of the digest; the word "none" turns it off.
func (s *section) digestDay() (on bool, day routines.Weekday) {
	written := s.text("day", "monday", `"monday"`)
	if written == "none" {
		return false, day
	}
	day, err := routines.ParseWeekday(written)
	if err != nil {
		s.wrong("day", err.Error()+`; or write "none"`)
		return true, routines.Weekday{Weekday: time.Monday}
	}
	return true, day
}

// rota reads who takes turns at a routine.
func (s *section) rota() routines.Rota {
	r := routines.Rota{
		People:      parsedList(s, "rota", `["@ana:example.org", "@bob:example.org"]`, parseUser),
		LeastRecent: s.oneOf("turns", "in-order", "least-recent") == "least-recent",
	}
	if s.has("turns") && len(r.People) == 0 {
		s.wrong("turns", `says how turns go, but nobody takes any; write rota = ["@ana:example.org", "@bob:example.org"]`)
	}
	return r
}

// complete reads whether a routine may complete itself, and how often a person has to.
func (s *section) complete() (whenOK bool, askEvery int) {
	whenOK = s.oneOf("complete", "by-hand", "when-ok") == "when-ok"
	askEvery = s.number("ask_every", 4, 1, 100)
	switch {
	case whenOK && !s.has("checks"):
		s.wrong("complete", `"when-ok" needs checks that tell; write checks = ["containers antigone"]`)
	case !whenOK && s.has("ask_every"):
		s.wrong("ask_every", fmt.Sprintf("%d counts for complete = %q only", askEvery, "when-ok"))
	}
	return whenOK, askEvery
}

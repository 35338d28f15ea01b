package commands

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xhit/go-str2duration/v2"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// deed is what somebody says about doing a routine: when, with whom, and a note.
type deed struct {
	at      time.Time
	helpers []string
	note    string
}

// cutWord cuts the first word off.
func cutWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, spaces)
	i := strings.IndexAny(s, spaces)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], spaces)
}

// isWord reports whether a word is one of some, as people type them.
func isWord(word string, any ...string) bool {
	return slices.Contains(any, text.Fold(strings.ReplaceAll(word, "’", "'")))
}

// readDeed reads "[yesterday [18:00]] [with @ana[, @eve] [and @bob]] [note]" in
// English or French. now is in the local zone; what is no such word begins the note.
func readDeed(rest string, at, now time.Time, known func(word string) (string, bool)) deed {
	d, more := deed{at: at}, false // more: a comma follows somebody's name
	for {
		word, tail := cutWord(rest)
		day := strings.TrimRight(word, ",;:")
		switch {
		case isWord(day, "yesterday", "hier"):
			d.at, rest = readHour(now.AddDate(0, 0, -1), tail)
			continue
		case isWord(day, "today", "aujourd'hui"):
			d.at, rest = readHour(now, tail)
			d.at = earlier(d.at, now)
			continue
		case isWord(word, "with", "avec"), len(d.helpers) > 0 && isWord(word, "and", "et", "+"):
			word, tail = cutWord(tail)
		case !more || !strings.HasPrefix(word, "@"):
			d.note = note(rest)
			return d
		}
		id, ok := known(strings.TrimRight(word, ",;:."))
		if !ok {
			d.note = note(rest)
			return d
		}
		if !slices.Contains(d.helpers, id) {
			d.helpers = append(d.helpers, id)
		}
		more, rest = strings.HasSuffix(word, ","), tail
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// readHour reads a time of day that may follow a day.
func readHour(day time.Time, rest string) (time.Time, string) {
	word, tail := cutWord(rest)
	if isWord(word, "at", "a") {
		word, tail = cutWord(tail)
	}
	clock, err := routines.ParseClock(strings.TrimRight(word, ",;."))
	if err != nil {
		return day, rest
	}
	return routines.DateOf(day).At(clock, day.Location()), tail
}

// person returns the id of somebody who is called by name, "@name" or full id: one of
// the people that the bot knows, or with "@" somebody of the sender's homeserver.
func (c *Call) person(tx *store.Tx) func(word string) (string, bool) {
	return func(word string) (string, bool) {
		name, marked := strings.CutPrefix(word, "@")
		local, server, full := strings.Cut(name, ":")
		local = text.Fold(local)
		if !localPart.MatchString(local) || full && marked && !serverName.MatchString(server) {
			return "", false
		}
		if full && marked {
			return "@" + local + ":" + server, true
		}
		for _, id := range c.people(tx) {
			if text.Fold(text.Person(id)) == local {
				return id, true
			}
		}
		_, home, _ := strings.Cut(c.Event.Sender, ":")
		return "@" + local + ":" + home, marked
	}
}

var (
	localPart  = regexp.MustCompile(`^[a-z0-9._=/+-]+$`)
	serverName = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)
)

// people lists whoever the bot knows by name: those of the configuration, and those
// who did something lately.
func (c *Call) people(tx *store.Tx) []string {
	all := append(slices.Clone(c.Desk.Rights.People), c.Event.Sender)
	for _, r := range c.Desk.Routines.Routines {
		all = append(all, r.Rota.People...)
	}
	deeds, err := tx.Deeds(300)
	if err != nil {
		c.Desk.Log.Error("who acted lately cannot be read", "err", err)
	}
	for _, d := range deeds {
		all = append(all, d.Who)
	}
	return all
}

// pause is how long something is put off: either days, to the routine's hour, or less.
type pause struct {
	days  int
	hours time.Duration
}

// readPause reads "3d", "2 jours", "2h", "1w", "tomorrow", "monday", in English or
// French. now is in the local zone. ok is false for anything else.
func readPause(words []string, now time.Time) (p pause, ok bool) {
	joined := strings.TrimRight(text.Fold(strings.Join(words, "")), ".!")
	if isWord(joined, "tomorrow", "demain") {
		return pause{days: 1}, true
	}
	if day, err := routines.ParseWeekday(joined); err == nil {
		ahead := (int(day.Weekday)-int(now.Weekday())+6)%7 + 1 // never today
		return pause{days: ahead}, true
	}
	m := pauseForm.FindStringSubmatch(joined)
	if m == nil {
		return pause{}, false
	}
	unit := map[byte]string{'j': "d", 's': "w"}[m[2][0]]
	if unit == "" {
		unit = m[2][:1]
	}
	d, err := str2duration.ParseDuration(m[1] + unit)
	switch {
	case err != nil || d <= 0 || d > 366*24*time.Hour:
		return pause{}, false
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return pause{days: int(d / (24 * time.Hour))}, true
	}
	return pause{hours: d}, true
}

var pauseForm = regexp.MustCompile(`^([0-9]{1,4})(d|days?|j|jours?|h|hours?|heures?|m|min|minutes?|w|weeks?|semaines?)$`)

// end is when a pause of a routine that begins now is over.
func (p pause) end(c *Call, r routines.Routine, now time.Time) time.Time {
	if p.days == 0 {
		return now.Add(p.hours)
	}
	return c.Desk.Routines.InDays(r, now, p.days)
}

// span is some days in a row, both ends included.
type span struct{ first, last routines.Date }

// longSpan is how many days nobody means without a year: "5/3..3/3" is a slip.
const longSpan = 300

// readSpan reads "24/12..2/1", "24/12", "2026-12-24..2027-01-02", also with "-",
// "to" or "au" between the two. Days without their year are the next ones to come, or
// those that today is among; today is in the local zone.
func readSpan(words []string, today routines.Date) (s span, ok bool) {
	joined := text.Fold(strings.Join(words, " "))
	for _, between := range []string{"..", "…", " to ", " au ", " - ", "-", "–"} {
		first, last, two := strings.Cut(joined, between)
		if !two || between == "-" && strings.Count(joined, "-") > 1 {
			continue
		}
		for _, from := range []routines.Date{today.Add(-longSpan), today} {
			a, okA := readDay(first, from, today)
			b, okB := readDay(last, a, today)
			s = span{a, b}
			ok = okA && okB && !b.Before(a) && (hasYear(last) || b.Sub(a) < longSpan)
			if ok && !b.Before(today) {
				break
			}
		}
		return s, ok
	}
	day, ok := readDay(joined, today, today)
	return span{day, day}, ok
}

var dayForm = regexp.MustCompile(`^(?:du |from |le )?([0-9]{1,2})[/.]([0-9]{1,2})(?:[/.]([0-9]{4}))?$`)

// hasYear reports whether a day is not one of every year.
func hasYear(word string) bool {
	m := dayForm.FindStringSubmatch(strings.TrimSpace(word))
	return m == nil || m[3] != ""
}

// readDay reads "24/12", "24/12/2026", "2026-12-24", "today" or "tomorrow". Without a
// year it is the first such day from a date on.
func readDay(word string, from, today routines.Date) (routines.Date, bool) {
	word = strings.TrimSpace(word)
	switch {
	case isWord(word, "today", "aujourd'hui"):
		return today, true
	case isWord(word, "tomorrow", "demain"):
		return today.Add(1), true
	}
	if day, err := routines.ParseDate(word); err == nil {
		return day, true
	}
	m := dayForm.FindStringSubmatch(word)
	if m == nil {
		return routines.Date{}, false
	}
	for year := from.Year; year <= from.Year+8; year++ { // 29/2 may be far
		written := m[3]
		if written == "" {
			written = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")
		}
		day, err := routines.ParseDate(written + "-" + twoDigits(m[2]) + "-" + twoDigits(m[1]))
		if err == nil && (m[3] != "" || !day.Before(from)) {
			return day, true
		}
	}
	return routines.Date{}, false
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

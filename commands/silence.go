package commands

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// longestSilence is for how long something can be silenced at once: what nobody wants
// to hear of for longer should not be watched.
const longestSilence = 31 * 24 * time.Hour

// Silence keeps a thing, a host, everything or an incident quiet for some time:
// `!silence nuage 2h "maintenance"`, "!silence 12 4h", "!silence nuage end".
var Silence = Command{Name: "silence", French: "sourdine", Aliases: []string{"mute"}, Args: true, Acts: true, Do: func(tx *store.Tx, c *Call) error {
	w := c.readSilence(tx)
	incident, isIncident, err := c.silenced(tx, w.name)
	switch {
	case err != nil:
		return err
	case w.ends && isIncident:
		return c.endHush(tx, incident)
	case w.ends:
		return c.endSilence(tx, w.name)
	case w.until.IsZero():
		return c.Mistake("silence", c.Say("silence.how-long"))
	case w.until.Sub(tx.Now) > longestSilence:
		return c.Mistake("silence", c.Say("silence.too-long"))
	case isIncident:
		return c.hush(tx, incident, w)
	case w.name == "":
		return c.Mistake("silence", c.Say("silence.what"))
	}
	return c.silence(tx, w)
}}

// silenceWords is what somebody says about a silence.
type silenceWords struct {
	name   string
	until  time.Time // zero when they did not say
	reason string
	ends   bool // they want it to end now
}

// readSilence reads "NAME DURATION [reason]" or "NAME end"; the name may be left out,
// and be of several words.
func (c *Call) readSilence(tx *store.Tx) silenceWords {
	now := c.when(tx)
	if n := len(c.Args); n > 0 && isWord(c.Args[n-1], "end", "fin", "stop", "off") {
		return silenceWords{name: strings.Join(c.Args[:n-1], " "), ends: true}
	}
	for i := range c.Args {
		if until, n := readUntil(c.Args[i:], now); n > 0 {
			return silenceWords{
				name: strings.Join(c.Args[:i], " "), until: until,
				reason: note(strings.Join(c.Args[i+n:], " ")),
			}
		}
	}
	return silenceWords{name: strings.Join(c.Args, " ")}
}

// readUntil reads a duration such as "2h" or "1 j", or "until 18:00", at the beginning
// of words, and tells how many of them it is; 0 for none.
func readUntil(words []string, now time.Time) (until time.Time, n int) {
	first := strings.TrimRight(words[0], ",;:")
	if len(words) > 1 {
		if isWord(first, "until", "jusqu'a") {
			if at, err := routines.ParseClock(strings.Trim(words[1], ",;:")); err == nil {
				return nextTime(now, at), 2
			}
		}
		if isWord(first, "until", "jusqu'a", "for", "pour", "pendant") {
			if until, n = readUntil(words[1:], now); n > 0 {
				return until, n + 1
			}
		}
		if _, err := strconv.Atoi(first); err == nil && startsWithLetter(words[1]) {
			if p, ok := readPause([]string{first, strings.TrimRight(words[1], ",;:")}, now); ok {
				return p.after(now), 2
			}
		}
	}
	if p, ok := readPause([]string{first}, now); ok {
		return p.after(now), 1
	}
	return until, 0
}

// nextTime is when clocks show a time next.
func nextTime(now time.Time, at routines.Clock) time.Time {
	shown, _ := time.Parse("15:04", at.String()) // as Clock writes it
	for day := 0; ; day++ {
		t := time.Date(now.Year(), now.Month(), now.Day()+day, shown.Hour(), shown.Minute(), 0, 0, now.Location())
		if t.After(now) {
			return t
		}
	}
}

// after is when a pause that begins now is over, days ending at the same hour.
func (p pause) after(now time.Time) time.Time {
	if p.days == 0 {
		return now.Add(p.hours)
	}
	return now.AddDate(0, 0, p.days)
}

// silenced returns the incident that a silence is about, if it is about one: by its
// number, or because it is said under its card and names nothing else.
func (c *Call) silenced(tx *store.Tx, name string) (store.Incident, bool, error) {
	id, isNumber := numberIn(name, true)
	if name == "" && c.card.Kind == alerts.IncidentCard {
		id, isNumber = c.card.Subject, true
	}
	if !isNumber {
		return store.Incident{}, false, nil
	}
	return tx.Incident(id)
}

// hush silences one incident.
func (c *Call) hush(tx *store.Tx, i store.Incident, w silenceWords) error {
	_ = c.about(i, nil)
	taken, err := c.mark(tx, i, store.IncidentMark{Kind: store.Silence, Until: w.until, Note: w.reason})
	if err != nil || !taken {
		return err
	}
	c.Reply.Text(alerts.SilenceEmoji + " ").Bold(c.Say("incident.silenced") + " · " + c.nameOf(i)).Text(" · " + c.until(tx, w.until))
	return nil
}

// silence silences a thing, a host or everything.
func (c *Call) silence(tx *store.Tx, w silenceWords) error {
	rule, near, known, err := c.Desk.Alerts.Target(tx, w.name)
	if err != nil {
		return err
	}
	if near != "" {
		return c.Mistake("silence", c.Say("silence.near", "Name", text.OneLine(w.name, 40), "Near", text.OneLine(near, 40)))
	}
	rule.At, rule.Until, rule.Who, rule.EventID, rule.Reason = c.Event.At, w.until, c.Event.Sender, c.Event.EventID, text.OneLine(w.reason, 200)
	id, covered, err := c.Desk.Alerts.Silence(tx, rule)
	if err != nil {
		return err
	}
	c.subject = "silence " + strconv.FormatInt(id, 10)
	c.Reply.Text(alerts.SilenceEmoji + " ").Bold(c.Say("incident.silenced") + " · " + c.scope(rule)).Text(" · " + c.until(tx, w.until))
	if rule.Reason != "" {
		c.Reply.Text(" · " + text.Mask(rule.Reason))
	}
	if covered = alerts.Heads(covered); len(covered) > 0 {
		var names []string
		for _, i := range covered[:min(len(covered), 8)] {
			names = append(names, c.nameOf(i))
		}
		c.Reply.Line().Text(c.Say("silence.covers", "Known", strings.Join(names, ", ")))
	} else if !known {
		c.Reply.Line().Text(c.Say("silence.never-seen"))
	}
	c.Reply.Line().Text(c.Say("silence.to-end") + " ").Code(c.Say("silence.end-command", "ID", id))
	return nil
}

func (c *Call) endHush(tx *store.Tx, i store.Incident) error {
	_ = c.about(i, nil)
	was, err := c.Desk.Alerts.EndHush(tx, i.ID, c.Event.Sender)
	if err != nil {
		return err
	}
	c.sayEnded(was, c.nameOf(i))
	return nil
}

var silenceID = regexp.MustCompile(`^[sS]([0-9]{1,9})$`)

// endSilence ends the silences of that name or number.
func (c *Call) endSilence(tx *store.Tx, name string) error {
	rules, err := c.Desk.Alerts.Silences(tx)
	if err != nil {
		return err
	}
	wanted, _, _, err := c.Desk.Alerts.Target(tx, name)
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules, func(r store.SilenceRule) bool {
		if m := silenceID.FindStringSubmatch(name); m != nil {
			return m[1] != strconv.FormatInt(r.ID, 10)
		}
		return r.Scope != wanted.Scope || text.Fold(r.Name) != text.Fold(wanted.Name)
	})
	for _, r := range rules {
		c.subject = "silence " + strconv.FormatInt(r.ID, 10)
		if err := c.Desk.Alerts.EndSilence(tx, r.ID, c.Event.Sender); err != nil {
			return err
		}
		name = c.scope(r)
	}
	c.sayEnded(len(rules) > 0, name)
	return nil
}

func (c *Call) sayEnded(was bool, name string) {
	if !was {
		c.mistake = true
		list, _, _ := c.Desk.find("silences")
		c.Reply.Text(c.Say("silence.none", "Name", text.OneLine(name, 40)) + " ").Code("!" + c.Desk.callName(list))
		return
	}
	c.Reply.Text("🔔 ").Bold(c.Say("silence.ended") + " · " + text.OneLine(name, 40))
}

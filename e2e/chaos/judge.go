package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// verdict is what became of a seed.
type verdict struct{ lost, doubled []string }

func (v *verdict) lose(format string, args ...any) {
	v.lost = append(v.lost, fmt.Sprintf(format, args...))
}

func (v *verdict) double(format string, args ...any) {
	v.doubled = append(v.doubled, fmt.Sprintf(format, args...))
}

func (v *verdict) good() bool { return len(v.lost)+len(v.doubled) == 0 }

// judge compares what the rooms and the audit log show with what they have to.
func (p *plan) judge(rooms *view, audit []deed) *verdict {
	v := &verdict{}
	about := map[subject][]*card{}
	for _, c := range rooms.cards {
		if c.about == (subject{}) || c.about.storm != "" && !p.storms {
			v.double("a card that nothing explains: %q", c.shows())
		}
		about[c.about] = append(about[c.about], c)
	}
	for _, s := range p.subjects() {
		if p.storms && s.incident != nil && len(about[s]) == 0 {
			continue // see judgeStorms
		}
		if c := v.one(s, about[s]); c != nil {
			p.compare(v, s, c)
		}
	}
	if p.storms {
		for _, c := range rooms.storms() {
			if same := about[c.about]; same[0] == c && v.one(c.about, same) != nil {
				p.compareStorm(v, c)
			}
		}
		p.judgeStorms(v, rooms)
	}
	p.judgeOrders(v, rooms)
	for _, what := range slices.Concat(rooms.doubled, rooms.others) {
		v.double("%s", what)
	}
	p.judgeAudit(v, audit)
	return v
}

// subjects is everything that has to have a card.
func (p *plan) subjects() (all []subject) {
	for _, i := range p.incidents {
		all = append(all, subject{incident: i})
	}
	for _, c := range p.chores {
		all = append(all, subject{chore: c})
	}
	for n := range p.letters {
		all = append(all, subject{letter: n + 1})
	}
	return all
}

func (s subject) String() string {
	switch {
	case s.incident != nil:
		return fmt.Sprintf("the incident of %s with the alerts %v", s.incident.thing, s.incident.numbers)
	case s.chore != nil:
		return "the chore " + s.chore.key()
	case s.storm != "":
		return "the storm " + s.storm
	}
	return "the mail " + letterSubject(s.letter-1)
}

func (v *verdict) one(s subject, cards []*card) *card {
	switch len(cards) {
	case 0:
		v.lose("%s has no card", s)
		return nil
	case 1:
		return cards[0]
	}
	v.double("%s has %d cards", s, len(cards))
	return nil
}

func (p *plan) compare(v *verdict, s subject, c *card) {
	switch {
	case s.incident != nil:
		p.compareIncident(v, s, c)
	case s.chore != nil:
		p.compareChore(v, s, c)
	case !strings.HasPrefix(c.shows(), "✉️ "+letterSubject(s.letter-1)+" · Camille · "):
		v.lose("%s is shown as %q", s, c.shows())
	}
	v.onceEach(s.String(), c)
}

// onceEach expects each button of a card no more than once.
func (v *verdict) onceEach(what string, c *card) {
	for emoji, n := range c.seeds {
		if n > 1 {
			v.double("%s has the bot's %s %d times", what, emoji, n)
		}
	}
}

var seenTimes = regexp.MustCompile(`(\d+) fois`)

func (p *plan) compareIncident(v *verdict, s subject, c *card) {
	i, shown := s.incident, c.shows()
	people, mark := p.who(s), p.mark(i)
	times := min(1, len(i.numbers))
	if m := seenTimes.FindStringSubmatch(shown); m != nil {
		times, _ = strconv.Atoi(m[1])
	}
	switch {
	case times > len(i.numbers):
		v.double("%s counts %d alerts, not %d", s, times, len(i.numbers))
	case times < len(i.numbers):
		v.lose("%s counts %d alerts, not %d", s, times, len(i.numbers))
	case !i.right(shown, mark) && !p.rightInStorm(i, shown):
		v.lose("%s is shown as %q instead of with %s", s, shown, mark)
	case !p.takenBy(shown, people):
		v.lose("%s is not taken care of by %v: %q", s, people, shown)
	case p.isDown(i) && !partOf.MatchString(shown) && !c.hasSeeds(ackEmoji, hushEmoji, doneEmoji):
		v.lose("%s has only the buttons %v", s, c.seeds)
	}
}

// takenBy tells whether a card shows who is on an incident: who said so under it, and
// with them perhaps who took a storm on.
func (p *plan) takenBy(shown string, people []string) bool {
	all := shownPeople(shown, "\n"+ackEmoji+" ")
	missing := slices.ContainsFunc(people, func(who string) bool { return !slices.Contains(all, who) })
	others := slices.Concat(people, p.everOnStorms())
	return !missing && !slices.ContainsFunc(all, func(who string) bool { return !slices.Contains(others, who) })
}

// rightInStorm tells whether a card shows that something is down, whatever people say of
// it: what they say of a storm is said of its members, too, so that the mark may be another
// than the plan says.
func (p *plan) rightInStorm(i *incident, shown string) bool {
	mark, _, _ := strings.Cut(shown, " ")
	return p.storms && p.isDown(i) && slices.Contains([]string{"🔴", "🟠", hushEmoji}, mark) && i.right(shown, mark)
}

func (c *card) hasSeeds(emoji ...string) bool {
	return !slices.ContainsFunc(emoji, func(one string) bool { return c.seeds[one] == 0 })
}

// right tells whether a card shows the state that the incident has in the end, and the
// newest fault that was told with words.
func (i *incident) right(shown, mark string) bool {
	if i.own {
		return i.rightOwn(shown, mark)
	}
	source := map[bool]string{false: "Healthchecks", true: "Uptime Kuma"}[i.kuma]
	if i.grouped {
		source = "Alertmanager"
	}
	return strings.HasPrefix(shown, mark+" ") && strings.Contains(shown, " · "+i.thing+" · ") && i.saysSo(shown) &&
		strings.Contains(shown, "\n"+source+" · ") && !strings.Contains(shown, "⚠️")
}

// saysSo tells whether a card shows the newest fault that was told with words. Of a check
// it may be an older one: its webhook has none, and when its clock is ahead it makes the
// words of the mail about the same look old.
func (i *incident) saysSo(shown string) bool {
	if strings.Contains(shown, i.says) || i.kuma || i.grouped {
		return strings.Contains(shown, i.says)
	}
	return slices.ContainsFunc(i.numbers, func(n int) bool { return strings.Contains(shown, fault(n)) })
}

// mark is the state that an incident has in the end. What its source says of its end is
// dated before all that people do, so that it counts.
func (p *plan) mark(i *incident) string {
	switch {
	case i.resolved:
		return "🟢"
	case len(p.doers(i, doneEmoji)) > 0:
		return doneEmoji
	case len(p.doers(i, ackEmoji)) > 0:
		return "🟠"
	case len(p.doers(i, hushEmoji)) > 0:
		return hushEmoji
	}
	return "🔴"
}

// doers returns who did something to an incident that counts in the end, by a button or
// by a command, sorted.
func (p *plan) doers(i *incident, emoji string) (people []string) {
	for _, one := range p.presses {
		if one.counts() && one.incident == i && one.emoji == emoji {
			people = append(people, one.who)
		}
	}
	for _, o := range p.orders {
		if o.incident == i && o.does == emoji && !o.removed {
			people = append(people, o.who)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

func (p *plan) compareChore(v *verdict, s subject, c *card) {
	shown, people := c.shows(), p.who(s)
	claimed := p.claimer(s.chore)
	asks, doneBy := strings.HasPrefix(shown, "⏰ "), ""
	if claimed != "" {
		asks = strings.HasPrefix(shown, ackEmoji+" ") && strings.Contains(shown, " · "+claimed+", jusqu’à ")
	}
	if _, rest, found := strings.Cut(shown, s.chore.title()+" · "); found && strings.HasPrefix(shown, doneEmoji) {
		doneBy, _, _ = strings.Cut(rest, ",")
	}
	switch {
	case len(people) == 0 && !asks, len(people) > 0 && !slices.Contains(people, doneBy):
		v.lose("%s, done by %v, is shown as %q", s, people, shown)
	case !strings.Contains(shown, p.note(s.chore)):
		v.lose("%s lacks its note: %q", s, shown)
	case p.untouched(s.chore) && c.seeds[doneEmoji] == 0:
		v.lose("%s has no %s", s, doneEmoji)
	}
}

// who returns the people whose reactions and commands count in the end, sorted.
func (p *plan) who(s subject) (people []string) {
	if s.incident != nil {
		return p.doers(s.incident, ackEmoji)
	}
	for _, one := range p.presses {
		if one.counts() && one.subject() == s && one.emoji != claimEmoji(s) {
			people = append(people, one.who)
		}
	}
	for _, o := range p.orders {
		if o.done && !o.undone && o.chore == s.chore && s.chore != nil {
			people = append(people, o.who)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// claimEmoji is the reaction that says "I take it" and does not yet count as done: on a
// chore only.
func claimEmoji(s subject) string {
	if s.chore == nil {
		return ""
	}
	return ackEmoji
}

// claimer returns who is on a chore in the end, "" for nobody. The plan lets no more than
// one claim it, and nobody do it besides.
func (p *plan) claimer(c *chore) string {
	for _, one := range p.presses {
		if one.chore == c && one.emoji == ackEmoji && one.counts() {
			return one.who
		}
	}
	return ""
}

func (p *press) subject() subject {
	return subject{incident: p.incident, chore: p.chore, letter: p.letter, storm: p.number}
}

func (p *plan) note(c *chore) string {
	for _, o := range p.orders {
		if o.done && !o.undone && o.chore == c {
			return o.note
		}
	}
	return ""
}

func (p *plan) untouched(c *chore) bool {
	return !slices.ContainsFunc(p.orders, func(o *order) bool { return o.chore == c }) &&
		!slices.ContainsFunc(p.presses, func(one *press) bool { return one.chore == c })
}

// shownPeople returns the names that follow the mark in a card, sorted.
func shownPeople(shown, mark string) (people []string) {
	for _, part := range strings.Split(shown, mark)[1:] {
		if name, _, isName := strings.Cut(part, ","); isName { // the line of the buttons has none
			people = append(people, name)
		}
	}
	slices.Sort(people)
	return slices.Compact(people) // who says so by a button and by a command is there twice
}

func (p *plan) judgeOrders(v *verdict, rooms *view) {
	left := map[string]bool{}
	for event := range rooms.answers {
		left[event] = true
	}
	for _, o := range p.orders {
		delete(left, o.event)
		answers := rooms.answers[o.event]
		fits := func(part string) bool { return len(answers) > 0 && strings.Contains(answers[0], part) }
		switch {
		case len(answers) > 1, o.answer == "" && len(answers) > 0:
			v.double("%q was answered %d times", o.body, len(answers))
		case o.answer == "":
		case len(answers) == 0:
			v.lose("%q was not answered", o.body)
		case !slices.ContainsFunc(strings.Split(o.answer, "|"), fits):
			v.lose("%q was answered with %q", o.body, answers[0])
		}
	}
	for event := range left {
		v.double("an answer to nobody: %q", rooms.answers[event])
	}
}

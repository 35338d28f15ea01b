package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// stormSize is how many things that break together share a card in a seed with storms.
// It is the bot's default.
const stormSize = 3

// hasStorms tells whether the bot makes storms in a seed: in every third. In the others
// the judge counts incidents one by one, which says more of each.
func hasStorms(seed uint64) bool { return seed%3 == 0 }

// clears tells whether things are only back from a mail on: in every other seed with
// storms, so that storms end, too, or little is left of them.
func (p *plan) clears(nth int) bool { return p.storms && p.seed%2 == 0 && nth >= clearsFrom }

const clearsFrom = 170

// storm is what the card of a storm shows.
type storm struct {
	number      string // as people call it: #7
	scope       string // what its members have in common, "" for the time
	isOpen      bool
	down, total int
	alerts      int      // about all that ever was part of it
	broken      []string // what is down by name, not all when it is much
	back        []string // what is not any more, the same
}

var (
	stormHead  = regexp.MustCompile(`^(🔴|🟠|🔕|🟢) (?:(?:Prise en charge|En sourdine) · )?(?:(.+?) ?: )?(\d+) services?(?: sur (\d+))? (?:en panne|rétablis?) · `)
	stormTail  = regexp.MustCompile(`(?m)^.+ · (\d+) alertes? · (#\d+)$`)
	stormOther = regexp.MustCompile(` et \d+ autres?$`)
	partOf     = regexp.MustCompile(`(?m)^↪ Fait partie de (#\d+),`)
)

// readStorm reads the card of a storm; is says whether it is one.
func readStorm(body string) (s storm, is bool) {
	head, tail := stormHead.FindStringSubmatch(body), stormTail.FindStringSubmatch(body)
	if head == nil || tail == nil {
		return s, false
	}
	s = storm{number: tail[2], scope: head[2], isOpen: head[1] != "🟢"}
	s.down, _ = strconv.Atoi(head[3]) // digits
	s.total, _ = strconv.Atoi(cmp.Or(head[4], head[3]))
	s.alerts, _ = strconv.Atoi(tail[1])
	lines := strings.Split(body, "\n")
	if !s.isOpen {
		s.down, s.back = 0, namesIn(lines[1])
		return s, true
	}
	s.broken = namesIn(lines[1])
	if back, some := strings.CutPrefix(lines[2], "🟢 Rétablis : "); some {
		s.back = namesIn(back)
	}
	return s, true
}

func namesIn(line string) []string {
	return slices.DeleteFunc(strings.Split(stormOther.ReplaceAllString(line, ""), ", "), func(name string) bool { return name == "" })
}

// storms returns the cards of storms in the order in which they appeared.
func (v *view) storms() []*card {
	return slices.DeleteFunc(slices.Clone(v.cards), func(c *card) bool { return c.about.storm == "" })
}

// sky is what is down in the end by the plan, and what the rooms show of that.
type sky struct {
	left    map[string]bool   // things that are down and of which no card was found yet
	down    int               // how many things are
	counted int               // how many the open storms and the other open cards say there are
	unnamed int               // how many of them a storm counts and does not name
	open    map[string]*storm // by number
}

// judgeStorms compares what is down with what the cards say together: each thing that is
// down is on a card of its own that is part of no storm, or counted by one storm; and no
// other thing is. It does not follow which storm takes in what, and when: that would be
// the bot's code once more. For the same reason nobody closes a storm by hand: what of
// it stays closed depends on the order in which mails come in.
func (p *plan) judgeStorms(v *verdict, rooms *view) {
	sky := sky{left: map[string]bool{}, open: map[string]*storm{}}
	for _, i := range p.incidents {
		if p.isDown(i) {
			sky.left[i.thing] = true
		}
	}
	sky.down = len(sky.left)
	alerts := sky.readStorms(v, rooms)
	least, most := p.alertsIn(rooms, p.readOwn(v, rooms, &sky))
	for _, number := range slices.Sorted(maps.Keys(sky.open)) {
		sky.strike(v, sky.open[number])
	}
	switch {
	case sky.counted < sky.down:
		v.lose("%d things are down, the cards count %d", sky.down, sky.counted)
	case sky.counted > sky.down:
		v.double("%d things are down, the cards count %d", sky.down, sky.counted)
	case len(sky.left) != sky.unnamed:
		v.lose("%v are down, the cards count %d that they do not name", slices.Sorted(maps.Keys(sky.left)), sky.unnamed)
	case alerts < least:
		v.lose("the storms count %d alerts, not %d", alerts, least)
	case alerts > most:
		v.double("the storms count %d alerts, not %d", alerts, most)
	}
}

// isDown tells whether an incident is not over in the end.
func (p *plan) isDown(i *incident) bool {
	return !slices.Contains([]string{"🟢", doneEmoji}, p.mark(i))
}

// readStorms takes note of the storms that are open, and returns how many alerts there were
// about all things that were ever part of one.
func (y *sky) readStorms(v *verdict, rooms *view) (alerts int) {
	scopes := map[string]bool{}
	for _, c := range rooms.storms() {
		s, _ := readStorm(c.shows())
		alerts += s.alerts
		names := slices.Concat(s.broken, s.back)
		slices.Sort(names)
		if once := slices.Compact(slices.Clone(names)); len(once) < len(names) {
			v.double("a name is there twice: %q", c.shows())
		}
		if !s.isOpen {
			continue
		}
		switch {
		case scopes[s.scope]:
			v.double("two storms of %q are open: %q", s.scope, c.shows())
		case s.down == 0, s.down > s.total, len(s.broken) > s.down:
			v.lose("a storm counts wrong: %q", c.shows())
		case !c.hasSeeds(ackEmoji, hushEmoji, doneEmoji):
			v.lose("a storm has only the buttons %v: %q", c.seeds, c.shows())
		case rooms.late && s.down < stormSize:
			v.lose("a storm of which too little is left is still open: %q", c.shows())
		}
		scopes[s.scope], y.open[s.number] = true, &s
	}
	return alerts
}

// alertsIn counts the alerts about all that was ever part of a storm: what has no card of
// its own, and of the rest what the bot says. Of what is over, storms need not show one
// that a slow channel tells afterwards.
func (p *plan) alertsIn(rooms *view, own map[*incident]*card) (least, most int) {
	for _, i := range p.incidents {
		if c := own[i]; c != nil && !rooms.joined[c.number()] {
			continue
		}
		most += len(i.numbers)
		if !i.last || !i.resolved {
			least += len(i.numbers)
		}
	}
	return least, most
}

// readOwn counts what is down by the cards of incidents that are part of no storm, and
// returns the cards that incidents have.
func (p *plan) readOwn(v *verdict, rooms *view, y *sky) map[*incident]*card {
	own := map[*incident]*card{}
	for _, c := range rooms.cards {
		i := c.about.incident
		if i == nil {
			continue
		}
		own[i] = c
		if !p.isDown(i) {
			continue
		}
		in, said := rooms.parts[c.number()], ""
		if m := partOf.FindStringSubmatch(c.shows()); m != nil {
			said = m[1]
		}
		switch {
		case said != "" && said != in:
			v.lose("part of storm %q, not: %q", in, c.shows())
		case in == "" && !y.left[i.thing]:
			v.double("%s is on two cards: %q", i.thing, c.shows())
		case in == "":
			y.counted++
			delete(y.left, i.thing)
		case y.open[in] == nil:
			v.lose("part of storm %s, which is over: %q", in, c.shows())
		}
	}
	return own
}

// strike strikes off what a storm shows to be down.
func (y *sky) strike(v *verdict, s *storm) {
	y.counted += s.down
	y.unnamed += s.down - len(s.broken)
	for _, name := range s.broken {
		if !y.left[name] {
			v.double("the storm %s shows %s as down, which is not, or is on another card", s.number, name)
		}
		delete(y.left, name)
	}
}

// compareStorm compares what people said of a storm with what its card says of that.
func (p *plan) compareStorm(v *verdict, c *card) {
	if people := p.onStorm(c.about.storm); !slices.Equal(shownPeople(c.shows(), "\n"+ackEmoji+" "), people) {
		v.lose("the storm is not taken care of by %v: %q", people, c.shows())
	}
	v.onceEach(fmt.Sprintf("the storm %q", c.shows()), c)
}

// onStorm returns who is on a storm in the end, sorted.
func (p *plan) onStorm(number string) (people []string) {
	for _, one := range p.presses {
		if one.storm > 0 && one.counts() && one.emoji == ackEmoji && one.number == number {
			people = append(people, one.who)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// everOnStorms returns who was on any storm. They are on its members, too; and the card of
// a member still has their names when they think again, until it changes.
func (p *plan) everOnStorms() (people []string) {
	for _, one := range p.presses {
		if one.storm > 0 && one.emoji == ackEmoji {
			people = append(people, one.who)
		}
	}
	return people
}

// pressStorms has people take the first storms on, or silence them.
func (p *plan) pressStorms(lots *rand.Rand) {
	for nth := range 3 {
		p.press(lots, press{who: pick(lots, names()), emoji: ackEmoji, storm: nth + 1, removal: pick(lots, []removal{stays, stays, hasty})})
		if lots.IntN(3) == 0 {
			p.press(lots, press{who: pick(lots, names()), emoji: hushEmoji, storm: nth + 1, removal: pick(lots, []removal{stays, hasty})})
		}
	}
}

// parts reads which incidents are part of which storm, and which ever were of any, as
// people call them: the card of one that broke before its storm began need not say so. It
// only tells which cards are about the same things; how many are down comes from the plan.
func (l *ledger) parts(ctx context.Context) (of map[string]string, ever map[string]bool, err error) {
	rows, err := l.db.QueryContext(ctx, "SELECT incident_id, storm_id, left_at IS NULL FROM storm_members")
	if err != nil {
		return nil, nil, fmt.Errorf("read what is part of a storm: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	of, ever = map[string]string{}, map[string]bool{}
	for rows.Next() {
		var incident, storm int64
		var is bool
		if err := rows.Scan(&incident, &storm, &is); err != nil {
			return nil, nil, fmt.Errorf("read what is part of a storm: %w", err)
		}
		number := fmt.Sprintf("#%d", incident)
		if ever[number] = true; is {
			of[number] = fmt.Sprintf("#%d", storm)
		}
	}
	return of, ever, rows.Err()
}

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	doneEmoji = "✅"
	ackEmoji  = "👀"
	hushEmoji = "🔕"
)

// People take their time, so that they act between the kills.
const (
	patience = 2500 * time.Millisecond // from a card to a reaction, at most
	talk     = 5 * time.Second         // from the first card to the last command
)

func names() []string { return []string{"ana", "bob", "carl"} }

// removal says whether somebody takes a reaction back.
type removal int

const (
	stays   removal = iota
	hasty           // soon, whether or not the bot saw it
	settled         // once the card showed it
)

// press is a reaction to a card.
type press struct {
	who, emoji string
	chore      *chore    // the card it is put on, or
	incident   *incident // this one, or
	letter     int       // this one, from 1, or
	storm      int       // of this storm, from 1 in the order in which they appear
	idle       bool      // means nothing on this card
	delay      time.Duration
	removal    removal
	removing   time.Duration
	after      *press // only once this one was taken back

	// How it was played.
	ready, placed   time.Time
	number          string // of the storm
	event, takeback string
}

// counts says whether the press has its effect in the end.
func (p *press) counts() bool { return !p.idle && p.removal == stays }

// order is something said in a room.
type order struct {
	who, body string
	technique bool      // in this room, else in the other
	chore     *chore    // its card must be there before
	incident  *incident // or this card; its number stands for the %s in body
	does      string    // to the incident: the emoji of the button that does the same
	removed   bool      // taken back once it was answered
	done      bool      // it completes the chore
	note      string
	undo      *order // the one it takes back, which was said before
	answer    string // what the one reply holds, or with | one of several; "" for no reply
	at        time.Duration

	// How it was played.
	undone          bool
	event, takeback string
}

// drawPeople decides who does what: every chore is left alone, claimed, done from its
// card, or done by a command.
func (p *plan) drawPeople(lots *rand.Rand) {
	for _, c := range p.chores {
		switch lot := lots.IntN(10); {
		case lot < 1:
		case lot < 2:
			p.press(lots, press{who: pick(lots, names()), emoji: ackEmoji, chore: c, removal: pick(lots, []removal{stays, stays, hasty, settled})})
		case lot < 6:
			p.pressChore(lots, c)
		default:
			p.order(lots, c)
		}
	}
	p.triage(lots)
	p.pressIncidents(lots)
	p.pressIdly(lots)
	if p.storms {
		p.pressStorms(lots)
	}
	for _, o := range []order{
		{body: "!pannes", answer: "🔴|🟢"}, {body: "!prévu", technique: true, answer: "Corvée|🌙"},
		{body: "!stats antigone", answer: "Docker"}, {body: "!prevoir", technique: true, answer: "prevoir"},
		{body: "bonjour tout le monde"}, {body: "il fait froid !", technique: true},
	} {
		o.who, o.at = pick(lots, names()), upTo(lots, talk)
		p.orders = append(p.orders, &o)
	}
	p.hasten()
}

// hasten has nobody wait for their name on a card where it may be for another reason: they
// said the same by a command, or of a storm, which is said of its members. Then it does not
// tell that the bot saw the reaction, and what is taken back while the bot is down it never
// sees.
func (p *plan) hasten() {
	for _, one := range p.presses {
		if one.removal == settled && one.incident != nil && p.namedAnyway(one) {
			one.removal = hasty
		}
	}
}

func (p *plan) namedAnyway(one *press) bool {
	return slices.Contains(p.everOnStorms(), one.who) || slices.ContainsFunc(p.orders, func(o *order) bool {
		return o.incident == one.incident && o.does == ackEmoji && o.who == one.who
	})
}

func pick[T any](lots *rand.Rand, from []T) T { return from[lots.IntN(len(from))] }

func (p *plan) press(lots *rand.Rand, one press) *press {
	one.delay, one.removing = upTo(lots, patience), upTo(lots, patience/4)
	p.presses = append(p.presses, &one)
	return &one
}

// pressChore has one or two people say that a chore is done, and perhaps think
// again.
func (p *plan) pressChore(lots *rand.Rand, c *chore) {
	people := slices.Clone(names())
	lots.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	if lots.IntN(3) == 0 { // two who do not know of each other
		p.press(lots, press{who: people[0], emoji: doneEmoji, chore: c, removal: pick(lots, []removal{stays, hasty})})
		p.press(lots, press{who: people[1], emoji: doneEmoji, chore: c})
		return
	}
	first := p.press(lots, press{who: people[0], emoji: doneEmoji, chore: c, removal: pick(lots, []removal{stays, stays, hasty, settled})})
	if first.removal != stays && lots.IntN(2) == 0 {
		p.press(lots, press{who: people[0], emoji: "✅\ufe0f", chore: c, after: first})
	}
}

// triage has somebody deal with what nothing follows, by a button or by a command:
// silence it, or close it by hand; or take it, by a command.
func (p *plan) triage(lots *rand.Rand) {
	for _, i := range p.incidents {
		if !i.last {
			continue
		}
		who := pick(lots, names())
		switch lot := lots.IntN(10); {
		case lot < 3:
			p.press(lots, press{who: who, emoji: hushEmoji, incident: i, removal: pick(lots, []removal{stays, stays, hasty})})
		case i.grouped: // what still fires after somebody closed it fires again, as a new one
		case lot < 5:
			p.press(lots, press{who: who, emoji: doneEmoji, incident: i, removal: pick(lots, []removal{stays, stays, hasty})})
		case lot < 9 && !i.resolved: // else its end may come first, and the command too late
			one := pick(lots, []order{
				{body: "!acquitter %s", does: ackEmoji, answer: "Prise en charge · "},
				{body: "!sourdine %s 4h", does: hushEmoji, answer: "En sourdine · "},
				{body: "!traité %s redémarré", does: doneEmoji, answer: "Traité · "},
			})
			one.who, one.incident, one.at, one.removed = who, i, upTo(lots, talk), lots.IntN(3) == 0
			p.orders = append(p.orders, &one)
		}
	}
}

func (p *plan) pressIncidents(lots *rand.Rand) {
	taken := map[string]bool{}
	for len(p.presses) < pressCount {
		i, who := lots.IntN(len(p.incidents)), pick(lots, names())
		if key := fmt.Sprint(i, who); !taken[key] {
			taken[key] = true
			p.press(lots, press{who: who, emoji: ackEmoji, incident: p.incidents[i], removal: pick(lots, []removal{stays, stays, stays, hasty, settled})})
		}
	}
}

// pressIdly adds reactions that mean nothing where they are.
func (p *plan) pressIdly(lots *rand.Rand) {
	p.press(lots, press{who: "ana", emoji: "👍", incident: pick(lots, p.incidents), idle: true})
	p.press(lots, press{who: "bob", emoji: "🎉", chore: pick(lots, p.chores), idle: true})
	p.press(lots, press{who: "carl", emoji: doneEmoji, letter: 1 + lots.IntN(p.letters), idle: true, removal: hasty})
}

// order has somebody complete a chore by a command, and perhaps somebody undo it.
func (p *plan) order(lots *rand.Rand, c *chore) {
	at := upTo(lots, talk)
	note := fmt.Sprintf("tout est vert, série %02d", c.n)
	done := &order{who: pick(lots, names()), body: "!fait " + c.key() + " " + note, technique: lots.IntN(4) > 0, chore: c, done: true, note: note, answer: c.title(), at: at}
	p.orders = append(p.orders, done)
	if lots.IntN(4) == 0 {
		done.undone = true
		p.orders = append(p.orders, &order{
			who: pick(lots, names()), body: "!annuler " + c.key(), technique: done.technique, chore: c, undo: done,
			answer: c.title(), at: at + upTo(lots, 500*time.Millisecond),
		})
	}
}

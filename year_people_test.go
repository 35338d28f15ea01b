package main

import (
	"fmt"
	"slices"
	"time"

	"ronde/cards"
)

// People of the year: what they do about a card, and when.

// hours is a random length of time.
func (y *year) hours(from, to float64) time.Duration {
	return time.Duration((from + y.rng.Float64()*(to-from)) * float64(time.Hour))
}

// who is somebody who is there.
func (y *year) who() string {
	for {
		who := []string{"ana", "bruno", "chloe"}[y.rng.IntN(3)]
		if !y.isAway(who, time.Now()) || y.chance(0.1) {
			return who
		}
	}
}

// answer plans what becomes of a card.
func (y *year) answer(c *yearCard) {
	alias := y.config.Routines[slices.Index(y.keys(), c.routine)].Aliases[0]
	open := func(do func()) func() {
		return func() {
			if c.open() {
				do()
			}
		}
	}
	done := open(func() { y.tap(c, "✅") })
	switch p := y.rng.Float64(); {
	case p < 0.66:
		y.in(y.hours(0.1, 10), done)
	case p < 0.72:
		y.in(y.hours(0.1, 10), open(func() { y.say(c, "!fait "+alias, time.Now(), "done") }))
	case p < 0.76:
		y.in(y.hours(0.1, 20), open(func() { y.say(c, "!fait "+alias+" avec @bruno, tout va bien", time.Now(), "with") }))
	case p < 0.80:
		y.in(y.hours(20, 30), open(func() { y.backDated(c, alias) }))
	case p < 0.83:
		y.in(y.hours(0.1, 30), open(func() { y.tap(c, "⏭️") }))
	case p < 0.85:
		y.in(y.hours(0.1, 30), open(func() { y.say(c, "!passer "+alias+" pas cette fois", time.Now(), "skip") }))
	case p < 0.89:
		y.in(y.hours(0.1, 5), open(func() { y.tap(c, "💤") }))
		y.in(y.hours(25, 60), done)
	case p < 0.91:
		y.in(y.hours(0.1, 5), open(func() { y.say(c, "!reporter "+alias+" 2j", time.Now(), "snooze") }))
		y.in(y.hours(5, 80), done)
	case p < 0.94:
		y.in(y.hours(0.1, 5), open(func() { y.forget(c) }))
		y.in(y.hours(40, 50), done)
	case p < 0.96:
		y.in(y.hours(0.1, 1), open(func() { y.tap(c, "👀") }))
		y.in(y.hours(2, 4), done) // before the claim ends
	case p < 0.98:
		y.in(y.hours(30, 24*9), done) // late, perhaps too late
	default:
		y.in(y.hours(1, 5), done)
		y.in(y.hours(2, 40), func() { y.tap(c, "✅") }) // somebody else, too
	}
}

func (y *year) keys() (keys []string) {
	for _, r := range y.config.Routines {
		keys = append(keys, r.Key)
	}
	return keys
}

// tap reacts to a card.
func (y *year) tap(c *yearCard, emoji string) {
	y.said[emoji]++
	act := &yearAct{routine: c.routine, at: time.Now(), card: c.name, skip: emoji == "⏭️"}
	who := y.who()
	id := y.happens(cards.Event{Kind: cards.Reacted, Sender: who, Target: c.event, Emoji: emoji}, func() {
		switch emoji {
		case "✅", "⏭️":
			y.models[c.routine].did(act, time.Now())
		case "👀":
			y.claims(c, who)
		}
	})
	switch {
	case emoji == "💤" || emoji == "👀":
		y.afterwards(30 * time.Hour)
	case y.chance(0.06):
		y.in(y.hours(0.1, 30), func() { y.takeBack(c, act, id) })
	}
}

// say types a command about a routine.
func (y *year) say(c *yearCard, body string, at time.Time, what string) {
	y.said[what]++
	act := &yearAct{routine: c.routine, at: at, skip: what == "skip"}
	id := y.happens(cards.Event{Kind: cards.Said, Sender: y.who(), Body: body}, func() {
		if what != "snooze" {
			y.models[c.routine].did(act, time.Now())
		}
	})
	switch {
	case what == "snooze":
		y.afterwards(50 * time.Hour)
	case y.chance(0.06):
		y.in(y.hours(0.1, 30), func() { y.takeBack(c, act, id) })
	case what == "done" && y.chance(0.1) && y.ronde != nil:
		y.in(y.hours(0.01, 0.02), func() { y.undo(c, act) })
	}
}

// backDated says the day after that it was done.
func (y *year) backDated(c *yearCard, alias string) {
	yesterday := time.Now().In(y.config.Location).AddDate(0, 0, -1)
	hour := 6 + y.rng.IntN(17)
	at := time.Date(yesterday.Year(), yesterday.Month(), yesterday.Day(), hour, 30, 0, 0, y.config.Location)
	y.say(c, fmt.Sprintf("!fait %s hier %dh30", alias, hour), at, "back-dated")
	y.in(y.hours(1, 5), func() {
		if c.emoji != "✅" && c.emoji != "⚪" {
			y.tap(c, "✅") // it had been too early for this one
		}
	})
}

// takeBack removes the reaction or the command, and does it again later.
func (y *year) takeBack(c *yearCard, act *yearAct, id string) {
	if act.undone {
		return
	}
	y.said["taken back"]++
	y.happens(cards.Event{Kind: cards.Redacted, Sender: y.who(), Target: id}, func() { y.models[c.routine].undid(act, time.Now()) })
	y.onceMore(c)
}

// onceMore does later what was taken back, unless a newer date asks for it.
func (y *year) onceMore(c *yearCard) {
	y.in(y.hours(0.5, 20), func() {
		if c.open() {
			y.tap(c, "✅")
		}
	})
}

// undo types that the last thing that was said did not happen.
func (y *year) undo(c *yearCard, act *yearAct) {
	m := y.models[c.routine]
	if act.undone || m.acts[len(m.acts)-1] != act {
		return
	}
	y.said["undone"]++
	y.happens(cards.Event{Kind: cards.Said, Sender: y.who(), Body: "!annuler " + c.routine}, func() { m.undid(act, time.Now()) })
	y.onceMore(c)
}

// forget claims a card and thinks no more of it: the bot has to ask, and an hour later
// to tell the room, unless somebody else does it meanwhile. That may be with a second ✅
// on the card of the day before, which counts for the one that is open.
func (y *year) forget(c *yearCard) {
	if y.ronde == nil {
		return
	}
	who := y.who()
	y.said["forgotten"]++
	y.happens(cards.Event{Kind: cards.Reacted, Sender: who, Target: c.event, Emoji: "👀"}, func() { y.claims(c, who) })
	y.afterwards(y.ronde.routines.Settings.Lease)
	y.afterwards(y.ronde.routines.Settings.Lease + time.Hour)
}

// claims notes that the bot heard of a claim, and what it asks when that ends.
func (y *year) claims(c *yearCard, who string) {
	m := y.models[c.routine]
	m.claimed(c.name, who+", où en est : "+m.title+" ?⏳", time.Now().Add(y.ronde.routines.Settings.Lease))
}

// afterwards has the clock look at the first full minute after a length of time.
func (y *year) afterwards(d time.Duration) {
	y.at(time.Now().Add(d).Truncate(time.Minute).Add(time.Minute), y.minute)
}

// beforeItIsAsked: somebody is early.
func (y *year) beforeItIsAsked() {
	r := y.config.Routines[y.rng.IntN(len(y.config.Routines))]
	m := y.models[r.Key]
	if o := m.newest(); y.ronde == nil || o != nil && len(o.acts) == 0 {
		return
	}
	y.said["early"]++
	act := &yearAct{routine: r.Key, at: time.Now()}
	y.happens(cards.Event{Kind: cards.Said, Sender: y.who(), Body: "!fait " + r.Key}, func() { m.did(act, time.Now()) })
}

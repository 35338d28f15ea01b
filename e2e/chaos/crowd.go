package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/e2e/homeserver"
	"ronde/text"
)

// crowd is everybody in the rooms besides the bot.
type crowd struct {
	plan      *plan
	server    *homeserver.Server
	rooms     rooms
	view      *view
	story     *story
	acted     func() // called after each thing that somebody did
	begun     time.Time
	listening bool // the bot has shown something: it hears what is said from now on
	resigned  bool // what has no card by now will have none: it is part of a storm
}

// step does what is to be done now and reports whether nothing is left.
func (c *crowd) step(now time.Time) (finished bool) {
	c.view.update(c.server)
	if !c.listening {
		c.listening, c.begun = len(c.view.cards) > 0, now
		return false
	}
	finished = true
	for _, o := range c.plan.orders {
		finished = c.say(o, now) && finished
	}
	for _, p := range c.plan.presses {
		finished = c.press(p, now) && finished
	}
	return finished
}

func (c *crowd) say(o *order, now time.Time) (said bool) {
	switch {
	case o.event != "":
		return !o.removed || c.unsay(o)
	case now.Before(c.begun.Add(o.at)), o.undo != nil && o.undo.event == "":
		return false
	case o.chore != nil && c.view.find(subject{chore: o.chore}) == nil:
		return false
	case o.incident != nil:
		target := c.view.find(subject{incident: o.incident})
		if target == nil && c.resigned {
			o.giveUp()
			return true
		}
		if target == nil {
			return false
		}
		o.body = fmt.Sprintf(o.body, target.number())
	}
	o.event = c.server.Say(o.who, c.rooms.of(o.technique), o.body)
	c.acted()
	c.story.tell("%s says %q (%s)", o.who, o.body, o.event)
	return !o.removed
}

// unsay takes back what was said, once it was answered.
func (c *crowd) unsay(o *order) (done bool) {
	if o.takeback == "" && len(c.view.answers[o.event]) > 0 {
		o.takeback = c.server.Redact(o.who, c.rooms.of(o.technique), o.event)
		c.acted()
		c.story.tell("%s takes back %q (%s)", o.who, o.body, o.takeback)
	}
	return o.takeback != ""
}

// press takes a reaction one step on: it is put under the card, and perhaps taken
// back.
func (c *crowd) press(p *press, now time.Time) (finished bool) {
	if p.event != "" && (p.removal == stays || p.takeback != "") {
		return true
	}
	target := c.target(p)
	if target == nil && c.resigned && (p.incident != nil || p.storm > 0) {
		p.event, p.removal, p.idle = "$nothing", stays, true
		return true
	}
	if target == nil || p.after != nil && p.after.takeback == "" {
		return false
	}
	room := c.rooms.of(p.chore != nil)
	switch {
	case p.ready.IsZero():
		p.ready = now.Add(p.delay)
	case now.Before(p.ready):
	case p.event == "" && c.reacted(p, target):
		// Two cards of the plan are one in the room: a fault of the bot, of which the
		// audit log will tell, as nobody can react twice.
		p.event, p.removal = "$nothing", stays
	case p.event == "":
		p.event, p.placed = c.server.React(p.who, room, target.event, p.emoji), now
		c.acted()
		c.story.tell("%s puts %s on %s (%s)", p.who, p.emoji, p.subject(), p.event)
	case now.Before(p.placed.Add(p.removing)), p.removal == settled && !p.shown(target):
	default:
		p.takeback = c.server.Redact(p.who, room, p.event)
		c.acted()
		c.story.tell("%s takes back %s on %s (%s)", p.who, p.emoji, p.subject(), p.takeback)
	}
	return p.event != "" && (p.removal == stays || p.takeback != "")
}

// target returns the card that somebody reacts to, nil while it is not there.
func (c *crowd) target(p *press) *card {
	if p.storm == 0 || p.number != "" {
		return c.view.find(p.subject())
	}
	if storms := c.view.storms(); len(storms) >= p.storm {
		p.number = storms[p.storm-1].about.storm
		return storms[p.storm-1]
	}
	return nil
}

// giveUp leaves unsaid what was to be said of an incident that has no card.
func (o *order) giveUp() {
	o.event, o.answer, o.incident, o.removed = "$nothing", "", nil, false
}

// reacted tells whether somebody's reaction is under a card already.
func (c *crowd) reacted(p *press, on *card) bool {
	return slices.ContainsFunc(c.server.ReactionsTo(on.event), func(e homeserver.Event) bool {
		_, emoji := e.ReactsTo()
		return e.Sender == "@"+p.who+":ronde.test" && emoji == p.emoji
	})
}

// shown tells whether the card shows that the bot saw the reaction.
func (p *press) shown(on *card) bool {
	if p.chore != nil {
		return strings.HasPrefix(on.shows(), text.PlainEmoji(p.emoji)) && strings.Contains(on.shows(), " · "+p.who+",")
	}
	return slices.Contains(shownPeople(on.shows(), "\n"+ackEmoji+" "), p.who)
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTheJudgeNoticesOfStorms shows the judge rooms with storms as they should be, but for
// one thing.
func TestTheJudgeNoticesOfStorms(t *testing.T) {
	for _, story := range []struct {
		name          string
		lost, doubled int
		wrong         func(s *scenery)
	}{
		{"nothing", 0, 0, func(*scenery) {}},
		{"a thing that is down and not counted", 1, 0, func(s *scenery) { s.time.names = s.time.names[1:] }},
		{"a thing that is down and not named", 1, 1, func(s *scenery) { s.time.names[0] = "Imprimante" }},
		{"a thing that is back and counted", 0, 2, func(s *scenery) { s.time.names = slices.Insert(s.time.names, 0, "Imprimante") }},
		{"a name that is there twice", 1, 2, func(s *scenery) { s.time.names[0] = s.time.names[1] }},
		{"a thing that is down and back", 0, 1, func(s *scenery) { s.time.back = append(s.time.back, s.time.names[0]) }},
		{"a thing on two storms", 0, 2, func(s *scenery) { s.time.names = slices.Insert(s.time.names, 0, s.host.names[0]) }},
		{"a thing on a card of its own and on a storm", 0, 2, func(s *scenery) { delete(s.rooms.parts, s.member) }},
		{"an incident that is part of nothing", 1, 0, func(s *scenery) { s.rooms.parts[s.member] = "#999" }},
		{"two storms of the same", 0, 1, func(s *scenery) { s.time.scope = s.host.scope }},
		{"alerts that nothing ever showed", 1, 0, func(s *scenery) { s.host.alerts = 0 }},
		{"an alert that a storm counts twice", 0, 1, func(s *scenery) { s.host.alerts++ }},
		{"a storm that was not unfolded", 2, 0, func(s *scenery) { s.rooms.late, s.time.names = true, s.time.names[:2] }},
		{"somebody who is on a storm and not shown", 1, 0, func(s *scenery) { s.time.acks = nil }},
		{"a storm with two cards", 0, 1, func(s *scenery) { s.again = true }},
	} {
		t.Run(story.name, func(t *testing.T) {
			s := underAStorm(newPlan(3, time.Now()))
			story.wrong(s)
			s.draw()
			if got := s.plan.judge(s.rooms, s.audit); len(got.lost) != story.lost || len(got.doubled) != story.doubled {
				t.Errorf("lost %q, doubled %q", got.lost, got.doubled)
			}
		})
	}
}

// scenery is two rooms after a storm on a host, and one of what came at the same time.
type scenery struct {
	plan       *plan
	rooms      *view
	audit      []deed
	host, time *front
	member     string // which has a card of its own
	again      bool   // the last storm's card is there twice
}

// front is a storm that is open.
type front struct {
	number, scope string
	names, back   []string
	before        int // how many came back, named or not
	alerts        int
	acks          []string
}

// underAStorm takes away the cards of what is down, all but the first two, of which one
// is part of a storm, and those of some that are back.
func underAStorm(p *plan) *scenery {
	rooms, audit := asItShouldBe(p)
	s := &scenery{plan: p, rooms: rooms, audit: audit, host: &front{number: "#901", scope: "antigone"}, time: &front{number: "#902", before: 9}}
	rooms.parts, rooms.joined = map[string]string{}, map[string]bool{}
	alone, hidden, kept := 0, 0, rooms.cards[:0]
	for n, c := range rooms.cards {
		i := c.about.incident
		if i != nil {
			c.bodies[0] = strings.Replace(c.bodies[0], "#1", fmt.Sprintf("#%d", n), 1)
		}
		switch {
		case i == nil:
		case p.isDown(i):
			alone++
			if alone == 1 {
				break
			}
			f := s.of(i.thing)
			f.names, f.alerts = append(f.names, i.thing), f.alerts+len(i.numbers)
			if alone > 2 {
				continue
			}
			s.member = c.number()
			rooms.parts[s.member], rooms.joined[s.member] = f.number, true
		case i.resolved && hidden < s.time.before:
			hidden++
			s.time.alerts += len(i.numbers)
			continue
		}
		kept = append(kept, c)
	}
	rooms.cards = kept
	s.people()
	return s
}

func (s *scenery) of(thing string) *front {
	if strings.Contains(thing, "antigone") {
		return s.host
	}
	return s.time
}

// people has them do to the two storms what the plan says, and leave a third one alone.
func (s *scenery) people() {
	for _, one := range s.plan.presses {
		f := s.host
		switch one.storm {
		case 0:
			continue
		case 1:
		case 2:
			f = s.time
		default:
			s.audit = slices.DeleteFunc(s.audit, func(d deed) bool { return d.event == one.event || d.event == one.takeback })
			one.idle, one.event, one.takeback = true, "$nothing", ""
			continue
		}
		if one.number = f.number; one.counts() && one.emoji == ackEmoji {
			f.acks = append(f.acks, one.who)
		}
	}
	if len(s.time.acks) == 0 {
		one := &press{who: "ana", emoji: ackEmoji, storm: 2, number: s.time.number, event: "$press-more"}
		s.plan.presses, s.time.acks = append(s.plan.presses, one), []string{"ana"}
		s.audit = append(s.audit, deed{"@ana:ronde.test", "ack", "reaction", one.event, "done"})
	}
}

// draw puts the cards of the storms into the room.
func (s *scenery) draw() {
	for _, f := range []*front{s.host, s.time} {
		c := &card{bodies: []string{f.write()}, about: s.plan.subjectOf(f.write()), seeds: map[string]int{ackEmoji: 1, hushEmoji: 1, doneEmoji: 1}}
		s.rooms.cards = append(s.rooms.cards, c)
		if s.again && f == s.time {
			other := *c
			other.bodies = []string{"🟢 3 services rétablis · 12:00 · après 1 h\nA, B, C\nUptime Kuma · 0 alertes · " + f.number}
			s.rooms.cards = append(s.rooms.cards, &other)
		}
	}
}

func (f *front) write() string {
	head := "🟠 Prise en charge · "
	if f.scope != "" {
		head += f.scope + " : "
	}
	body := fmt.Sprintf("%s%d services sur %d en panne · depuis 12:00\n", head, len(f.names), len(f.names)+f.before)
	if shown := f.names[:min(len(f.names), 12)]; len(shown) < len(f.names) {
		body += fmt.Sprintf("%s et %d autres", strings.Join(shown, ", "), len(f.names)-len(shown))
	} else {
		body += strings.Join(shown, ", ")
	}
	if len(f.back) > 0 {
		body += "\n🟢 Rétablis : " + strings.Join(f.back, ", ")
	}
	body += fmt.Sprintf("\nUptime Kuma · %d alertes · %s", f.alerts, f.number)
	for _, who := range f.acks {
		body += "\n👀 " + who + ", jusqu’à 16:00"
	}
	return body + "\n👀 je m’en charge · 🔕 silence 1 h · ✅ c’est réglé"
}

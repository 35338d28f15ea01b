package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
)

func TestNothingIsLostOrDoubledInAFewSeeds(t *testing.T) {
	s, err := newStage(t.Context(), t.TempDir(), "", peers.NeedDovecot(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var out strings.Builder
	sum := newTotal(options{seeds: 3, parallel: 3}, &out)
	s.playAll(t.Context(), sum)
	sum.print()
	if !sum.good() || sum.played != 3 {
		t.Error(out.String())
	}
	t.Log(out.String())
}

func TestASeedDecidesThePlan(t *testing.T) {
	now := time.Now()
	for seed := range uint64(50) {
		p := newPlan(seed, now)
		if again := newPlan(seed, now); !slices.EqualFunc(p.mails, again.mails, func(a, b mail) bool { return string(a.raw) == string(b.raw) }) ||
			fmt.Sprint(p.strikes, p.waves, p.absences, p.jumps, p.renumbers, p.said()) != fmt.Sprint(again.strikes, again.waves, again.absences, again.jumps, again.renumbers, again.said()) {
			t.Errorf("seed %d drew two plans", seed)
		}
		mails := 0
		for _, w := range p.waves {
			mails += w.mails
		}
		if len(p.mails) != 200 || mails != 200 || len(p.chores) != 20 || len(p.presses) < pressCount || len(p.strikes) < 6 {
			t.Errorf("seed %d: %d mails, %d of them in waves, %d chores, %d presses, %d kills", seed, len(p.mails), mails, len(p.chores), len(p.presses), len(p.strikes))
		}
	}
}

// TestTheJudgeNotices shows the judge rooms as they should be, but for one thing.
func TestTheJudgeNotices(t *testing.T) {
	for _, story := range []struct {
		name          string
		lost, doubled int
		wrong         func(p *plan, v *view, audit *[]deed)
	}{
		{"nothing", 0, 0, func(*plan, *view, *[]deed) {}},
		{"a card that is missing", 1, 0, func(_ *plan, v *view, _ *[]deed) { v.cards = v.cards[1:] }},
		{"a card that is there twice", 0, 1, func(_ *plan, v *view, _ *[]deed) { v.cards = append(v.cards, v.cards[3]) }},
		{"an edit that is missing", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return i.resolved && len(i.numbers) > 0 })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), "🟢", "🔴", 1))
		}},
		{"an alert counted twice", 0, 1, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return len(i.numbers) == 1 })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), " · #", " · annoncée 2 fois · #", 1))
		}},
		{"an alert not counted", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return len(i.numbers) == 2 })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), " · annoncée 2 fois", "", 1))
		}},
		{"a reaction without effect", 1, 0, func(p *plan, v *view, _ *[]deed) {
			i := slices.IndexFunc(p.presses, func(one *press) bool {
				return one.counts() && one.emoji == ackEmoji && one.incident != nil && one.incident.resolved
			})
			c := v.find(p.presses[i].subject())
			c.bodies = append(c.bodies, strings.Replace(c.shows(), "\n👀 "+p.presses[i].who+", depuis 12:00", "", 1))
		}},
		{"a removal without effect", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{chore: choreThat(p, func(c *chore) bool { return p.untouched(c) })})
			c.bodies = append(c.bodies, "✅ Fait : "+c.about.chore.title()+" · ana, 12:00")
		}},
		{"a button that is missing", 1, 0, func(p *plan, v *view, _ *[]deed) {
			delete(v.find(subject{incident: firstThat(p, func(i *incident) bool { return p.mark(i) == "🔴" })}).seeds, hushEmoji)
		}},
		{"a button that is there twice", 0, 1, func(p *plan, v *view, _ *[]deed) {
			v.find(subject{incident: p.incidents[0]}).seeds[hushEmoji]++
		}},
		{"a recovery of which one channel told that is not shown", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return i.resolved && i.last && i.kuma })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), "🟢", "🔴", 1))
		}},
		{"a twin that has a card of its own", 0, 1, func(p *plan, v *view, _ *[]deed) {
			v.cards = append(v.cards, v.find(subject{incident: firstThat(p, func(i *incident) bool { return i.only })}))
		}},
		{"an incident that was closed by hand and still fires", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return p.mark(i) == doneEmoji })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), doneEmoji, "🔴", 1))
		}},
		{"a silence that is over too early", 1, 0, func(p *plan, v *view, _ *[]deed) {
			c := v.find(subject{incident: firstThat(p, func(i *incident) bool { return p.mark(i) == hushEmoji })})
			c.bodies = append(c.bodies, strings.Replace(c.shows(), hushEmoji, "🔴", 1))
		}},
		{"a command without an answer", 1, 0, func(p *plan, v *view, _ *[]deed) { delete(v.answers, p.orders[0].event) }},
		{"a command with two answers", 0, 1, func(p *plan, v *view, _ *[]deed) {
			v.answers[p.orders[0].event] = append(v.answers[p.orders[0].event], "once more")
		}},
		{"a past told twice", 0, 1, func(_ *plan, v *view, _ *[]deed) {
			v.past(v.cards[0], "🕘 once")
			v.past(v.cards[0], "🕘 twice")
		}},
		{"an answer to nobody", 0, 1, func(_ *plan, v *view, _ *[]deed) { v.answers["$nobody"] = []string{"yes"} }},
		{"something nobody asked for", 0, 1, func(_ *plan, v *view, _ *[]deed) {
			v.cards = append(v.cards, &card{bodies: []string{"hello"}})
		}},
		{"an edit sent twice", 0, 1, func(_ *plan, v *view, _ *[]deed) { v.doubled = []string{"the edit x-card-1-2"} }},
		{"a line missing in the audit log", 1, 0, func(_ *plan, _ *view, audit *[]deed) { *audit = (*audit)[1:] }},
		{"a line twice in the audit log", 0, 1, func(_ *plan, _ *view, audit *[]deed) { *audit = append(*audit, (*audit)[0]) }},
		{"a line without a reason in the audit log", 0, 1, func(_ *plan, _ *view, audit *[]deed) {
			*audit = append(*audit, deed{event: "$nothing"})
		}},
	} {
		t.Run(story.name, func(t *testing.T) {
			p := newPlan(4, time.Now())
			v, audit := asItShouldBe(p)
			story.wrong(p, v, &audit)
			if got := p.judge(v, audit); len(got.lost) != story.lost || len(got.doubled) != story.doubled {
				t.Errorf("lost %q, doubled %q", got.lost, got.doubled)
			}
		})
	}
}

func firstThat(p *plan, is func(*incident) bool) *incident {
	return p.incidents[slices.IndexFunc(p.incidents, is)]
}

func choreThat(p *plan, is func(*chore) bool) *chore {
	return p.chores[slices.IndexFunc(p.chores, is)]
}

// asItShouldBe writes what the bot would, had nothing gone wrong.
func asItShouldBe(p *plan) (*view, []deed) {
	v, audit := newView(p), []deed{}
	for _, s := range p.subjects() {
		body := write(p, s)
		v.cards = append(v.cards, &card{bodies: []string{body}, about: p.subjectOf(body), seeds: map[string]int{ackEmoji: 1, hushEmoji: 1, doneEmoji: 1}})
	}
	for n, o := range p.orders {
		o.event = fmt.Sprintf("$order-%d", n)
		if o.answer != "" {
			v.answers[o.event] = []string{strings.Split(o.answer, "|")[0]}
			audit = append(audit, deed{"@" + o.who + ":ronde.test", "done", "command", o.event, "done"})
		}
		if o.removed {
			o.takeback = fmt.Sprintf("$unsaid-%d", n)
			audit = append(audit, deed{"@" + o.who + ":ronde.test", "unack", "removal", o.takeback, "done"})
		}
	}
	for n, one := range p.presses {
		one.event = fmt.Sprintf("$press-%d", n)
		if one.removal != stays {
			one.takeback = fmt.Sprintf("$removal-%d", n)
		}
		if one.idle {
			continue
		}
		audit = append(audit, deed{"@" + one.who + ":ronde.test", "ack", "reaction", one.event, "done"})
		if one.removal != stays {
			audit = append(audit, deed{"@" + one.who + ":ronde.test", "unack", "removal", one.takeback, "done"})
		}
	}
	return v, audit
}

// said is all that the channels say, in the order of the plan.
func (p *plan) said() (all []string) {
	for _, o := range p.outages {
		for _, t := range o.tellings {
			all = append(all, fmt.Sprint(t.channel, t.hook, string(t.body), t.line, t.dated, t.delay, t.cut, t.deaf))
		}
	}
	return all
}

func write(p *plan, s subject) string {
	people := p.who(s)
	switch {
	case s.letter > 0:
		return "✉️ " + letterSubject(s.letter-1) + " · Camille · 12:00"
	case s.chore != nil && len(people) > 0:
		return "✅ Fait : " + s.chore.title() + " · " + people[0] + ", 12:00\n📝 " + p.note(s.chore)
	case s.chore != nil && p.claimer(s.chore) != "":
		return "👀 Pris en charge : " + s.chore.title() + " · " + p.claimer(s.chore) + ", jusqu’à 16:00"
	case s.chore != nil:
		return "⏰ En retard : " + s.chore.title() + " · 3 jours de retard"
	}
	i, source, times := s.incident, "Healthchecks", ""
	switch {
	case i.kuma:
		source = "Uptime Kuma"
	case i.grouped:
		source = "Alertmanager"
	}
	if len(i.numbers) > 1 {
		times = fmt.Sprintf(" · annoncée %d fois", len(i.numbers))
	}
	body := p.mark(i) + " Panne · " + i.thing + " · " + i.says + "\n" + source + times + " · #1"
	for _, who := range people {
		body += "\n👀 " + who + ", depuis 12:00"
	}
	return body
}

func TestKillsComeEarlyAndLate(t *testing.T) {
	first, last := math.MaxInt, 0
	for seed := range uint64(100) {
		for _, s := range newPlan(seed, time.Now()).strikes {
			if s.moment == stored {
				first, last = min(first, s.nth), max(last, s.nth)
			}
		}
	}
	if first > 2 || last < 100 {
		t.Errorf("transactions from the %dth to the %dth are hit", first, last)
	}
}

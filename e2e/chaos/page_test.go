package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTheJudgeNoticesOfAPage shows the judge the cards of a page that a check of the bot's
// own found bad as they should be, but for one thing.
func TestTheJudgeNoticesOfAPage(t *testing.T) {
	for _, story := range []struct {
		name          string
		lost, doubled int
		wrong         func(v *view, first *card)
	}{
		{"nothing", 0, 0, func(*view, *card) {}},
		{"a time for which it was bad that has no card", 1, 0, func(v *view, _ *card) { v.cards = v.cards[:len(v.cards)-1] }},
		{"a card that is there twice", 0, 1, func(v *view, first *card) { v.cards = append(v.cards, first) }},
		{"a recovery that is not shown", 1, 0, func(_ *view, first *card) {
			first.bodies = append(first.bodies, strings.Replace(first.shows(), "🟢", "🔴", 1))
		}},
		{"a time that was too short and has a card", 0, 1, func(v *view, first *card) {
			body := strings.Replace(first.shows(), "HTTP 503", "HTTP 502", 1)
			v.cards = append(v.cards, &card{bodies: []string{body}, about: v.plan.subjectOf(body)})
		}},
		{"a time that an incident counts twice", 0, 1, func(_ *view, first *card) {
			once := strings.Replace(first.shows(), " · annoncée 2 fois", "", 1)
			first.bodies = append(first.bodies, strings.Replace(once, " · #1", " · annoncée 3 fois · #1", 1))
		}},
	} {
		for _, seed := range []uint64{seedWithPage(t, false), seedWithPage(t, true)} {
			t.Run(fmt.Sprint(story.name, " in seed ", seed), func(t *testing.T) {
				p := newPlan(seed, time.Now())
				v, audit := asItShouldBe(p)
				p.incidents = append(p.incidents, p.ownIncidents()...)
				var first *card
				for _, i := range p.ownIncidents() {
					body := writeOwn(p, i)
					c := &card{bodies: []string{body}, about: p.subjectOf(body), seeds: map[string]int{ackEmoji: 1, hushEmoji: 1, doneEmoji: 1}}
					if v.cards = append(v.cards, c); first == nil {
						first = c
					}
				}
				story.wrong(v, first)
				if got := p.judge(v, audit); len(got.lost) != story.lost || len(got.doubled) != story.doubled {
					t.Errorf("lost %q, doubled %q", got.lost, got.doubled)
				}
			})
		}
	}
}

func seedWithPage(t *testing.T, tied bool) uint64 {
	t.Helper()
	for seed := range uint64(100) {
		if p := newPlan(seed, time.Now()); len(p.spells) > 0 && p.tied == tied {
			return seed
		}
	}
	t.Fatal("no seed has a page")
	return 0
}

func writeOwn(p *plan, i *incident) string {
	said := "page web"
	if len(i.numbers) > 1 {
		said += ", Healthchecks · annoncée 2 fois"
	}
	return fmt.Sprintf("%s Critique · %s · répond avec le statut HTTP %d · depuis 12:00\n%s · #1", p.mark(i), i.thing, i.numbers[0], said)
}

// inShort writes when the page is bad.
func inShort(p *plan) (all string) {
	for _, s := range p.spells {
		all += fmt.Sprintf("%d times %d, says %t, over %t; ", s.looks, s.status, s.says != nil, s.over != nil)
	}
	return all
}

// TestThePageIsBadForTooShortOrForLongEnough: what lies between would depend on how fast
// the machine is.
func TestThePageIsBadForTooShortOrForLongEnough(t *testing.T) {
	seeds, tied, left := 0, 0, 0
	for seed := range uint64(90) {
		p := newPlan(seed, time.Now())
		if len(p.spells) == 0 {
			continue
		}
		seeds++
		if again := newPlan(seed, time.Now()); inShort(again) != inShort(p) || again.tied != p.tied {
			t.Errorf("seed %d drew two pages: %s and %s", seed, inShort(p), inShort(again))
		}
		if p.tied {
			tied++
		}
		for _, s := range p.spells {
			if lasts := time.Duration(s.looks-1) * lookEvery; lasts < pageHolds && lasts > pageHolds-lookEvery {
				t.Errorf("seed %d: %d looks are neither", seed, s.looks)
			}
		}
		if own := p.ownIncidents(); len(own) != 2 || !own[0].resolved {
			t.Errorf("seed %d: %d incidents", seed, len(own))
		} else if !own[1].resolved {
			left++
		}
		if back := p.furthestBack(); back > -10*time.Minute {
			t.Errorf("seed %d: the clock goes back by %s only", seed, back)
		}
	}
	if seeds != 30 || tied < 5 || tied > 25 || left == 0 {
		t.Errorf("%d seeds have a page, tied in %d, left bad in %d", seeds, tied, left)
	}
}

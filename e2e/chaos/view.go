package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ronde/e2e/homeserver"
)

// card is a message of the bot that answers nobody, as a client shows it.
type card struct {
	event  string
	bodies []string // the first and each edit
	about  subject  // by what it shows now
	seeds  map[string]int
	pasts  int             // how often it was told under it what was the last time
	proofs int             // how often it was told under it what a check says
	rings  map[string]bool // what was said under it so that phones ring
}

func (c *card) shows() string { return c.bodies[len(c.bodies)-1] }

var incidentNumber = regexp.MustCompile(`#\d+`)

// number is how people call the incident of a card.
func (c *card) number() string { return incidentNumber.FindString(c.shows()) }

// view is what the two rooms show, read bit by bit.
type view struct {
	plan    *plan
	read    map[string]int // events seen, by room
	cards   []*card
	byEvent map[string]*card
	answers map[string][]string // bodies of the bot's replies, by the event answered
	doubled []string            // edits that were sent twice
	others  []string            // what the bot sent besides
	sent    map[string]bool     // transaction ids of edits
	parts   map[string]string   // which incident is part of which storm
	joined  map[string]bool     // which ever was part of one
	late    bool                // so late that no storm stands there of which little is left
}

// newView reads the rooms in which the things of the plan are shown.
func newView(p *plan, rooms ...string) *view {
	v := &view{plan: p, read: map[string]int{}, byEvent: map[string]*card{}, answers: map[string][]string{}, sent: map[string]bool{}}
	for _, room := range rooms {
		v.read[room] = 0
	}
	return v
}

// update reads what is new and reports whether anything was.
func (v *view) update(s *homeserver.Server) bool {
	news := false
	for room, seen := range v.read {
		timeline := s.Timeline(room)
		for _, e := range timeline[seen:] {
			v.take(e)
			news = true
		}
		v.read[room] = len(timeline)
	}
	return news
}

func (v *view) take(e homeserver.Event) {
	if e.Sender != botID || e.StateKey != nil {
		return
	}
	body := strings.ReplaceAll(e.Body(), "\u00a0", " ")
	target, emoji := e.ReactsTo()
	answered := e.Text("m.relates_to", "m.in_reply_to", "event_id")
	switch {
	case target != "" && v.byEvent[target] != nil:
		v.byEvent[target].seeds[emoji]++
	case e.Type != "m.room.message" || target != "":
		v.others = append(v.others, e.Type+" "+body)
	case e.Edits() != "":
		v.edit(e, body)
	case strings.HasPrefix(body, "🕘 ") && v.byEvent[answered] != nil:
		v.past(v.byEvent[answered], body)
	case proof.MatchString(body) && v.byEvent[answered] != nil:
		v.prove(v.byEvent[answered], body)
	case ringsAgain(body) && v.byEvent[answered] != nil && v.byEvent[answered].about.storm != "":
		v.ring(v.byEvent[answered], body)
	case answered != "":
		v.answers[answered] = append(v.answers[answered], body)
	default:
		c := &card{event: e.ID, bodies: []string{body}, about: v.plan.subjectOf(body), seeds: map[string]int{}, rings: map[string]bool{}}
		v.cards, v.byEvent[e.ID] = append(v.cards, c), c
	}
}

// past takes note of what is told once under the card of something that broke before.
func (v *view) past(c *card, body string) {
	if c.pasts++; c.pasts > 1 {
		v.doubled = append(v.doubled, "the past of "+c.shows()+": "+body)
	}
}

// proof begins what the bot's own check says under the card of what it found.
var proof = regexp.MustCompile(`^\S+ ` + pageName + `\b`)

func (v *view) prove(c *card, body string) {
	if c.proofs++; c.proofs > 1 {
		v.doubled = append(v.doubled, "what the check says of "+c.shows()+": "+body)
	}
}

// ringsAgain tells whether something is said under the card of a storm because more broke:
// somebody had taken on all that was down, or it had been calm.
func ringsAgain(body string) bool {
	return strings.HasPrefix(body, "🔴 Toujours en panne · ") || strings.HasPrefix(body, "🔴 D’autres pannes · ")
}

// ring takes note of what rings under the card of a storm.
func (v *view) ring(c *card, body string) {
	if c.rings[body] {
		v.doubled = append(v.doubled, "under a card: "+body)
	}
	c.rings[body] = true
}

func (v *view) edit(e homeserver.Event, body string) {
	c := v.byEvent[e.Edits()]
	if c == nil {
		v.others = append(v.others, "edit of "+e.Edits()+": "+body)
		return
	}
	if v.sent[e.Txn] {
		v.doubled = append(v.doubled, "the edit "+e.Txn)
	}
	v.sent[e.Txn] = true
	c.bodies, c.about = append(c.bodies, body), v.plan.subjectOf(body)
}

var (
	choreName  = regexp.MustCompile(`Corvée (\d\d)`)
	letterName = regexp.MustCompile(`Lettre (\d\d)`)
	alertName  = regexp.MustCompile(`timeout of (\d{5})ms exceeded|statut HTTP (\d{3})`)
)

// subject is what a card is about: exactly one of its fields is set, or none.
type subject struct {
	incident *incident
	chore    *chore
	letter   int    // from 1
	storm    string // its number
}

// subjectOf recognises what a card is about by what it shows.
func (p *plan) subjectOf(body string) (s subject) {
	if storm, is := readStorm(body); is {
		return subject{storm: storm.number}
	}
	number := func(pattern *regexp.Regexp) int {
		if m := pattern.FindStringSubmatch(body); m != nil {
			n, _ := strconv.Atoi(strings.Join(m[1:], "")) // digits
			return n
		}
		return -1
	}
	if n := number(letterName); n >= 0 {
		return subject{letter: n + 1}
	}
	if n := number(choreName); n >= 0 && n < len(p.chores) {
		return subject{chore: p.chores[n]}
	}
	n := number(alertName)
	for _, i := range p.incidents {
		if i.has(n) || n < 0 && (len(i.numbers) == 0 || i.only) && strings.Contains(body, i.thing) {
			return subject{incident: i}
		}
	}
	return subject{}
}

func (i *incident) has(number int) bool {
	return slices.Contains(i.numbers, number)
}

// find returns the first card about a subject, or nil.
func (v *view) find(about subject) *card {
	for _, c := range v.cards {
		if c.about == about {
			return c
		}
	}
	return nil
}

// events counts what was read so far.
func (v *view) events() (n int) {
	for _, seen := range v.read {
		n += seen
	}
	return n
}

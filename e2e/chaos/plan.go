package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// How much goes through the bot in one seed.
const (
	alertMails   = 160 // downs, repeats and ups of things
	letterMails  = 20  // of no known kind
	repeatMails  = 20  // delivered before, byte for byte but for the trace
	watchedCount = 45  // things that break
	choreCount   = 20
	pressCount   = 50
)

// plan is all that happens to the bot in one seed, and with it what the rooms
// have to show in the end. The seed decides it.
type plan struct {
	seed      uint64
	storms    bool // the bot makes them
	mails     []mail
	waves     []wave
	incidents []*incident
	letters   int
	chores    []*chore
	presses   []*press
	orders    []*order
	strikes   []strike
	absences  []absence
	staggers  []stagger
	outages   []*outage
	numbered  int // of their alerts
	jumps     []jump
	renumbers []time.Duration // when the mail server renumbers the folder
	spells    []spell         // of the page that a check at work asks for; none without one
	tied      bool            // that is one thing with a check of Healthchecks
}

// incident is what the alerts about one thing fold into, as a person would count
// them.
type incident struct {
	thing    string
	kuma     bool
	grouped  bool   // by Alertmanager
	own      bool   // found by a check of the bot's own
	numbers  []int  // of its alerts, oldest first; none when only the end was told
	says     string // the newest of them that has words
	resolved bool
	last     bool // of its thing, and long over when people act
	only     bool // of its thing
}

// chore is a routine that is due.
type chore struct {
	n    int
	late int // days
}

func (c *chore) key() string   { return fmt.Sprintf("corvee-%02d", c.n) }
func (c *chore) title() string { return fmt.Sprintf("Corvée %02d", c.n) }

// wave is how many mails arrive at once, and when.
type wave struct {
	at    time.Duration
	mails int
}

// absence is when the homeserver is away, for longer than it remembers transaction ids:
// at a time, or as soon as it has taken an event, whose answer is lost.
type absence struct {
	at    time.Duration
	nth   int // of all events sent; 0 for at
	lasts time.Duration
}

// stagger is a homeserver that takes an event and loses the answer, forgets all
// transaction ids, and for a while is slow to tell what it has.
type stagger struct {
	nth   int // of all events sent
	lasts time.Duration
}

// newPlan draws the plan of a seed. The mails are dated before now.
func newPlan(seed uint64, now time.Time) *plan {
	lots := rand.New(rand.NewPCG(seed, 1))
	p := &plan{seed: seed, storms: hasStorms(seed)}
	p.drawMails(lots, now.Add(-3*time.Hour))
	p.drawWaves(lots)
	p.drawOutages(lots, now)
	for n := range choreCount {
		p.chores = append(p.chores, &chore{n: n, late: 1 + lots.IntN(25)})
	}
	p.drawPeople(lots)
	p.drawStrikes(lots)
	for i := range 2 {
		p.staggers = append(p.staggers, stagger{nth: 20 + 130*i + lots.IntN(130), lasts: 1300*time.Millisecond + upTo(lots, 700*time.Millisecond)})
	}
	p.absences = []absence{
		{at: upTo(lots, 6*time.Second), lasts: 200*time.Millisecond + upTo(lots, 600*time.Millisecond)},
		{nth: 20 + lots.IntN(200), lasts: 200*time.Millisecond + upTo(lots, 1200*time.Millisecond)},
	}
	p.drawPage()
	p.drawClock(lots)
	for range 1 + lots.IntN(2) {
		p.renumbers = append(p.renumbers, time.Second+upTo(lots, 7*time.Second))
	}
	slices.Sort(p.renumbers)
	return p
}

// drawClock makes the bot's clock wrong three times, and right at last. By more it would
// not only be wrong: a silence of an hour would be over, and questions of ten minutes
// ago are not answered.
func (p *plan) drawClock(lots *rand.Rand) {
	at := time.Duration(0)
	for range 3 {
		at += upTo(lots, 3*time.Second)
		by := pick(lots, []time.Duration{p.furthestBack(), -10 * time.Minute, -time.Minute, -2 * time.Second, 3 * time.Second, 2 * time.Minute, furthestAhead})
		p.jumps = append(p.jumps, jump{at, by})
	}
}

// lateBy is how much later the bot is started once more: no edit is put off any more. Of
// storms nothing was heard for ten minutes by then, even by a clock that was nine ahead.
func (p *plan) lateBy() time.Duration {
	if p.storms {
		return 4 * putOff
	}
	return 2*putOff + p.pageLasts()
}

// furthestAhead is by how much the bot's clock is ahead at most while all happens.
const furthestAhead = 9 * time.Minute

// furthestBack leaves a silence of an hour that begins then until after lateBy.
func (p *plan) furthestBack() time.Duration { return p.lateBy() - 55*time.Minute }

func upTo(lots *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(lots.Int64N(int64(d)))
}

// drawWaves cuts the mails into deliveries, the first of them before the bot is up.
func (p *plan) drawWaves(lots *rand.Rand) {
	waves := 7 + lots.IntN(4)
	cuts := []int{0, len(p.mails)}
	for range waves - 1 {
		cuts = append(cuts, lots.IntN(len(p.mails)))
	}
	slices.Sort(cuts)
	at := time.Duration(0)
	for i := 1; i < len(cuts); i++ {
		p.waves = append(p.waves, wave{at: at, mails: cuts[i] - cuts[i-1]})
		at += 100*time.Millisecond + upTo(lots, 1500*time.Millisecond)
	}
}

// thing is what is watched while the mails are drawn.
type thing struct {
	name string
	kuma bool
	open *incident
	up   time.Time // when its last up was dated; zero before the first
}

// drawMails draws what arrives, and counts along what it amounts to.
func (p *plan) drawMails(lots *rand.Rand, start time.Time) {
	kinds := slices.Concat(slices.Repeat([]int{0}, alertMails), slices.Repeat([]int{1}, letterMails), slices.Repeat([]int{2}, repeatMails))
	lots.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	things := make([]*thing, watchedCount)
	for i := range things {
		kuma := lots.IntN(2) == 0
		things[i] = &thing{name: thingName(kuma, i), kuma: kuma}
	}
	var drawn []mail
	for i, kind := range kinds {
		at := start.Add(time.Duration(i) * 40 * time.Second)
		switch {
		case kind == 2 && i > 0:
			p.mails = append(p.mails, drawn[lots.IntN(len(drawn))].again(i))
			continue
		case kind == 1:
			drawn = append(drawn, letter(p.letters, at))
			p.letters++
		default:
			drawn = append(drawn, p.alert(lots, p.next(lots, things, i), i, at))
		}
		p.mails = append(p.mails, drawn[len(drawn)-1])
	}
}

// next draws of what the next mail is.
func (p *plan) next(lots *rand.Rand, things []*thing, i int) *thing {
	down := slices.DeleteFunc(slices.Clone(things), func(t *thing) bool { return t.open == nil })
	if p.clears(i) && len(down) > 0 {
		return pick(lots, down)
	}
	return pick(lots, things)
}

// alert draws the next mail about a thing: a down, a repeat, an up, an up of what
// nobody knew to be down, or the twin of an up.
func (p *plan) alert(lots *rand.Rand, t *thing, i int, at time.Time) mail {
	number := firstNumber + i
	up := lots.Float64() < 0.08
	if t.open != nil {
		up = lots.Float64() < 0.45 || p.clears(i)
	}
	switch {
	case up && t.open != nil:
		t.open.resolved, t.open = true, nil
	case up && !t.up.IsZero():
		return recovery(t, number, t.up.Add(time.Minute))
	case up:
		p.incidents = append(p.incidents, &incident{thing: t.name, kuma: t.kuma, resolved: true})
	case !up && t.open == nil:
		t.open = &incident{thing: t.name, kuma: t.kuma}
		p.incidents = append(p.incidents, t.open)
	}
	if up {
		t.up = at
		return recovery(t, number, at)
	}
	t.open.numbers, t.open.says = append(t.open.numbers, number), fault(number)
	return failure(t, number, at)
}

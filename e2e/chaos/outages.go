package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// How many things are told of by several channels in one seed.
const (
	monitorCount = 10 // of Uptime Kuma, by three channels
	checkCount   = 5  // of Healthchecks, by two
	groupCount   = 3  // of Alertmanager, by one, several alerts in each post
)

// channel is a way by which alerts come in.
type channel string

const (
	byHook channel = "webhook"
	byMail channel = "mail"
	inRoom channel = "message in the room"
)

// change is something that happened to a thing, as it is told.
type change string

const (
	down  change = "down"
	still change = "still down"
	up    change = "up"
)

// outage is one time that a thing was down. Its channels tell of it at any time and in
// any order once it may be told.
type outage struct {
	incident *incident
	before   *outage       // of the same thing: the room has to show its end first, if it is told
	at       time.Duration // from the beginning of the seed, or from the end of the one before
	tellings []*telling

	ready time.Time // how it was played
}

// telling is what one channel says once.
type telling struct {
	channel channel
	hook    string // the webhook's name, as it is its kind
	body    []byte // of the request, or the mail
	line    string // in the room
	dated   time.Time
	delay   time.Duration // from when its outage may be told
	after   *telling      // which must be taken before: one sender posts in order
	cut     bool          // the sender hangs up before the answer, once
	deaf    int           // so many answers are lost on the way

	begun, taken bool // how it was played; of what others do, guarded by the teller
}

// drawOutages draws what is told by several channels: of each change by some of them,
// with their own clocks, at any time.
func (p *plan) drawOutages(lots *rand.Rand, now time.Time) {
	for n := range monitorCount {
		times := 1 + lots.IntN(2)
		if p.storms { // in which no card need show that the first one is over
			times = 1
		}
		p.drawThing(lots, fmt.Sprintf("Relais %02d", n), true, times, now)
	}
	for n := range checkCount {
		p.drawThing(lots, fmt.Sprintf("borg balearica %02d", n), false, 1, now)
	}
	for n := range groupCount {
		p.drawGroup(lots, n, now)
	}
}

// drawThing draws the outages of a thing. They all lie so far back that people who
// close an incident by hand do it after all that its source says: they act in seconds,
// and outages take minutes.
func (p *plan) drawThing(lots *rand.Rand, name string, kuma bool, times int, now time.Time) {
	began := now.Add(-3*time.Hour + upTo(lots, 40*time.Minute)).UTC().Truncate(time.Second)
	var last *outage
	for n := range times {
		o := &outage{incident: &incident{thing: name, kuma: kuma, only: times == 1}, before: last, at: upTo(lots, 5*time.Second)}
		if n > 0 {
			o.at = upTo(lots, time.Second)
		}
		repeated := lots.IntN(3) == 0
		ends := n+1 < times || lots.IntN(4) > 0
		o.draw(lots, p, down, began, !repeated && lots.IntN(10) == 0 && ends && n == 0)
		if repeated {
			o.draw(lots, p, still, began.Add(6*time.Minute), false)
		}
		if ends {
			o.draw(lots, p, up, began.Add(14*time.Minute), false)
			o.incident.resolved = true
		}
		o.incident.last = n+1 == times
		p.outages, p.incidents = append(p.outages, o), append(p.incidents, o.incident)
		last, began = o, began.Add(30*time.Minute)
	}
}

// draw draws by which channels a change is told; by none when it is missed.
func (o *outage) draw(lots *rand.Rand, p *plan, what change, at time.Time, missed bool) {
	if missed {
		return
	}
	number := p.nextNumber()
	if what != up {
		o.incident.numbers = append(o.incident.numbers, number)
	}
	channels := []channel{byHook, byMail, inRoom}
	if !o.incident.kuma {
		channels = channels[:2]
	}
	lots.Shuffle(len(channels), func(i, j int) { channels[i], channels[j] = channels[j], channels[i] })
	for _, c := range channels[:1+lots.IntN(len(channels))] {
		if what != up && (o.incident.kuma || c == byMail) { // the webhook of Healthchecks gives no reason
			o.incident.says = fault(number)
		}
		t := o.tell(c, what, number, at.Add(upTo(lots, 25*time.Second)))
		t.delay = upTo(lots, 2500*time.Millisecond)
		t.cut, t.deaf = c == byHook && lots.IntN(5) == 0, max(0, lots.IntN(8)-5)
		o.tellings = append(o.tellings, t)
	}
}

// nextNumber is of what the mails do not use.
func (p *plan) nextNumber() int {
	p.numbered++
	return firstNumber + 1000 + p.numbered
}

func (o *outage) tell(c channel, what change, number int, at time.Time) *telling {
	i := o.incident
	t := &thing{name: i.thing, kuma: i.kuma}
	said := fault(number)
	if what == up {
		said = "200 - OK"
	}
	line := fmt.Sprintf("[%s] [%s] %s", i.thing, map[bool]string{false: "🔴 Down", true: "✅ Up"}[what == up], said)
	switch {
	case c == inRoom:
		return &telling{channel: c, line: line, dated: at}
	case c == byMail && what == up:
		return &telling{channel: c, body: recovery(t, number, at).raw}
	case c == byMail:
		return &telling{channel: c, body: failure(t, number, at).raw}
	case i.kuma:
		return &telling{channel: c, hook: "kuma", body: kumaBody(i.thing, what, said, line, at)}
	}
	return &telling{channel: c, hook: "healthchecks", body: encode(map[string]any{
		"name": i.thing, "code": "c", "status": map[bool]string{false: "down", true: "up"}[what == up], "now": at.Format(time.RFC3339),
	})}
}

// kumaBody is what Uptime Kuma posts.
func kumaBody(name string, what change, said, line string, at time.Time) []byte {
	status := 0
	if what == up {
		status = 1
	}
	return encode(map[string]any{
		"heartbeat": map[string]any{"monitorID": 1, "status": status, "time": at.Format("2006-01-02 15:04:05.000"), "msg": said},
		"monitor":   map[string]any{"id": 1, "name": name},
		"msg":       line,
	})
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values
	}
	return raw
}

// amAlert is one alert of a group of Alertmanager.
type amAlert struct {
	incident   *incident
	name       string
	from       int // the post that has it first
	until      int // the post that says that it is over; never, when there is none of that number
	start, end time.Time
}

// drawGroup draws a group of Alertmanager: it posts all that fires in it each time that
// something changes, and waits for the answer before it posts again.
func (p *plan) drawGroup(lots *rand.Rand, n int, now time.Time) {
	const posts = 4
	began := now.Add(-2 * time.Hour).UTC().Truncate(time.Second)
	var all []amAlert
	for k := range 1 + lots.IntN(3) {
		a := amAlert{name: fmt.Sprintf("DisquePlein%d%d", n, k), from: lots.IntN(2), until: 2 + lots.IntN(posts-1)}
		a.start, a.end = began.Add(time.Duration(a.from)*5*time.Minute), began.Add(time.Duration(a.until)*5*time.Minute)
		a.incident = &incident{thing: a.name + " (antigone)", numbers: []int{p.nextNumber()}, resolved: a.until < posts, grouped: true, last: true, only: true}
		a.incident.says = fault(a.incident.numbers[0])
		all, p.incidents = append(all, a), append(p.incidents, a.incident)
	}
	o := &outage{at: upTo(lots, 4*time.Second)}
	for nth := range posts {
		if body := groupBody(all, nth); body != nil {
			t := &telling{channel: byHook, hook: "alertmanager", body: body, delay: time.Duration(nth) * upTo(lots, time.Second), deaf: lots.IntN(2)}
			if len(o.tellings) > 0 {
				t.after = o.tellings[len(o.tellings)-1]
			}
			o.tellings = append(o.tellings, t)
		}
	}
	p.outages = append(p.outages, o)
}

// groupBody is the nth post about a group; nil when there is nothing to say.
func groupBody(all []amAlert, nth int) []byte {
	var alerts []map[string]any
	status := "resolved"
	for _, a := range all {
		if nth < a.from || nth > a.until {
			continue
		}
		one := map[string]any{
			"status": "firing", "labels": map[string]string{"alertname": a.name, "instance": "antigone"},
			"annotations": map[string]string{"summary": fault(a.incident.numbers[0])}, "startsAt": a.start, "endsAt": time.Time{},
		}
		if nth == a.until {
			one["status"], one["endsAt"] = "resolved", a.end
		} else {
			status = "firing"
		}
		alerts = append(alerts, one)
	}
	if len(alerts) == 0 {
		return nil
	}
	return encode(map[string]any{"version": "4", "status": status, "receiver": "ronde", "truncatedAlerts": 0, "alerts": alerts})
}

// recoveries counts what has to be shown as over in the end.
func (p *plan) recoveries() (n int) {
	for _, i := range p.incidents {
		if i.resolved {
			n++
		}
	}
	return n
}

// tellings counts them by channel.
func (p *plan) tellings(c channel) (n int) {
	for _, o := range p.outages {
		n += len(slices.DeleteFunc(slices.Clone(o.tellings), func(t *telling) bool { return t.channel != c }))
	}
	return n
}

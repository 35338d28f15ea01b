package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The page that the bot's own check at work asks for. The check has points in time of its
// own, shifted by its name: with this one it is made as soon as the bot is up.
const (
	pageName = "vitrine-27"
	// tieName is what the page and cronName are called where they are tied.
	tieName  = "Vitrine"
	cronName = "cron vitrine"
	// lookEvery is how often the check is made; pageHolds how long a page has to be bad
	// before there is an incident, and well before that is over. It is far from what some
	// looks one after the other take: see spell.
	lookEvery = time.Minute
	pageHolds = 150 * time.Second
)

// hasPage tells whether a check is at work in a seed: in every third, none of them with
// storms, so that each incident has a card.
func hasPage(seed uint64) bool { return seed%3 == 1 }

// spell is for how many looks, one each minute, the page answers with a status. Two of
// them or less are too short for pageHolds, four or more are long enough.
type spell struct {
	looks, status int
	says          *incident // that begins with it, nil for none
	over          *incident // that ends with it
}

// drawPage decides when the page is down: twice for long enough, perhaps also for too short
// before, or well for a moment in between. It is over at last in most seeds.
func (p *plan) drawPage() {
	if !hasPage(p.seed) {
		return
	}
	lots := rand.New(rand.NewPCG(p.seed, 2)) // the rest of the plan is what it was
	p.tied = lots.IntN(2) == 0
	short := func() int { return 1 + lots.IntN(2) }
	for n := range 2 {
		status := http.StatusServiceUnavailable + n
		i := &incident{thing: pageName, own: true, numbers: []int{status}, resolved: n == 0 || lots.IntN(4) > 0}
		if p.tied {
			i.thing = tieName
			i.numbers = append(i.numbers, p.nextNumber())
		}
		odd := lots.IntN(3)
		if odd == 0 { // nobody hears of it
			p.spells = append(p.spells, spell{looks: short(), status: http.StatusBadGateway}, spell{looks: 1, status: http.StatusOK})
		}
		p.spells = append(p.spells, spell{looks: 4, status: status, says: i})
		if odd == 1 { // it is the same incident
			p.spells = append(p.spells, spell{looks: short(), status: http.StatusOK}, spell{looks: short(), status: status})
		}
		if i.resolved {
			p.spells = append(p.spells, spell{looks: 4, status: http.StatusOK, over: i})
		}
	}
}

// pageLasts is by how much the bot's clock is ahead once the page changes no more. Before
// it does, the clock is further ahead than it ever was, so that no look seems to come after
// what was not yet.
func (p *plan) pageLasts() time.Duration {
	if len(p.spells) == 0 {
		return 0
	}
	return furthestAhead + time.Duration(p.looks())*lookEvery
}

// looks is how often the page is looked at while it changes.
func (p *plan) looks() (n int) {
	for _, s := range p.spells {
		n += s.looks
	}
	return n
}

// ownIncidents are those that the bot's own check has to make.
func (p *plan) ownIncidents() (all []*incident) {
	for _, s := range p.spells {
		if s.says != nil {
			all = append(all, s.says)
		}
	}
	return all
}

// drawLookStrike decides how the bot is killed at a look; nil for not before the next.
func drawLookStrike(lots *rand.Rand) *strike {
	s := &strike{moment: kept, nth: 1 + lots.IntN(2), limit: 600 * time.Millisecond, forget: lots.IntN(2) == 0}
	switch lots.IntN(4) {
	case 0:
		return nil
	case 1:
		s.moment, s.pause = asking, upTo(lots, 4*time.Millisecond)
	}
	return s
}

// page is the web server of the page.
type page struct {
	server  *http.Server
	address string
	asked   func() // called for each request, before its answer

	mu     sync.Mutex
	status int
}

// openPage serves a page that is well, until it is closed.
func openPage(asked func()) (*page, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the page: %w", err)
	}
	p := &page{address: "http://" + listener.Addr().String() + "/", asked: asked, status: http.StatusOK}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // until it is closed
	return p, nil
}

func (p *page) close() error {
	if err := p.server.Close(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (p *page) answer(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.asked()
	p.mu.Lock()
	defer p.mu.Unlock()
	w.WriteHeader(p.status)
}

// settings is what the configuration says of the check.
func (p *page) settings(tied bool) string {
	s := fmt.Sprintf("[[check]]\nkind = \"http\"\nname = %q\nurl = %q\nevery = %q\nfor = %q\ncalm_for = %[4]q\n", pageName, p.address, inWords(lookEvery), inWords(pageHolds))
	if tied {
		s += fmt.Sprintf("[[same]]\nname = %q\nthings = [%q, %q]\n", tieName, pageName, cronName)
	}
	return s
}

// inWords writes a duration as the configuration has it.
func inWords(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// rightOwn tells whether a card shows an incident that the bot's own check has part in: with
// its state, what was last said of it, and who said so.
func (i *incident) rightOwn(shown, mark string) bool {
	return strings.HasPrefix(shown, mark+" ") && strings.Contains(shown, " · "+i.thing+" · ") && strings.Contains(shown, "page web") &&
		(len(i.numbers) == 1 || strings.Contains(shown, "Healthchecks")) && !strings.Contains(shown, "⚠️")
}

package pager

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ronde/alerts"
	"ronde/store"
)

// Minutes of the night in which the homeserver went away at 0.
func minute(n int) time.Time {
	return time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

// paged is a page of the road under test, decided in a minute of the night.
func paged(what store.PageKind, state store.PageState, at int) store.Page {
	return store.Page{ID: 9, Incident: 7, Road: "ntfy", What: what, State: state, Decided: minute(at), Outage: minute(0)}
}

func noted(p store.Page) store.Page { p.Noted = minute(5); return p }

func TestWhatIsPaged(t *testing.T) {
	critical := alerts.Settings{Critical: []string{"Nuage"}}
	const now = 10
	for _, tt := range []struct {
		name     string
		thing    string
		state    store.IncidentState
		rang     int // minute
		carded   bool
		shown    bool
		critical bool // its source says so
		pages    []store.Page
		want     string
	}{
		{name: "new, and the room has no card of it", want: "down"},
		{name: "not critical", thing: "Forge"},
		{name: "critical by the word of its source", thing: "Forge", critical: true, want: "down"},
		{name: "new just now: the room is given its time", rang: now},
		{name: "before the clock was set back", rang: now + 60, want: "down"},
		{name: "somebody took it", state: store.Acknowledged},
		{name: "silenced", state: store.Silenced},
		{name: "over before anybody was paged", state: store.Resolved},
		{name: "from before the outage, its card was never sent", rang: -20, want: "down"},
		{name: "from before the outage, the room shows it", rang: -20, carded: true, shown: true},
		{name: "from before the outage, only its count changed", rang: -20, carded: true},
		{name: "from before the outage, and its source says again that it is critical", rang: -20, carded: true, critical: true, want: "down"},
		{name: "rang again in the outage", rang: 5, carded: true, want: "down"},
		{name: "rang again, which the room shows", rang: 5, carded: true, shown: true},

		{name: "said", rang: 1, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}},
		{name: "perhaps said, twice", rang: 1, pages: []store.Page{paged(store.PageDown, store.PageUnknown, 6)}},
		{name: "being said", rang: 1, pages: []store.Page{paged(store.PageDown, store.PageTrying, 6)}},
		{name: "waits to be said", rang: 1, pages: []store.Page{paged(store.PageDown, store.PageWaiting, 6)}},
		{name: "said, and rang again", rang: 8, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}},
		{name: "said by another road", rang: 1, pages: []store.Page{{Road: "mail a@b", What: store.PageDown, State: store.PageSent, Decided: minute(6)}}, want: "down"},
		{name: "given up in an earlier outage", rang: 1, pages: []store.Page{noted(paged(store.PageDown, store.PageDropped, 3))}, want: "down"},
		{name: "said in an earlier outage", rang: 1, pages: []store.Page{noted(paged(store.PageDown, store.PageSent, 3))}},
		{name: "said in an earlier outage, and rang again", rang: 8, pages: []store.Page{noted(paged(store.PageDown, store.PageSent, 3))}, want: "down"},

		{name: "said, and over", state: store.Resolved, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}, want: "up"},
		{name: "perhaps said, and over", state: store.Resolved, pages: []store.Page{paged(store.PageDown, store.PageUnknown, 6)}, want: "up"},
		{name: "said in an earlier outage, and over", state: store.Resolved, pages: []store.Page{noted(paged(store.PageDown, store.PageSent, 3))}},
		{name: "over, not critical any more", thing: "Forge", state: store.Resolved, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}, want: "up"},
		{name: "over while it waits to be said", state: store.Resolved, pages: []store.Page{paged(store.PageDown, store.PageWaiting, 6)}, want: "give up"},
		{name: "silenced while it waits to be said", state: store.Silenced, pages: []store.Page{paged(store.PageDown, store.PageWaiting, 6)}, want: "give up"},
		{name: "said, and silenced", state: store.Silenced, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}},
		{name: "its end said", state: store.Resolved, pages: []store.Page{paged(store.PageDown, store.PageSent, 6), paged(store.PageUp, store.PageSent, 7)}},
		{name: "fires again before its end was said", rang: 9, pages: []store.Page{paged(store.PageDown, store.PageSent, 6), paged(store.PageUp, store.PageWaiting, 7)}, want: "give up"},
		{name: "fires again after that, and rang", rang: 9, pages: []store.Page{paged(store.PageDown, store.PageSent, 6), paged(store.PageUp, store.PageSent, 7)}, want: "down"},
		{name: "fires again after that, and flaps too much to ring", rang: 5, pages: []store.Page{paged(store.PageDown, store.PageSent, 6), paged(store.PageUp, store.PageSent, 7)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := matter{
				Incident: store.Incident{ID: 7, Thing: "Nuage", State: store.Firing, RangAt: minute(tt.rang), Alerted: minute(4), Critical: tt.critical},
				carded:   tt.carded, shown: tt.shown, pages: tt.pages,
			}
			if tt.thing != "" {
				m.Thing = tt.thing
			}
			if tt.state != "" {
				m.State = tt.state
			}
			p := &Pager{Settings: critical, roads: []*road{{carrier: carrier{name: "ntfy"}}}}
			if got := steps(p.decide(minute(now), minute(0), []matter{m})); got != tt.want {
				t.Errorf("decided %q, want %q", got, tt.want)
			}
		})
	}
}

func steps(all []step) string {
	var got []string
	for _, s := range all {
		what := string(s.what)
		if s.giveUp != 0 {
			what = "give up"
		}
		got = append(got, what)
	}
	return fmt.Sprint(got)[1 : len(fmt.Sprint(got))-1]
}

func TestEachRoadIsDecidedByItself(t *testing.T) {
	p := &Pager{Settings: alerts.Settings{Critical: []string{"Nuage"}}, roads: []*road{{carrier: carrier{name: "ntfy"}}, {carrier: carrier{name: "mail a@b"}}}}
	m := matter{Incident: store.Incident{ID: 7, Thing: "Nuage", State: store.Firing}, pages: []store.Page{paged(store.PageDown, store.PageSent, 6)}}
	got := p.decide(minute(10), minute(0), []matter{m})
	if len(got) != 1 || got[0].road != "mail a@b" {
		t.Errorf("decided %+v", got)
	}
}

func TestTheHomeserverItselfIsPagedOnce(t *testing.T) {
	p := &Pager{roads: []*road{{carrier: carrier{name: "ntfy"}}}}
	said := store.Page{ID: 3, Road: "ntfy", What: store.PageDown, State: store.PageSent, Decided: minute(5)}
	if got := steps(p.decide(minute(10), minute(0), []matter{{}})); got != "down" {
		t.Errorf("decided %q", got)
	}
	if got := steps(p.decide(minute(10), minute(0), []matter{{pages: []store.Page{said}}})); got != "" {
		t.Errorf("decided %q once it was said", got)
	}
}

func TestSinceWhenTheHomeserverIsAway(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		begun, kept, reached time.Time
		since                time.Time
		ripeAt5, ripeAt6     bool
	}{
		{name: "never reached: since the start", begun: minute(0), since: minute(0), ripeAt5: true, ripeAt6: true},
		{name: "reached", begun: minute(0), reached: minute(1), since: minute(1), ripeAt6: true},
		{name: "an earlier process could not reach it either", begun: minute(5), kept: minute(-9), since: minute(-9), ripeAt6: true},
		{name: "nor could this one, which keeps when it began", begun: minute(0), kept: minute(0), since: minute(0), ripeAt5: true, ripeAt6: true},
		{name: "back since the start", begun: minute(2), kept: minute(-9), reached: minute(3), since: minute(3)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := away{begun: tt.begun, kept: tt.kept}
			since := a.since(tt.reached)
			got := []bool{a.ripe(minute(5), since, 5*time.Minute), a.ripe(minute(6), since, 5*time.Minute)}
			if !since.Equal(tt.since) || !slices.Equal(got, []bool{tt.ripeAt5, tt.ripeAt6}) {
				t.Errorf("since %s, to be paged at 5 and 6: %v", since.Format("15:04"), got)
			}
		})
	}
}

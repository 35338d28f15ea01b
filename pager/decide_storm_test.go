package pager

import (
	"testing"

	"ronde/alerts"
	"ronde/store"
)

// TestWhatJoinsAStormIsPaged: the storm, number 7, speaks for its members, but for a
// critical one that broke after the storm was paged: nobody has heard of it.
func TestWhatJoinsAStormIsPaged(t *testing.T) {
	pageOf := func(incident int64, state store.PageState, at int) []store.Page {
		return []store.Page{{ID: 9, Incident: incident, Road: "ntfy", What: store.PageDown, State: state, Decided: minute(1), At: minute(at), Outage: minute(0)}}
	}
	said, earlier := pageOf(7, store.PageSent, 2), []store.Page{noted(paged(store.PageDown, store.PageSent, 1))}
	for _, tt := range []struct {
		name        string
		storm, one  store.Incident
		stormShown  bool
		stormPages  []store.Page
		memberPages []store.Page
		opened      int
		want        string
	}{
		{name: "it joined after that", stormPages: said, opened: 5, want: "down"},
		{name: "it was among what was paged", stormPages: said, opened: 1},
		{name: "what is about to be paged tells it", opened: 5, want: "down of the storm"},
		{name: "so does a page that waits", stormPages: pageOf(7, store.PageWaiting, 2), opened: 5},
		{name: "the storm rings again, but is paged only once", stormPages: said, storm: store.Incident{RangAt: minute(6)}, opened: 5, want: "down"},
		{name: "what is paged again tells it", stormPages: earlier, storm: store.Incident{RangAt: minute(6)}, opened: 5, want: "down of the storm"},
		{name: "the last attempt told it, though it was decided before", stormPages: pageOf(7, store.PageSent, 6), opened: 5},
		{name: "the room shows the storm as it is", stormPages: said, stormShown: true, opened: 5},
		{name: "from before the outage", stormPages: pageOf(7, store.PageSent, -9), opened: -5},
		{name: "not critical", stormPages: said, one: store.Incident{Thing: "Forge"}, opened: 5},
		{name: "somebody took it", stormPages: said, one: store.Incident{State: store.Acknowledged}, opened: 5},
		{name: "just now: the room is given its time", stormPages: said, opened: 10},
		{name: "it flaps, and was among what was paged", stormPages: said, one: store.Incident{Flaps: 1, Since: minute(1)}, opened: 5},
		{name: "once", stormPages: said, memberPages: pageOf(8, store.PageSent, 6), opened: 5},
		{name: "not again when it flaps", stormPages: said, memberPages: pageOf(8, store.PageSent, 6), one: store.Incident{Flaps: 1, Since: minute(5)}, opened: 8},
		{name: "its end is for the storm to tell", stormPages: said, memberPages: pageOf(8, store.PageSent, 6), one: store.Incident{State: store.Resolved}, opened: 5},
		{name: "unless that was never paged", storm: store.Incident{State: store.Acknowledged}, memberPages: pageOf(8, store.PageSent, 6), one: store.Incident{State: store.Resolved}, opened: 5, want: "up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storm, member := matter{Incident: tt.storm, shown: tt.stormShown, carded: tt.stormShown, pages: tt.stormPages}, matter{Incident: tt.one, pages: tt.memberPages}
			storm.ID, storm.Critical = 7, true
			member.ID, member.Storm, member.OpenedAt = 8, 7, minute(tt.opened)
			for _, m := range []*matter{&storm, &member} {
				if m.State == "" {
					m.State = store.Firing
				}
			}
			if member.Thing == "" {
				member.Thing = "Nuage"
			}
			p := &Pager{Settings: alerts.Settings{Critical: []string{"Nuage"}}, roads: []*road{{carrier: carrier{name: "ntfy"}}}}
			got := ""
			for _, s := range p.decide(minute(10), minute(0), []matter{storm, member}) {
				if got += string(s.what); s.incident == 7 {
					got += " of the storm"
				}
			}
			if got != tt.want {
				t.Errorf("decided %q, want %q", got, tt.want)
			}
		})
	}
}

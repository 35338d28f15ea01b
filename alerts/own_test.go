package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/store"
)

// TestAMailAndTheOwnCheckAreOneIncident: Healthchecks and a check of the bot's own, tied by
// the configuration, tell of one outage. In whatever order their words come in, the bot's
// own in theirs, and whatever of them is missing, it is one incident, which is over when
// both say so, or whoever spoke of it.
func TestAMailAndTheOwnCheckAreOneIncident(t *testing.T) {
	mail := []word{{channel: store.ByMail, at: today(t, "10:00")}, {channel: store.ByMail, up: true, at: today(t, "10:20")}}
	own := []word{{channel: store.ByCheck, at: today(t, "10:05")}, {channel: store.ByCheck, up: true, at: today(t, "10:25")}}
	for _, tt := range []struct {
		name string
		from [][]word
		want string
	}{
		{"all", [][]word{mail, own}, "🟢 Back up · THING · 10:25 · after 25 min"},
		{"the mail of the recovery is lost", [][]word{mail[:1], own}, " · since 10:00"},
		{"the mail of the outage is lost", [][]word{mail[1:], own}, "🟢 Back up · THING · 10:25 · after 20 min"},
		{"the check still says so", [][]word{mail, own[:1]}, "🔴 Down · THING · 91 % · since 10:00"},
		{"only the check", [][]word{own}, "🟢 Back up · THING · 10:25 · after 20 min"},
		{"only the mails", [][]word{mail}, "🟢 Back up · THING · 10:20 · after 20 min"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, played := newInboxDesk(t), 0
			d.update(func(tx *store.Tx) {
				interleave(tt.from, nil, func(order []word) {
					played++
					got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(d.ownStory(tx, played, order))
					if !strings.HasSuffix(got, tt.want) || strings.Count(got, "\n") != 1 {
						t.Errorf("%v:\n%s\nwant %s", order, got, tt.want)
					}
				})
			})
			if played == 0 {
				t.Error("nothing was played")
			}
		})
	}
}

// ownStory tells words in an order, a minute apart, of a tie of their own, and returns what
// that comes to.
func (d inboxDesk) ownStory(tx *store.Tx, n int, words []word) string {
	d.t.Helper()
	cron, disk, tie := fmt.Sprintf("cron %d", n), fmt.Sprintf("antigone · /srv%d", n), fmt.Sprintf("Disque %d", n)
	d.Settings.Same = []Tie{{Name: tie, Things: []string{cron, disk}}}
	before := tx.Now
	defer func() { tx.Now = before }()
	tx.Now = today(d.t, "00:00")
	for _, w := range words {
		if tx.Now = tx.Now.Add(time.Minute); tx.Now.Before(w.at) {
			tx.Now = w.at
		}
		var err error
		if w.channel == store.ByCheck {
			_, err = d.Tell(tx, Found{Ref: "disk antigone", Kind: "disk", Thing: disk, Fault: "91 %", Over: w.up, Since: w.at})
		} else {
			r := Reading{Kind: Healthchecks, State: Firing, Thing: cron, Fault: "no ping", Since: w.at, Verified: true}
			if w.up {
				r.State = Resolved
			}
			_, err = d.placeAlert(tx, r, heard{w.channel, tx.Now})
		}
		if err != nil {
			d.t.Fatalf("%v: %v", words, err)
		}
	}
	out, err := d.comeTo(tx, tieSource, tie)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// TestWhatTheOwnChecksSayIsMasked: a fault may hold what somebody else wrote.
func TestWhatTheOwnChecksSayIsMasked(t *testing.T) {
	d := newInboxDesk(t)
	d.update(func(tx *store.Tx) {
		id, err := d.Tell(tx, Found{
			Ref: "plugin ldap", Kind: "plugin", Thing: "ldap", Fault: "bind password=hunter2\nrefused", Said: "bind password=hunter2 refused", Since: tx.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		i, _, err := tx.Incident(id)
		if err != nil {
			t.Fatal(err)
		}
		told, err := tx.Tellings(id, 1)
		if err != nil || len(told) != 1 {
			t.Fatal(told, err)
		}
		for _, s := range []string{i.Fault, told[0].Fault, told[0].Said} {
			if strings.Contains(s, "hunter2") || s == "" {
				t.Errorf("stored %q", s)
			}
		}
		if strings.Contains(i.Fault, "\n") {
			t.Errorf("the fault has several lines: %q", i.Fault)
		}
	})
}

// TestAnIncidentThatACheckStillSeesIsNotAskedAbout: the room is asked whether what nobody
// speaks of is over; a check that still finds it bad speaks.
func TestAnIncidentThatACheckStillSeesIsNotAskedAbout(t *testing.T) {
	d := newInboxDesk(t)
	d.Settings.Age = 2 * time.Hour
	d.update(func(tx *store.Tx) {
		began := tx.Now
		f := Found{Ref: "disk antigone", Kind: "disk", Thing: "antigone · /srv", Fault: "91 %", Since: began}
		id, err := d.Tell(tx, f)
		if err != nil {
			t.Fatal(err)
		}
		watched := store.Watched{Ref: f.Ref, Thing: "/srv", Source: f.Source(), Name: f.Name(), Bad: began, Open: true, Level: "warning"}
		if err := tx.SaveWatched(watched); err != nil {
			t.Fatal(err)
		}
		asked := func(after, looked time.Duration) bool {
			tx.Now = began.Add(after)
			if err := tx.SaveLook(store.Look{Ref: f.Ref, Ran: began.Add(looked), Status: "warning", Since: began, Outcome: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
			s, err := d.standsNow(tx, id)
			if err != nil {
				t.Fatal(err)
			}
			asks, err := d.ask(tx, &s)
			if err != nil {
				t.Fatal(err)
			}
			return asks
		}
		got := []bool{asked(3*time.Hour, 2*time.Hour), asked(5*time.Hour, 2*time.Hour)}
		if !slices.Equal(got, []bool{false, true}) {
			t.Errorf("asked while it looks, and when it no longer does: %v", got)
		}
	})
}

// TestWhatNoCheckLooksAtAnyMoreIsAskedAbout: its check was taken out of the configuration.
// The room is asked once, though nothing else is ever asked about.
func TestWhatNoCheckLooksAtAnyMoreIsAskedAbout(t *testing.T) {
	d := newInboxDesk(t)
	d.update(func(tx *store.Tx) {
		f := Found{Ref: "disk antigone", Kind: "disk", Thing: "antigone · /srv", Fault: "91 %", Since: tx.Now}
		watched := store.Watched{Ref: f.Ref, Thing: "/srv", Source: f.Source(), Name: f.Name(), Bad: tx.Now, Open: true, Level: "warning"}
		if err := tx.SaveLook(store.Look{Ref: f.Ref, Ran: tx.Now, Status: "warning", Since: tx.Now, Outcome: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		if err := tx.SaveWatched(watched); err != nil {
			t.Fatal(err)
		}
		id, err := d.Tell(tx, f)
		if err != nil {
			t.Fatal(err)
		}
		asks := func() bool {
			tx.Now = tx.Now.Add(time.Minute)
			s, err := d.standsNow(tx, id)
			if err != nil {
				t.Fatal(err)
			}
			asks, err := d.ask(tx, &s)
			if err != nil {
				t.Fatal(err)
			}
			return asks
		}
		got := []bool{asks()}
		if err := tx.ForgetLook(f.Ref); err != nil {
			t.Fatal(err)
		}
		if got = append(got, asks(), asks()); !slices.Equal(got, []bool{false, true, false}) {
			t.Errorf("asked while it is looked at, when nobody does any more, and after that: %v", got)
		}
	})
}

// TestWhatIsClosedByHandIsToldAgainADayLater: also where others speak of it, too.
func TestWhatIsClosedByHandIsToldAgainADayLater(t *testing.T) {
	for _, tied := range []bool{false, true} {
		d := newInboxDesk(t)
		if tied {
			d.Settings.Same = []Tie{{Name: "Disque", Things: []string{"antigone · /srv", "cron"}}}
		}
		d.update(func(tx *store.Tx) {
			f := Found{Ref: "disk antigone", Kind: "disk", Thing: "antigone · /srv", Fault: "91 %", Since: tx.Now}
			id, err := d.Tell(tx, f)
			if err != nil {
				t.Fatal(err)
			}
			tx.Now = tx.Now.Add(time.Hour)
			if _, err := d.Mark(tx, id, store.IncidentMark{Kind: store.Handled, Who: "@ana:example.org", At: tx.Now, EventID: "$1", How: "reaction"}); err != nil {
				t.Fatal(err)
			}
			var got []bool
			for _, later := range []time.Duration{23 * time.Hour, 2 * time.Hour} {
				tx.Now = tx.Now.Add(later)
				forgotten, err := d.Forgotten(tx, f.Source(), f.Name())
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, forgotten)
			}
			f.Since = tx.Now
			next, err := d.Tell(tx, f)
			if err != nil {
				t.Fatal(err)
			}
			forgotten, err := d.Forgotten(tx, f.Source(), f.Name())
			if got = append(got, forgotten); err != nil || next == id || !slices.Equal(got, []bool{false, true, false}) {
				t.Errorf("tied %v: forgotten within a day, after it and when told again: %v, %v; incident %d after %d", tied, got, err, next, id)
			}
		})
	}
}

// TestWhatAHostWithCapitalsSaidIsFound: references are kept in small letters.
func TestWhatAHostWithCapitalsSaidIsFound(t *testing.T) {
	d := newInboxDesk(t)
	d.update(func(tx *store.Tx) {
		if err := tx.SaveLook(store.Look{Ref: "disk antigone", Ran: tx.Now, Status: "warning", Outcome: []byte(`{"ref":"disk Antigone","status":"warning"}`)}); err != nil {
			t.Fatal(err)
		}
		id, err := d.Tell(tx, Found{Ref: "disk Antigone", Kind: "disk", Thing: "Antigone · /srv", Fault: "91 %", Since: tx.Now})
		if err != nil {
			t.Fatal(err)
		}
		i, _, err := tx.Incident(id)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := d.ownOutcomes(tx, i); len(all) != 1 || err != nil {
			t.Errorf("found %v, %v", all, err)
		}
	})
}

package alerts

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/store"
)

// TestStanding plays what sources and people say, and looks at the incidents and at
// what rang in the end.
//
// A step is a mail as in TestFolding, or "HH:MM who does": "ana acks", "ana hushes 1h",
// "ana handles", "ana notes", "ana undoes KIND" (their last such mark), "ana silences
// NAME 1h", "ana ends silence", "tick" for the minute, and "quiet" and "loud" for the
// hours in which nobody is reminded. A lease holds 4 hours, an incident that fires
// within 15 minutes is the same, and after 48 hours the room is asked.
func TestStanding(t *testing.T) {
	for _, tt := range []struct{ name, steps, want, rings string }{
		{"taken while anybody says so", "10:00 down 502; 10:01 ana acks; 10:02 bob acks; 10:03 ana undoes ack", "acknowledged", ""},
		{"and then not any more", "10:00 down 502; 10:01 ana acks; 10:02 bob acks; 10:03 ana undoes ack; 10:04 bob undoes ack", "firing", ""},
		{"the same tap twice counts once", "10:00 down 502; 10:01 ana acks; 10:02 ana undoes ack; 10:03 ana undoes ack", "firing", ""},
		{"a repeat leaves it taken", "10:00 down 502; 10:01 ana acks; 10:05 down 503", "acknowledged 2 alerts", ""},
		{"what is over is over", "10:00 down 502; 10:01 ana acks; 10:10 up; 10:11 ana undoes ack", "resolved", ""},
		{"taking what is over means nothing", "10:00 down 502; 10:10 up; 10:11 ana acks; 10:12 ana hushes 1h; 10:13 ana handles", "resolved", ""},

		{"a lease ends: they are asked, then the room", "10:00 down 502; 10:01 ana acks; 14:00 tick; 14:01 tick; 15:00 tick; 15:01 tick; 15:30 tick", "firing", "ack ack"},
		{"not while somebody else is on it", "10:00 down 502; 10:01 ana acks; 10:02 bob acks; 14:01 tick", "acknowledged", ""},
		{"nor while it is silent", "10:00 down 502; 10:01 ana acks; 14:00 ana hushes 1h; 14:01 tick; 14:59 tick", "silenced", ""},
		{"nor at night", "10:00 down 502; 10:01 ana acks; 14:00 quiet; 14:01 tick; 15:30 tick", "firing", ""},
		{"but in the morning", "10:00 down 502; 10:01 ana acks; 14:00 quiet; 14:01 tick; 15:30 loud; 15:31 tick", "firing", "ack"},
		{"nor about what is over", "10:00 down 502; 10:01 ana acks; 11:00 up; 14:01 tick", "resolved", ""},
		{"a silence that ended before rings nobody besides", "10:00 down 502; 10:01 ana acks; 10:02 ana hushes 1h; 11:02 tick; 14:00 quiet; 14:01 tick; 14:02 tick", "firing", ""},

		{"a silence", "10:00 down 502; 10:01 ana hushes 1h; 10:05 down 502", "silenced 2 alerts", ""},
		{"that ends rings again, once", "10:00 down 502; 10:01 ana hushes 1h; 11:01 tick; 11:02 tick", "firing", "ring"},
		{"unless it is over", "10:00 down 502; 10:01 ana hushes 1h; 10:30 up; 11:01 tick", "resolved", ""},
		{"or somebody is on it", "10:00 down 502; 10:01 ana hushes 1h; 10:30 bob acks; 11:01 tick", "acknowledged", ""},
		{"or it was taken back", "10:00 down 502; 10:01 ana hushes 1h; 10:02 ana undoes silence; 11:01 tick", "firing", ""},
		{"the last one decides", "10:00 down 502; 10:01 ana hushes 4h; 10:02 bob hushes 1h; 11:02 tick", "firing", "ring"},

		{"by hand", "10:00 down 502; 10:10 ana handles", "resolved by hand", ""},
		{"taken back", "10:00 down 502; 10:10 ana handles; 10:20 ana undoes handled", "firing", ""},
		{"taken back after a recovery", "10:00 down 502; 10:10 ana handles; 10:15 up; 10:20 ana undoes handled", "resolved", ""},
		{"two said so, one takes it back", "10:00 down 502; 10:10 ana handles; 10:11 bob handles; 10:20 ana undoes handled", "resolved by hand", ""},
		{"an alert from before changes nothing", "10:00 down 502; 10:10 ana handles; 10:12 down@10:09 502", "resolved by hand 2 alerts", ""},
		{"down after that: it fires again", "10:00 down 502; 10:10 ana handles; 10:15 down 502", "firing 2 alerts flaps 1", "ring"},
		{"much later it is a new one", "10:00 down 502; 10:10 ana handles; 12:15 down 502", "resolved by hand / firing", ""},
		{"which taking the ✅ back leaves alone", "10:00 down 502; 10:10 ana handles; 12:15 down 502; 12:16 ana undoes handled", "resolved / firing", ""},
		{"the ✅ read late, after a newer alert", "10:00 down 502; 10:15 down 502; 10:20 ana handles@10:10", "firing 2 alerts", ""},
		{"the other way round", "10:00 down 502; 10:20 ana handles@10:10; 10:20 down@10:15 502", "firing 2 alerts flaps 1", "ring"},
		{"a clock that is behind closes all the same", "10:00 down 502; 10:00 ana handles@09:59", "resolved by hand", ""},
		{"a false alert reopens nothing certain", "10:00 down 502; 10:10 ana handles; 10:12 down? 502", "resolved by hand / firing", ""},

		{"down soon after its end is the same", "10:00 down 502; 10:10 up; 10:20 down 503", "firing 2 alerts flaps 1", "ring"},
		{"later it is a new one", "10:00 down 502; 10:10 up; 10:25 down 503", "resolved / firing", ""},
		{"who flaps rings once, and then not before the pause", "10:00 down 502; 10:01 up; 10:02 down 502; 10:03 up; 10:04 down 502; 10:05 tick; 10:16 tick", "firing 3 alerts flaps 2", "ring"},
		{"but then it does", "10:00 down 502; 10:01 up; 10:02 down 502; 10:03 up; 10:04 down 502; 10:17 tick; 10:18 tick", "firing 3 alerts flaps 2", "ring ring"},
		{"an eye on what seems over takes nothing", "10:00 down 502; 10:01 up; 10:02 ana acks; 10:03 down 502", "firing 2 alerts flaps 1", "ring"},
		{"it stays quiet while somebody is on it", "10:00 down 502; 10:01 ana acks; 10:02 up; 10:03 down 502; 10:20 tick", "acknowledged 2 alerts flaps 1", ""},

		{"a silence begins before the alert", "09:00 ana silences cloud 2h; 10:00 down 502; 10:05 tick", "silenced", ""},
		{"and rings at its end", "09:00 ana silences cloud 2h; 10:00 down 502; 11:00 tick; 11:01 tick", "firing", "ring"},
		{"or when it is ended", "09:00 ana silences cloud 2h; 10:00 down 502; 10:30 ana ends silence; 10:31 tick", "firing", "ring"},
		{"it covers what is down already", "10:00 down 502; 10:01 ana silences everything 2h; 10:05 tick", "silenced", ""},
		{"and a host what runs on it", "10:00 down 502; 10:01 ana silences antigone 2h; 12:01 tick", "firing", "ring"},
		{"but nothing else", "10:00 ana silences forge 2h; 10:01 down 502", "firing", ""},

		{"an old one is asked about, once", "10:00 down 502; 57:59 tick; 58:00 tick; 59:00 tick", "firing", "over"},
		{"a word puts it off", "10:00 down 502; 30:00 ana notes; 58:00 tick; 77:59 tick", "firing", ""},
		{"and it is asked again", "10:00 down 502; 58:00 tick; 60:00 ana notes; 108:00 tick", "firing", "over over"},
		{"not at night", "10:00 down 502; 57:00 quiet; 58:00 tick", "firing", ""},
		{"nor while it is silent", "10:00 down 502; 10:01 ana hushes 96h; 58:01 tick; 105:00 tick", "silenced", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				for step := range strings.SplitSeq(tt.steps, "; ") {
					p.do(step)
				}
				if diff := cmp.Diff(tt.want, p.states()); diff != "" {
					t.Errorf("incidents (-want +got):\n%s", diff)
				}
				if got := strings.Join(*p.rings, " "); got != tt.rings {
					t.Errorf("rang %q, want %q", got, tt.rings)
				}
				_ = p.Store.Close()
			})
		})
	}
}

// play is a desk to which things happen in time.
type play struct {
	inboxDesk
	offline bool // the homeserver is away
	events  int
	silence int64
	night   bool
	last    map[string]string // who and the kind of mark → the event
}

func newPlay(t *testing.T) *play {
	t.Helper()
	time.Sleep(time.Until(today(t, "00:00")))
	p := &play{inboxDesk: newInboxDesk(t), last: map[string]string{}}
	p.Settings = Settings{
		Reopen: 15 * time.Minute, Age: 48 * time.Hour, Lease: 4 * time.Hour, Hosts: map[string][]string{"antigone": {"cloud"}},
	}
	p.Quiet = func(now time.Time) time.Time {
		if p.night {
			return now.Add(time.Hour)
		}
		return now
	}
	return p
}

func (p *play) do(step string) {
	p.t.Helper()
	clock, what, _ := strings.Cut(step, " ")
	var hour, minute int
	if _, err := fmt.Sscanf(clock, "%d:%d", &hour, &minute); err != nil {
		p.t.Fatal(err)
	}
	time.Sleep(time.Until(today(p.t, "00:00").Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)))
	p.events++
	words := strings.Fields(what)
	switch {
	case what == "quiet" || what == "loud":
		p.night = what == "quiet"
	case what == "tick":
		if err := p.Tick(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
	case len(words) > 1 && (words[0] == "ana" || words[0] == "bob"):
		if err := p.Store.Update(p.t.Context(), func(tx *store.Tx) error { return p.says(tx, words[0], words[1:]) }); err != nil {
			p.t.Fatal(err)
		}
	default:
		p.fold(step, uint32(p.events))
	}
	p.send()
}

// send brings the cards to the room.
func (p *play) send() {
	p.t.Helper()
	if p.offline {
		return
	}
	err := p.Store.Update(p.t.Context(), func(tx *store.Tx) error {
		all, err := tx.DirtyCards(1000)
		for _, c := range all {
			if _, err := tx.CardSent(c.ID, c.Revision, fmt.Sprintf("$card%d", c.ID)); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

var verbs = map[string]store.IncidentMarkKind{"acks": store.Ack, "hushes": store.Silence, "handles": store.Handled, "notes": store.Note}

func (p *play) says(tx *store.Tx, who string, words []string) error {
	m := store.IncidentMark{At: tx.Now, Who: who, EventID: fmt.Sprintf("$%d", p.events), How: "reaction"}
	verb, at, early := strings.Cut(words[0], "@")
	if early {
		m.At = today(p.t, at)
	}
	if words[0] == "undoes" {
		_, _, err := p.UndoByEvent(tx, p.last[who+words[1]], who)
		return err
	}
	if words[0] == "ends" {
		return p.EndSilence(tx, p.silence, who)
	}
	span, err := time.ParseDuration(words[len(words)-1])
	if err == nil {
		m.Until = tx.Now.Add(span)
	}
	if words[0] == "silences" {
		rule, _, _, err := p.Target(tx, words[1])
		if err != nil {
			return err
		}
		rule.At, rule.Until, rule.Who, rule.EventID = tx.Now, m.Until, who, m.EventID
		p.silence, _, err = p.Silence(tx, rule)
		return err
	}
	m.Kind = verbs[verb]
	p.last[who+string(m.Kind)] = m.EventID
	_, err = p.Mark(tx, 1, m)
	return err
}

// states writes the state of each incident.
func (p *play) states() string {
	p.t.Helper()
	var all []string
	err := p.Store.View(p.t.Context(), func(tx *store.Tx) error {
		for id := int64(1); ; id++ {
			i, known, err := tx.Incident(id)
			if err != nil || !known {
				return err
			}
			s, err := p.stands(tx, i)
			if err != nil {
				return err
			}
			if got := s.state(tx.Now); got != i.State {
				p.t.Errorf("incident %d is kept as %s and stands as %s", id, i.State, got)
			}
			line := string(i.State)
			if _, byHand := s.byHand(); byHand {
				line += " by hand"
			}
			if i.Alerts > 1 {
				line += fmt.Sprintf(" %d alerts", i.Alerts)
			}
			if i.Flaps > 0 {
				line += fmt.Sprintf(" flaps %d", i.Flaps)
			}
			all = append(all, line)
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.Join(all, " / ")
}

func TestASilenceKnowsThingsByTheirWords(t *testing.T) {
	for _, tt := range []struct {
		thing, words string
		want         bool
	}{
		{"Nuage (Nextcloud)", "nuage", true},
		{"Nuage (Nextcloud)", "Nextcloud", true},
		{"Nuage (Nextcloud)", "nuage nextcloud", true},
		{"Nuage (Nextcloud)", "Nuage (Nextcloud)", true},
		{"Nuage (Nextcloud)", "nua", false},
		{"Nuage (Nextcloud)", "nextcloud nuage", false},
		{"Élan", "elan", true},
		{"mail.exemple-asso.fr", "exemple-asso.fr", true},
		{"⚡", "⚡", true},
		{"⚡", "⚠", false},
		{"Nuage", "", false},
	} {
		if got := Names(tt.thing, tt.words); got != tt.want {
			t.Errorf("%q names %q: %v, want %v", tt.words, tt.thing, got, tt.want)
		}
	}
}

func TestEachTapSilencesLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.do("10:00 down 502")
		next := func() (step time.Duration) {
			err := p.Store.View(t.Context(), func(tx *store.Tx) (err error) {
				step, err = p.NextStep(tx, 1)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return step
		}
		for _, tt := range []struct {
			step string
			want time.Duration
		}{
			{"10:01 ana notes", time.Hour},
			{"10:02 ana hushes 1h", 4 * time.Hour},
			{"10:03 ana undoes silence", time.Hour},
			{"10:04 ana hushes 1h", 4 * time.Hour},
			{"12:00 ana undoes silence", 4 * time.Hour},
			{"12:01 ana hushes 4h", 24 * time.Hour},
			{"12:02 bob hushes 24h", 24 * time.Hour},
		} {
			if p.do(tt.step); next() != tt.want {
				t.Errorf("after %q the next tap silences for %s, want %s", tt.step, next(), tt.want)
			}
		}
		_ = p.Store.Close()
	})
}

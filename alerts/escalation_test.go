package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
)

// policy mentions whoever is on turn, then two people, then the room.
var policy = []Step{
	{After: 10 * time.Minute, Turn: true, People: []string{"ana", "bob"}},
	{After: 20 * time.Minute, People: []string{"ana", "bob"}},
	{After: 40 * time.Minute, Room: true},
}

// TestAStepIsDue: what is due follows from the incident, from what people said of it, and
// from the time.
func TestAStepIsDue(t *testing.T) {
	began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return began.Add(time.Duration(minutes) * time.Minute) }
	ack := func(from, until int) store.IncidentMark {
		return store.IncidentMark{Kind: store.Ack, Who: "@eve:x", At: at(from), Until: at(until)}
	}
	undone := func(m store.IncidentMark, when int) store.IncidentMark { m.UndoneAt = at(when); return m }
	told := func(m store.IncidentMark) store.IncidentMark { m.Told = toldRoom; return m }
	firing := store.Incident{Source: "kuma", Since: began, Alerted: began}
	over := firing
	over.ResolvedAt = at(5)
	for _, tt := range []struct {
		name  string
		s     standing
		since time.Time
		said  int // minutes of the step that was said
		now   int
		want  int // minutes of the step that is due, 0 for none
	}{
		{"not yet", standing{Incident: firing}, began, 0, 9, 0},
		{"to the minute", standing{Incident: firing}, began, 0, 10, 10},
		{"said", standing{Incident: firing}, began, 10, 19, 0},
		{"the next", standing{Incident: firing}, began, 10, 20, 20},
		{"the last", standing{Incident: firing}, began, 20, 40, 40},
		{"no more", standing{Incident: firing}, began, 40, 100_000, 0},
		{"after a week only the last", standing{Incident: firing}, began, 0, 7 * 24 * 60, 40},
		{"one of which nobody knows since when", standing{Incident: firing}, time.Time{}, 0, 60, 0},
		{"the clock was set back", standing{Incident: firing}, began, 10, -60, 0},
		{"a step that the configuration no longer has was said", standing{Incident: firing}, began, 15, 19, 0},
		{"taken", standing{Incident: firing, marks: []store.IncidentMark{ack(1, 240)}}, began, 0, 60, 0},
		{"given back", standing{Incident: firing, marks: []store.IncidentMark{undone(ack(1, 240), 50)}}, at(50), 0, 60, 10},
		{"whoever had it is being asked", standing{Incident: firing, marks: []store.IncidentMark{ack(1, 31)}}, began, 0, 60, 0},
		{"and did not answer", standing{Incident: firing, marks: []store.IncidentMark{told(ack(1, 31))}}, at(50), 0, 60, 10},
		{"silent", standing{Incident: firing, rules: []store.SilenceRule{{Scope: store.AllScope, Who: "@eve:x", Until: at(90)}}}, began, 0, 60, 0},
		{"no longer silent", standing{Incident: firing, rules: []store.SilenceRule{{Scope: store.AllScope, Who: "@eve:x", Until: at(50)}}}, at(50), 0, 60, 10},
		{"over", standing{Incident: over}, began, 0, 60, 0},
		{"closed by hand", standing{Incident: firing, marks: []store.IncidentMark{{Kind: store.Handled, At: at(1)}}}, began, 0, 60, 0},
		{"it goes on in another one", standing{Incident: firing, replaced: true}, began, 0, 60, 0},
		{"what runs out in days", standing{Incident: store.Incident{Source: string(KumaExpiry), Alerted: began}}, began, 0, 60, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := store.Vigil{Since: tt.since, Said: time.Duration(tt.said) * time.Minute}
			step, due := tt.s.escalate(v, policy, at(tt.now))
			if got := int(step.After.Minutes()); got != tt.want || due != (tt.want > 0) {
				t.Errorf("due %v after %d minutes, want %d", due, got, tt.want)
			}
		})
	}
}

// watchers takes note of what is said: the kind of its key, "!" when it rings, whom
// it mentions, and "~" when it lets people sleep.
type watchers struct {
	said    []string
	texts   []string
	unsent  map[string]bool // keys
	offline bool
	onTurn  string
}

func (w *watchers) AddNotice(_ *store.Tx, key, _ string, m cards.Message) error {
	kind, _, _ := strings.Cut(key, "-")
	if m.Rings {
		kind += "!"
	}
	kind += strings.Join(m.Mentions, ",")
	if m.MentionsRoom {
		kind += "room"
	}
	if m.LetsSleep {
		kind += "~"
	}
	w.said, w.texts = append(w.said, kind), append(w.texts, m.Plain)
	w.unsent[key] = w.offline
	return nil
}

func (w *watchers) AddUnder(tx *store.Tx, key string, _ store.Card, m cards.Message) error {
	return w.AddNotice(tx, key, "", m)
}

func (w *watchers) Withdraw(_ *store.Tx, key string) (bool, error) {
	if w.unsent[key] {
		w.said = append(w.said, "withdrawn")
	}
	unsent := w.unsent[key]
	delete(w.unsent, key)
	return unsent, nil
}

func (w *watchers) OnTurn(*store.Tx, time.Time) (string, error) { return w.onTurn, nil }

func (w *watchers) There(_ *store.Tx, people []string, _ time.Time) ([]string, error) {
	return people, nil
}

// newWatch is a play with the policy, and quiet hours from 12:00 to 14:00.
func newWatch(t *testing.T) (*play, *watchers) {
	p, w := newPlay(t), &watchers{unsent: map[string]bool{}, onTurn: "ana"}
	p.Notices, p.Turns, p.Settings.Steps = w, w, policy
	p.Quiet = func(now time.Time) time.Time {
		if hour := now.UTC().Hour(); hour == 12 || hour == 13 {
			return now.UTC().Truncate(24 * time.Hour).Add(14 * time.Hour)
		}
		return now
	}
	return p, w
}

// TestWatching plays as TestStanding does, with quiet hours from 12:00 to 14:00. "off"
// and "on" are what becomes of the homeserver, "critical" and "back" what of the
// configuration and of the clock.
func TestWatching(t *testing.T) {
	for _, tt := range []struct{ name, steps, want string }{
		{"step by step", "09:00 down 502; 09:09 tick; 09:10 tick; 09:11 tick; 09:20 tick; 09:40 tick; 11:00 tick", "step!ana~ step!ana,bob~ step!room~"},
		{"each of two", "09:00 down 502; 09:10 tick; 09:10 tick; 09:11 tick", "step!ana~"},
		{"a repeat changes nothing", "09:00 down 502; 09:08 down 503; 09:10 tick; 09:11 down 504; 09:12 tick", "step!ana~"},
		{"taken", "09:00 down 502; 09:05 bob acks; 09:59 tick", ""},
		{"and given back: it begins anew", "09:00 down 502; 09:10 tick; 09:15 bob acks; 09:20 bob undoes ack; 09:29 tick; 09:30 tick", "step!ana~ step!ana~"},
		{"taken and given back between two ticks", "09:00 down 502; 09:09 tick; 09:09 bob acks; 09:09 bob undoes ack; 09:10 tick; 09:19 tick", "step!ana~"},
		{"a silence", "09:00 down 502; 09:05 bob hushes 1h; 10:05 tick; 10:14 tick; 10:15 tick", "ring!~ step!ana~"},
		{"a lease: whoever had it is asked first", "06:00 down 502; 06:01 ana acks; 10:01 tick; 10:30 tick; 11:01 tick; 11:02 tick; 11:12 tick",
			"ack!ana~ ack!~ step!ana~"},
		{"it flaps: since it first fired", "09:00 down 502; 09:05 up; 09:06 down 502; 09:09 tick; 09:10 tick; 09:11 tick", "ring!~ step!ana~"},
		{"faster than the first step, all the time", "09:00 down 502; 09:05 up; 09:06 down 502; 09:09 up; 09:10 tick; 09:11 down 502; 09:12 tick; 09:14 up; 09:15 tick; 09:16 down 502; 09:19 tick; 09:20 tick; 09:21 up; 09:22 tick; 09:31 down 502; 09:40 tick",
			"ring!~ step!ana~ recovery!ana~ step!ana,bob~ recovery!ana,bob~ ring!~ step!room~"},
		{"it flaps, and somebody had taken it: anew", "09:00 down 502; 09:05 bob acks; 09:06 up; 09:07 down 502; 09:08 bob undoes ack; 09:17 tick; 09:18 tick", "ring!~ step!ana~"},
		{"or had closed it", "09:00 down 502; 09:05 bob handles; 09:06 down 502; 09:15 tick; 09:16 tick", "ring!~ step!ana~"},
		{"or wanted to hear nothing of it", "09:00 down 502; 09:05 bob hushes 1h; 09:06 up; 09:07 down 502; 09:08 bob undoes silence; 09:17 tick; 09:18 tick", "ring!~ step!ana~"},
		{"it flaps once all was said: anew", "09:00 down 502; 09:40 tick; 09:41 up; 09:42 tick; 09:43 down 502; 09:52 tick; 09:53 tick", "step!room~ recovery!room~ ring!~ step!ana~"},
		{"it fires again much later: that is another one", "09:00 down 502; 09:05 up; 09:30 down 502; 09:39 tick; 09:40 tick", "step!ana~"},
		{"it flaps over the night: the morning counts anew", "11:55 down 502; 12:05 tick; 13:58 up; 14:00 tick; 14:02 down 502; 14:11 tick; 14:12 tick", "morning~ ring!~ step!ana~"},
		{"it flaps, and a step did not go out: it is said again", "09:00 off; 09:01 down 502; 09:11 tick; 09:12 up; 09:12 on; 09:13 down 502; 09:14 tick; 09:15 tick", "step!ana~ withdrawn ring!~ step!ana~"},
		{"it is over: whoever was called hears so, once", "09:00 down 502; 09:20 tick; 09:30 up; 09:31 tick; 09:32 tick", "step!ana,bob~ recovery!ana,bob~"},
		{"also by hand, but for whose hand it was", "09:00 down 502; 09:20 tick; 09:30 ana handles@09:30; 09:31 tick", "step!ana,bob~ recovery!bob~"},
		{"nobody was called", "09:00 down 502; 09:05 up; 09:06 tick", ""},
		{"who was asked about their ack is called, too", "06:00 down 502; 06:01 bob acks; 10:01 tick; 10:30 up; 10:31 tick", "ack!bob~ recovery!bob~"},
		{"over, and again, and over", "09:00 down 502; 09:10 tick; 09:11 up; 09:12 tick; 09:13 down 502; 09:20 up; 09:21 tick", "step!ana~ recovery!ana~ ring!~"},

		{"quiet hours: the morning tells, and counts anew", "12:30 down 502; 12:31 tick; 13:30 tick; 14:00 tick; 14:01 tick; 14:09 tick; 14:10 tick", "morning!~ step!ana~"},
		{"what began before and would escalate in them", "11:55 down 502; 12:05 tick; 13:00 tick; 14:00 tick; 14:10 tick", "morning!~ step!ana~"},
		{"nothing was held back", "11:00 down 502; 11:10 tick; 11:20 tick; 11:40 tick; 12:30 tick; 14:00 tick", "step!ana~ step!ana,bob~ step!room~"},
		{"over in them: no phone rings", "12:30 down 502; 12:40 up; 14:00 tick; 14:01 tick", "morning~"},
		{"taken in them: nor then", "12:30 down 502; 12:40 bob acks; 14:00 tick; 14:01 tick", "morning~"},
		{"and given back: it never rang", "12:30 down 502; 12:40 bob acks; 14:00 tick; 14:01 bob undoes ack; 14:02 tick", "morning~ ring!~"},
		{"fires again in them", "11:50 down 502; 11:58 up; 12:05 down 502; 12:06 tick; 14:00 tick; 14:01 tick", "morning!~"},
		{"a silence that ends in them", "11:30 down 502; 11:35 bob hushes 1h; 12:36 tick; 14:00 tick; 14:01 tick", "morning!~"},
		{"a command between their end and the tick rings nothing besides", "12:30 down 502; 14:00 ana silences forge 1h; 14:00 tick", "morning!~"},
		{"called before, over in them: the morning", "11:30 down 502; 11:40 tick; 12:30 up; 12:31 tick; 13:00 tick; 14:00 tick", "step!ana~ morning~"},
		{"a clock that goes back over their end", "12:30 down 502; 14:00 tick; 13:59 back; 14:00 tick", "morning!~"},

		{"critical: it rings at once", "12:20 critical; 12:30 down 502; 12:40 tick; 12:50 tick; 13:10 tick; 14:00 tick", "step!ana step!ana,bob step!room"},
		{"and whom it woke hears of its end", "12:20 critical; 12:30 down 502; 12:40 tick; 12:45 up; 12:46 tick; 14:00 tick", "step!ana recovery!ana"},
		{"but nobody who was called before", "11:30 down 502; 11:40 tick; 12:20 critical; 12:30 up; 12:31 tick; 14:00 tick", "step!ana~ morning~"},
		{"whose ack ended is asked in them", "08:20 critical; 08:30 down 502; 08:31 bob acks; 12:31 tick; 13:31 tick", "ack!bob ack!"},
		{"critical only now", "12:30 down 502; 12:31 tick; 12:40 critical; 12:41 tick; 12:50 tick; 12:51 tick", "ring! step!ana"},

		{"its card did not go out before the quiet hours: the morning tells", "11:50 off; 11:51 down 502; 12:00 tick; 12:30 on; 14:00 tick; 14:09 tick; 14:10 tick", "morning!~ step!ana~"},
		{"nor did it when it was over", "11:50 off; 11:51 down 502; 12:00 tick; 12:30 on; 12:40 up; 14:00 tick; 14:01 tick", "morning~"},
		{"for longer than a night: the morning tells once", "11:50 off; 11:51 down 502; 12:00 tick; 14:00 tick; 14:01 on; 14:02 tick", "morning!~"},
		{"that it fires again did not", "11:30 down 502; 11:45 up; 11:50 off; 11:51 down 502; 12:00 tick; 12:30 on; 14:00 tick; 14:01 tick", "ring!~ withdrawn morning!~"},
		{"it was over before them again", "11:30 down 502; 11:45 up; 11:50 off; 11:51 down 502; 11:55 up; 12:00 tick; 12:30 on; 14:00 tick", "ring!~ withdrawn"},
		{"nor that nobody was on it", "11:40 off; 11:41 down 502; 11:51 tick; 12:00 tick; 12:30 on; 14:00 tick; 14:01 tick; 14:10 tick", "step!ana~ withdrawn morning!~ step!ana~"},
		{"what is critical rings late", "11:00 critical; 11:50 off; 11:51 down 502; 11:52 up; 11:53 down 502; 12:00 tick; 12:01 on", "ring!"},

		{"taken before it went out", "09:00 off; 09:01 down 502; 09:11 tick; 09:12 bob acks; 09:13 on; 09:14 up; 09:15 tick", "step!ana~ withdrawn"},
		{"a later step overtakes the one before", "09:00 off; 09:01 down 502; 09:11 tick; 09:21 tick; 09:22 on; 09:23 up; 09:24 tick", "step!ana~ withdrawn step!ana,bob~ withdrawn"},
		{"fires again under a clock that went back", "09:00 down 502; 08:30 back; 09:05 up; 09:06 down 502; 09:07 tick", "ring!~"},
		{"a clock that goes back", "09:00 down 502; 09:10 tick; 08:00 back; 09:15 tick; 09:34 tick; 09:35 tick", "step!ana~ step!ana,bob~"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, w := newWatch(t)
				for step := range strings.SplitSeq(tt.steps, "; ") {
					switch clock, what, _ := strings.Cut(step, " "); what {
					case "off", "on":
						w.offline, p.offline = what == "off", what == "off"
						p.send()
					case "critical":
						p.Settings.Critical = []string{"cloud"}
					case "back":
						p.turnBack(clock)
					default:
						p.do(step)
						p.again(w, what)
					}
				}
				if diff := cmp.Diff(tt.want, strings.Join(w.said, " ")); diff != "" {
					t.Errorf("said (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(w.rang(), append(p.rung(1), p.rung(2)...)); diff != "" {
					t.Errorf("known to have rung (-want +got):\n%s", diff)
				}
				_ = p.Store.Close()
			})
		})
	}
}

// rang returns what rang by itself and was not withdrawn, as its kind and whom it mentions.
func (w *watchers) rang() (all []string) {
	for n, what := range w.said {
		withdrawn := n+1 < len(w.said) && w.said[n+1] == "withdrawn"
		if strings.Contains(what, "!") && !withdrawn {
			all = append(all, strings.TrimSuffix(what, "~"))
		}
	}
	return all
}

// rung returns what is known of what rang for an incident, as rang does.
func (p *play) rung(incident int64) (all []string) {
	p.t.Helper()
	err := p.Store.View(p.t.Context(), func(tx *store.Tx) error {
		rings, err := Rung(tx, store.Incident{ID: incident})
		for _, r := range rings {
			kind := string(r.Kind)
			if kind == firesAgain || kind == firesStill {
				kind = "ring" // as its key begins
			}
			all = append(all, kind+"!"+strings.ReplaceAll(strings.Join(r.People, ","), store.RoomMention, "room"))
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// again has another tick follow one at once, which must change nothing.
func (p *play) again(w *watchers, what string) {
	p.t.Helper()
	if what != "tick" {
		return
	}
	said, changed := len(w.said), false
	p.Changed = func() { changed = true }
	p.do(time.Now().UTC().Format("15:04") + " tick")
	if p.Changed = func() {}; changed || len(w.said) > said {
		p.t.Errorf("a second tick changes something: it says %q", w.said[said:])
	}
}

// turnBack makes all that is kept later by as much as the clock would have been set back
// to that time of day: the test's own goes forward only.
func (p *play) turnBack(clock string) {
	p.t.Helper()
	back := time.Since(today(p.t, clock))
	err := p.Store.Update(p.t.Context(), func(tx *store.Tx) error {
		v, err := tx.Vigil(1)
		if err != nil {
			return err
		}
		i, _, err := tx.Incident(1)
		if err != nil {
			return err
		}
		i.RangAt = i.RangAt.Add(back)
		v.Since, v.HeldAt = v.Since.Add(back), v.HeldAt.Add(back)
		return errors.Join(tx.SaveIncident(i), tx.SaveVigil(v))
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestTheCardOfTheNightIsSilent: it comes as a notice, and stays one when it is shown for
// the first time only after the morning rang for it.
func TestTheCardOfTheNightIsSilent(t *testing.T) {
	for _, tt := range []struct {
		name, steps string
		rings       bool
	}{
		{"by day", "11:00 down 502", true},
		{"in quiet hours", "12:30 down 502", false},
		{"shown when they are over", "12:30 down 502; 14:00 tick", false},
		{"critical", "12:20 critical; 12:30 down 502", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := newWatch(t)
				for step := range strings.SplitSeq(tt.steps, "; ") {
					if strings.HasSuffix(step, "critical") {
						p.Settings.Critical = []string{"cloud"}
						continue
					}
					p.do(step)
				}
				err := p.Store.View(t.Context(), func(tx *store.Tx) error {
					content, err := p.RenderIncident(tx, 1)
					if content.Message.Rings != tt.rings {
						t.Errorf("it rings: %v, want %v", content.Message.Rings, tt.rings)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				_ = p.Store.Close()
			})
		})
	}
}

// TestManyAreSpokenOfAtOnce: what breaks together calls people once, and so does its end;
// the counts are whole.
func TestManyAreSpokenOfAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := newWatch(t)
		many := func(clock, status string) {
			t.Helper()
			time.Sleep(time.Until(today(t, clock)))
			for n := range 30 {
				p.events++
				raw := fmt.Sprintf("Authentication-Results: mx.example.org; dkim=pass header.d=example.org\nFrom: kuma@example.org\nDate: %s\nSubject: [S%d] [%s] 502\nMessage-ID: <%d@example.org>\n\nmail\n",
					today(t, clock).Format(time.RFC1123Z), n, status, p.events)
				p.take(raw, clock, uint32(p.events))
			}
		}
		tick := func(clock string) { t.Helper(); p.do(clock + " tick") }
		many("10:00", "🔴 Down")
		tick("10:10")
		tick("10:20")
		many("10:25", "✅ Up")
		tick("10:26")
		if diff := cmp.Diff([]string{"steps!ana~", "steps!ana,bob~", "recoveries!ana,bob~"}, w.said); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"step!ana", "step!ana,bob", "recovery!ana,bob"}, p.rung(30)); diff != "" {
			t.Errorf("known to have rung for the last of them (-want +got):\n%s", diff)
		}
		many("12:30", "🔴 Down")
		tick("14:00")
		last := w.texts[len(w.texts)-1]
		if !strings.HasPrefix(last, "☀️ Last night: 30 incidents · 30 open\n🔴 S0 · 502") || !strings.HasSuffix(last, "\n… and 20 more") {
			t.Errorf("the morning says:\n%s", last)
		}
		if i := slices.IndexFunc(w.texts, func(s string) bool {
			return strings.Contains(s, "30 things down, nobody on them · since 10:00\nS0, S1, S2, S3, S4, … (+25)")
		}); i != 0 {
			t.Errorf("the first step says:\n%s", w.texts[0])
		}
		_ = p.Store.Close()
	})
}

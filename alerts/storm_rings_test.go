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

// squall is a desk on which things break together, and what rings because of them.
type squall struct {
	*play
	watch *watchers
	shown map[int64]bool // the cards that were there before
	last  string         // the event that said something last
}

// TestWhatRingsInAStorm: what breaks while others do rings as surely as if it broke by
// itself, unless somebody is on all of it or wants none of it, and no phone rings twice.
func TestWhatRingsInAStorm(t *testing.T) {
	const three = "10:00 down A; 10:00 down B; 10:00 down C; "
	for _, tt := range []struct{ name, steps, want string }{
		{"nobody is on it", three + "10:10 policy; 10:11 tick; 10:21 tick", "card A! card B! card storm! step!ana step!ana,bob"},
		{"called, and it falls apart", three + "10:01 up C; 10:02 policy; 10:10 tick; 10:12 tick; 10:13 tick; 10:21 tick; 10:22 tick",
			"card A! card B! card storm! step!ana recovery!ana step!ana step!ana"},
		{"at night nobody is called", "11:55 policy; 11:56 down A; 11:56 down B; 11:56 down C; 12:10 tick; 14:00 tick; 14:09 tick; 14:10 tick",
			"card A! card B! card storm! morning! step!ana"},
		{"at night, unless it cannot wait", "11:55 policy; 12:00 down A; 12:00 down B; 12:00 down C; 12:05 critical D; 12:14 tick; 12:15 tick; 12:20 up D; 12:21 tick; 14:00 tick; 14:01 tick",
			"ring! step!ana step!room"},
		{"three", three + "10:01 tick", "card A! card B! card storm!"},
		{"more than a storm that was silenced had", three + "10:05 hush storm 2h; 10:20 down D; 10:20 down E; 10:20 down F; 10:21 tick; 10:30 down G",
			"card A! card B! card storm! card D! card E! card F! card G!"},
		{"and while it grows", three + "10:01 hush storm 2h; 10:02 down D; 10:02 down E; 10:02 down F; 10:03 tick",
			"card A! card B! card storm! card D! card E! card F!"},
		{"each silenced, and the silences end", three + "10:01 rule A 1h; 10:01 rule B 1h; 10:01 rule C 1h; 10:30 tick; 11:01 tick; 11:02 tick",
			"card A! card B! card storm! ring!"},
		{"one of many silences ends: the storm rang", three + "10:01 rule A 1h; 11:01 tick", "card A! card B! card storm!"},
		{"each is taken, and another breaks", three + "10:01 ack A; 10:01 ack B; 10:01 ack C; 10:05 down D; 10:06 tick",
			"card A! card B! card storm! ring!"},
		{"each is taken, and given back", three + "10:01 ack A; 10:01 ack B; 10:01 ack C; 10:05 undo; 10:06 tick", "card A! card B! card storm!"},
		{"what is down is taken, and what was back breaks again and again", three + "10:01 up C; 10:01 ack A; 10:01 ack B; 10:05 down C; 10:06 up C; 10:07 down C; 10:08 tick; 10:21 tick; 10:22 tick",
			"card A! card B! card storm! ring! ring!"},
		{"all of it is taken, and another breaks", three + "10:01 ack storm; 10:05 down D; 10:06 tick", "card A! card B! card storm!"},
		{"all of it is taken, and one that cannot wait joins", three + "10:01 ack storm; 10:05 critical D; 10:06 tick; 10:07 critical E", "card A! card B! card storm! ring!"},
		{"all of it is taken, and much more breaks later", three + "10:01 ack storm; 10:20 down D; 10:20 down E; 10:20 down F; 10:21 tick",
			"card A! card B! card storm! card D! card E! ring!"},
		{"over, and all three break again", three + "10:01 up A; 10:01 up B; 10:01 up C; 10:05 down A; 10:05 down B; 10:05 down C; 10:06 tick",
			"card A! card B! card storm! ring! ring! card storm!"},
		{"over, and the third breaks again", three + "10:01 up A; 10:01 up B; 10:01 up C; 10:05 down C; 10:06 tick",
			"card A! card B! card storm! card C!"},
		{"over, and the first breaks again", three + "10:01 up A; 10:01 up B; 10:01 up C; 10:05 down A; 10:06 tick",
			"card A! card B! card storm! ring!"},
		{"at night: the morning rings", "12:30 down A; 12:30 down B; 12:30 down C; 12:31 down D; 14:00 tick; 14:01 tick", "morning!"},
		{"at night, and it falls apart", "12:30 down A; 12:30 down B; 12:30 down C; 12:31 up A; 12:50 tick; 14:00 tick; 14:01 tick", "morning!"},
		{"at night, one that cannot wait joins", "12:30 down A; 12:30 down B; 12:30 down C; 12:31 critical D; 12:32 tick; 14:00 tick; 14:01 tick", "ring!"},
		{"at night, one of it turns out not to be able to wait", "12:30 down A; 12:30 down B; 12:30 down C; 12:31 critical C; 12:32 tick; 14:00 tick; 14:01 tick", "ring!"},
		{"at night, the third cannot wait", "12:30 down A; 12:30 down B; 12:30 critical C; 12:31 tick; 14:00 tick; 14:01 tick", "card storm!"},
		{"at night, one is taken and another breaks", "12:30 down A; 12:30 down B; 12:30 down C; 12:31 ack A; 12:31 ack B; 12:31 ack C; 12:35 down D; 14:00 tick; 14:01 tick", "morning!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, w := newWatch(t)
				p.Settings.Storm, p.Settings.Steps = 3, nil
				q := &squall{play: p, watch: w, shown: map[int64]bool{}}
				for step := range strings.SplitSeq(tt.steps, "; ") {
					q.step(step)
				}
				if diff := cmp.Diff(tt.want, strings.ReplaceAll(strings.Join(w.said, " "), "~", "")); diff != "" {
					t.Errorf("what rang (-want +got):\n%s", diff)
				}
				_ = p.Store.Close()
			})
		})
	}
}

// TestWhoHadAStormIsAskedAboutAllThatIsLeft: whoever took a storm that fell apart since is
// asked about all of it that is still down, and so is the room.
func TestWhoHadAStormIsAskedAboutAllThatIsLeft(t *testing.T) {
	const storm = "07:00 down A; 07:00 down B; 07:00 down C; 07:00 down D; 07:01 ack storm; 07:02 up D; 07:30 tick; "
	for _, tt := range []struct{ name, steps, want string }{
		{"one of it was handled meanwhile", storm + "10:00 handle B", "A, C"},
		{"one of it was taken anew", storm + "10:00 ack A", "B, C"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, w := newWatch(t)
				p.Settings.Storm, p.Settings.Steps = 4, nil
				q := &squall{play: p, watch: w, shown: map[int64]bool{}}
				for step := range strings.SplitSeq(tt.steps+"; 11:01 tick; 11:02 tick; 11:59 tick; 14:00 tick; 14:01 tick", "; ") {
					q.step(step)
				}
				if len(w.texts) < 2 || !strings.Contains(w.texts[0], ": "+tt.want+"?") || !strings.Contains(w.texts[1], " "+tt.want+" ") {
					t.Errorf("said: %q", w.texts)
				}
				_ = p.Store.Close()
			})
		})
	}
}

func (q *squall) step(step string) {
	q.t.Helper()
	words := strings.Fields(step)
	switch words[1] {
	case "tick":
		q.do(step)
	case "policy":
		q.Settings.Steps = policy
	default:
		time.Sleep(time.Until(today(q.t, words[0])))
		q.events++
		if err := q.Store.Update(q.t.Context(), func(tx *store.Tx) error { return q.happen(tx, words[1], words[2:]) }); err != nil {
			q.t.Fatal(err)
		}
	}
	if err := q.Store.View(q.t.Context(), q.lookAtCards); err != nil {
		q.t.Fatal(err)
	}
	q.send()
}

var reactions = map[string]store.IncidentMarkKind{"ack": store.Ack, "hush": store.Silence, "handle": store.Handled}

func (q *squall) happen(tx *store.Tx, what string, words []string) error {
	event := fmt.Sprintf("$%d", q.events)
	until := func() time.Time {
		span, _ := time.ParseDuration(words[len(words)-1])
		return tx.Now.Add(span)
	}
	switch what {
	case "down", "critical", "up":
		r := Reading{Kind: Kuma, State: Firing, Thing: words[0], Since: tx.Now, Verified: true, Critical: what == "critical"}
		if what == "up" {
			r.State = Resolved
		}
		_, err := q.placeAlert(tx, r, heard{store.Webhook, tx.Now})
		return err
	case "rule":
		_, _, err := q.Silence(tx, store.SilenceRule{Scope: store.ThingScope, Name: words[0], At: tx.Now, Until: until(), Who: "ana", EventID: event})
		return err
	case "undo":
		_, _, err := q.UndoByEvent(tx, q.last, "ana")
		return err
	}
	i, err := q.called(tx, words[0])
	if err != nil {
		return err
	}
	q.last = event
	_, err = q.Mark(tx, i.ID, store.IncidentMark{Kind: reactions[what], At: tx.Now, Until: until(), Who: "ana", EventID: event, How: "reaction"})
	return err
}

// called returns the newest incident about a thing, or the newest storm.
func (q *squall) called(tx *store.Tx, name string) (store.Incident, error) {
	recent, err := tx.RecentIncidents(40)
	for _, i := range recent {
		if i.Thing == name || name == "storm" && IsStorm(i) {
			return i, err
		}
	}
	return store.Incident{}, fmt.Errorf("nothing is called %s: %w", name, err)
}

// lookAtCards notes which cards are new and ring.
func (q *squall) lookAtCards(tx *store.Tx) error {
	recent, err := tx.RecentIncidents(40)
	for _, i := range recent {
		_, shown, err := tx.CardOf(IncidentCard, i.ID)
		if err != nil {
			return err
		}
		if !shown || q.shown[i.ID] {
			continue
		}
		q.shown[i.ID] = true
		content, err := q.RenderIncident(tx, i.ID)
		if err != nil {
			return err
		}
		if content.Message.Rings {
			name := i.Thing
			if IsStorm(i) {
				name = "storm"
			}
			q.watch.said = append(q.watch.said, "card "+name+"!")
		}
	}
	return err
}

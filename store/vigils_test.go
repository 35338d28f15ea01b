package store

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// anIncident stores an incident and returns its id.
func anIncident(t *testing.T, s *Store, thing string, state IncidentState) (id int64) {
	t.Helper()
	update(t, s, func(tx *Tx) (err error) {
		id, err = tx.AddIncident(Incident{Source: "kuma", Thing: thing, State: state, Since: morning, Newest: morning})
		return err
	})
	return id
}

func TestAVigilIsKeptAsItWas(t *testing.T) {
	s := temp(t)
	first, second := anIncident(t, s, "Cloud", Firing), anIncident(t, s, "Forge", Firing)
	update(t, s, func(tx *Tx) error {
		if v, err := tx.Vigil(first); err != nil || v != (Vigil{IncidentID: first}) {
			t.Errorf("a vigil of which nothing is known is %+v, %v", v, err)
		}
		want := Vigil{IncidentID: second, Since: morning, Said: 10 * time.Minute, HeldAt: morning.Add(time.Hour), Waits: true}
		if err := tx.SaveVigil(want); err != nil {
			return err
		}
		waiting, err := tx.WaitingVigils()
		if diff := cmp.Diff([]Vigil{want}, waiting); diff != "" || err != nil {
			t.Errorf("what waits (-want +got), %v:\n%s", err, diff)
		}
		want.Waits, want.Since, want.Said = false, time.Time{}, 0
		if err := tx.SaveVigil(want); err != nil {
			return err
		}
		if v, err := tx.Vigil(second); err != nil || !cmp.Equal(v, want) {
			t.Errorf("the vigil is %+v, %v", v, err)
		}
		waiting, err = tx.WaitingVigils()
		if len(waiting) > 0 {
			t.Errorf("%+v still waits", waiting)
		}
		return err
	})
}

// TestMentionsWaitForTheEnd: whoever was mentioned is to be told once the incident is
// over, once; not of a message that was never sent.
func TestMentionsWaitForTheEnd(t *testing.T) {
	s := temp(t)
	open, over := anIncident(t, s, "Cloud", Firing), anIncident(t, s, "Forge", Resolved)
	names := func(tx *Tx) (who []string) {
		all, err := tx.MentionsOver()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			who = append(who, m.Notice+" "+m.Who)
		}
		return who
	}
	update(t, s, func(tx *Tx) error {
		for _, m := range []Mention{{Notice: "a", IncidentID: open, Who: "@ana:x"}, {Notice: "b", IncidentID: over, Who: "@ana:x"},
			{Notice: "b", IncidentID: over, Who: "@ana:x"}, {Notice: "c", IncidentID: over, Who: RoomMention}} {
			if err := tx.AddMention(m); err != nil {
				return err
			}
		}
		if diff := cmp.Diff([]string{"b @ana:x", "c @room"}, names(tx)); diff != "" {
			t.Errorf("to be told (-want +got):\n%s", diff)
		}
		if err := tx.ForgetMentions("c"); err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"b @ana:x"}, names(tx)); diff != "" {
			t.Errorf("to be told (-want +got):\n%s", diff)
		}
		return tx.MentionsTold(over)
	})
	update(t, s, func(tx *Tx) error {
		if who := names(tx); len(who) > 0 {
			t.Errorf("%q are told twice", who)
		}
		return nil
	})
}

// TestWhatWasSaidOfAStormWasSaidOfItsParts: as long as they were that; of mentions and of
// pages alike.
func TestWhatWasSaidOfAStormWasSaidOfItsParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		storm, part, other := anIncident(t, s, "storm", Firing), anIncident(t, s, "Cloud", Firing), anIncident(t, s, "Forge", Firing)
		say := func(of int64, what string) func(*Tx) error {
			return func(tx *Tx) error {
				if err := tx.AddRing(Mention{Notice: what, IncidentID: of}); err != nil {
					return err
				}
				return tx.AddPage(Page{Incident: of, Road: what, What: PageDown})
			}
		}
		for _, step := range []func(*Tx) error{
			say(part, "own"), say(storm, "before"),
			func(tx *Tx) error { return tx.JoinStorm(storm, part) },
			say(storm, "during"), say(other, "other"),
			func(tx *Tx) error { return tx.LeaveStorm(part) },
			say(storm, "after"),
		} {
			update(t, s, step)
			time.Sleep(time.Minute)
		}
		update(t, s, func(tx *Tx) error {
			var mentioned, paged []string
			mentions, err := tx.MentionsOf(part)
			for _, m := range mentions {
				mentioned = append(mentioned, m.Notice)
			}
			pages, failed := tx.PagesOf(part)
			for _, p := range pages {
				paged = append(paged, p.Road)
			}
			if diff := cmp.Diff([][]string{{"own", "during"}, {"own", "during"}}, [][]string{mentioned, paged}); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
			over, bad := tx.MentionsOver()
			if len(over) > 0 {
				t.Errorf("%+v wait for the end", over)
			}
			return errors.Join(err, failed, bad)
		})
		_ = s.Close()
	})
}

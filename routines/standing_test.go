package routines

import (
	"strings"
	"testing"
	"time"

	"ronde/store"
)

func TestTheStateFollowsFromWhatWasSaid(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	words := map[string]store.Mark{
		"claim": {Kind: store.Claim, Who: ana, Until: now.Add(time.Hour)}, "ended-claim": {Kind: store.Claim, Who: ana, Until: now},
		"snooze": {Kind: store.Snooze, Who: ana, Until: now.Add(time.Hour)}, "skip": {Kind: store.Skip, Who: ana}, "gone": {Kind: store.Skip, Note: goneChanged},
	}
	for _, tt := range []struct {
		said     string
		replaced bool // a newer one is open
		want     store.OccurrenceState
	}{
		{"", false, store.OccurrenceOpen},
		{"", true, store.OccurrenceMissed},
		{"done", false, store.OccurrenceDone},
		{"done", true, store.OccurrenceDone},
		{"claim", false, store.OccurrenceClaimed},
		{"claim", true, store.OccurrenceMissed},
		{"ended-claim", false, store.OccurrenceOpen},
		{"ended-claim claim", false, store.OccurrenceClaimed},
		{"snooze", false, store.OccurrenceOpen},
		{"skip", false, store.OccurrenceSkipped},
		{"skip", true, store.OccurrenceSkipped},
		{"gone", false, store.OccurrenceSkipped},
		{"claim skip", false, store.OccurrenceSkipped},
		{"skip claim", false, store.OccurrenceSkipped},
		{"skip done", false, store.OccurrenceDone},
		{"claim snooze done", false, store.OccurrenceDone},
		{"done done", true, store.OccurrenceDone},
	} {
		var s standing
		for word := range strings.FieldsSeq(tt.said) {
			if word == "done" {
				s.done = append(s.done, store.Completion{Who: ana})
			} else {
				s.marks = append(s.marks, words[word])
			}
		}
		if got := s.state(now, tt.replaced); got != tt.want {
			t.Errorf("after %q, replaced %v, it is %s, want %s", tt.said, tt.replaced, got, tt.want)
		}
	}
}

func TestTheFirstWhoClaimsLeadsAndTheLastWhoPutsOffCounts(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	in := func(kind store.MarkKind, who string, hours int) store.Mark {
		return store.Mark{Kind: kind, Who: who, Until: now.Add(time.Duration(hours) * time.Hour)}
	}
	s := standing{marks: []store.Mark{
		in(store.Claim, chloe, -1), in(store.Claim, ana, 1), in(store.Claim, bruno, 2),
		in(store.Snooze, ana, 48), in(store.Snooze, bruno, 24),
	}}
	for hours, want := range map[int][2]string{0: {ana, bruno}, 1: {bruno, bruno}, 2: {"", bruno}, 24: {"", ""}} {
		later := now.Add(time.Duration(hours) * time.Hour)
		claim, claimed := s.claim(later)
		snooze, snoozed := s.snooze(later)
		got := [2]string{}
		if claimed {
			got[0] = claim.Who
		}
		if snoozed {
			got[1] = snooze.Who
		}
		if got != want {
			t.Errorf("after %d hours it is claimed and put off by %q, want %q", hours, got, want)
		}
	}
}

// What is taken back leaves what others said, in whatever order they said it.
func TestWhatIsTakenBackLeavesTheRest(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.claim("$claim", bruno)
		o.snooze("$snooze", "Tue 2026-03-03 09:00 +01:00")
		o.skip("$skip", "the server is being moved")
		o.marks(func(tx *store.Tx, id int64) error {
			_, err := o.CompleteOccurrence(tx, id, store.Completion{At: tx.Now, Who: ana, How: "reaction", EventID: "$done"})
			return err
		})
		for _, step := range []struct{ event, shows string }{
			{"", "✅ Done: The chore · ana, 09:00"},
			{"$done", "⏭️ Skipped: The chore · ana, 09:00"},
			{"$snooze", "⏭️ Skipped: The chore · ana, 09:00"},
			{"$skip", "👀 Taken: The chore · bruno, until 13:00"},
			{"$claim", "🔔 To do: The chore · Mon 2 Mar 09:00"},
		} {
			if step.event != "" {
				o.undo(step.event)
			}
			o.shows(step.shows)
		}
	})
}

// A skip is as good as done for the dates to come.
func TestASkipMovesTheNextDate(t *testing.T) {
	inOffice(t, "every 3d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.wait("Tue 2026-03-03 12:00 +01:00")
		o.skip("$skip", "")
		for _, morning := range []string{"Wed 2026-03-04 09:00 +01:00", "Thu 2026-03-05 09:00 +01:00"} {
			o.wait(morning)
			o.tick()
			o.shows("⏭️ Skipped: The chore · ana, Tue 3 Mar 12:00")
		}
		o.wait("Fri 2026-03-06 09:00 +01:00")
		o.tick()
		o.shows("⏭️ Skipped: The chore · ana, Tue 3 Mar 12:00\n🔔 To do: The chore · Fri 6 Mar 09:00")
	})
}

// claim, snooze and skip say that of the open occurrence, by an event of that name.

func (o office) claim(event, who string) {
	o.t.Helper()
	o.marks(func(tx *store.Tx, id int64) error {
		return o.Claim(tx, id, store.Mark{At: tx.Now, Who: who, EventID: event})
	})
}

func (o office) snooze(event, until string) {
	o.t.Helper()
	o.marks(func(tx *store.Tx, id int64) error {
		return o.Snooze(tx, id, at(o.t, o.Location, until), store.Mark{At: tx.Now, Who: ana, EventID: event})
	})
}

func (o office) skip(event, reason string) {
	o.t.Helper()
	o.marks(func(tx *store.Tx, id int64) error {
		return o.Skip(tx, id, store.Mark{At: tx.Now, Who: ana, EventID: event, Note: reason})
	})
}

func (o office) marks(mark func(tx *store.Tx, id int64) error) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		all, err := tx.OccurrencesOf("chore", 1)
		if err != nil || len(all) == 0 {
			return err
		}
		return mark(tx, all[0].ID)
	})
}

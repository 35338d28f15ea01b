package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var morning = time.UnixMilli(1_770_000_000_000)

// occurrences opens one occurrence of each routine and returns their ids.
func occurrences(t *testing.T, s *Store, routines ...string) (ids []int64) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		for _, routine := range routines {
			o, _, err := tx.OpenOccurrence(routine, morning)
			if err != nil {
				return err
			}
			ids = append(ids, o.ID)
		}
		return nil
	})
	return ids
}

func TestAnEventMarksAnOccurrenceOnce(t *testing.T) {
	s := temp(t)
	ids := occurrences(t, s, "backups", "links")
	events := func(tx *Tx, id int64) string {
		t.Helper()
		marks, err := tx.MarksOf(id)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, m := range marks {
			words = append(words, fmt.Sprintf("%s %s by %s", m.EventID, m.Kind, m.Who))
		}
		return strings.Join(words, ", ")
	}
	update(t, s, func(tx *Tx) error {
		for range 2 { // one tap on a round claims both; it may be seen twice
			for _, id := range ids {
				if err := tx.AddMark(Mark{OccurrenceID: id, Kind: Claim, At: morning, Until: morning.Add(time.Hour), Who: "ana", EventID: "$1"}); err != nil {
					return err
				}
			}
		}
		return tx.AddMark(Mark{OccurrenceID: ids[0], Kind: Skip, At: morning, Who: "bruno", EventID: "$2", Note: "why"})
	})
	update(t, s, func(tx *Tx) error {
		if got, want := events(tx, ids[0]), "$1 claim by ana, $2 skip by bruno"; got != want {
			t.Errorf("marks %q, want %q", got, want)
		}
		marks, err := tx.MarksByEvent("$1")
		if err != nil || len(marks) != 2 {
			t.Fatalf("one tap made %d marks (%v)", len(marks), err)
		}
		want := Mark{ID: marks[0].ID, OccurrenceID: ids[0], Kind: Claim, At: morning, RecordedAt: marks[0].RecordedAt, Until: morning.Add(time.Hour), Who: "ana", EventID: "$1"}
		if marks[0] != want {
			t.Errorf("stored %+v, want %+v", marks[0], want)
		}
		if err := tx.UndoMark(marks[0].ID, "ana"); err != nil {
			return err
		}
		if got, want := events(tx, ids[0])+" / "+events(tx, ids[1]), "$2 skip by bruno / $1 claim by ana"; got != want {
			t.Errorf("after one was taken back: %q, want %q", got, want)
		}
		// The same event seen once more brings nothing back.
		if err := tx.AddMark(Mark{OccurrenceID: ids[0], Kind: Claim, At: morning, Who: "ana", EventID: "$1"}); err != nil {
			return err
		}
		if got, want := events(tx, ids[0]), "$2 skip by bruno"; got != want {
			t.Errorf("after the event came again: %q, want %q", got, want)
		}
		return nil
	})
}

func lastSkip(tx *Tx) (time.Time, error) {
	if _, err := tx.KnowRoutine("backups"); err != nil {
		return time.Time{}, err
	}
	h, _, err := tx.RoutineHistory("backups")
	return h.Skipped, err
}

func TestTheLastSkipIsAPersons(t *testing.T) {
	s := temp(t)
	ids := occurrences(t, s, "backups", "links")
	update(t, s, func(tx *Tx) error {
		for i, m := range []Mark{
			{OccurrenceID: ids[0], Who: "ana", At: morning},
			{OccurrenceID: ids[0], Who: "", At: morning.Add(time.Hour)}, // the bot's own
			{OccurrenceID: ids[1], Who: "ana", At: morning.Add(2 * time.Hour)},
		} {
			m.Kind, m.EventID = Skip, fmt.Sprint(i)
			if err := tx.AddMark(m); err != nil {
				return err
			}
			if err := tx.SetOccurrenceState(m.OccurrenceID, OccurrenceSkipped); err != nil {
				return err
			}
		}
		if got, err := lastSkip(tx); !got.Equal(morning) || err != nil {
			t.Errorf("last skipped at %s (%v), want %s", got, err, morning)
		}
		marks, err := tx.MarksByEvent("0")
		if err != nil {
			return err
		}
		if err := tx.UndoMark(marks[0].ID, "ana"); err != nil {
			return err
		}
		if got, err := lastSkip(tx); !got.IsZero() || err != nil {
			t.Errorf("after it was taken back: last skipped at %s (%v)", got, err)
		}
		return nil
	})
}

func TestTheLinesOfARoundAreNumberedOnce(t *testing.T) {
	s := temp(t)
	ids := occurrences(t, s, "a", "b", "c")
	update(t, s, func(tx *Tx) error {
		var rounds []Round
		for _, r := range [][2]string{{"technique", "2026-03-02"}, {"technique", "2026-03-03"}, {"supervision", "2026-03-02"}, {"technique", "2026-03-02"}} {
			round, err := tx.OpenRound(r[0], r[1])
			if err != nil {
				return err
			}
			rounds = append(rounds, round)
		}
		if rounds[0] != rounds[3] || rounds[0].ID == rounds[2].ID {
			t.Errorf("a room has one round a day: %+v", rounds)
		}
		if last, _, err := tx.LastRound("technique"); last != rounds[1] || err != nil {
			t.Errorf("the last round is %+v (%v)", last, err)
		}
		for _, item := range []struct{ round, occurrence int }{{0, 2}, {0, 0}, {0, 2}, {2, 1}, {0, 1}, {1, 2}} {
			if err := tx.AddRoundItem(rounds[item.round].ID, ids[item.occurrence]); err != nil {
				return err
			}
		}
		for round, want := range map[int]string{0: "[1:3 2:1 3:2]", 1: "[1:3]", 2: "[1:2]"} {
			items, err := tx.RoundItems(rounds[round].ID)
			if err != nil {
				return err
			}
			var got []string
			for _, i := range items {
				got = append(got, fmt.Sprintf("%d:%d", i.Number, i.OccurrenceID))
			}
			if fmt.Sprint(got) != want {
				t.Errorf("round %d has %v, want %s", round, got, want)
			}
		}
		all, err := tx.RoundsOf(ids[2])
		if want := []RoundItem{{rounds[0].ID, 1, ids[2]}, {rounds[1].ID, 1, ids[2]}}; fmt.Sprint(all) != fmt.Sprint(want) {
			t.Errorf("it stands at %v, want %v", all, want)
		}
		return err
	})
}

func TestWhoComesBackEarlyIsAwayNoMore(t *testing.T) {
	s := temp(t)
	away := func(tx *Tx, day string) string {
		t.Helper()
		all, err := tx.Absences(day)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, a := range all {
			words = append(words, a.Who+" "+a.First+".."+a.Last)
		}
		return strings.Join(words, ", ")
	}
	update(t, s, func(tx *Tx) error {
		for i, a := range []Absence{
			{Who: "ana", First: "2026-03-20", Last: "2026-03-22"},
			{Who: "ana", First: "2026-03-01", Last: "2026-03-10"},
			{Who: "ana", First: "2026-02-01", Last: "2026-02-02"}, // over
			{Who: "bruno", First: "2026-03-04", Last: "2026-03-06"},
		} {
			a.EventID = fmt.Sprint(i)
			for range 2 { // the same event changes nothing the second time
				if err := tx.AddAbsence(a); err != nil {
					return err
				}
			}
		}
		if got, want := away(tx, "2026-03-04"), "ana 2026-03-01..2026-03-10, bruno 2026-03-04..2026-03-06, ana 2026-03-20..2026-03-22"; got != want {
			t.Errorf("away: %s, want %s", got, want)
		}
		for _, want := range []int{2, 0} {
			if n, err := tx.EndAbsences("ana", "2026-03-04", "2026-03-03"); n != want || err != nil {
				t.Errorf("%d absences ended (%v), want %d", n, err, want)
			}
		}
		if got, want := away(tx, "2026-03-03"), "ana 2026-03-01..2026-03-03, bruno 2026-03-04..2026-03-06"; got != want {
			t.Errorf("away: %s, want %s", got, want)
		}
		if got, want := away(tx, "2026-02-01"), "ana 2026-02-01..2026-02-02, "; !strings.HasPrefix(got, want) {
			t.Errorf("what was over was changed: %s", got)
		}
		for _, want := range []bool{true, false} {
			if undone, err := tx.UndoAbsences("3"); undone != want || err != nil {
				t.Errorf("undone %v (%v), want %v", undone, err, want)
			}
		}
		if got := away(tx, "2026-03-04"); got != "" {
			t.Errorf("away: %s", got)
		}
		return nil
	})
}

// Who leaves and comes back on one day was not away at all.
func TestAnAbsenceThatEndsOnItsFirstDayIsTakenBack(t *testing.T) {
	s := temp(t)
	update(t, s, func(tx *Tx) error {
		if err := tx.AddAbsence(Absence{Who: "ana", First: "2026-03-04", Last: "2026-03-10", EventID: "$1"}); err != nil {
			return err
		}
		if n, err := tx.EndAbsences("ana", "2026-03-04", "2026-03-03"); n != 1 || err != nil {
			t.Errorf("%d absences ended (%v)", n, err)
		}
		all, err := tx.Absences("2026-03-01")
		if len(all) != 0 {
			t.Errorf("still away: %+v", all)
		}
		return err
	})
}

func TestASwapIsUsedOnce(t *testing.T) {
	s := temp(t)
	ids := occurrences(t, s, "backups", "links")
	update(t, s, func(tx *Tx) error {
		swaps := []int64{1, 2, 3}
		for _, swap := range []Swap{
			{Routine: "backups", Gives: "ana", Takes: "bruno", EventID: "$1"},
			{Routine: "backups", Gives: "bruno", Takes: "ana", EventID: "$1"},
			{Routine: "links", Gives: "ana", Takes: "bruno", EventID: "$2"},
		} {
			if err := tx.AddSwap(swap); err != nil {
				return err
			}
			if err := tx.AddSwap(swap); err != nil { // once is enough
				return err
			}
		}
		waiting := func() (givers []string) {
			t.Helper()
			all, err := tx.SwapsToUse("backups")
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range all {
				givers = append(givers, s.Gives)
			}
			return givers
		}
		if got := fmt.Sprint(waiting()); got != "[ana bruno]" {
			t.Errorf("swaps of %s wait", got)
		}
		if err := tx.UseSwap(swaps[0], ids[0]); err != nil {
			return err
		}
		if got := fmt.Sprint(waiting()); got != "[bruno]" {
			t.Errorf("after one was used, swaps of %s wait", got)
		}
		all, err := tx.SwapsByEvent("$1")
		if err != nil || len(all) != 2 || all[0].UsedBy != ids[0] || all[1].UsedBy != 0 {
			t.Errorf("the event made %+v (%v)", all, err)
		}
		if err := tx.UndoSwap(swaps[1]); err != nil {
			return err
		}
		if got := waiting(); len(got) != 0 {
			t.Errorf("after the other was taken back, swaps of %s wait", got)
		}
		return nil
	})
}

func TestHowOftenChecksCompletedInARow(t *testing.T) {
	s := temp(t)
	n, events := 0, 0
	done := func(how string, hours int) {
		t.Helper()
		update(t, s, func(tx *Tx) (err error) {
			events++
			c := Completion{Routine: "backups", At: morning.Add(time.Duration(hours) * time.Hour), How: how, EventID: fmt.Sprint(events)}
			if how == "other" {
				c.Routine, c.How = "links", "check"
			}
			if err := tx.AddCompletion(c); err != nil {
				return err
			}
			n, err = tx.CompletedByChecks("backups")
			return err
		})
	}
	for i, step := range []struct {
		how  string
		want int
	}{{"check", 1}, {"check", 2}, {"other", 2}, {"command", 0}, {"check", 1}, {"check", 2}, {"reaction", 0}, {"other", 0}, {"check", 1}} {
		if done(step.how, i); n != step.want {
			t.Errorf("step %d (%s): %d in a row, want %d", i, step.how, n, step.want)
		}
	}
	update(t, s, func(tx *Tx) error { // the person's last word is taken back
		c, _, err := tx.CompletionByEvent("7")
		if err != nil {
			return err
		}
		if err := tx.UndoCompletion(c.ID, "ana"); err != nil {
			return err
		}
		if n, err := tx.CompletedByChecks("backups"); n != 3 || err != nil {
			t.Errorf("%d in a row (%v), want 3", n, err)
		}
		return nil
	})
}

func TestAReadingKeepsSinceWhenItHasHeld(t *testing.T) {
	s := temp(t)
	for i, step := range []struct {
		holds bool
		since int // which step
	}{{false, 0}, {false, 0}, {true, 2}, {true, 2}, {false, 4}, {true, 5}} {
		update(t, s, func(tx *Tx) error {
			now := morning.Add(time.Duration(i) * time.Hour)
			if err := tx.SetReading(Reading{Ref: "reboot antigone", At: now, Holds: step.holds}); err != nil {
				return err
			}
			want := Reading{Ref: "reboot antigone", At: now, Holds: step.holds, Since: morning.Add(time.Duration(step.since) * time.Hour)}
			if got, err := tx.Reading("reboot antigone"); got != want || err != nil {
				t.Errorf("step %d: %+v (%v), want %+v", i, got, err, want)
			}
			return nil
		})
	}
}

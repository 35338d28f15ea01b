package routines

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ronde/store"
	"ronde/text"
)

func TestACalendarFitsOnAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		for _, from := range []string{"Mon 2026-03-02 09:00 +01:00", "Sun 2026-03-08 23:59 +01:00", "Thu 2026-12-31 12:00 +01:00"} {
			inOffice(t, "every 1d", from, func(o office) {
				l, err := text.In(code)
				if err != nil {
					t.Fatal(err)
				}
				o.Language = l
				o.update(func(tx *store.Tx) error { // a hundred and more on one day
					for i := range 120 {
						c := store.Completion{Routine: "chore", At: tx.Now, Who: ana, How: "command", EventID: fmt.Sprint(i)}
						if err := tx.AddCompletion(c); err != nil {
							return err
						}
					}
					for _, key := range []string{"", "chore"} {
						calendar, err := o.Calendar(tx, key)
						if err != nil {
							return err
						}
						lines := strings.Split(calendar, "\n")
						if len(lines) != 10 {
							t.Errorf("%d lines:\n%s", len(lines), calendar)
						}
						for _, line := range lines {
							if n := utf8.RuneCountInString(line); n > 36 {
								t.Errorf("%d columns: %q", n, line)
							}
						}
					}
					return nil
				})
			})
		}
	}
}

func TestACalendarShowsWhatBecameOfEachDay(t *testing.T) {
	inOffice(t, "weekly monday wednesday friday", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.done("$1")
		o.through("Wed 2026-03-04 09:00 +01:00") // missed
		o.through("Fri 2026-03-06 09:00 +01:00")
		o.skip("$2", "")
		o.through("Mon 2026-03-09 09:00 +01:00")
		o.done("$3")
		o.undo("$3")
		o.through("Tue 2026-03-10 09:00 +01:00")
		o.done("$4")
		o.update(func(tx *store.Tx) error { // another routine's does not count
			return tx.AddCompletion(store.Completion{Routine: "other", At: at(t, o.Location, "Sun 2026-03-08 09:00 +01:00"), Who: ana, How: "command", EventID: "$5"})
		})
		var calendar string
		o.update(func(tx *store.Tx) (err error) { calendar, err = o.Calendar(tx, "chore"); return err })
		lines := strings.Split(calendar, "\n")
		want := []string{
			"         M  T  W  T  F  S  S",
			"   2/03  x  ·  o  ·  >  ·  ·",
			"   9/03  ·  x",
		}
		if got := append(lines[:1:1], lines[8:]...); !cmp.Equal(got, want) {
			t.Errorf("the calendar is\n%s\nwant its ends\n%s", calendar, strings.Join(want, "\n"))
		}
	})
}

// records writes the history as lines.
func (o office) records(key, since string) string {
	o.t.Helper()
	var lines []string
	o.update(func(tx *store.Tx) error {
		all, err := Records(tx, key, at(o.t, o.Location, since), o.Location)
		for _, r := range all {
			line := r.Routine + " " + r.What
			if r.Due != nil {
				line += " of " + r.Due.Format("2 15:04")
			}
			if r.At != nil {
				line += " at " + r.At.Format("2 15:04")
			}
			for _, more := range []string{text.Person(r.Who), strings.Join(r.Helpers, "+"), r.How, r.Note} {
				if more != "" {
					line += " " + more
				}
			}
			if r.Undone {
				line += " (undone)"
			}
			lines = append(lines, line)
		}
		return err
	})
	return strings.Join(lines, "\n")
}

func TestTheHistoryTellsAllInItsOrder(t *testing.T) {
	inOffice(t, "weekly monday wednesday friday", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		other := o.Routines[0]
		other.Key = "another"
		o.Routines = append(o.Routines, other)
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.done("$1")
		o.undo("$1")
		o.wait("Mon 2026-03-02 11:00 +01:00")
		o.done("$2")
		o.through("Fri 2026-03-06 09:00 +01:00") // Wednesday's is missed
		o.skip("$3", "the server is being moved")
		o.through("Sat 2026-03-07 09:00 +01:00")
		o.update(func(tx *store.Tx) error { // not asked for, and said late
			return o.CompleteRoutine(tx, "chore", store.Completion{
				At: at(t, o.Location, "Thu 2026-03-05 12:00 +01:00"), Who: bruno, Helpers: []string{chloe}, How: "command", EventID: "$4", Note: "all green",
			})
		})
		chore := `chore done of 2 09:00 at 2 09:00 ana command (undone)
chore done of 2 09:00 at 2 11:00 ana command
chore missed of 4 09:00
chore done at 5 12:00 bruno @chloe:ronde.test command all green
chore skipped of 6 09:00 at 6 09:00 ana the server is being moved`
		if diff := cmp.Diff(chore, o.records("chore", "-")); diff != "" {
			t.Errorf("history of one (-want +got):\n%s", diff)
		}
		all := `another missed of 4 09:00
chore missed of 4 09:00
chore done at 5 12:00 bruno @chloe:ronde.test command all green
chore skipped of 6 09:00 at 6 09:00 ana the server is being moved`
		if diff := cmp.Diff(all, o.records("", "Wed 2026-03-04 09:00 +01:00")); diff != "" {
			t.Errorf("history of all since Wednesday (-want +got):\n%s", diff)
		}
		if got := o.records("none", "-"); got != "" {
			t.Errorf("history of nothing:\n%s", got)
		}
	})
}

package routines

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// office is a desk with one routine, in a bubble whose clock is set.
type office struct {
	*Desk
	t     *testing.T
	store *store.Store
}

// inOffice plays a test at a desk from a moment on. A bubble's clock begins in 2000.
func inOffice(t *testing.T, cadenceText, from string, play func(o office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		loc := zone(t, "Europe/Paris")
		s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l, err := text.In("en")
		if err != nil {
			t.Fatal(err)
		}
		chore := Routine{Key: "chore", Title: text.Localized{EN: "The chore"}, Cadence: cadence(t, cadenceText)}
		o := office{&Desk{Routines: []Routine{chore}, Location: loc, Language: l, Notices: &said{}, Settings: Settings{Lease: 4 * time.Hour}}, t, s}
		o.wait(from)
		play(o)
	})
}

// said is what the desk says besides its cards; of one key, once.
type said struct {
	keys  map[string]bool
	words []string
}

func (s *said) AddNotice(_ *store.Tx, key, room string, m cards.Message) error {
	if s.keys == nil {
		s.keys = map[string]bool{}
	}
	if !s.keys[key] {
		s.keys[key] = true
		s.words = append(s.words, strings.TrimSpace(strings.Join(m.Mentions, " ")+" "+m.Plain))
	}
	return nil
}

func (s *said) AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error {
	return s.AddNotice(tx, key, card.Room, m)
}

// says compares what the desk said since the last look with what it should have.
func (o office) says(want ...string) {
	o.t.Helper()
	s := o.Notices.(*said)
	if diff := cmp.Diff(want, s.words); diff != "" {
		o.t.Errorf("said (-want +got):\n%s", diff)
	}
	s.words = nil
}

// wait lets the time pass until a moment.
func (o office) wait(until string) {
	o.t.Helper()
	time.Sleep(time.Until(at(o.t, o.Location, until)))
}

func (o office) tick() (changed bool) {
	o.t.Helper()
	changed, err := o.Tick(o.t.Context(), o.store)
	if err != nil {
		o.t.Fatal(err)
	}
	return changed
}

func (o office) update(change func(tx *store.Tx) error) {
	o.t.Helper()
	if err := o.store.Update(o.t.Context(), change); err != nil {
		o.t.Fatal(err)
	}
}

// done records that the chore was done, by an event of that name.
func (o office) done(event string) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		return o.CompleteRoutine(tx, "chore", store.Completion{At: tx.Now, Who: "@ana:ronde.test", How: "command", EventID: event})
	})
}

// undo takes back what an event recorded.
func (o office) undo(event string) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		_, known, err := o.UndoByEvent(tx, event, "@ana:ronde.test")
		if err == nil && !known {
			err = fmt.Errorf("%s recorded nothing", event)
		}
		return err
	})
}

// shows compares the first lines of all cards with what they should be.
func (o office) shows(want string) {
	o.t.Helper()
	var got []string
	o.update(func(tx *store.Tx) error {
		for id := int64(1); ; id++ {
			if _, known, err := tx.Occurrence(id); err != nil || !known {
				return err
			}
			content, err := o.Render(tx, id)
			if err != nil {
				return err
			}
			first, _, _ := strings.Cut(content.Message.Plain, "\n")
			got = append(got, first)
		}
	})
	if diff := cmp.Diff(strings.TrimSpace(want), strings.Join(got, "\n")); diff != "" {
		o.t.Errorf("cards (-want +got):\n%s", diff)
	}
}

func TestADateIsAskedForOnce(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		if o.tick() {
			t.Error("something was asked for before its time")
		}
		o.wait("Mon 2026-03-02 09:00 +01:00")
		if !o.tick() || o.tick() {
			t.Error("Tick must change something the first time, and nothing the second")
		}
		o.shows("🔔 To do: The chore · Mon 2 Mar 09:00")
		o.done("$1")
		if o.tick() {
			t.Error("what is done was asked for again")
		}
		o.shows("✅ Done: The chore · ana, 09:00")
	})
}

func TestAClockThatWasSetBackAsksForNothing(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		// The clock had run ahead to the next Monday, and the bot had asked.
		o.update(func(tx *store.Tx) error {
			next, _, err := tx.OpenOccurrence("chore", at(t, o.Location, "Mon 2026-03-09 09:00 +01:00"))
			if err != nil {
				return err
			}
			return o.show(tx, next)
		})
		o.wait("Mon 2026-03-02 09:00 +01:00")
		if o.tick() {
			t.Error("the date before the open one was asked for")
		}
		o.shows("🔔 To do: The chore · Mon 9 Mar 09:00")
		o.wait("Tue 2026-03-10 00:00 +01:00")
		o.tick()
		o.shows("⏰ Late: The chore · 1 day late · Mon 9 Mar 09:00")
	})
}

func TestWhatComesEveryFewDaysIsAskedForUntilItIsDone(t *testing.T) {
	inOffice(t, "every 3d", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		o.tick()
		o.done("$1")
		o.wait("Thu 2026-03-05 09:00 +01:00")
		o.tick()
		o.shows("🔔 To do: The chore · Thu 5 Mar 09:00")

		// Somebody configures another hour: the same card stays.
		o.Routines[0].At = NewClock(10, 0)
		o.wait("Thu 2026-03-05 11:00 +01:00")
		o.tick()
		if o.shows("🔔 To do: The chore · Thu 5 Mar 10:00"); o.tick() {
			t.Error("another hour replaced the open date")
		}
		// The completion before it is taken back: the date would now be an earlier one.
		o.undo("$1")
		o.wait("Sat 2026-03-07 11:00 +01:00")
		o.tick()
		o.shows("⏰ Late: The chore · 2 days late · Thu 5 Mar 10:00")
		o.done("$2")
		o.wait("Tue 2026-03-10 10:00 +01:00")
		o.tick()
		o.shows(`
✅ Done: The chore · ana, Sat 7 Mar 11:00
🔔 To do: The chore · Tue 10 Mar 10:00`)
	})
}

func TestANewDateOfTheCalendarReplacesTheOldOne(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		o.tick()
		o.wait("Tue 2026-03-10 08:00 +01:00")
		o.tick()
		// The date that passed while nobody looked is on record, without a card.
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
⏰ Late: The chore · 1 day late · Mon 9 Mar 09:00`)
		o.wait("Mon 2026-03-16 09:00 +01:00")
		o.tick()
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
⚪ Missed: The chore · Mon 9 Mar 09:00
🔔 To do: The chore · Mon 16 Mar 09:00`)

		// A tap on the old card is for the one that is open.
		o.update(func(tx *store.Tx) error {
			key, err := o.CompleteOccurrence(tx, 2, store.Completion{At: tx.Now, Who: "@ana:ronde.test", How: "reaction", EventID: "$tap"})
			if key != "chore" {
				t.Errorf("the tap was about %q", key)
			}
			return err
		})
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
⚪ Missed: The chore · Mon 9 Mar 09:00
✅ Done: The chore · ana, 09:00`)
	})
}

func TestDoneStaysDoneWhileAnybodySaysSo(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		tap := func(event, who string) {
			o.update(func(tx *store.Tx) error {
				_, err := o.CompleteOccurrence(tx, 1, store.Completion{At: tx.Now, Who: who, How: "reaction", EventID: event})
				return err
			})
		}
		tap("$1", "@ana:ronde.test")
		tap("$2", "@bruno:ronde.test")
		tap("$2", "@bruno:ronde.test") // the same event again
		o.undo("$1")
		o.shows("✅ Done: The chore · bruno, 09:00")
		o.undo("$2")
		o.shows("🔔 To do: The chore · Mon 2 Mar 09:00")
		if o.tick() {
			t.Error("what was taken back was opened a second time")
		}
	})
}

func TestUndoingAnOldCompletionLeavesTheOpenDate(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		o.tick()
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.done("$1")
		o.wait("Mon 2026-03-09 09:00 +01:00")
		o.tick()
		o.undo("$1")
		o.tick()
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
🔔 To do: The chore · Mon 9 Mar 09:00`)
	})
}

func TestAPhoneWhoseClockIsAheadMovesNoDate(t *testing.T) {
	inOffice(t, "every 1d", "Mon 2026-03-02 09:00 +01:00", func(o office) {
		o.tick()
		o.update(func(tx *store.Tx) error {
			return o.CompleteRoutine(tx, "chore", store.Completion{
				At: tx.Now.AddDate(1, 0, 0), Who: "@ana:ronde.test", How: "command", EventID: "$1",
			})
		})
		o.wait("Tue 2026-03-03 09:00 +01:00")
		o.tick()
		o.shows(`
✅ Done: The chore · ana, Mon 2 Mar 09:00
🔔 To do: The chore · Tue 3 Mar 09:00`)
	})
}

func TestAnOldCardNeverOpensAgain(t *testing.T) {
	inOffice(t, "every 1d", "Mon 2026-03-02 09:00 +01:00", func(o office) {
		o.tick()
		o.done("$1")
		o.wait("Tue 2026-03-03 09:00 +01:00")
		o.tick()
		o.done("$2")
		o.undo("$1") // somebody tidies up their reactions
		if o.tick() {
			t.Error("what was done was asked for again")
		}
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
✅ Done: The chore · ana, 09:00`)
		o.wait("Wed 2026-03-04 09:00 +01:00")
		o.tick()
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
✅ Done: The chore · ana, Tue 3 Mar 09:00
🔔 To do: The chore · Wed 4 Mar 09:00`)
	})
}

// The bot was away when somebody tapped, and asks for the next date before it hears.
func TestATapFromBeforeTheOpenDateIsForItsOwnCard(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 09:00 +01:00", func(o office) {
		o.tick()
		o.wait("Wed 2026-03-04 12:00 +01:00")
		tapped := time.Now()
		o.wait("Mon 2026-03-09 12:00 +01:00")
		o.tick()
		o.update(func(tx *store.Tx) error {
			_, err := o.CompleteOccurrence(tx, 1, store.Completion{At: tapped, Who: "@ana:ronde.test", How: "reaction", EventID: "$tap"})
			return err
		})
		if o.tick() {
			t.Error("Tick changed something where nothing happened")
		}
		o.shows(`
✅ Done: The chore · ana, Wed 4 Mar 12:00
🔔 To do: The chore · Mon 9 Mar 09:00`)
	})
}

func TestASkipFromBeforeTheOpenDateCountsFromNow(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 09:00 +01:00", func(o office) {
		o.tick()
		said := time.Now()
		o.wait("Mon 2026-03-09 12:00 +01:00")
		o.tick()
		o.update(func(tx *store.Tx) error {
			return o.Skip(tx, 2, store.Mark{At: said, Who: "@ana:ronde.test", EventID: "$skip"})
		})
		if o.tick() {
			t.Error("what was skipped was asked for again")
		}
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
⏭️ Skipped: The chore · ana, 12:00`)
	})
}

// What ended at night is asked about in the morning, and the room told an hour later.
func TestAClaimThatEndsAtNight(t *testing.T) {
	inOffice(t, "every 1d at 18:00", "Mon 2026-03-02 18:00 +01:00", func(o office) {
		o.Settings.Quiet = Quiet{NewClock(22, 0), NewClock(8, 0)}
		o.tick()
		o.wait("Mon 2026-03-02 20:00 +01:00")
		o.update(func(tx *store.Tx) error {
			return o.Claim(tx, 1, store.Mark{At: tx.Now, Who: "@ana:ronde.test", EventID: "$1"})
		})
		o.wait("Tue 2026-03-03 00:00 +01:00")
		o.tick()
		o.says()
		for _, look := range []string{"08:00", "08:01", "08:59"} {
			o.wait("Tue 2026-03-03 " + look + " +01:00")
			o.tick()
		}
		if n := len(o.Notices.(*said).words); n != 1 {
			t.Errorf("%d notices by 08:59, want the question alone", n)
		}
		o.wait("Tue 2026-03-03 09:00 +01:00")
		o.tick()
		if n := len(o.Notices.(*said).words); n != 2 {
			t.Errorf("%d notices at 09:00, want the room told", n)
		}
	})
}

package routines

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// inRounds plays a test at a desk that has n daily chores in a room with rounds.
func inRounds(t *testing.T, n int, play func(o office)) {
	t.Helper()
	inOffice(t, "every 1d at 08:00", "Mon 2026-03-02 07:59 +01:00", func(o office) {
		o.Settings.Rounds, o.Settings.RoundAt = map[string]bool{DefaultRoom: true}, NewClock(8, 30)
		o.Routines = o.Routines[:0]
		for i := range n {
			o.Routines = append(o.Routines, Routine{
				Key: fmt.Sprintf("chore-%02d", i+1), Title: text.Localized{EN: fmt.Sprintf("Chore %d", i+1)}, Cadence: cadence(t, "every 1d at 08:00"),
			})
		}
		o.tick()
		play(o)
	})
}

// round renders the round with an id.
func (o office) round(id int64) (content cards.Content) {
	o.t.Helper()
	o.update(func(tx *store.Tx) (err error) {
		content, err = o.RenderRound(tx, id)
		return err
	})
	return content
}

// roundCards lists the rooms in which rounds stand.
func (o office) roundCards() (rooms []string) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		dirty, err := tx.DirtyCards(1000)
		for _, c := range dirty {
			if c.Kind != RoundKind {
				o.t.Errorf("%s %d has a card of its own", c.Kind, c.Subject)
			}
			rooms = append(rooms, c.Room)
		}
		return err
	})
	return rooms
}

func TestTheEleventhLineHasNoNumber(t *testing.T) {
	inRounds(t, 12, func(o office) {
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		content := o.round(1)
		lines := strings.Split(content.Message.Plain, "\n")
		want := []string{"🔔 Round of Mon 2 Mar: 12 to do", "1️⃣ Chore 1"}
		if !slices.Equal(lines[:2], want) || lines[10] != "🔟 Chore 10" || lines[11] != "• Chore 11" || lines[12] != "• Chore 12" {
			t.Errorf("the round is\n%s", content.Message.Plain)
		}
		if n := len(content.Seeds); n != 11 || content.Seeds[9] != "🔟" || content.Seeds[10] != ClaimEmoji {
			t.Errorf("%d buttons: %q", n, content.Seeds)
		}
		o.update(func(tx *store.Tx) error {
			for number, known := range map[int]bool{0: false, 1: true, 12: true, 13: false} { // also for who types it
				if _, got, err := RoundLine(tx, 1, number); got != known || err != nil {
					t.Errorf("line %d is known: %v (%v)", number, got, err)
				}
			}
			return nil
		})
		if o.tick() {
			t.Error("a round that stands was changed by the next tick")
		}
	})
}

func TestEachRoomHasItsRound(t *testing.T) {
	inRounds(t, 3, func(o office) {
		o.Settings.Rounds["supervision"] = true
		o.Settings.Rounds["elsewhere"] = false
		o.Routines[2].Room = "supervision"
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		if rooms := slices.Sorted(slices.Values(o.roundCards())); !slices.Equal(rooms, []string{"supervision", DefaultRoom}) {
			t.Errorf("rounds stand in %q", rooms)
		}
		both := o.round(1).Message.Plain + "\n" + o.round(2).Message.Plain
		for line, times := range map[string]int{"2 to do": 1, "1 to do": 1, "1️⃣ Chore 1": 1, "2️⃣ Chore 2": 1, "1️⃣ Chore 3": 1} {
			if strings.Count(both, line) != times {
				t.Errorf("%q is there %d times in\n%s", line, strings.Count(both, line), both)
			}
		}
	})
}

func TestARoundMentionsEachPersonOnce(t *testing.T) {
	inRounds(t, 4, func(o office) {
		for i := range 3 {
			o.Routines[i].Rota.People = []string{ana}
		}
		o.Routines[2].Rota.People = []string{bruno}
		o.Routines[3].Cadence = cadence(t, "every 1d at 18:00")
		o.Routines[3].Rota.People = []string{ana}
		o.tick()
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		if got := o.round(1).Message.Mentions; !slices.Equal(got, []string{ana, bruno}) {
			t.Errorf("mentioned %q", got)
		}
		o.says() // the card rings
		o.through("Mon 2026-03-02 17:59 +01:00")
		o.says()
		o.through("Mon 2026-03-02 18:00 +01:00") // added to the card, which rings nobody
		o.says("@ana:ronde.test 🔔 To do: Chore 4 · ana’s turn")
		o.restart()
		o.through("Mon 2026-03-02 23:00 +01:00")
		o.says()
	})
}

func TestInQuietHoursARoundMentionsNobody(t *testing.T) {
	inRounds(t, 1, func(o office) {
		o.Settings.Quiet = quiet(t, "22:00..09:00")
		o.Routines[0].Rota.People = []string{ana}
		o.tick()
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		if got := o.round(1).Message.Mentions; len(got) != 0 {
			t.Errorf("mentioned %q", got)
		}
	})
}

// What the clock's change makes a second time the same day, or a day before the last
// round, is in that round already.
func TestAClockThatWasSetBackBeginsNoRound(t *testing.T) {
	inRounds(t, 2, func(o office) {
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		for days := -3; days <= 0; days++ {
			o.update(func(tx *store.Tx) error {
				tx.Now = tx.Now.AddDate(0, 0, days)
				if changed, _, err := o.bringUp(tx, nil); changed || err != nil {
					t.Errorf("%d days before it changed something (%v)", -days, err)
				}
				return nil
			})
		}
		if rooms := o.roundCards(); len(rooms) != 1 {
			t.Errorf("rounds stand in %q", rooms)
		}
	})
}

// A line keeps its number through whatever happens to the others.
func TestALineKeepsItsNumber(t *testing.T) {
	inRounds(t, 3, func(o office) {
		o.Routines[0].Cadence = cadence(t, "every 1d at 12:00")
		o.tick()
		o.wait("Mon 2026-03-02 08:30 +01:00")
		o.tick()
		o.update(func(tx *store.Tx) error {
			id, _, err := RoundLine(tx, 1, 1)
			if err != nil {
				return err
			}
			_, err = o.CompleteOccurrence(tx, id, store.Completion{At: tx.Now, Who: ana, How: "reaction", EventID: "$1"})
			return err
		})
		o.wait("Mon 2026-03-02 12:00 +01:00")
		o.tick()
		content := o.round(1)
		want := "🔔 Round of Mon 2 Mar: 2 to do\n✅ Chore 2 · ana, 08:30\n2️⃣ Chore 3\n3️⃣ Chore 1\n"
		if !strings.HasPrefix(content.Message.Plain, want) {
			t.Errorf("the round is\n%s\nwant\n%s", content.Message.Plain, want)
		}
		if buttons := []string{NumberEmoji(2), NumberEmoji(3), ClaimEmoji}; !slices.Equal(content.Seeds, buttons) {
			t.Errorf("buttons %q, want %q", content.Seeds, buttons)
		}
	})
}

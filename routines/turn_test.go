package routines

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"ronde/store"
)

const (
	ana   = "@ana:ronde.test"
	bruno = "@bruno:ronde.test"
	chloe = "@chloe:ronde.test"
)

func set(people ...string) map[string]bool {
	all := map[string]bool{}
	for _, who := range people {
		all[who] = true
	}
	return all
}

func TestWhoseTurnItIs(t *testing.T) {
	three := []string{ana, bruno, chloe}
	hour := func(n int) time.Time { return time.Date(2026, 3, 2, n, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name   string
		recent bool
		turns  turns
		want   string
	}{
		{"the first turn", false, turns{}, ana},
		{"the next in the order", false, turns{last: ana}, bruno},
		{"from the end to the beginning", false, turns{last: chloe}, ana},
		{"on from the holder, whoever did it", false, turns{last: ana, done: map[string]time.Time{chloe: hour(9), bruno: hour(8)}}, bruno},
		{"who is absent is passed over", false, turns{last: ana, away: set(bruno)}, chloe},
		{"all others absent", false, turns{last: ana, away: set(bruno, chloe)}, ana},
		{"all absent", false, turns{last: ana, away: set(ana, bruno, chloe)}, ""},
		{"who had the night before is passed over", false, turns{last: ana, tired: set(bruno)}, chloe},
		{"but not when nobody else is there", false, turns{last: ana, tired: set(bruno), away: set(ana, chloe)}, bruno},
		{"all tired: in their order", false, turns{last: ana, tired: set(ana, bruno, chloe)}, bruno},
		{"the last is a stranger", false, turns{last: "@gone:ronde.test"}, ana},
		{"longest ago", true, turns{last: ana, done: map[string]time.Time{ana: hour(7), bruno: hour(9), chloe: hour(8)}}, ana},
		{"never goes before long ago", true, turns{done: map[string]time.Time{ana: hour(7), chloe: hour(8)}}, bruno},
		{"a tie goes by the order", true, turns{last: bruno, done: map[string]time.Time{ana: hour(9), bruno: hour(8), chloe: hour(8)}}, bruno},
		{"longest ago, but absent", true, turns{away: set(ana), done: map[string]time.Time{bruno: hour(9), chloe: hour(8)}}, chloe},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Rota{People: three, LeastRecent: tt.recent}).holder(tt.turns); got != tt.want {
				t.Errorf("it is the turn of %q, want %q", got, tt.want)
			}
		})
	}
	if got := (Rota{}).holder(turns{last: ana}); got != "" {
		t.Errorf("of nobody it is the turn of %q", got)
	}
}

// Whoever helps out, everybody gets the same number of turns.
func TestTurnsAreShared(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for people := 1; people <= 8; people++ {
		var rota Rota
		for i := range people {
			rota.People = append(rota.People, fmt.Sprintf("@%d:ronde.test", i))
		}
		had, done, last := map[string]int{}, map[string]time.Time{}, ""
		for n := range 1000 {
			last = rota.holder(turns{last: last, done: done})
			had[last]++
			helper := rota.People[random.IntN(people)]
			done[helper] = time.Unix(int64(n), 0)
		}
		for _, who := range rota.People {
			if n := had[who]; n < 1000/people || n > 1000/people+1 {
				t.Errorf("of %d people one had %d of 1000 turns", people, n)
			}
		}
	}
}

// turn returns whose turn the open occurrence is.
func (o office) turn() (who string) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		open, _, err := tx.OpenOccurrenceOf("chore")
		who = open.Turn
		return err
	})
	return who
}

func TestASwapIsGivenBackOnce(t *testing.T) {
	inOffice(t, "every 1d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.Routines[0].Rota.People = []string{ana, bruno, chloe}
		o.tick()
		o.update(func(tx *store.Tx) error { return o.Swap(tx, o.Routines[0], ana, chloe, "$swap") })
		var got []string
		for day := 2; day <= 7; day++ {
			o.wait(at(t, o.Location, "Mon 2026-03-02 09:00 +01:00").AddDate(0, 0, day-2).Format(moment))
			o.tick()
			got = append(got, o.turn())
			o.done(fmt.Sprintf("$%d", day))
		}
		want := []string{chloe, bruno, ana, ana, bruno, chloe}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("turns %v, want %v", got, want)
		}
	})
}

// A swap of the turn that is open is taken back whole.
func TestASwapIsTakenBack(t *testing.T) {
	inOffice(t, "every 1d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.Routines[0].Rota.People = []string{ana, bruno}
		o.tick()
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.update(func(tx *store.Tx) error { return o.Swap(tx, o.Routines[0], ana, bruno, "$swap") })
		if got := o.turn(); got != bruno {
			t.Errorf("after the swap it is the turn of %q", got)
		}
		for _, want := range []bool{true, false} { // once
			o.update(func(tx *store.Tx) error {
				if undone, err := o.UndoSwap(tx, "$swap"); err != nil || undone != want {
					t.Errorf("undone %v, want %v (%v)", undone, want, err)
				}
				return nil
			})
		}
		if got := o.turn(); got != ana {
			t.Errorf("the swap was taken back, and yet it is the turn of %q", got)
		}
		o.done("$1")
		o.wait("Tue 2026-03-03 09:00 +01:00")
		o.tick()
		if got := o.turn(); got != bruno {
			t.Errorf("the day after it is the turn of %q", got)
		}
	})
}

func TestTwoNightsInARowAreForTwoPeople(t *testing.T) {
	for hour, want := range map[string]string{"22:00": chloe, "05:00": chloe, "14:00": bruno} { // of the second day
		inOffice(t, "every 1d at "+hour, "Mon 2026-03-02 00:00 +01:00", func(o office) {
			other := o.Routines[0]
			other.Key, other.Rota.People = "other", []string{bruno}
			o.Routines[0].Rota.People = []string{ana, bruno, chloe}
			o.Routines = append(o.Routines, other)
			o.tick()
			first := DateOf(time.Now().In(o.Location)).at(o.Routines[0].At, o.Location)
			time.Sleep(time.Until(first))
			o.tick() // the chore is Ana's, the other one is Bruno's
			o.done("$1")
			time.Sleep(24 * time.Hour)
			o.tick()
			if got := o.turn(); got != want {
				t.Errorf("at %s it is the turn of %q, want %q", hour, got, want)
			}
		})
	}
}

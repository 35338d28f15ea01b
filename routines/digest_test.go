package routines

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ronde/store"
	"ronde/text"
)

// weekly makes the desk sum up the week on Mondays at half past nine.
func (o office) weekly() {
	o.Settings.Digest = Digest{On: true, Day: Weekday{time.Monday}, At: NewClock(9, 30), Room: DefaultRoom}
}

// posts returns how many digests were posted since the last look.
func (o office) posts() (n int) {
	s := o.Notices.(*said)
	for _, words := range s.words {
		if strings.HasPrefix(words, "📋") {
			n++
		}
	}
	s.words = nil
	return n
}

func TestTheDigestIsPostedOncePerWeek(t *testing.T) {
	inOffice(t, "weekly monday", "Wed 2026-03-04 12:00 +01:00", func(o office) {
		o.weekly()
		for _, step := range []struct {
			until string
			posts int
		}{
			{"Mon 2026-03-09 09:20 +01:00", 0}, // just set up: the next Monday
			{"Mon 2026-03-09 09:30 +01:00", 1},
			{"Mon 2026-03-16 09:20 +01:00", 0},
			{"Mon 2026-03-16 09:30 +01:00", 1},
			{"Mon 2026-03-30 09:20 +02:00", 1}, // over the change of the clocks
			{"Mon 2026-03-30 09:30 +02:00", 1},
		} {
			o.restart()
			o.through(step.until)
			o.comparePosts(step.posts, step.until)
		}
	})
}

// comparePosts compares the digests that were posted, and looks that a new process posts none.
func (o *office) comparePosts(want int, until string) {
	o.t.Helper()
	if got := o.posts(); got != want {
		o.t.Errorf("up to %s: %d digests, want %d", until, got, want)
	}
	o.restart()
	o.tick()
	if got := o.posts(); got != 0 {
		o.t.Errorf("%s: after a restart the digest was posted again", until)
	}
}

func TestAfterADowntimeThereIsOneDigest(t *testing.T) {
	inOffice(t, "weekly monday", "Wed 2026-03-04 12:00 +01:00", func(o office) {
		o.weekly()
		o.tick()
		o.wait("Fri 2026-03-27 12:00 +01:00") // over three Mondays
		o.through("Sun 2026-03-29 12:00 +02:00")
		if got := o.posts(); got != 1 {
			t.Errorf("%d digests after three weeks away", got)
		}
		o.update(func(tx *store.Tx) error { // and none when the clock goes back
			tx.Now = tx.Now.AddDate(0, 0, -10)
			_, _, err := o.bringUp(tx, nil)
			return err
		})
		if got := o.posts(); got != 0 {
			t.Errorf("%d digests after the clock was set back", got)
		}
	})
}

func TestADigestThatIsOffIsNotPosted(t *testing.T) {
	inOffice(t, "weekly monday", "Wed 2026-03-04 12:00 +01:00", func(o office) {
		o.through("Tue 2026-03-10 12:00 +01:00")
		if got := o.posts(); got != 0 {
			t.Errorf("%d digests", got)
		}
		o.weekly() // switched on: it begins with the next, not with the one just past
		o.through("Mon 2026-03-16 09:20 +01:00")
		if got := o.posts(); got != 0 {
			t.Errorf("%d digests at once", got)
		}
	})
}

// digestOf writes a digest now.
func (o office) digestOf() string {
	o.t.Helper()
	var m text.Message
	o.update(func(tx *store.Tx) error { return o.WriteDigest(tx, &m, tx.Now.AddDate(0, 0, -7)) })
	return m.Plain()
}

func TestAChoreOfOnePersonIsNamedAfterHalfAYear(t *testing.T) {
	const alone = "☝️ Only ana has done it for six months: The chore"
	for _, tt := range []struct {
		name   string
		months []int  // in which she did it, since it became known
		helper string // of the last time
		other  bool   // somebody else did it once, in the fourth month
		ask    int    // in which month the digest is written
		named  bool
	}{
		{"three times and half a year", []int{2, 4, 6}, "", false, 7, true},
		{"twice is no habit", []int{4, 6}, "", false, 7, false},
		{"known for too short a time", []int{1, 2, 3}, "", false, 5, false},
		{"somebody else did it, too", []int{2, 4, 6}, "", true, 7, false},
		{"somebody helped", []int{2, 4, 6}, bruno, false, 7, false},
		{"what somebody else did long ago", []int{6, 8, 10}, "", true, 11, true},
		{"long ago herself", []int{1, 2, 3}, "", false, 12, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inOffice(t, "every 30d", "Mon 2026-03-02 09:00 +01:00", func(o office) {
				o.tick()
				known := time.Now()
				wait := func(month int) { time.Sleep(time.Until(known.AddDate(0, month, 0))) }
				for i, month := range tt.months {
					wait(month)
					o.update(func(tx *store.Tx) error {
						c := store.Completion{At: tx.Now, Who: ana, How: "command", EventID: fmt.Sprintf("$%d", i)}
						if tt.helper != "" && i == len(tt.months)-1 {
							c.Helpers = []string{tt.helper}
						}
						return o.CompleteRoutine(tx, "chore", c)
					})
					if tt.other && i == 0 {
						o.update(func(tx *store.Tx) error {
							return o.CompleteRoutine(tx, "chore", store.Completion{At: known.AddDate(0, 4, 0), Who: bruno, How: "command", EventID: "$other"})
						})
					}
				}
				wait(tt.ask)
				if got := o.digestOf(); strings.Contains(got, alone) != tt.named {
					t.Errorf("named: %v, want %v, in\n%s", !tt.named, tt.named, got)
				}
			})
		})
	}
}

func TestTheDigestSaysWhoCarriedHowMuch(t *testing.T) {
	inOffice(t, "every 1d", "Mon 2026-03-02 08:00 +01:00", func(o office) {
		o.tick()
		o.done("$0") // more than a week before
		for day := 2; day <= 9; day++ {
			time.Sleep(24 * time.Hour)
			o.tick()
			o.update(func(tx *store.Tx) error {
				c := store.Completion{At: tx.Now, Who: ana, How: "command", EventID: fmt.Sprintf("$%d", day)}
				if day > 6 {
					c.Who, c.Helpers = bruno, []string{ana, chloe}
				}
				return o.CompleteRoutine(tx, "chore", c)
			})
		}
		o.undo("$9")
		o.wait("Tue 2026-03-10 10:00 +01:00")
		want := "📋 The week: 6 done, 1 to do\n✅ Done: chore ×6\n🔔 The chore\n👥 ana 6 · bruno 2 · chloe 2"
		if got := o.digestOf(); got != want {
			t.Errorf("the digest is\n%s\nwant\n%s", got, want)
		}
	})
}

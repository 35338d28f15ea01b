package routines

import (
	"testing"
	"time"

	"ronde/store"
)

// through lets the time pass until a moment, with a tick every ten minutes.
func (o office) through(until string) {
	o.t.Helper()
	for end := at(o.t, o.Location, until); time.Now().Before(end); o.tick() {
		time.Sleep(min(10*time.Minute, time.Until(end)))
	}
}

// restart is what a new process has: the same store, and nothing else.
func (o *office) restart() {
	d := *o.Desk
	d.tried, d.Notices = nil, &said{}
	o.Desk = &d
}

func quiet(t *testing.T, hours string) Quiet {
	t.Helper()
	q, err := ParseQuiet(hours)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestWhatWasPutOffIsSaidAgainOnce(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.says() // the card is news enough
		o.snooze("$1", "Tue 2026-03-03 09:00 +01:00")
		o.through("Tue 2026-03-03 08:59 +01:00")
		o.says()
		o.through("Tue 2026-03-03 09:00 +01:00")
		o.says("🔔 To do: The chore · Mon 2 Mar 09:00")
		o.restart()
		o.through("Wed 2026-03-04 12:00 +01:00")
		o.says()
	})
}

func TestTheLastSnoozeCounts(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.snooze("$1", "Thu 2026-03-05 09:00 +01:00")
		o.snooze("$2", "Tue 2026-03-03 09:00 +01:00")
		o.through("Tue 2026-03-03 09:00 +01:00")
		o.says("🔔 To do: The chore · Mon 2 Mar 09:00")
		o.through("Thu 2026-03-05 12:00 +01:00")
		o.says()
	})
}

func TestWhatIsDoneSkippedOrClaimedIsNotSaidAgain(t *testing.T) {
	for _, end := range []func(o office){
		func(o office) { o.done("$end") },
		func(o office) { o.skip("$end", "") },
		func(o office) {
			o.Settings.Lease = 48 * time.Hour
			o.claim("$end", bruno)
		},
		func(o office) { o.undo("$1") }, // the card asks at once
	} {
		inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
			o.tick()
			o.through("Mon 2026-03-02 09:00 +01:00")
			o.snooze("$1", "Tue 2026-03-03 09:00 +01:00")
			end(o)
			o.through("Tue 2026-03-03 12:00 +01:00")
			o.says()
		})
	}
}

func TestNobodyIsRemindedInQuietHours(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.Settings.Quiet = quiet(t, "22:00..08:00")
		o.tick()
		o.through("Mon 2026-03-02 20:00 +01:00")
		o.snooze("$1", "Mon 2026-03-02 23:00 +01:00")
		o.through("Tue 2026-03-03 07:59 +01:00")
		o.says()
		o.restart()
		o.through("Tue 2026-03-03 08:00 +01:00")
		o.says("🔔 To do: The chore · Mon 2 Mar 09:00")
		o.through("Tue 2026-03-03 12:00 +01:00")
		o.says()
	})
}

func TestADeadlineIsSaidToWhoeverActs(t *testing.T) {
	inOffice(t, "monthly 2nd by 6th warn 3d 1d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.Settings.Quiet = quiet(t, "22:00..08:00")
		o.Settings.Lease = 72 * time.Hour
		o.Routines[0].Rota.People = []string{ana, bruno}
		o.tick()
		o.through("Tue 2026-03-03 08:59 +01:00")
		o.says()
		o.through("Tue 2026-03-03 09:00 +01:00")
		o.says("@ana:ronde.test 🔔 To do: The chore · before the end of Fri 6 Mar")
		o.restart()
		o.through("Thu 2026-03-05 08:00 +01:00")
		o.says()
		o.claim("$claim", chloe)
		o.snooze("$snooze", "Fri 2026-03-06 09:00 +01:00") // a deadline does not wait for it
		o.through("Thu 2026-03-05 09:00 +01:00")
		o.says("@chloe:ronde.test 🔔 To do: The chore · before the end of Fri 6 Mar")
		o.through("Fri 2026-03-06 12:00 +01:00")
		o.says()
	})
}

// A bot that was away over both warnings says the last of them.
func TestAfterADowntimeOneWarningIsEnough(t *testing.T) {
	inOffice(t, "monthly 2nd by 6th warn 3d 1d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.restart()
		o.wait("Thu 2026-03-05 12:00 +01:00")
		o.through("Thu 2026-03-05 18:00 +01:00")
		o.says("🔔 To do: The chore · before the end of Fri 6 Mar")
	})
}

func TestTheEndOfAWindowRingsOnce(t *testing.T) {
	inOffice(t, "every 3d..4d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.Routines[0].Rota.People = []string{ana, bruno}
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.done("$1")
		o.through("Thu 2026-03-05 12:00 +01:00") // the third day: it may be done
		o.says()
		o.through("Fri 2026-03-06 09:00 +01:00")
		o.says("@bruno:ronde.test 🔔 To do: The chore · Fri 6 Mar 09:00")
		o.restart()
		o.through("Sat 2026-03-07 12:00 +01:00")
		o.says()
	})
}

func TestTheEndOfAClaimIsToldTwiceAndOnceEach(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.claim("$1", bruno)
		o.through("Mon 2026-03-02 12:59 +01:00")
		o.says()
		o.through("Mon 2026-03-02 13:00 +01:00")
		o.says("@bruno:ronde.test ⏳ bruno, how is it going: The chore?\n✅ when done; take 👀 away and put it back to go on; else the room is told in an hour.")
		o.restart()
		o.through("Mon 2026-03-02 13:59 +01:00")
		o.says()
		o.through("Mon 2026-03-02 14:10 +01:00")
		o.says("🔔 To do: The chore · bruno is no longer on it")
		o.restart()
		o.through("Tue 2026-03-03 12:00 +01:00")
		o.says()
	})
}

func TestNobodyHearsOfAClaimThatEndsWhileSomebodyElseIsOnIt(t *testing.T) {
	inOffice(t, "weekly monday", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.claim("$1", bruno)
		o.through("Mon 2026-03-02 12:00 +01:00")
		o.claim("$2", ana)
		o.through("Mon 2026-03-02 15:00 +01:00")
		o.says()
		o.shows("👀 Taken: The chore · ana, until 16:00")
		o.done("$3")
		o.through("Tue 2026-03-03 12:00 +01:00")
		o.says()
	})
}

// A clock that is set back passes the same moments again.
func TestAClockThatWasSetBackSaysNothingTwice(t *testing.T) {
	inOffice(t, "monthly 2nd by 6th warn 3d 1d", "Mon 2026-03-02 08:59 +01:00", func(o office) {
		o.tick()
		o.through("Mon 2026-03-02 09:00 +01:00")
		o.snooze("$1", "Wed 2026-03-04 09:00 +01:00")
		o.claim("$2", bruno)
		o.through("Thu 2026-03-05 10:00 +01:00")
		o.says(
			"🔔 To do: The chore · before the end of Fri 6 Mar",
			"🔔 To do: The chore · Mon 2 Mar 09:00",
			"🔔 To do: The chore · before the end of Fri 6 Mar",
		)
		o.restart()
		for day := -3; day <= 0; day++ {
			for hour := -2; hour <= 2; hour++ {
				o.update(func(tx *store.Tx) error {
					tx.Now = tx.Now.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
					_, _, err := o.bringUp(tx, nil)
					return err
				})
			}
		}
		o.says()
	})
}

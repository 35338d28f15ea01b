package watch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ronde/checks"
)

func TestEachThingIsAnIncidentOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		w.say("disk antigone", found("/srv", "!/home"))
		w.work(20 * time.Minute)
		expect(t, w.heard(), "down disk antigone · /home", "down disk antigone · /srv")
		w.say("disk antigone", found("/srv"))
		w.work(20 * time.Minute)
		expect(t, w.heard(), "up disk antigone · /home")
	})
}

func TestAHostThatCannotBeReachedIsOneIncident(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var all []checks.Config
		for n := range 10 {
			all = append(all, disk(fmt.Sprintf("check-%d", n)))
		}
		w := newWorld(t, all...)
		defer w.Store.Close()
		for _, c := range all {
			w.say(c.Ref(), found(string(checks.FaultLate)))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down unknown antigone")
		w.say(all[3].Ref(), found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard())
		for _, c := range all {
			w.say(c.Ref(), found(string(checks.FaultAway)))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down unknown antigone") // it is worse than was known
		for _, c := range all[1:] {
			w.say(c.Ref(), found("nothing"))
		}
		w.work(30 * time.Minute)
		expect(t, w.heard())
		w.say(all[0].Ref(), found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "up unknown antigone")
	})
}

func TestOfTooManyThingsTheRestIsOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		var things []string
		for n := range 200 {
			things = append(things, fmt.Sprintf("/data/%d", n))
		}
		w.say("disk antigone", found(things...))
		w.work(time.Hour)
		if n := len(w.heard()); n != mostThings+1 {
			t.Errorf("%d incidents", n)
		}
		slices.Reverse(things) // those that are known stay, whichever are first
		w.say("disk antigone", found(things...))
		w.work(time.Hour)
		expect(t, w.heard())
		w.say("disk antigone", found("nothing"))
		w.work(time.Hour)
		if n := len(w.heard()); n != mostThings+1 {
			t.Errorf("%d ended", n)
		}
	})
}

// TestWhatCannotBeToldIsToldLater: what is remembered and what is told are one transaction.
func TestWhatCannotBeToldIsToldLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(t, disk("antigone"))
		defer w.Store.Close()
		w.say("disk antigone", found("/srv"))
		w.refuse = true
		w.work(time.Hour)
		w.refuse = false
		expect(t, w.heard())
		w.work(30 * time.Minute)
		expect(t, w.heard(), "down disk antigone · /srv")
	})
}

// TestAHostThatIsBackIsNotHeldByItsSlowestCheck: a check that is made once a day found its
// host away, and finds within minutes that it is not.
func TestAHostThatIsBackIsNotHeldByItsSlowestCheck(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		daily := disk("daily")
		daily.Work.Every = 24 * time.Hour
		w := newWorld(t, disk("antigone"), daily)
		defer w.Store.Close()
		w.say("disk antigone", found(string(checks.FaultAway)))
		w.say("disk daily", found(string(checks.FaultAway)))
		w.work(8 * time.Hour)
		expect(t, w.heard(), "down unknown antigone")
		w.say("disk antigone", found("nothing"))
		w.say("disk daily", found("nothing"))
		w.work(30 * time.Minute)
		expect(t, w.heard(), "up unknown antigone")
	})
}

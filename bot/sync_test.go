package bot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/cards"
	"ronde/e2e/homeserver"
)

// story runs a test of the whole bot against the fake homeserver in a bubble.
func story(t *testing.T, name string, play func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, play) })
}

func TestATokenIsStoredOnlyWithItsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		w.srv.Say("alice", w.cfg.Technique, "!due")
		w.hears("!due")
		time.Sleep(time.Minute)
		said := 0
		for _, b := range w.inbox.taken() {
			if slices.ContainsFunc(b.Events, func(e cards.Event) bool { return e.Body == "!due" }) {
				said++
				if b.Token == "" || b.Asked.IsZero() {
					t.Errorf("the batch has token %q and was asked for at %s", b.Token, b.Asked)
				}
			}
		}
		if said != 1 {
			t.Errorf("the event was offered %d times, want once", said)
		}
	})
}

func TestAFailedBatchIsAskedForAgainWithTheSameSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		var offered []string
		w.inbox.failing(func(b cards.Batch) error {
			if len(b.Events) == 0 {
				return nil
			}
			offered = append(offered, b.Events[0].Body)
			if len(offered) < 3 {
				return errors.New("the disk is full")
			}
			return nil
		})
		w.srv.Say("alice", w.cfg.Technique, "!due")
		w.hears("!due")
		if want := []string{"!due", "!due", "!due"}; !slices.Equal(offered, want) {
			t.Errorf("offered %q, want %q", offered, want)
		}
		var since []string
		for _, r := range w.srv.Requests() {
			if r.Kind == homeserver.Sync && r.User == self {
				since = append(since, r.Since)
			}
		}
		same := since[len(since)-3:]
		if same[0] != same[1] || same[1] != same[2] {
			t.Errorf("asked with since %q, want the same three times", same)
		}
	})
}

func TestACrashBeforeTheEventsAreStoredLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		crashed := make(chan struct{}, 100)
		w.inbox.failing(func(b cards.Batch) error {
			if len(b.Events) > 0 {
				crashed <- struct{}{}
				return errors.New("killed")
			}
			return nil
		})
		w.srv.Say("alice", w.cfg.Technique, "!done backups")
		<-crashed
		w.stopped()
		if said := w.inbox.bodies(); len(said) != 0 {
			t.Fatalf("stored %q", said)
		}
		w.inbox.failing(nil)
		w.srv.Say("alice", w.cfg.Technique, "said while the bot was down")
		w.start().hears("!done backups", "said while the bot was down")
	})
}

func TestARepeatedBatchChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		var want []string
		for i := range 10 {
			want = append(want, fmt.Sprint("message ", i))
			w.srv.Say("alice", w.cfg.Technique, want[i])
		}
		w.hears(want...)
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.Sync && r.Nth%2 == 0 {
				return homeserver.Fault{Repeat: 20}
			}
			return homeserver.Fault{}
		})
		for i := 10; i < 20; i++ {
			want = append(want, fmt.Sprint("message ", i))
			w.srv.Say("alice", w.cfg.Technique, want[i])
			time.Sleep(time.Second)
		}
		w.hears(want...)
	})
}

func TestALongAbsenceIsCaughtUpWith(t *testing.T) {
	tests := []struct {
		name   string
		faults func(homeserver.Request) homeserver.Fault
	}{
		{"on a good day", nil},
		{"when a page fails", func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.Messages && r.Nth == 2 {
				return homeserver.Fault{Status: 502}
			}
			return homeserver.Fault{}
		}},
		{"when the connection breaks in a page", func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.Messages && r.Nth == 1 {
				return homeserver.Fault{Drop: homeserver.DropHalf}
			}
			return homeserver.Fault{}
		}},
	}
	for _, test := range tests {
		story(t, test.name, func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			w.srv.Say("alice", w.cfg.Technique, "before")
			w.hears("before")
			w.stopped()
			want := []string{"before"}
			for i := range 350 {
				want = append(want, fmt.Sprint("missed ", i))
				w.srv.Say("alice", w.cfg.Technique, want[i+1])
			}
			w.srv.SetFaults(test.faults)
			w.start().hears(want...)
			if pages := w.requests(homeserver.Messages); pages == 0 {
				t.Error("nothing was read back, so the timeline was not limited: the test proves nothing")
			}
		})
	}
}

func TestAShortTimelineWhileRunningIsFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.Kind == homeserver.Sync {
				return homeserver.Fault{Delay: time.Second, Limit: 1}
			}
			return homeserver.Fault{}
		})
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprint("message ", i))
			w.srv.Say("alice", w.cfg.Technique, want[i])
			time.Sleep(100 * time.Millisecond)
		}
		w.hears(want...)
	})
}

func TestWhatHappenedBeforeTheBotCameIsHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		w.cfg.Technique = w.srv.CreateRoom("alice", homeserver.RoomOptions{Alias: "technique"})
		w.cfg.Supervision = w.srv.CreateRoom("alice", homeserver.RoomOptions{})
		w.loggedIn()
		before := w.srv.Say("alice", w.cfg.Technique, "!done backups")
		w.start()
		time.Sleep(time.Minute)
		w.srv.Invite("alice", w.cfg.Technique, "ronde")
		w.until("the bot joins", func() bool { return w.srv.Membership(w.cfg.Technique, "ronde") == "join" })
		after := w.srv.Say("alice", w.cfg.Technique, "!due")
		w.hears("!done backups", "!due")
		for eventID, history := range map[string]bool{before: true, after: false} {
			if e, _ := w.inbox.find(eventID); e.History != history {
				t.Errorf("%q: History is %v, want %v", e.Body, e.History, history)
			}
		}
	})
}

func TestANewNameOfTheBotIsNotItsArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{PowerLevels: map[string]int{"ronde": 50}}).settled()
		w.stopped()
		w.srv.Say("alice", w.cfg.Technique, "!due")
		w.srv.SetState("ronde", w.cfg.Technique, "m.room.member", self, map[string]string{"membership": "join", "displayname": "La ronde"})
		w.start().hears("!due")
		if e := w.inbox.all()[len(w.inbox.all())-1]; e.History {
			t.Error("a command was taken for history")
		}
	})
}

func TestTheFirstSyncNeedsOneRequestBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		w.stopped()
		synctest.Wait() // for the cancelled /sync to be over
		before := len(w.srv.Requests())
		w.settled()
		var kinds []homeserver.Kind
		for _, r := range w.srv.Requests()[before:] {
			kinds = append(kinds, r.Kind)
			if r.Kind == homeserver.Sync {
				break
			}
		}
		if want := []homeserver.Kind{homeserver.KeysQuery, homeserver.Sync}; !slices.Equal(kinds, want) {
			t.Errorf("asked %q, want %q", kinds, want)
		}
	})
}

func TestTheBotWaitsForItsHomeserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{})
		w.srv.GoAway()
		w.start()
		time.Sleep(10 * time.Minute)
		if tries := len(w.srv.Requests()); w.requests(homeserver.KeysQuery) > 30 {
			t.Errorf("tried %d times in ten minutes", tries)
		}
		if err := w.srv.ComeBack(); err != nil {
			t.Fatal(err)
		}
		w.until("the bot joins", func() bool { return w.srv.Membership(w.cfg.Technique, "ronde") == "join" })
		w.srv.Say("alice", w.cfg.Technique, "one")
		w.hears("one")

		w.srv.GoAway()
		w.srv.Say("alice", w.cfg.Technique, "two")
		time.Sleep(time.Hour)
		if err := w.srv.ComeBack(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		w.hears("one", "two")
		if late := time.Since(began); late > time.Minute+time.Second {
			t.Errorf("caught up after %s, want within a minute", late)
		}
	})
}

func TestADeadTokenEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		w.srv.SetFaults(func(r homeserver.Request) homeserver.Fault {
			if r.User == self {
				return homeserver.Fault{Status: 401, Code: "M_UNKNOWN_TOKEN"}
			}
			return homeserver.Fault{}
		})
		began := time.Now()
		_, err := w.bot.Send(t.Context(), message(w.cfg.Technique, "txn", "hello"))
		if refused := (*cards.RefusedError)(nil); !errors.As(err, &refused) {
			t.Errorf("Send returned %v, want a RefusedError", err)
		}
		synctest.Wait()
		var gone *LoggedOutError
		if err := w.stop(); !errors.As(err, &gone) {
			t.Errorf("Run returned %v, want a LoggedOutError", err)
		}
		if late := time.Since(began); late > 0 {
			t.Errorf("the run ended only after %s", late)
		}
	})
}

func TestANudgeAsksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		began := time.Now()
		stored := len(w.inbox.taken())
		w.bot.Nudge()
		synctest.Wait()
		if len(w.inbox.taken()) != stored+1 {
			t.Fatalf("%d new batches, want one", len(w.inbox.taken())-stored)
		}
		if asked := w.inbox.taken()[stored].Asked; asked.Before(began) {
			t.Errorf("the batch was asked for %s before the nudge", began.Sub(asked))
		}
		if failed := w.bot.newPatience(); !failed.began.IsZero() {
			t.Error("a nudge counts as a failure")
		}
	})
}

func TestAnEventThatCannotBeReadDoesNotStopTheBot(t *testing.T) {
	for _, down := range []bool{false, true} {
		story(t, map[bool]string{false: "in a sync", true: "in a page of the past"}[down], func(t *testing.T) {
			w := newTown(t).rooms(homeserver.RoomOptions{}).settled()
			if down {
				w.stopped()
			}
			w.srv.Say("alice", w.cfg.Technique, "before")
			w.srv.Say("alice", w.cfg.Technique, "poison")
			want := []string{"before"}
			for i := range map[bool]int{false: 10, true: 120}[down] {
				want = append(want, fmt.Sprint("after ", i))
				w.srv.Say("alice", w.cfg.Technique, want[i+1])
			}
			if down {
				w.start()
			}
			w.hears(want...)
			if !strings.Contains(w.logs.String(), "a malformed event was skipped") {
				t.Errorf("the log does not tell of the event:\n%s", w.logs)
			}
		})
	}
}

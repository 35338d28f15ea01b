package routines

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// meters are checks whose outcome a test sets; what it does not set is well.
type meters struct {
	says  map[string]checks.Outcome
	takes time.Duration // of each run
	runs  []string      // which were made together
	while func()        // nil, or what happens while they are made
}

func (m *meters) Run(_ context.Context, refs []string, _ *text.Language) (all []checks.Outcome) {
	time.Sleep(m.takes) // in a bubble
	if m.while != nil {
		m.while()
	}
	m.runs = append(m.runs, strings.Join(refs, ", "))
	for _, ref := range refs {
		o, known := m.says[ref]
		if !known {
			o.Status = checks.OK
		}
		o.Ref = ref
		o.Check, o.Host, _ = strings.Cut(ref, " ")
		all = append(all, o)
	}
	return all
}

// verdict is an outcome with one finding, if it is not well.
func verdict(status checks.Status, fault checks.Fault) checks.Outcome {
	o := checks.Outcome{Result: checks.Result{Status: status}}
	if status != checks.OK {
		o.Findings = []checks.Finding{{Status: status, Thing: "nginx", Fault: fault}}
	}
	return o
}

// inspected plays a test at a desk whose chore has checks and completes itself.
func inspected(t *testing.T, cadence string, play func(o office, m *meters)) {
	t.Helper()
	inOffice(t, cadence, "Mon 2026-03-02 08:59 +01:00", func(o office) {
		m := &meters{says: map[string]checks.Outcome{}}
		o.Checks = m
		o.Routines[0].Checks, o.Routines[0].WhenOK = []string{"containers antigone", "reboot antigone"}, true
		o.tick()
		play(o, m)
	})
}

// days ticks on n mornings at nine and returns a letter for what each day's
// occurrence became: d for done, a for asked for.
func (o office) days(n int) (letters string) {
	o.t.Helper()
	for range n {
		nine := DateOf(time.Now().In(o.Location)).at(NewClock(9, 0), o.Location)
		if !time.Now().Before(nine) {
			nine = DateOf(nine).Add(1).at(NewClock(9, 0), o.Location)
		}
		time.Sleep(time.Until(nine))
		o.tick()
		o.update(func(tx *store.Tx) error {
			newest, err := tx.OccurrencesOf("chore", 1)
			if err != nil || len(newest) == 0 || !newest[0].Due.Equal(nine) {
				return fmt.Errorf("nothing fell due at %s (%w)", nine, err)
			}
			switch {
			case newest[0].State == store.OccurrenceDone:
				letters += "d"
			case newest[0].Open():
				letters += "a"
			}
			return nil
		})
	}
	return letters
}

// cards returns how many cards stand in the rooms.
func (o office) cards() (n int) {
	o.t.Helper()
	o.update(func(tx *store.Tx) error {
		dirty, err := tx.DirtyCards(1000)
		n = len(dirty)
		return err
	})
	return n
}

func TestWhatIsWellCompletesItself(t *testing.T) {
	inspected(t, "every 1d", func(o office, m *meters) {
		if got := o.days(1); got != "d" {
			t.Fatalf("the day was %q", got)
		}
		if n := o.cards(); n != 0 {
			t.Errorf("%d cards stand for what completed itself", n)
		}
		if o.says(); o.tick() {
			t.Error("what completed itself was looked at again")
		}
		o.update(func(tx *store.Tx) error {
			last, _, err := tx.LastCompletion("chore")
			if err != nil || last.How != "check" || last.Who != "" || len(last.People()) != 0 || last.OccurrenceID == 0 {
				t.Errorf("stored as %+v (%v)", last, err)
			}
			n, err := tx.CompletedByChecks("chore")
			if n != 1 {
				t.Errorf("counted as %d", n)
			}
			var digest text.Message
			if err := o.WriteDigest(tx, &digest, tx.Now.AddDate(0, 0, -7)); err != nil {
				return err
			}
			if want := "chore (1 by the checks)"; !strings.Contains(digest.Plain(), want) {
				t.Errorf("the digest does not say %q:\n%s", want, digest.Plain())
			}
			return err
		})
		if want := []string{"containers antigone, reboot antigone"}; !slices.Equal(m.runs, want) {
			t.Errorf("made %q, want %q", m.runs, want)
		}
	})
}

func TestEveryNthTimeAPersonLooks(t *testing.T) {
	for every, want := range map[int]string{0: "ddda", 1: "a", 2: "da", 3: "dda"} {
		inspected(t, "every 1d", func(o office, _ *meters) {
			o.Routines[0].AskEvery = every
			for round := range 3 {
				if got := o.days(len(want)); got != want {
					t.Errorf("round %d with ask_every %d: %q, want %q", round, every, got, want)
				}
				o.done(fmt.Sprintf("$%d", round))
			}
		})
	}
}

// Who takes back what completed itself wants to look.
func TestWhatCompletedItselfCanBeTakenBack(t *testing.T) {
	inspected(t, "every 1d", func(o office, _ *meters) {
		o.days(1)
		o.update(func(tx *store.Tx) error {
			_, known, err := o.UndoLast(tx, "chore", ana)
			if !known {
				t.Error("there was nothing to take back")
			}
			return err
		})
		o.shows("🔔 To do: The chore · Mon 2 Mar 09:00")
		if n := o.cards(); n != 1 {
			t.Errorf("%d cards stand for it", n)
		}
		if o.tick() {
			t.Error("it completed itself again")
		}
	})
}

func TestWhatIsNotWellIsAskedForAtOnce(t *testing.T) {
	for _, tt := range []struct {
		status checks.Status
		fault  checks.Fault
		says   string
	}{
		{checks.Warning, checks.FaultMemory, "⚠️ antigone"},
		{checks.Critical, checks.FaultRestart, "🔴 antigone"},
		{checks.Unknown, checks.FaultFailed, "❔ antigone"},
	} {
		inspected(t, "every 1d", func(o office, m *meters) {
			m.says["containers antigone"] = verdict(tt.status, tt.fault)
			if got := o.days(1); got != "a" {
				t.Fatalf("%s: the day was %q", tt.status, got)
			}
			var card string
			o.update(func(tx *store.Tx) error {
				content, err := o.Render(tx, 1)
				card = content.Message.Plain
				return err
			})
			lines := strings.Split(card, "\n")
			if len(lines) < 3 || !strings.HasPrefix(lines[1], tt.says) || !strings.HasPrefix(lines[2], "✅ antigone") {
				t.Errorf("%s: the card must show it first:\n%s", tt.status, card)
			}
		})
	}
}

func TestAReplyThatIsMissingIsNoGoodNews(t *testing.T) {
	inspected(t, "every 1d", func(o office, m *meters) {
		o.Checks = silent{}
		if got := o.days(1); got != "a" {
			t.Errorf("the day was %q", got)
		}
	})
}

// silent are checks that give no outcome.
type silent struct{}

func (silent) Run(context.Context, []string, *text.Language) []checks.Outcome { return nil }

func TestSlowChecksHoldUpNoOtherRoutine(t *testing.T) {
	inspected(t, "every 1d", func(o office, m *meters) {
		plain := Routine{Key: "other", Title: text.Localized{EN: "The other"}, Cadence: o.Routines[0].Cadence}
		o.Routines = append(o.Routines, plain)
		o.tick()
		m.takes, m.says["reboot antigone"] = 20*time.Second, verdict(checks.Unknown, checks.FaultFailed)
		m.while = func() { o.shows("🔔 To do: The other · Mon 2 Mar 09:00") }
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.shows("🔔 To do: The other · Mon 2 Mar 09:00\n🔔 To do: The chore · Mon 2 Mar 09:00")
		if len(m.runs) != 1 {
			t.Errorf("made %q", m.runs)
		}
	})
}

// The bot stops while checks are made: nothing is stored, and they are made again.
func TestChecksThatAreInterruptedSayNothing(t *testing.T) {
	inspected(t, "every 1d", func(o office, m *meters) {
		o.wait("Mon 2026-03-02 09:00 +01:00")
		ctx, cancel := context.WithCancel(o.t.Context())
		m.while = cancel
		if _, err := o.Tick(ctx, o.store); err == nil {
			t.Error("a tick that was interrupted returned no error")
		}
		o.shows("")
		m.while = nil
		o.restart()
		o.tick()
		o.shows("✅ Done: The chore · the checks, 09:00")
	})
}

// dependent plays a test at a desk whose chore is due when a check says so.
func dependent(t *testing.T, cadence string, play func(o office, m *meters)) {
	t.Helper()
	inOffice(t, cadence, "Mon 2026-03-02 08:00 +01:00", func(o office) {
		m := &meters{says: map[string]checks.Outcome{}}
		o.Checks = m
		play(o, m)
	})
}

func holds(yes bool) checks.Outcome {
	return checks.Outcome{Result: checks.Result{Status: checks.OK}, Holds: &yes}
}

// minutes ticks each minute until a moment, and returns when the checks were made.
func (o office) minutes(m *meters, until string) (made []string) {
	o.t.Helper()
	for end := at(o.t, o.Location, until); !time.Now().After(end); time.Sleep(time.Minute) {
		before := len(m.runs)
		o.tick()
		if len(m.runs) > before {
			made = append(made, time.Now().In(o.Location).Format("15:04"))
		}
	}
	return made
}

func TestAFactIsReadEachHour(t *testing.T) {
	dependent(t, "when reboot antigone at 21:00", func(o office, m *meters) {
		m.says["reboot antigone"] = holds(false)
		if got, want := o.minutes(m, "Mon 2026-03-02 10:30 +01:00"), "[08:00 09:00 10:00]"; fmt.Sprint(got) != want {
			t.Errorf("read at %v, want %s", got, want)
		}
		o.restart() // what was read is stored
		if got, want := o.minutes(m, "Mon 2026-03-02 11:30 +01:00"), "[11:00]"; fmt.Sprint(got) != want {
			t.Errorf("after a restart read at %v, want %s", got, want)
		}
	})
}

// While it cannot be told, what was read before still holds; it is tried again soon.
func TestAFactThatCannotBeReadChangesNothing(t *testing.T) {
	dependent(t, "when reboot antigone at 09:30", func(o office, m *meters) {
		m.says["reboot antigone"] = holds(true)
		o.minutes(m, "Mon 2026-03-02 08:59 +01:00")
		m.says["reboot antigone"] = verdict(checks.Unknown, checks.FaultFailed)
		if got, want := o.minutes(m, "Mon 2026-03-02 09:35 +01:00"), "[09:00 09:10 09:20 09:30]"; fmt.Sprint(got) != want {
			t.Errorf("read at %v, want %s", got, want)
		}
		o.shows("🔔 To do: The chore · Mon 2 Mar 09:30")
		m.says["reboot antigone"] = holds(false)
		if got, want := o.minutes(m, "Mon 2026-03-02 10:45 +01:00"), "[09:40 10:40]"; fmt.Sprint(got) != want {
			t.Errorf("read at %v, want %s", got, want)
		}
		o.shows("✅ Settled by itself: The chore · Mon 2 Mar 09:30")
	})
}

func TestADateIsReadToo(t *testing.T) {
	until := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	dependent(t, "expires oauth intra", func(o office, m *meters) {
		m.says["oauth intra"] = checks.Outcome{Until: &until}
		o.minutes(m, "Mon 2026-03-02 08:05 +01:00")
		m.says["oauth intra"] = verdict(checks.Unknown, checks.FaultFailed)
		o.wait("Fri 2026-03-06 09:00 +01:00") // two weeks before
		o.tick()
		o.shows("🔔 To do: The chore · before the end of Fri 20 Mar")
	})
}

func TestTwoRoutinesThatDependOnOneCheckMakeItOnce(t *testing.T) {
	dependent(t, "when reboot antigone", func(o office, m *meters) {
		m.says["reboot antigone"] = holds(false)
		other := o.Routines[0]
		other.Key = "other"
		o.Routines = append(o.Routines, other)
		o.tick()
		if want := []string{"reboot antigone"}; !slices.Equal(m.runs, want) {
			t.Errorf("made %q, want %q", m.runs, want)
		}
	})
}

func TestWhatANewDateReplacesIsNotSaidAgain(t *testing.T) {
	inspected(t, "weekly monday", func(o office, m *meters) {
		o.Routines[0].WhenOK, m.takes = false, time.Second
		o.wait("Mon 2026-03-02 09:00 +01:00")
		o.tick()
		o.update(func(tx *store.Tx) error {
			return o.Claim(tx, 1, store.Mark{At: tx.Now, Who: "@ana:ronde.test", EventID: "$1"})
		})
		o.snooze("$2", "Mon 2026-03-09 09:00 +01:00")
		o.wait("Mon 2026-03-09 09:00 +01:00")
		o.tick()
		o.shows(`
⚪ Missed: The chore · Mon 2 Mar 09:00
🔔 To do: The chore · Mon 9 Mar 09:00`)
		o.says() // the new card is news enough
	})
}

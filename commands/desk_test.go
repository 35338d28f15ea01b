package commands

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/cards"
	"ronde/store"
)

func TestWhoMayAct(t *testing.T) {
	const ana, bruno = "@ana:ronde.test", "@bruno:ronde.test"
	for _, tt := range []struct {
		name   string
		rights Rights
		level  int
		who    string
		want   bool
	}{
		{"everybody by default", Rights{}, 0, ana, true},
		{"who is muted may not", Rights{}, -1, ana, false},
		{"the level is reached", Rights{Act: 50}, 50, ana, true},
		{"the level is not reached", Rights{Act: 50}, 49, ana, false},
		{"listed people need no level", Rights{Act: 100, People: []string{ana}}, 0, ana, true},
		{"but only they", Rights{Act: 100, People: []string{ana}}, 0, bruno, false},
		{"the whole id counts", Rights{Act: 100, People: []string{ana}}, 0, "@ana:elsewhere.test", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTown(t)
			w.Rights, w.levels[tt.who] = tt.rights, tt.level
			w.says(tt.who, "!done backups")
			said, want := w.handle(), "refused"
			if tt.want {
				want = "done"
			}
			if deed := w.lastDeed(); !strings.HasSuffix(deed, "by command: "+want) {
				t.Errorf("the audit log says %s, want %s; the desk says %s", deed, want, said)
			}
			w.says(tt.who, "!due")
			if said := w.handle(); strings.Contains(said, "⛔") || said == "" {
				t.Errorf("a question is answered with %q", said)
			}
		})
	}
}

func TestARightThatCannotBeReadIsAskedForAgain(t *testing.T) {
	w := newTown(t)
	w.Rights.Act, w.trouble = 50, errors.New("no homeserver")
	w.says("@ana:ronde.test", "!done backups")
	if err := w.HandleAll(t.Context()); err == nil || w.waits() != 1 || len(w.takeNotices()) > 0 {
		t.Errorf("HandleAll returned %v with %d events waiting", err, w.waits())
	}
	w.trouble, w.levels["@ana:ronde.test"] = nil, 100
	if said := w.handle(); !strings.HasPrefix(said, "✅ Done: Check the backups") {
		t.Errorf("later the desk says %q", said)
	}
}

func TestAPanicInOneCommandStopsNothing(t *testing.T) {
	trouble := func(*store.Tx, *Call) error { panic("a fault of ours: hunter2") }
	w := newTown(t,
		Command{Name: "boom", Do: trouble},
		Command{Name: "bang", Ask: func(context.Context, *Call) error { panic("a fault of ours: hunter2") }},
		Command{Name: "half", Do: func(tx *store.Tx, c *Call) error {
			c.Reply.Text("it is done")
			if err := c.Desk.Routines.CompleteRoutine(tx, "backups", store.Completion{At: tx.Now, How: "command", EventID: "$half"}); err != nil {
				return err
			}
			return errors.New("no, it is not")
		}},
	)
	for _, name := range []string{"boom", "bang", "half"} {
		w.says("@ana:ronde.test", "!"+name)
		if said := w.handle(); said != "❗ The command failed on my side; the bot’s log says why." {
			t.Errorf("!%s is answered with %q", name, said)
		}
		if deed := w.lastDeed(); deed != `ana `+name+` "" by command: failed` {
			t.Errorf("the audit log says %s", deed)
		}
	}
	if !strings.Contains(w.logs.String(), "a fault of ours") || !strings.Contains(w.logs.String(), "no, it is not") {
		t.Errorf("the log does not say why:\n%s", w.logs)
	}
	w.says("@ana:ronde.test", "!undo backups")
	if said := w.handle(); !strings.HasPrefix(said, "Nothing to take back") {
		t.Errorf("what a failed command did was kept: %s", said)
	}
	if w.waits() > 0 {
		t.Error("a command that failed is tried for ever")
	}
}

func TestAQuestionThatTakesLongHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := newTown(t, Command{Name: "slow", Ask: func(ctx context.Context, c *Call) error {
			asked++
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				c.Reply.Text("at last")
				return nil
			}
		}})
		w.says("@ana:ronde.test", "!slow")
		w.says("@ana:ronde.test", "!incidents")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		synctest.Wait()
		if said := w.takeNotices(); len(said) != 1 || said[0] != "🟢 Nothing is broken" {
			t.Errorf("while one question takes long, the desk says %q", said)
		}
		time.Sleep(2 * time.Minute)
		if said := w.takeNotices(); len(said) != 1 || said[0] != "at last" || asked != 1 {
			t.Errorf("then it says %q, having asked %d times", said, asked)
		}

		// A restart in the middle: the question is asked again.
		w.says("@ana:ronde.test", "!slow")
		w.Desk.Wake()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || w.waits() != 1 {
			t.Errorf("Run returned %v with %d questions waiting", err, w.waits())
		}
		if said := w.handle(); said != "at last" {
			t.Errorf("after a restart the desk says %q", said)
		}
		_ = w.Store.Close()
	})
}

func TestOnlyQuestionsGrowOld(t *testing.T) {
	w := newTown(t)
	old := func(body string) store.RoomEvent {
		return store.RoomEvent{Sender: "@ana:ronde.test", Kind: string(cards.Said), Body: body, At: time.Now().Add(-time.Hour)}
	}
	for _, body := range []string{"!due", "!help", "!nonsense"} {
		w.happens(old(body))
		if said := w.handle(); said != "" {
			t.Errorf("an hour later, %s is answered with %q", body, said)
		}
	}
	w.happens(old("!done backups"))
	if said := w.handle(); !strings.HasPrefix(said, "✅ Done") {
		t.Errorf("an hour later, !done is answered with %q", said)
	}
}

func TestAQuestionIsAnsweredOnceWhoeverLooksMeanwhile(t *testing.T) {
	const questions = 300
	w := newTown(t, Command{Name: "quick", Ask: func(_ context.Context, c *Call) error {
		c.Reply.Text("yes")
		return nil
	}})
	for range questions {
		w.says("@ana:ronde.test", "!quick")
		// It looks again at once, while the answer is on its way in the background.
		if err := w.HandleAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.handle()
	var deeds []store.Deed
	err := w.Store.View(t.Context(), func(tx *store.Tx) (err error) {
		deeds, err = tx.Deeds(2 * questions)
		return err
	})
	if err != nil || len(deeds) != questions {
		t.Errorf("%d questions made %d lines in the audit log, %v", questions, len(deeds), err)
	}
}

func TestWhatIsTakenBackWaitsForWhatWasPutOff(t *testing.T) {
	const ana = "@ana:ronde.test"
	w := newTown(t)
	w.stands(store.Incident{Source: "kuma", Thing: "Nuage", State: store.Firing, Since: time.Now(), Newest: time.Now(), Alerts: 1}, "$card")
	w.Rights.Act, w.trouble = 50, errors.New("no homeserver")
	w.happens(store.RoomEvent{Sender: ana, Kind: string(cards.Reacted), Target: "$card", Emoji: alerts.AckEmoji, At: time.Now()})
	w.happens(store.RoomEvent{Sender: ana, Kind: string(cards.Redacted), Target: "$1", At: time.Now()})
	if err := w.HandleAll(t.Context()); err == nil || w.waits() != 2 {
		t.Errorf("HandleAll returned %v with %d events waiting", err, w.waits())
	}
	w.trouble, w.levels[ana] = nil, 100
	w.handle()
	if deed := w.lastDeed(); deed != `ana unack "incident 1" by removal: done` {
		t.Errorf("the audit log ends with %s", deed)
	}
}

// stands puts an incident with a card into the store, as if the outbox had sent it.
func (w *town) stands(i store.Incident, event string) {
	w.t.Helper()
	err := w.Store.Update(w.t.Context(), func(tx *store.Tx) error {
		id, err := tx.AddIncident(i)
		if err != nil {
			return err
		}
		if err := tx.ShowCard(store.Card{Kind: alerts.IncidentCard, Subject: id, Room: "supervision"}); err != nil {
			return err
		}
		c, _, err := tx.CardOf(alerts.IncidentCard, id)
		if err != nil {
			return err
		}
		if err := tx.AttemptCard(c, 1, "!technique", ""); err != nil {
			return err
		}
		_, err = tx.CardSent(c.ID, 1, event)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// The bot was away for three days: "yesterday" is the day before it was said.
func TestYesterdayGoesByTheDayOnWhichItWasSaid(t *testing.T) {
	w := newTown(t)
	said := time.Now().UTC().AddDate(0, 0, -3)
	w.happens(store.RoomEvent{Sender: "@ana:ronde.test", Kind: string(cards.Said), Body: "!done backups yesterday 18:00", At: said})
	w.handle()
	var last store.Completion
	err := w.Store.View(t.Context(), func(tx *store.Tx) (err error) {
		last, _, err = tx.LastCompletion("backups")
		return err
	})
	want := time.Date(said.Year(), said.Month(), said.Day()-1, 18, 0, 0, 0, time.UTC)
	if err != nil || !last.At.Equal(want) {
		t.Errorf("done at %s, want %s (%v)", last.At, want, err)
	}
}

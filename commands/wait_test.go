package commands

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ronde/cards"
	"ronde/store"
)

// TestAnAnswerThatTakesAWhileIsAnnounced: with an hourglass that goes with the answer. What
// is at hand has none.
func TestAnAnswerThatTakesAWhileIsAnnounced(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes time.Duration
		want  []string
	}{
		{"at once", 0, nil},
		{"within a second", soon - time.Millisecond, nil},
		{"in a while", 5 * time.Second, []string{"wait-1", "$1 ⏳", "without wait-1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, Command{Name: "slow", Ask: func(_ context.Context, c *Call) error {
					time.Sleep(tt.takes)
					c.Reply.Text("there")
					return nil
				}})
				w.says("@ana:x", "!slow")
				if said := w.handle(); said != "there" {
					t.Errorf("the answer is %q", said)
				}
				if !slices.Equal(w.reacted, tt.want) {
					t.Errorf("reactions %q, want %q", w.reacted, tt.want)
				}
				_ = w.Store.Close()
				synctest.Wait()
			})
		})
	}
}

// TestAQuestionThatIsTooOldLosesItsHourglass: the bot was away while somebody waited.
func TestAQuestionThatIsTooOldLosesItsHourglass(t *testing.T) {
	w := newTown(t)
	w.reacted = []string{"wait-1", "$1 ⏳"}
	w.happens(store.RoomEvent{Sender: "@ana:x", Kind: string(cards.Said), Body: "!stats antigone", At: time.Now().Add(-waiting - time.Minute)})
	if said := w.handle(); said != "" || w.waits() != 0 {
		t.Errorf("it said %q, %d events wait", said, w.waits())
	}
	if want := []string{"wait-1", "$1 ⏳", "without wait-1"}; !slices.Equal(w.reacted, want) {
		t.Errorf("reactions %q, want %q", w.reacted, want)
	}
}

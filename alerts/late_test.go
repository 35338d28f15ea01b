package alerts

import (
	"testing"
	"time"

	"ronde/store"
)

// TestTheCardCountsWhatIsLate: an alert that arrives after the end of its incident, by a
// channel that told of another one before, is counted, and the card is written anew; the
// same one once more is not.
func TestTheCardCountsWhatIsLate(t *testing.T) {
	d := newInboxDesk(t)
	at := today(t, "10:00")
	revision := func(tx *store.Tx) int64 {
		c, _, err := tx.CardOf(IncidentCard, 1)
		if err != nil {
			t.Fatal(err)
		}
		return c.Revision
	}
	d.update(func(tx *store.Tx) {
		second := word{store.ByMail, false, at.Add(6 * time.Minute), "503"}
		d.story(tx, "Cloud", []word{second, {store.ByMail, true, at.Add(14 * time.Minute), ""}})
		before := revision(tx)
		d.story(tx, "Cloud", []word{{store.ByMail, false, at, "502"}})
		after := revision(tx)
		if after == before {
			t.Error("the card still counts one alert")
		}
		if d.story(tx, "Cloud", []word{second}); revision(tx) != after {
			t.Error("the card is written anew for what it shows already")
		}
	})
}

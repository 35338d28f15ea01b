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

// TestARecoveryCountsThoughOurClockWasSetBack: the sender's words are dated hours ahead
// of what our clock shows then, yet not before what it said of the outage.
func TestARecoveryCountsThoughOurClockWasSetBack(t *testing.T) {
	d := newInboxDesk(t)
	at := today(t, "10:00")
	d.update(func(tx *store.Tx) {
		for _, told := range []struct {
			state    State
			at, here time.Time
		}{{Firing, at, at}, {Resolved, at.Add(20 * time.Minute), at.Add(-3 * time.Hour)}} {
			r := Reading{Kind: Kuma, State: told.state, Thing: "Cloud", Since: told.at, Verified: true}
			if _, err := d.placeAlert(tx, r, heard{store.Webhook, told.here}); err != nil {
				t.Fatal(err)
			}
		}
		if i, _, err := tx.Incident(1); err != nil || i.State != store.Resolved {
			t.Errorf("the incident is %s, %v", i.State, err)
		}
	})
}

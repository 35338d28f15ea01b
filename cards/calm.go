package cards

import (
	"time"

	"ronde/store"
)

// calmPauses are how long each edit that only counts up what the card showed before waits
// behind the last one: the first such edit in a row, the second, and so on.
var calmPauses = []time.Duration{5 * time.Second, 20 * time.Second, 80 * time.Second, 5 * time.Minute}

// calmUntil returns until when an edit waits because nobody has to see it at once: an
// alert that comes again and again must not cost an event each time. What else changes
// does not wait.
func calmUntil(c store.Card, now time.Time) time.Time {
	if !c.Calm || c.EventID == "" {
		return time.Time{}
	}
	if c.SentAt.After(now) { // the clock was set back
		return time.Time{}
	}
	return c.SentAt.Add(calmPauses[min(c.CalmEdits, len(calmPauses)-1)])
}

// Where urgent cards come within a minute of each other, the buttons of all but the
// first wait this long: they are of no use when the cards turn into one.
const (
	together    = time.Minute
	buttonsWait = 10 * time.Second
)

// putOff lets the buttons of a new urgent card wait where there was another just before.
func (o *Outbox) putOff(seeds []store.Parcel) {
	o.hold(func(now time.Time) {
		if now.Sub(o.newest).Abs() < together {
			for _, seed := range seeds {
				o.items[seed.Txn] = &setback{until: now.Add(buttonsWait)}
			}
		}
		o.newest = now
	})
}

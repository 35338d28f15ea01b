package cards

import (
	"time"

	"ronde/store"
)

// The first and the longest pause between two edits of a card that only count up what
// it showed before; each is four times the one before.
const (
	calmPause   = 5 * time.Second
	longestCalm = 5 * time.Minute
)

// calmUntil returns until when an edit waits because nobody has to see it at once: an
// alert that comes again and again must not cost an event each time. What else changes
// does not wait.
func calmUntil(c store.Card, now time.Time) time.Time {
	if !c.Calm || c.EventID == "" {
		return time.Time{}
	}
	pause := min(calmPause<<(2*min(c.CalmEdits, 4)), longestCalm)
	if c.SentAt.After(now) { // the clock was set back
		return time.Time{}
	}
	return c.SentAt.Add(pause)
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

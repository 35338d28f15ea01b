package routines

import (
	"time"

	"ronde/store"
)

// Item is an open occurrence as a list shows it.
type Item struct {
	Routine string // its key
	Title   string
	Due     time.Time // in the local zone
	Late    int       // whole local days
	Early   bool      // it may be done, and is not asked for yet
	Claimed string    // who is on it, "" for nobody
	Snoozed time.Time // until when it is put off, in the local zone; zero if it is not
	Turn    string    // whose turn it is, "" for nobody's
}

// Open lists what is open, oldest due date first.
func (d *Desk) Open(tx *store.Tx) (items []Item, err error) {
	_, err = eachOpen(tx, func(s standing) (bool, error) {
		items = append(items, d.item(s, tx.Now))
		return false, nil
	})
	return items, err
}

func (d *Desk) item(s standing, now time.Time) Item {
	i := Item{
		Routine: s.Routine, Title: d.title(s.Occurrence), Due: s.Due.In(d.Location),
		Late: s.Late, Early: s.early(now), Turn: s.Turn,
	}
	if m, claimed := s.claim(now); claimed {
		i.Claimed = m.Who
	}
	if m, snoozed := s.snooze(now); snoozed {
		i.Snoozed = m.Until.In(d.Location)
	}
	return i
}

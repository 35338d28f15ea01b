package routines

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ronde/store"
)

// Rota is who takes turns at a routine. The zero Rota is nobody: whoever sees the
// card does it.
type Rota struct {
	People []string // Matrix user ids
	// LeastRecent gives the turn to whoever did it longest ago, instead of in the order
	// of People.
	LeastRecent bool
}

// Validate returns all that is wrong with the rota, joined, or nil.
func (r Rota) Validate() error {
	var wrong []error
	for i, who := range r.People {
		if slices.Contains(r.People[:i], who) {
			wrong = append(wrong, fmt.Errorf("rota: %s is there twice", who))
		}
	}
	return errors.Join(wrong...)
}

// turns is what the choice of a person depends on.
type turns struct {
	last  string               // who held the turn before, swaps left aside
	done  map[string]time.Time // when each last did it
	away  map[string]bool
	tired map[string]bool // who had a turn in the night before, if this is one
}

// holder returns whose turn it is, "" when nobody of the rota is there. The order
// goes on from whoever held the turn, not from whoever did it: who helps out does not
// lose a turn, nor take one. Somebody who had the night before is passed over while
// there is somebody else.
func (r Rota) holder(t turns) string {
	there := slices.DeleteFunc(slices.Clone(r.inOrder(t)), func(who string) bool { return t.away[who] })
	rested := slices.DeleteFunc(slices.Clone(there), func(who string) bool { return t.tired[who] })
	switch {
	case len(rested) > 0:
		return rested[0]
	case len(there) > 0:
		return there[0]
	}
	return ""
}

// inOrder returns the people of the rota, whose turn it is first.
func (r Rota) inOrder(t turns) []string {
	if r.LeastRecent {
		people := slices.Clone(r.People)
		slices.SortStableFunc(people, func(a, b string) int { return t.done[a].Compare(t.done[b]) })
		return people
	}
	next := slices.Index(r.People, t.last) + 1 // 0 for a stranger, and before the first turn
	return slices.Concat(r.People[next:], r.People[:next])
}

// takeTurn decides whose turn an occurrence is.
func (d *Desk) takeTurn(tx *store.Tx, r Routine, o store.Occurrence) (store.Occurrence, error) {
	if len(r.Rota.People) == 0 {
		return o, nil
	}
	t, err := d.turns(tx, r, o.Due)
	if err != nil {
		return o, err
	}
	o.Holder = r.Rota.holder(t)
	o.Turn, err = d.swapped(tx, r, o, t.away)
	return o, err
}

func (d *Desk) turns(tx *store.Tx, r Routine, due time.Time) (t turns, err error) {
	before, _, err := tx.LastTurn(r.Key)
	if err != nil {
		return t, err
	}
	t.last = before.Holder
	if t.done, err = tx.LastDoneBy(r.Key); err != nil {
		return t, err
	}
	if t.away, err = d.away(tx, DateOf(due.In(d.Location))); err != nil {
		return t, err
	}
	t.tired, err = d.tired(tx, due)
	return t, err
}

// away returns who is absent on a day.
func (d *Desk) away(tx *store.Tx, day Date) (map[string]bool, error) {
	absences, err := tx.Absences(day.String())
	if err != nil {
		return nil, err
	}
	return awayOn(absences, day), nil
}

// tired returns who had a turn in the night before, when due is at night itself.
func (d *Desk) tired(tx *store.Tx, due time.Time) (map[string]bool, error) {
	tired := map[string]bool{}
	if !d.atNight(due) {
		return tired, nil
	}
	recent, err := tx.TurnsSince(due.Add(-36 * time.Hour))
	if err != nil {
		return nil, err
	}
	for _, t := range recent {
		if d.atNight(t.Due) && due.Sub(t.Due) > 12*time.Hour {
			tired[t.Who] = true
		}
	}
	return tired, nil
}

// Work that falls due from 20:00 to 06:00 costs somebody their evening.
func (d *Desk) atNight(t time.Time) bool {
	hour := t.In(d.Location).Hour()
	return hour >= 20 || hour < 6
}

// swapped returns who takes the turn of an occurrence in the end, and uses up the
// swap that says so.
func (d *Desk) swapped(tx *store.Tx, r Routine, o store.Occurrence, away map[string]bool) (string, error) {
	swaps, err := tx.SwapsToUse(o.Routine)
	if err != nil {
		return "", err
	}
	for _, s := range swaps {
		if s.Gives == o.Holder && !away[s.Takes] && slices.Contains(r.Rota.People, s.Takes) {
			return s.Takes, tx.UseSwap(s.ID, o.ID)
		}
	}
	return o.Holder, nil
}

// Swap gives the turn of one person at a routine to another, and the next turn of the
// other to the one: the open occurrence if it is the giver's, else the giver's next.
func (d *Desk) Swap(tx *store.Tx, r Routine, gives, takes, eventID string) error {
	there := store.Swap{Routine: r.Key, Gives: gives, Takes: takes, EventID: eventID}
	o, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return err
	}
	if isOpen && o.Turn == gives {
		there.UsedBy = o.ID
		if err := d.turnTo(tx, o, takes); err != nil {
			return err
		}
	}
	if err := tx.AddSwap(there); err != nil {
		return err
	}
	return tx.AddSwap(store.Swap{Routine: r.Key, Gives: takes, Takes: gives, EventID: eventID})
}

// UndoSwap takes back the swap that an event made, unless a turn that has ended used
// it, and reports whether there was anything to take back. The turn that is open goes
// back.
func (d *Desk) UndoSwap(tx *store.Tx, eventID string) (undone bool, err error) {
	swaps, err := tx.SwapsByEvent(eventID)
	if err != nil {
		return false, err
	}
	for _, s := range swaps {
		o, used, err := tx.Occurrence(s.UsedBy)
		if err != nil || used && !o.Open() {
			return undone, err
		}
		if err := tx.UndoSwap(s.ID); err != nil {
			return undone, err
		}
		undone = true
		if used && o.Turn == s.Takes {
			if err := d.turnTo(tx, o, s.Gives); err != nil {
				return undone, err
			}
		}
	}
	return undone, nil
}

func (d *Desk) turnTo(tx *store.Tx, o store.Occurrence, who string) error {
	if err := tx.SetOccurrenceTurn(o.ID, who); err != nil {
		return err
	}
	return d.show(tx, o)
}

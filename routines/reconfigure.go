package routines

import (
	"fmt"
	"slices"
	"time"

	"ronde/store"
)

// Why the bot itself lets an open occurrence go; the catalogue explains each.
const (
	goneRemoved = "removed" // its routine is no longer configured
	goneChanged = "changed" // by its new cadence it is not due
	goneSettled = "settled" // its check says that there is nothing to do any more
)

// reconfigure notices routines that were changed, taken out of the configuration or
// put back since the last time, and lets go of what is open and due no longer. Their
// history stays.
func (d *Desk) reconfigure(tx *store.Tx, facts map[string]Facts) (changed bool, err error) {
	for _, r := range d.Routines {
		did, err := d.compare(tx, r, facts[r.Key])
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	open, err := tx.OpenOccurrences()
	if err != nil {
		return false, err
	}
	for _, o := range open {
		if _, configured := d.byKey(o.Routine); configured {
			did, err := d.surface(tx, o)
			if err != nil {
				return false, err
			}
			changed = changed || did
			continue
		}
		if err := d.letGo(tx, o, goneRemoved); err != nil {
			return false, err
		}
		if err := tx.SetRoutineConfig(o.Routine, ""); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// surface shows what waited for a round in a room that has none any more.
func (d *Desk) surface(tx *store.Tx, o store.Occurrence) (changed bool, err error) {
	r, _ := d.byKey(o.Routine)
	if d.Settings.Rounds[r.room()] {
		return false, nil
	}
	if _, stands, err := d.cardOf(tx, o); err != nil || stands {
		return false, err
	}
	return true, d.show(tx, o)
}

// compare looks at one routine that is configured.
func (d *Desk) compare(tx *store.Tx, r Routine, f Facts) (changed bool, err error) {
	before, err := tx.RoutineConfig(r.Key)
	if err != nil {
		return false, err
	}
	o, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return false, err
	}
	if now := r.fingerprint(); before != now {
		if err := tx.SetRoutineConfig(r.Key, now); err != nil || !isOpen {
			return false, err
		}
		return true, d.adapt(tx, r, o, f)
	}
	if isOpen && r.settled(o, f.Reading) {
		return true, d.letGo(tx, o, goneSettled)
	}
	return false, nil
}

// settled reports whether the check on which a routine depends says that there is
// nothing to do any more: its condition no longer holds, or its date was moved beyond
// the one that was asked for. Not being due is not enough: a clock may have been set back.
func (r Routine) settled(o store.Occurrence, reading Reading) bool {
	switch {
	case reading.At.IsZero():
		return false
	case r.When != "":
		return !reading.Holds
	case r.Expires != "" && o.Deadline != "" && !reading.Until.IsZero():
		return DateOf(reading.Until).Add(-1).String() > o.Deadline // no zone is a day away
	}
	return false
}

// adapt fits an open occurrence to a routine that was changed.
func (d *Desk) adapt(tx *store.Tx, r Routine, o store.Occurrence, f Facts) error {
	due := DueNow([]Routine{r}, map[string]Facts{r.Key: f}, tx.Now, d.Location)
	if len(due) == 0 {
		return d.letGo(tx, o, goneChanged)
	}
	if err := d.moveHour(tx, o, due[0].Due); err != nil {
		return err
	}
	if o.Turn != "" && !slices.Contains(r.Rota.People, o.Turn) {
		o.Turn, o.Holder = "", ""
		var err error
		if o, err = d.takeTurn(tx, r, o); err != nil {
			return err
		}
		if err := tx.SetOccurrencePlan(o); err != nil {
			return err
		}
	}
	return d.show(tx, o)
}

// moveHour moves the due date of an occurrence within its day, when only the hour of its
// routine was changed.
func (d *Desk) moveHour(tx *store.Tx, o store.Occurrence, due time.Time) error {
	if DateOf(o.Due.In(d.Location)) != DateOf(due.In(d.Location)) {
		return nil
	}
	if _, taken, err := tx.OccurrenceAt(o.Routine, due); err != nil || taken {
		return err
	}
	return tx.SetOccurrenceDue(o.ID, due)
}

// fingerprint changes with whatever the card or the dates of a routine depend on.
func (r Routine) fingerprint() string {
	return fmt.Sprintf("%s|%s|%s|%s|%s|%v|%v|%v", r.Cadence, r.Title.FR, r.Title.EN, r.Runbook, r.Room, r.Aliases, r.Checks, r.Rota)
}

// letGo closes an occurrence without anybody's doing.
func (d *Desk) letGo(tx *store.Tx, o store.Occurrence, why string) error {
	return d.mark(tx, o.ID, store.Mark{
		Kind: store.Skip, At: tx.Now, EventID: fmt.Sprintf("%s-%d-%d", why, o.ID, tx.Now.UnixMilli()), Note: why,
	})
}

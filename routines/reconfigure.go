package routines

import (
	"fmt"

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

// compare looks at one routine that is configured.
func (d *Desk) compare(tx *store.Tx, r Routine, f Facts) (changed bool, err error) {
	before, err := tx.RoutineConfig(r.Key)
	if err != nil {
		return false, err
	}
	now := r.fingerprint()
	if before != now {
		if err := tx.SetRoutineConfig(r.Key, now); err != nil {
			return false, err
		}
		if err := d.takeBack(tx, r); err != nil {
			return false, err
		}
	}
	o, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil || !isOpen || before == now && r.When == "" {
		return false, err
	}
	due := DueNow([]Routine{r}, map[string]Facts{r.Key: f}, tx.Now, d.Location)
	switch {
	case len(due) > 0 && before == now:
		return false, nil
	case len(due) > 0:
		return true, d.show(tx, o)
	case r.When != "" && before == now:
		return true, d.letGo(tx, o, goneSettled)
	}
	return true, d.letGo(tx, o, goneChanged)
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

// takeBack opens again what the bot had let go when the routine was taken out of the
// configuration or changed, if nothing else was opened since.
func (d *Desk) takeBack(tx *store.Tx, r Routine) error {
	newest, err := tx.OccurrencesOf(r.Key, 1)
	if err != nil || len(newest) == 0 || newest[0].State != store.OccurrenceSkipped {
		return err
	}
	marks, err := tx.MarksOf(newest[0].ID)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.Kind == store.Skip && m.Who == "" {
			if err := tx.UndoMark(m.ID, ""); err != nil {
				return err
			}
		}
	}
	return d.settle(tx, newest[0].ID)
}

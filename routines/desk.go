package routines

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// The kinds of card that this package renders.
const (
	CardKind  = "routine" // mirrors an occurrence
	RoundKind = "round"   // mirrors a round
)

// The reactions that are buttons.
const (
	DoneEmoji   = "✅"
	ClaimEmoji  = "👀"
	SnoozeEmoji = "💤"
	SkipEmoji   = "⏭️"
)

// Notices takes what has to be said once. [cards.Outbox] is one.
type Notices interface {
	AddNotice(tx *store.Tx, key, room string, m cards.Message) error
	AddUnder(tx *store.Tx, key string, card store.Card, m cards.Message) error
}

// Checks makes the checks that routines name, and returns an outcome for each.
// [checks.Suite] is one.
type Checks interface {
	Run(ctx context.Context, refs []string, l *text.Language) []checks.Outcome
}

// Settings is how all routines are asked for.
type Settings struct {
	Quiet   Quiet           // local hours in which nobody is mentioned or reminded
	Lease   time.Duration   // how long a claim holds; 0 for as long as the occurrence is open
	Rounds  map[string]bool // configured rooms that get one card a day for all that is due
	RoundAt Clock           // the time of that card
	Digest  Digest
	Watch   Watch // who is on turn for what breaks
}

// Desk keeps the record of what was due and what was done. All its methods that
// take a transaction leave it to the caller to commit and then to wake the outbox.
type Desk struct {
	Routines []Routine
	Settings Settings
	Location *time.Location
	Language *text.Language
	Notices  Notices
	Checks   Checks // nil makes none

	tried map[string]time.Time // when each check was last made that dates depend on; belongs to Tick
}

// Find returns the routine with that key or alias, as somebody typed it. When
// there is none, near is the name that was probably meant, or "".
func (d *Desk) Find(name string) (r Routine, near string, found bool) {
	var names []string
	for _, r := range d.Routines {
		for _, n := range append([]string{r.Key}, r.Aliases...) {
			if text.Fold(n) == text.Fold(name) {
				return r, "", true
			}
			names = append(names, n)
		}
	}
	return Routine{}, text.Nearest(name, names), false
}

func (d *Desk) byKey(key string) (Routine, bool) {
	i := slices.IndexFunc(d.Routines, func(r Routine) bool { return r.Key == key })
	if i < 0 {
		return Routine{}, false
	}
	return d.Routines[i], true
}

// room is the configured room of a routine.
func (r Routine) room() string {
	if r.Room == "" {
		return DefaultRoom
	}
	return r.Room
}

// title is what people read of the routine of an occurrence: what it was called then
// if it is no longer configured.
func (d *Desk) title(o store.Occurrence) string {
	if r, ok := d.byKey(o.Routine); ok {
		return text.OneLine(r.Title.In(d.Language), 60)
	}
	return cmp.Or(o.Title, o.Routine)
}

// Facts returns what the deciding functions need to know of each routine, and
// notes the routines that are new.
func (d *Desk) Facts(tx *store.Tx) (map[string]Facts, error) {
	histories, err := tx.RoutineHistories()
	if err != nil {
		return nil, err
	}
	facts := make(map[string]Facts, len(d.Routines))
	for _, r := range d.Routines {
		h, known := histories[r.Key]
		if !known {
			if h.Since, err = tx.KnowRoutine(r.Key); err != nil {
				return nil, err
			}
		}
		if facts[r.Key], err = factsOf(tx, r, h); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// History reads what happened to one routine; known is false for one that was never
// looked at.
func History(tx *store.Tx, r Routine) (f Facts, known bool, err error) {
	h, known, err := tx.RoutineHistory(r.Key)
	if err != nil || !known {
		return f, false, err
	}
	f, err = factsOf(tx, r, h)
	return f, true, err
}

func factsOf(tx *store.Tx, r Routine, h store.RoutineHistory) (Facts, error) {
	f := Facts{Since: h.Since, Last: Done{At: h.Done, By: h.DoneBy}}
	if h.Skipped.After(h.Done) {
		f.Last = Done{At: h.Skipped}
	}
	for _, ref := range r.depends() {
		reading, err := tx.Reading(ref)
		if err != nil {
			return Facts{}, err
		}
		f.Reading = Reading{At: reading.At, Holds: reading.Holds, Since: reading.Since, Until: reading.Until}
	}
	return f, nil
}

// depends returns the check on which a routine's dates depend, if there is one.
func (r Routine) depends() []string {
	switch {
	case r.When != "":
		return []string{r.When}
	case r.Expires != "":
		return []string{r.Expires}
	}
	return nil
}

// Tick brings everything up to the present: opens what is due with the evidence of
// its checks, marks as missed what a newer date replaces, reminds of what was put
// off, and says how late things are. Calling it again changes nothing.
func (d *Desk) Tick(ctx context.Context, s *store.Store) (changed bool, err error) {
	if err := d.read(ctx, s); err != nil {
		return false, err
	}
	var pending []Routine // those that wait for their checks
	changed, err = d.update(ctx, s, func(tx *store.Tx) (changes bool, err error) {
		changes, pending, err = d.bringUp(tx, nil)
		return changes, err
	})
	if err != nil || len(pending) == 0 {
		return changed, err
	}
	evidence := d.look(ctx, pending)
	if ctx.Err() != nil {
		return changed, ctx.Err()
	}
	more, err := d.update(ctx, s, func(tx *store.Tx) (changes bool, err error) {
		changes, _, err = d.bringUp(tx, evidence)
		return changes, err
	})
	return changed || more, err
}

func (d *Desk) update(ctx context.Context, s *store.Store, change func(tx *store.Tx) (bool, error)) (changed bool, err error) {
	err = s.Update(ctx, func(tx *store.Tx) (err error) {
		changed, err = change(tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("bring the routines up to date: %w", err)
	}
	return changed, nil
}

// bringUp is Tick within one transaction. It returns the routines that can only be
// opened once their checks were made; until then nobody is reminded of anything.
func (d *Desk) bringUp(tx *store.Tx, evidence Evidence) (changed bool, pending []Routine, err error) {
	facts, err := d.Facts(tx)
	if err != nil {
		return false, nil, err
	}
	if changed, err = d.reconfigure(tx, facts); err != nil {
		return false, nil, err
	}
	for _, due := range DueNow(d.Routines, facts, tx.Now, d.Location) {
		opened, waits, err := d.open(tx, due, evidence)
		if err != nil {
			return false, nil, err
		}
		if waits {
			r, _ := d.byKey(due.Routine)
			pending = append(pending, r)
		}
		changed = changed || opened
	}
	if len(pending) > 0 { // they may replace what would be said again, and belong into the round
		return changed, pending, nil
	}
	for _, step := range []func(*store.Tx) (bool, error){d.endClaims, d.remind, d.goRound, d.digest} {
		did, err := step(tx)
		if err != nil {
			return false, nil, err
		}
		changed = changed || did
	}
	return changed, nil, nil
}

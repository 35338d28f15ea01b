package routines

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// CardKind is the kind of the cards that mirror occurrences.
const CardKind = "routine"

// DoneEmoji is the reaction that completes a routine from its card.
const DoneEmoji = "✅"

// Desk keeps the record of what was due and what was done. All its methods that
// take a transaction leave it to the caller to commit and then to wake the outbox.
type Desk struct {
	Routines []Routine
	Location *time.Location
	Language *text.Language
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

// Tick opens an occurrence for each routine that is due and shows its card, marks
// the ones that a newer date replaces as missed, and says on the cards how late
// they are. Calling it again changes nothing.
func (d *Desk) Tick(ctx context.Context, s *store.Store) (changed bool, err error) {
	err = s.Update(ctx, func(tx *store.Tx) error {
		changed = false
		facts, err := d.Facts(tx)
		if err != nil {
			return err
		}
		for _, due := range DueNow(d.Routines, facts, tx.Now, d.Location) {
			if due.Due.After(tx.Now) {
				continue // its window is open, but nobody has to be asked yet
			}
			opened, err := d.open(tx, due)
			if err != nil {
				return err
			}
			changed = changed || opened
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("open what is due: %w", err)
	}
	return changed, nil
}

// Facts returns what the deciding functions need to know of each routine, and
// notes the routines that are new.
func (d *Desk) Facts(tx *store.Tx) (map[string]Facts, error) {
	facts := make(map[string]Facts, len(d.Routines))
	for _, r := range d.Routines {
		since, err := tx.KnowRoutine(r.Key)
		if err != nil {
			return nil, err
		}
		last, _, err := tx.LastCompletion(r.Key)
		if err != nil {
			return nil, err
		}
		facts[r.Key] = Facts{Since: since, Last: Done{At: last.At, By: last.Who}}
	}
	return facts, nil
}

// open makes the occurrence for a date that is due, unless the open one stands for
// it: a chore that comes every few days is asked for once until it is done,
// whatever its date would be now, and a clock that was set back asks for nothing.
func (d *Desk) open(tx *store.Tx, due Due) (changed bool, err error) {
	current, known, err := tx.OpenOccurrenceOf(due.Routine)
	if err != nil {
		return false, err
	}
	if known && (d.rolls(due.Routine) || !due.Due.After(current.Due)) {
		return d.showLate(tx, current)
	}
	if known {
		if err := d.setState(tx, current, store.OccurrenceMissed); err != nil {
			return false, err
		}
	}
	o, fresh, err := tx.OpenOccurrence(due.Routine, due.Due)
	if err != nil {
		return false, err
	}
	if err := tx.SetOccurrenceLate(o.ID, due.Late); err != nil {
		return false, err
	}
	if fresh {
		return true, d.show(tx, o)
	}
	return true, d.setState(tx, o, store.OccurrenceOpen)
}

func (d *Desk) rolls(key string) bool {
	r, _ := d.byKey(key)
	return r.rolls()
}

// showLate brings what a card says of its lateness up to date.
func (d *Desk) showLate(tx *store.Tx, o store.Occurrence) (changed bool, err error) {
	days := max(0, DateOf(tx.Now.In(d.Location)).Sub(DateOf(o.Due.In(d.Location))))
	if o.Late == days {
		return false, nil
	}
	if err := tx.SetOccurrenceLate(o.ID, days); err != nil {
		return false, err
	}
	return true, d.show(tx, o)
}

func (d *Desk) setState(tx *store.Tx, o store.Occurrence, state store.OccurrenceState) error {
	if err := tx.SetOccurrenceState(o.ID, state); err != nil {
		return err
	}
	return d.show(tx, o)
}

func (d *Desk) show(tx *store.Tx, o store.Occurrence) error {
	room := DefaultRoom
	if r, ok := d.byKey(o.Routine); ok && r.Room != "" {
		room = r.Room
	}
	return tx.ShowCard(store.Card{Kind: CardKind, Subject: o.ID, Room: room})
}

func (d *Desk) byKey(key string) (Routine, bool) {
	i := slices.IndexFunc(d.Routines, func(r Routine) bool { return r.Key == key })
	if i < 0 {
		return Routine{}, false
	}
	return d.Routines[i], true
}

// CompleteOccurrence records that the occurrence on a card was done, and returns
// the key of its routine. Where a newer one of the same routine is open, that one is
// what was done.
func (d *Desk) CompleteOccurrence(tx *store.Tx, id int64, c store.Completion) (routine string, err error) {
	o, known, err := tx.Occurrence(id)
	if err != nil || !known {
		return "", err
	}
	c.Routine = o.Routine
	if open, isOpen, err := tx.OpenOccurrenceOf(o.Routine); err != nil {
		return c.Routine, err
	} else if isOpen {
		o = open
	}
	return c.Routine, d.complete(tx, o, c)
}

// CompleteRoutine records that a routine was done, whether or not it was asked for.
func (d *Desk) CompleteRoutine(tx *store.Tx, key string, c store.Completion) error {
	c.Routine = key
	o, _, err := tx.OpenOccurrenceOf(key)
	if err != nil {
		return err
	}
	return d.complete(tx, o, c)
}

// complete records a completion of an occurrence, or of none when o is zero.
func (d *Desk) complete(tx *store.Tx, o store.Occurrence, c store.Completion) error {
	if c.At.After(tx.Now) {
		c.At = tx.Now // a phone whose clock is ahead must not move the next date
	}
	c.OccurrenceID = o.ID
	if err := tx.AddCompletion(c); err != nil {
		return err
	}
	return d.settle(tx, o.ID)
}

// UndoByEvent takes back the completion that a reaction or a command made, and
// returns it; known is false when that event made none, or it is undone already.
func (d *Desk) UndoByEvent(tx *store.Tx, eventID, who string) (c store.Completion, known bool, err error) {
	c, known, err = tx.CompletionByEvent(eventID)
	if err != nil || !known {
		return c, false, err
	}
	return c, true, d.undo(tx, who, c)
}

// UndoLast takes back the last time that a routine was done, whoever said so and
// however often, and returns it; known is false when there is none.
func (d *Desk) UndoLast(tx *store.Tx, key, who string) (last store.Completion, known bool, err error) {
	last, known, err = tx.LastCompletion(key)
	if err != nil || !known {
		return last, false, err
	}
	same := []store.Completion{last}
	if last.OccurrenceID != 0 {
		if same, err = tx.CompletionsOf(last.OccurrenceID); err != nil {
			return last, false, err
		}
	}
	return last, true, d.undo(tx, who, same...)
}

func (d *Desk) undo(tx *store.Tx, who string, completions ...store.Completion) error {
	for _, c := range completions {
		if err := tx.UndoCompletion(c.ID, who); err != nil {
			return err
		}
	}
	return d.settle(tx, completions[0].OccurrenceID)
}

// settle gives an occurrence the state that its completions say: done while one
// of them counts, else open again, or missed if a newer one is open.
func (d *Desk) settle(tx *store.Tx, id int64) error {
	o, known, err := tx.Occurrence(id)
	if err != nil || !known {
		return err
	}
	done, err := tx.CompletionsOf(id)
	if err != nil {
		return err
	}
	if len(done) == 0 {
		done, err = d.adopt(tx, o)
		if err != nil {
			return err
		}
	}
	if len(done) > 0 {
		return d.setState(tx, o, store.OccurrenceDone)
	}
	if open, isOpen, err := tx.OpenOccurrenceOf(o.Routine); err != nil {
		return err
	} else if isOpen && open.ID != o.ID {
		return d.setState(tx, o, store.OccurrenceMissed)
	}
	return d.setState(tx, o, store.OccurrenceOpen)
}

// adopt gives an occurrence whose completions were all taken back the last one that
// was recorded without an occurrence since it was opened: somebody said "done" of
// what was done already, and that still holds.
func (d *Desk) adopt(tx *store.Tx, o store.Occurrence) ([]store.Completion, error) {
	last, known, err := tx.LastCompletion(o.Routine)
	if err != nil || !known || last.OccurrenceID != 0 || last.At.Before(o.OpenedAt) {
		return nil, err
	}
	return []store.Completion{last}, tx.GiveCompletion(last.ID, o.ID)
}

// Render writes the card of an occurrence.
func (d *Desk) Render(tx *store.Tx, id int64) (cards.Content, error) {
	o, known, err := tx.Occurrence(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no occurrence %d", id)
	}
	done, err := tx.CompletionsOf(id)
	if err != nil {
		return cards.Content{}, err
	}
	previous, err := d.previous(tx, o)
	if err != nil {
		return cards.Content{}, err
	}
	return d.write(o, done, previous, tx.Now), nil
}

// previous returns the last completion of the routine, for a card that still asks.
func (d *Desk) previous(tx *store.Tx, o store.Occurrence) (store.Completion, error) {
	if o.State != store.OccurrenceOpen {
		return store.Completion{}, nil
	}
	last, _, err := tx.LastCompletion(o.Routine)
	return last, err
}

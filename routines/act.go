package routines

import (
	"time"

	"ronde/store"
)

// CompleteOccurrence records that the occurrence on a card was done, and returns
// the key of its routine. Where a newer one of the same routine is open, that one is
// what was done; see [Desk.Meant].
func (d *Desk) CompleteOccurrence(tx *store.Tx, id int64, c store.Completion) (routine string, err error) {
	o, known, err := d.Meant(tx, id, c.At)
	if err != nil || !known {
		return "", err
	}
	c.Routine = o.Routine
	if o.ID == id && c.At.Before(o.OpenedAt) {
		c.At = o.OpenedAt // nobody taps on a card before it is there: a clock is behind
	}
	return c.Routine, d.complete(tx, o, c)
}

// Meant returns the occurrence that something is about that was done at a time and
// said on a card: the newer one that is open, unless it was done before that was asked
// for, and that is due all the same.
func (d *Desk) Meant(tx *store.Tx, id int64, done time.Time) (o store.Occurrence, known bool, err error) {
	o, known, err = tx.Occurrence(id)
	if err != nil || !known {
		return o, false, err
	}
	open, isOpen, err := tx.OpenOccurrenceOf(o.Routine)
	if err != nil || !isOpen || open.ID == o.ID {
		return o, true, err
	}
	leaves, err := d.leaves(tx, open, done)
	if leaves || err != nil {
		return o, true, err
	}
	return open, true, nil
}

// CompleteRoutine records that a routine was done, whether or not it was asked for.
// One that was done before the open occurrence was asked for, and so is still due,
// leaves that open.
func (d *Desk) CompleteRoutine(tx *store.Tx, key string, c store.Completion) error {
	c.Routine = key
	o, isOpen, err := tx.OpenOccurrenceOf(key)
	if err != nil {
		return err
	}
	if isOpen {
		leaves, err := d.leaves(tx, o, c.At)
		if err != nil {
			return err
		}
		if leaves {
			o = store.Occurrence{}
		}
	}
	return d.complete(tx, o, c)
}

// leaves reports whether an open occurrence stays open when its routine was done at a
// time.
func (d *Desk) leaves(tx *store.Tx, open store.Occurrence, done time.Time) (bool, error) {
	if !done.Before(open.OpenedAt) {
		return false, nil
	}
	return d.stillDue(tx, open, done)
}

// stillDue reports whether an occurrence would be asked for all the same had its
// routine been done at an earlier time.
func (d *Desk) stillDue(tx *store.Tx, o store.Occurrence, done time.Time) (bool, error) {
	r, configured := d.byKey(o.Routine)
	if !configured {
		return false, nil
	}
	f, _, err := History(tx, r)
	if err != nil {
		return false, err
	}
	if done.After(f.Last.At) {
		f.Last.At = done
	}
	due := DueNow([]Routine{r}, map[string]Facts{r.Key: f}, tx.Now, d.Location)
	return len(due) > 0 && due[0].Due.Equal(o.Due), nil
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

// Claim records that somebody is on an occurrence, for the time of a lease.
func (d *Desk) Claim(tx *store.Tx, id int64, m store.Mark) error {
	m.Kind, m.Until = store.Claim, d.LeaseEnd(tx.Now)
	return d.mark(tx, id, m)
}

// endless is how long a claim holds that has no end: longer than anything is open.
const endless = 100 * 365 * 24 * time.Hour

// LeaseEnd is until when a claim holds that is made now. One without an end holds for
// more than a year; see [Endless].
func (d *Desk) LeaseEnd(now time.Time) time.Time {
	if d.Settings.Lease == 0 {
		return now.Add(endless)
	}
	return now.Add(d.Settings.Lease)
}

// Endless reports whether a claim holds until the occurrence is closed.
func Endless(until, now time.Time) bool { return until.Sub(now) > endless/2 }

// Snooze puts an occurrence off until a time.
func (d *Desk) Snooze(tx *store.Tx, id int64, until time.Time, m store.Mark) error {
	m.Kind, m.Until = store.Snooze, until
	return d.mark(tx, id, m)
}

// Skip leaves an occurrence out this time; m.Note is the reason. For the dates to
// come it counts as if it had been done then, or now when it was said before the
// occurrence was asked for.
func (d *Desk) Skip(tx *store.Tx, id int64, m store.Mark) error {
	o, known, err := tx.Occurrence(id)
	if err != nil || !known {
		return err
	}
	if m.Kind = store.Skip; m.At.Before(o.OpenedAt) {
		m.At = tx.Now
	}
	return d.mark(tx, id, m)
}

// GiveReason says why the newest occurrence of a routine was skipped, if somebody did
// without saying so: a reaction can give no reason.
func (d *Desk) GiveReason(tx *store.Tx, routine, reason string) (given bool, err error) {
	newest, err := tx.OccurrencesOf(routine, 1)
	if err != nil || len(newest) == 0 || newest[0].State != store.OccurrenceSkipped || reason == "" {
		return false, err
	}
	s, err := stands(tx, newest[0])
	if err != nil {
		return false, err
	}
	m, skipped := s.skip()
	if !skipped || m.Who == "" || m.Note != "" {
		return false, nil
	}
	if err := tx.SetMarkNote(m.ID, reason); err != nil {
		return false, err
	}
	return true, d.show(tx, s.Occurrence)
}

func (d *Desk) mark(tx *store.Tx, id int64, m store.Mark) error {
	m.OccurrenceID = id
	if m.At.After(tx.Now) {
		m.At = tx.Now // as for a completion
	}
	if err := tx.AddMark(m); err != nil {
		return err
	}
	return d.settle(tx, id)
}

// Tomorrow is until when a routine is put off that somebody puts off without saying
// how long: its hour of the next day.
func (d *Desk) Tomorrow(r Routine, now time.Time) time.Time {
	return d.InDays(r, now, 1)
}

// InDays is a routine's hour of the day that is n days after now's.
func (d *Desk) InDays(r Routine, now time.Time, n int) time.Time {
	return DateOf(now.In(d.Location)).Add(n).at(r.At, d.Location)
}

// UndoByEvent takes back what a reaction or a command had recorded, and returns the
// key of the routine; known is false when that event recorded nothing, or it is
// undone already.
func (d *Desk) UndoByEvent(tx *store.Tx, eventID, who string) (routine string, known bool, err error) {
	c, known, err := tx.CompletionByEvent(eventID)
	if err != nil {
		return "", false, err
	}
	if known {
		return c.Routine, true, d.undo(tx, who, c)
	}
	marks, err := tx.MarksByEvent(eventID)
	if err != nil || len(marks) == 0 {
		return "", false, err
	}
	for _, m := range marks {
		if err := d.unmark(tx, who, m); err != nil {
			return "", false, err
		}
	}
	o, _, err := tx.Occurrence(marks[0].OccurrenceID)
	return o.Routine, true, err
}

// Undone is what was taken back.
type Undone struct {
	Who  string
	At   time.Time
	Mark store.MarkKind // "" for a completion
}

// UndoLast takes back the last thing that was said of a routine: that it was done
// (whoever said so and however often), skipped, put off or claimed. known is false
// when there is nothing.
func (d *Desk) UndoLast(tx *store.Tx, key, who string) (was Undone, known bool, err error) {
	last, known, err := tx.LastRecorded(key)
	if err != nil {
		return was, false, err
	}
	m, marked, err := d.lastMark(tx, key)
	switch {
	case err != nil || !known && !marked:
		return was, false, err
	case marked && (!known || m.RecordedAt.After(last.RecordedAt)):
		return Undone{m.Who, m.At, m.Kind}, true, d.unmark(tx, who, m)
	}
	same := []store.Completion{last}
	if last.OccurrenceID != 0 {
		if same, err = tx.CompletionsOf(last.OccurrenceID); err != nil {
			return was, false, err
		}
	}
	return Undone{Who: last.Who, At: last.At}, true, d.undo(tx, who, same...)
}

// lastMark returns the newest mark on the newest occurrence of a routine that a
// person made and that still means something.
func (d *Desk) lastMark(tx *store.Tx, key string) (m store.Mark, known bool, err error) {
	newest, err := tx.OccurrencesOf(key, 1)
	if err != nil || len(newest) == 0 {
		return m, false, err
	}
	marks, err := tx.MarksOf(newest[0].ID)
	for _, one := range marks {
		if one.Who != "" && (one.Kind == store.Skip || one.Until.After(tx.Now)) {
			m, known = one, true
		}
	}
	return m, known, err
}

func (d *Desk) undo(tx *store.Tx, who string, completions ...store.Completion) error {
	for _, c := range completions {
		if err := tx.UndoCompletion(c.ID, who); err != nil {
			return err
		}
	}
	return d.settle(tx, completions[0].OccurrenceID)
}

func (d *Desk) unmark(tx *store.Tx, who string, m store.Mark) error {
	if err := tx.UndoMark(m.ID, who); err != nil {
		return err
	}
	return d.settle(tx, m.OccurrenceID)
}

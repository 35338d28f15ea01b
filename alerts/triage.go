package alerts

import (
	"context"
	"fmt"
	"time"

	"ronde/store"
)

// promptly is how soon after it was said something is heard unless the bot or the
// homeserver was away: what is heard sooner is said now, whatever the clocks of phones
// and mail servers say.
const promptly = 2 * time.Minute

// Mark records what somebody says of an incident: who, when, by which event and how;
// of a silence also until when. taken is false when the incident is over, and a command
// is too late. A reaction is kept all the same: it may have been made before that, and
// only its time says whether it means anything.
func (d *Desk) Mark(tx *store.Tx, id int64, m store.IncidentMark) (taken bool, err error) {
	i, known, err := tx.Incident(id)
	if err != nil || !known {
		return false, err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return false, err
	}
	_, byHand := s.handled()
	isOpen := s.state(tx.Now) != store.Resolved
	late := !isOpen && m.Kind != store.Note && (m.Kind != store.Handled || !byHand)
	if late && m.How == "command" {
		return false, nil
	}
	m.IncidentID, m.At = id, earlier(m.At, tx.Now)
	switch {
	case m.Kind == store.Ack && d.Settings.Lease > 0:
		m.Until = tx.Now.Add(d.Settings.Lease)
	case m.Kind == store.Handled && tx.Now.Sub(m.At) < promptly:
		m.At = tx.Now
	}
	if err := tx.MarkIncident(m); err != nil {
		return false, err
	}
	return true, d.settle(tx, i, prompt)
}

// UndoByEvent takes back what a reaction or a message had said of an incident; known
// is false when that said nothing, or it is taken back already.
func (d *Desk) UndoByEvent(tx *store.Tx, eventID, who string) (m store.IncidentMark, known bool, err error) {
	m, known, err = tx.IncidentMarkByEvent(eventID)
	if err != nil || !known {
		return m, false, err
	}
	return m, true, d.undo(tx, who, m)
}

func (d *Desk) undo(tx *store.Tx, who string, m store.IncidentMark) error {
	if err := tx.UndoIncidentMark(m.ID, who); err != nil {
		return err
	}
	i, known, err := tx.Incident(m.IncidentID)
	if err != nil || !known {
		return err
	}
	return d.settle(tx, i, prompt)
}

// EndHush takes back every silence that was asked for under the card of an incident,
// and tells whether there was one.
func (d *Desk) EndHush(tx *store.Tx, id int64, who string) (was bool, err error) {
	marks, err := tx.IncidentMarks(id)
	if err != nil {
		return false, err
	}
	for _, m := range marks {
		if m.Kind == store.Silence && m.UndoneAt.IsZero() && m.Until.After(tx.Now) {
			was = true
			if err := d.undo(tx, who, m); err != nil {
				return false, err
			}
		}
	}
	return was, nil
}

// settle stores an incident with the state that follows from all that was said of it,
// and has the room show it. What changes its state does not wait.
func (d *Desk) settle(tx *store.Tx, i store.Incident, p pace) error {
	if IsStorm(i) {
		return d.settleStorm(tx, i.ID)
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	if s.State = s.state(tx.Now); s.State != i.State {
		p = max(p, prompt)
	}
	if err := tx.SaveIncident(s.Incident); err != nil {
		return err
	}
	if _, err := d.follow(tx, &s); err != nil {
		return err
	}
	if i.Storm == 0 {
		return show(tx, i.ID, p)
	}
	return d.settleMember(tx, s, p)
}

// Tick brings the incidents up to the present: ends silences and what people had taken
// on, asks about what is old, mentions who is to look at what nobody is on, tells in the
// morning what could wait, and takes away texts that were kept for long enough. Calling
// it again changes nothing.
func (d *Desk) Tick(ctx context.Context) error {
	var changed bool
	err := d.Store.Update(ctx, func(tx *store.Tx) (err error) {
		changed, err = d.passTime(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("bring the incidents up to date: %w", err)
	}
	if changed {
		d.Changed()
	}
	return d.emptyOld(ctx)
}

// bringUp does for each open incident what time asks for.
func (d *Desk) bringUp(tx *store.Tx) (changed bool, err error) {
	open, err := tx.OpenIncidents()
	if err != nil {
		return false, err
	}
	for _, i := range open {
		i, _, err := tx.Incident(i.ID) // what was done for another may have changed it
		if err != nil {
			return false, err
		}
		did, err := d.bringUpOne(tx, i)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	return changed, nil
}

// bringUpOne does what time asks for. Whoever took the incident on is asked before the
// room hears of it by another way.
func (d *Desk) bringUpOne(tx *store.Tx, i store.Incident) (changed bool, err error) {
	s, err := d.stands(tx, i)
	if err != nil {
		return false, err
	}
	if state := s.state(tx.Now); state != i.State {
		changed = true
		if err := d.settle(tx, i, prompt); err != nil {
			return false, err
		}
		if s, err = d.standsNow(tx, i.ID); err != nil {
			return false, err
		}
	}
	steps := []func(*store.Tx, *standing) (bool, error){d.endAcks, d.ring, d.holdLate, d.ask, d.unfold, d.follow}
	if s.Storm != 0 { // of the rest, the storm speaks
		steps = []func(*store.Tx, *standing) (bool, error){d.endAcks, d.follow}
	}
	for _, step := range steps {
		did, err := step(tx, &s)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	return changed, nil
}

// UndoLast takes back the last thing but a note that was said of an incident and still
// means something; known is false when there is nothing.
func (d *Desk) UndoLast(tx *store.Tx, id int64, who string) (m store.IncidentMark, known bool, err error) {
	marks, err := tx.IncidentMarks(id)
	if err != nil {
		return m, false, err
	}
	for _, one := range marks {
		if one.Kind != store.Note && one.UndoneAt.IsZero() && !ranOut(one, tx.Now) {
			m, known = one, true
		}
	}
	if !known {
		return m, false, nil
	}
	return m, true, d.undo(tx, who, m)
}

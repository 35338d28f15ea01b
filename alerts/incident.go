package alerts

import (
	"time"

	"ronde/cards"
	"ronde/store"
)

// twin is how much later than a recovery one may be dated that says the same. A
// later one ends something that was never announced.
const twin = 10 * time.Minute

// weaker tells whether anyone could have written r, but not what is known of i.
func weaker(i store.Incident, r Reading) bool { return i.Verified && !r.Verified }

// stronger is the reverse of weaker.
func stronger(i store.Incident, r Reading) bool { return r.Verified && !i.Verified }

// pace is how soon the room has to see a change of an incident.
type pace int

// The paces: a count that may wait for others, the next edit, and what goes before other
// new cards.
const (
	calm pace = iota
	prompt
	urgent
)

func show(tx *store.Tx, id int64, p pace) error {
	return tx.ShowCard(store.Card{Kind: IncidentCard, Subject: id, Room: room, Urgent: p == urgent, Calm: p == calm})
}

// showAny shows an incident on its own card, if it has one or is part of no storm.
func showAny(tx *store.Tx, i store.Incident, p pace) error {
	if i.Storm != 0 {
		if _, shown, err := tx.CardOf(IncidentCard, i.ID); err != nil || !shown {
			return err
		}
	}
	return show(tx, i.ID, p)
}

// begin opens an incident.
func (d *Desk) begin(tx *store.Tx, r Reading, h heard) (int64, error) {
	source, thing := d.Settings.key(r)
	return d.add(tx, store.Incident{
		Source: source, Thing: thing, State: store.Firing, Fault: r.Fault,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, Alerts: 1, Alerted: earlier(r.Since, tx.Now),
		Critical: r.Critical, Group: r.Group, OpenedAt: tx.Now,
	}, r, h)
}

// beginEnded records an incident of which only the end was seen.
func (d *Desk) beginEnded(tx *store.Tx, r Reading, h heard) (int64, error) {
	source, thing := d.Settings.key(r)
	return d.add(tx, store.Incident{
		Source: source, Thing: thing, State: store.Resolved,
		Verified: r.Verified, Since: r.Since, Newest: r.Since, ResolvedAt: r.Since,
	}, r, h)
}

func (d *Desk) add(tx *store.Tx, i store.Incident, r Reading, h heard) (id int64, err error) {
	if i.ID, err = tx.AddIncident(i); err != nil {
		return 0, err
	}
	if IsTie(i) {
		if err := tx.SaveWitness(witnessIn(i, r)); err != nil {
			return 0, err
		}
	}
	if err := sight(tx, i.ID, r, h); err != nil {
		return 0, err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return 0, err
	}
	if i.State = s.state(tx.Now); i.State == store.Resolved {
		return i.ID, d.settle(tx, i, prompt)
	}
	if err := tx.SaveIncident(i); err != nil {
		return 0, err
	}
	if storm, err := d.gather(tx, i); err != nil || storm != 0 {
		return i.ID, err
	}
	p := prompt
	if i.State == store.Firing {
		p = urgent
		if err := d.ringsByCard(tx, &i); err != nil {
			return 0, err
		}
	}
	if err := d.settle(tx, i, p); err != nil {
		return 0, err
	}
	s.Incident = i
	return i.ID, d.wantEvidence(tx, s)
}

// repeat counts one more alert about what is known to be broken.
func (d *Desk) repeat(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	i.Alerts++
	return d.hear(tx, s, i, r, h)
}

// hear notes in an open incident what an alert about it says. i is s with what was counted.
func (d *Desk) hear(tx *store.Tx, s standing, i store.Incident, r Reading, h heard) error {
	if !weaker(i, r) {
		i.Alerted = later(i.Alerted, earlier(r.Since, tx.Now))
	}
	fold(&i, r)
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	return d.note(tx, s, i, r, calm)
}

// fold takes what an alert says into its incident. One that anyone could have written
// changes nothing of what a verified one said.
func fold(i *store.Incident, r Reading) {
	if weaker(*i, r) {
		return
	}
	if r.Fault != "" && (i.Fault == "" || stronger(*i, r) || newer(*i, r)) {
		i.Fault = r.Fault
	}
	if stronger(*i, r) || r.Since.After(i.Newest) {
		i.Newest = r.Since
	}
	i.Since = earlier(i.Since, r.Since)
	i.Verified = r.Verified
	i.Critical = i.Critical || r.Critical
}

// newer tells whether the fault in r is to stand instead of that of i. Of two that
// are told with the same time it is always the same one, whichever came first.
func newer(i store.Incident, r Reading) bool {
	return r.Since.After(i.Newest) || r.Since.Equal(i.Newest) && r.Fault > i.Fault
}

// refire reopens an incident that had ended only just now.
func (d *Desk) refire(tx *store.Tx, s standing, r Reading, h heard) error {
	if err := d.leaveOver(tx, &s); err != nil {
		return err
	}
	i, err := d.reopened(tx, s)
	if err != nil {
		return err
	}
	s.Incident = i
	say := d.repeat
	if IsTie(i) {
		s, say = s.as(s.witness(r)), d.raise
	}
	if err := say(tx, s, r, h); err != nil {
		return err
	}
	return d.riseAgain(tx, i.ID, firesAgain)
}

// reopened returns an incident that had ended as it opens again. One that had no card,
// because it was part of a storm, rings by its new one.
func (d *Desk) reopened(tx *store.Tx, s standing) (store.Incident, error) {
	i := s.Incident
	i.Flaps++
	i.CalmAt, i.RefiredAt, i.ResolvedAt, i.OpenedAt = s.ended(), tx.Now, time.Time{}, tx.Now
	i.RangAt = earlier(i.RangAt, tx.Now.Add(-time.Millisecond)) // the clock may have been set back since
	_, shown, err := tx.CardOf(IncidentCard, i.ID)
	if err != nil || shown || i.Storm != 0 {
		return i, err
	}
	err = d.ringsByCard(tx, &i)
	return i, err
}

// riseAgain has an incident that opened again be part of a storm, or ring.
func (d *Desk) riseAgain(tx *store.Tx, id int64, why string) error {
	i, _, err := tx.Incident(id)
	if err != nil || i.Storm != 0 {
		return err
	}
	if storm, err := d.gather(tx, i); err != nil || storm != 0 {
		return err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	if err := d.wantEvidence(tx, s); err != nil {
		return err
	}
	if why != firesStill || s.State != store.Firing {
		_, err = d.ring(tx, &s)
		return err
	}
	if held, _, err := d.holdBack(tx, i); held || err != nil {
		return err
	}
	return d.ringFor(tx, &s, why)
}

// late takes note of an alert that arrived after the end of its incident. It reopens
// nothing, and nobody has to see that it was only said once more.
func (d *Desk) late(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	seen := i.Alerts > 0 && s.spoke(h.channel, store.Down)
	if i.Alerts == 0 {
		i.Since, i.Newest, i.Fault, i.Verified = r.Since, r.Since, r.Fault, r.Verified
	} else {
		fold(&i, r)
	}
	_, twin := s.twin(r, h.channel)
	if !twin {
		i.Alerts++
	}
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	if s.whole != nil {
		return d.noteLate(tx, s, i, r, seen && twin)
	}
	if err := tx.SaveIncident(i); err != nil || seen && twin {
		return err
	}
	return showAny(tx, i, prompt)
}

// recover ends an incident. One that anyone could have written does not end what a
// verified alert began.
func (d *Desk) recover(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	if weaker(i, r) {
		p := calm
		if i.Doubted++; i.Doubted == 1 {
			p = prompt
		}
		return d.note(tx, s, i, r, p)
	}
	i.ResolvedAt, i.Verified = r.Since, r.Verified
	if err := sight(tx, i.ID, r, h); err != nil {
		return err
	}
	return d.note(tx, s, i, r, prompt)
}

// again takes note of the twin of a recovery, which nobody has to see: an alert
// from before it is not news.
func (d *Desk) again(tx *store.Tx, s standing, r Reading, h heard) error {
	i := s.Incident
	if weaker(i, r) {
		return nil
	}
	if err := sight(tx, i.ID, r, h); err != nil || !r.Since.After(i.ResolvedAt) || i.ResolvedAt.IsZero() {
		return err
	}
	i.ResolvedAt = r.Since
	if i.Alerts == 0 {
		i.Since, i.Newest = r.Since, r.Since
	}
	if s.whole != nil {
		return d.noteLate(tx, s, i, r, true)
	}
	return tx.SaveIncident(i)
}

// RenderIncident writes the card of an incident.
func (d *Desk) RenderIncident(tx *store.Tx, id int64) (cards.Content, error) {
	s, err := d.standsNow(tx, id)
	if err != nil {
		return cards.Content{}, err
	}
	if IsStorm(s.Incident) {
		return d.writeStorm(tx, s)
	}
	content := d.writeIncident(s, tx.Now)
	held, err := wasHeld(tx, id)
	content.Message.Rings = content.Message.Rings && !held
	return content, err
}

package alerts

import (
	"time"

	"ronde/store"
)

// slack is how far apart the clocks and the delivery of two channels may put the
// same change. It is below the minute that Uptime Kuma leaves between two changes.
const slack = time.Minute

// recent is how many incidents of a thing are looked at for the one that a late
// alert belongs to.
const recent = 10

// heard says how and when a reading came in.
type heard struct {
	channel  store.Channel
	received time.Time
}

// past is an incident with what each channel said of it.
type past struct {
	store.Incident
	seen []store.Sighting
}

// placeAlert puts a reading into the incident that it is about, or begins one. The
// same change is told by several channels, each with its own clock and delay, so
// what counts is when something happened and not when it came in: what is dated
// before a recovery belongs to the outage that it ended.
func (d *Desk) placeAlert(tx *store.Tx, r Reading, h heard) (incident int64, err error) {
	if r.Since.IsZero() || r.Since.After(h.received.Add(time.Hour)) {
		r.Since = h.received // a sender whose clock is far ahead must not outlive every recovery
	}
	known, err := pastOf(tx, r)
	if err != nil {
		return 0, err
	}
	if r.State == Firing {
		return d.placeFault(tx, known, r, h)
	}
	return d.placeRecovery(tx, known, r, h)
}

// pastOf returns the newest incidents of a thing, the newest first.
func pastOf(tx *store.Tx, r Reading) ([]past, error) {
	incidents, err := tx.RecentIncidents(string(r.Kind), r.Thing, recent)
	if err != nil {
		return nil, err
	}
	all := make([]past, 0, len(incidents))
	for _, i := range incidents {
		seen, err := tx.Sightings(i.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, past{i, seen})
	}
	return all, nil
}

// said returns what a channel said of the incident in a direction.
func (p past) said(c store.Channel, what store.Direction) (store.Sighting, bool) {
	for _, s := range p.seen {
		if s.Channel == c && s.What == what {
			return s, true
		}
	}
	return store.Sighting{}, false
}

func (p past) open() bool { return p.State != store.Resolved }

// end is when the incident ended for a channel: by its own clock when it said so,
// else by the earliest that others said. To call an alert old by the latest of them
// would hide one that came right after the recovery.
func (p past) end(c store.Channel) time.Time {
	if own, spoke := p.said(c, store.Up); spoke {
		return own.Last
	}
	end := p.ResolvedAt
	for _, s := range p.seen {
		if s.What == store.Up && s.Last.Before(end) {
			end = s.Last
		}
	}
	return end
}

// begins is when the incident began, as far as it is known: when only its end was
// seen, the ends that others tell belong to it.
func (p past) begins() time.Time {
	if p.Alerts == 0 {
		return p.Since.Add(-slack)
	}
	return p.Since
}

// placeFault puts an alert that something is down where it belongs.
func (d *Desk) placeFault(tx *store.Tx, known []past, r Reading, h heard) (int64, error) {
	var current *past
	if len(known) > 0 && known[0].open() {
		current = &known[0]
	}
	for n := len(known) - 1; n >= 0 && !r.Still; n-- { // the earliest that had not ended yet
		p := known[n]
		if !p.open() && r.Since.Before(p.end(h.channel)) && !stronger(p.Incident, r) {
			return p.ID, d.late(tx, p, r, h)
		}
	}
	switch last := lastResolved(known); {
	case current != nil && !r.Since.Before(current.Since):
		return current.ID, d.repeat(tx, current.Incident, r, h)
	case last != nil && !r.Still && last.delayed(r, h.channel):
		return last.ID, d.late(tx, *last, r, h)
	case current != nil:
		return current.ID, d.repeat(tx, current.Incident, r, h)
	case last != nil && r.Still && r.Since.Before(last.ResolvedAt):
		r.Since = h.received // it broke again after what had seemed to be its end
	}
	return d.begin(tx, r, h)
}

func lastResolved(known []past) *past {
	for n := range known {
		if !known[n].open() {
			return &known[n]
		}
	}
	return nil
}

// delayed tells whether an alert dated right after the end of p is the word of a
// channel that is slow: one that had not spoken of p yet, and says the same.
func (p past) delayed(r Reading, c store.Channel) bool {
	_, spoke := p.said(c, store.Down)
	_, ended := p.said(c, store.Up)
	same := p.Alerts == 0 || r.Fault == p.Fault
	return !spoke && !ended && same && !stronger(p.Incident, r) && r.Since.Before(p.end(c).Add(slack))
}

// placeRecovery puts a recovery where it belongs.
func (d *Desk) placeRecovery(tx *store.Tx, known []past, r Reading, h heard) (int64, error) {
	for _, p := range known {
		if !p.open() && p.endsTwice(r, h.channel) {
			return p.ID, d.again(tx, p.Incident, r, h)
		}
	}
	for n, p := range known {
		switch {
		case p.open() && p.endedBy(r, h.channel):
			return p.ID, d.recover(tx, p.Incident, r, h)
		case r.Since.Before(p.begins()):
			continue
		case p.open():
			return p.ID, nil // it is older than the newest alert and says nothing new
		case r.Since.Before(p.ResolvedAt.Add(twin)):
			return p.ID, d.again(tx, p.Incident, r, h)
		case n > 0:
			return p.ID, nil // the end of something that was never announced, long ago
		}
		return d.beginEnded(tx, r, h)
	}
	if len(known) > 0 {
		return known[0].ID, nil // from before all that is known
	}
	return d.beginEnded(tx, r, h)
}

// endsTwice tells whether a recovery is the twin of the one that ended p: what a
// channel says for the first time, at about the same time, or once more the same.
func (p past) endsTwice(r Reading, c store.Channel) bool {
	own, spoke := p.said(c, store.Up)
	if spoke {
		return r.Since.Equal(own.First) || r.Since.Equal(own.Last)
	}
	return len(p.seen) > 0 && r.Since.Sub(p.ResolvedAt).Abs() <= slack
}

// endedBy tells whether a recovery is newer than the alerts of p. The clock of the
// channel that says so counts where it said that it is down, too.
func (p past) endedBy(r Reading, c store.Channel) bool {
	if !r.Since.Before(p.Newest) || stronger(p.Incident, r) {
		return true
	}
	own, spoke := p.said(c, store.Down)
	return spoke && own.Last.Before(r.Since) && p.Newest.Sub(r.Since) <= slack
}

// sight records that an incident was heard of, and returns how many alerts the
// channel that said most has told.
func sight(tx *store.Tx, i store.Incident, r Reading, h heard) (alerts int, err error) {
	what := store.Down
	if r.State == Resolved {
		what = store.Up
	}
	err = tx.AddSighting(i.ID, store.Sighting{Channel: h.channel, What: what, First: r.Since, Received: h.received})
	if err != nil || what == store.Up {
		return i.Alerts, err
	}
	seen, err := tx.Sightings(i.ID)
	own, _ := past{i, seen}.said(h.channel, store.Down)
	return max(i.Alerts, own.Times), err
}

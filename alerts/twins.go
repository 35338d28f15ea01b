package alerts

import (
	"cmp"
	"slices"
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

// placeAlert puts a reading into the incident that it is about, or begins one. The
// same change is told by several channels, each with its own clock and delay, so
// what counts is when something happened and not when it came in: what another channel
// told already is no news, and what is dated before a recovery belongs to the outage
// that it ended.
func (d *Desk) placeAlert(tx *store.Tx, r Reading, h heard) (incident int64, err error) {
	known, err := d.pastOf(tx, r)
	if err != nil {
		return 0, err
	}
	switch {
	case r.Since.IsZero():
		r.Since = h.received
	case r.Since.After(h.received.Add(time.Hour)):
		r.Since = h.received // a sender whose clock is far ahead must not outlive every recovery
		if len(known) > 0 {
			r.Since = later(r.Since, known[0].Newest) // but it may be our clock that was set back
		}
	}
	if r.State == Firing {
		return d.placeFault(tx, known, r, h)
	}
	return d.placeRecovery(tx, known, r, h)
}

// pastOf returns the newest incidents of a thing, the newest first; of those of a tie, the
// part of this source. What the configuration says now does not count: an incident goes on
// as what it began.
func (d *Desk) pastOf(tx *store.Tx, r Reading) ([]standing, error) {
	incidents, err := tx.IncidentsOf(r.source(), r.Thing, recent)
	if err != nil {
		return nil, err
	}
	tied, err := tx.WitnessedBy(r.source(), r.Thing, recent)
	if err != nil {
		return nil, err
	}
	incidents = append(incidents, tied...)
	slices.SortFunc(incidents, func(a, b store.Incident) int { return cmp.Compare(b.ID, a.ID) })
	all := make([]standing, 0, len(incidents))
	for _, i := range incidents[:min(len(incidents), recent)] {
		s, err := d.stands(tx, i)
		if err != nil {
			return nil, err
		}
		if IsTie(i) {
			s = s.as(s.witness(r))
		}
		all = append(all, s)
	}
	return all, nil
}

func (s standing) open() bool { return s.State != store.Resolved }

func direction(r Reading) store.Direction {
	if r.State == Resolved {
		return store.Up
	}
	return store.Down
}

// told returns what a channel said of the incident in a direction, by its clock.
func (s standing) told(c store.Channel, what store.Direction) (times []time.Time) {
	for _, w := range s.seen {
		if w.Channel == c && w.What == what {
			times = append(times, w.At)
		}
	}
	return times
}

func (s standing) spoke(c store.Channel, what store.Direction) bool {
	return len(s.told(c, what)) > 0
}

// twin tells whether a channel says what it said before, with the same time, or what
// another one said at about that time and it did not yet; and how far apart they are.
func (s standing) twin(r Reading, c store.Channel) (apart time.Duration, ok bool) {
	own := s.told(c, direction(r))
	if slices.ContainsFunc(own, r.Since.Equal) {
		return 0, true
	}
	apart = slack + 1
	for _, other := range s.channels() {
		words := s.told(other, direction(r))
		for _, at := range words {
			taken := func(mine time.Time) bool { return nearest(words, mine).Equal(at) && mine.Sub(at).Abs() <= slack }
			if other != c && r.Since.Sub(at).Abs() < apart && !slices.ContainsFunc(own, taken) {
				apart = r.Since.Sub(at).Abs()
			}
		}
	}
	return apart, apart <= slack
}

// channels returns by which channels it was heard of.
func (s standing) channels() (all []store.Channel) {
	for _, w := range s.seen {
		if !slices.Contains(all, w.Channel) {
			all = append(all, w.Channel)
		}
	}
	return all
}

// nearest returns that of some times which is the nearest to one.
func nearest(times []time.Time, to time.Time) time.Time {
	return slices.MinFunc(times, func(a, b time.Time) int { return int(a.Sub(to).Abs() - b.Sub(to).Abs()) })
}

// twinOf returns the incident of which what a channel says was heard already.
func twinOf(known []standing, r Reading, c store.Channel) (best standing, found bool) {
	least := slack
	for _, s := range known {
		apart, twin := s.twin(r, c)
		if twin && s.takes(r, c) && (!found || apart < least) {
			best, least, found = s, apart, true
		}
	}
	return best, found
}

// takes tells whether a twin of what was said of the incident is no news all the same:
// what is certain is, after words that anyone could have written, and so is another
// fault, or one that still is, after the end. While it is open a recovery is, but for
// that after which it fired again.
func (s standing) takes(r Reading, c store.Channel) bool {
	switch {
	case r.State == Firing && s.open():
		return true
	case stronger(s.Incident, r):
		return false
	case r.State == Firing:
		return !r.Still && (s.outlived(r, c) || s.says(r))
	case s.open():
		return r.Since.Sub(s.CalmAt).Abs() <= slack || slices.ContainsFunc(s.told(c, store.Up), r.Since.Equal)
	}
	return true
}

// says tells whether an alert says what is known of the incident.
func (s standing) says(r Reading) bool { return s.Alerts == 0 || r.Fault == s.Fault }

// end is when the source said that the incident was over, as one channel sees it: by its
// own clock when it said so, else the earliest that others said. To call an alert old by
// the latest of them would hide one that came right after the recovery. What was said
// before the incident fired again does not count.
func (s standing) end(c store.Channel) time.Time {
	first, own := s.ResolvedAt, time.Time{}
	for _, w := range s.seen {
		if w.What != store.Up || w.At.Before(s.Newest.Add(-slack)) || w.At.Sub(s.CalmAt).Abs() <= slack {
			continue
		}
		first = earlier(first, w.At)
		if w.Channel == c {
			own = later(own, w.At)
		}
	}
	if s.ResolvedAt.IsZero() || own.IsZero() {
		return first
	}
	return own
}

// begins is when the incident began, as far as it is known: when only its end was
// seen, the ends that others tell belong to it.
func (s standing) begins() time.Time {
	if s.Alerts == 0 {
		return s.Since.Add(-slack)
	}
	return s.Since
}

// placeFault puts an alert that something is down where it belongs.
func (d *Desk) placeFault(tx *store.Tx, known []standing, r Reading, h heard) (int64, error) {
	switch s, twin := twinOf(known, r, h.channel); {
	case twin && s.open():
		return s.ID, d.hear(tx, s, s.Incident, r, h)
	case twin:
		return s.ID, d.late(tx, s, r, h)
	}
	var current *standing
	if n := slices.IndexFunc(known, standing.open); n >= 0 {
		current = &known[n]
	}
	for _, s := range slices.Backward(known) { // the earliest that had not ended yet
		if !r.Still && !s.open() && s.outlived(r, h.channel) {
			return s.ID, d.late(tx, s, r, h)
		}
	}
	switch last := lastResolved(known); {
	case current != nil && !r.Since.Before(current.Since):
		return current.ID, d.repeat(tx, *current, r, h)
	case last != nil && !r.Still && last.delayed(r, h.channel):
		return last.ID, d.late(tx, *last, r, h)
	case current != nil:
		return current.ID, d.repeat(tx, *current, r, h)
	case last != nil && r.Still && r.Since.Before(last.ended()):
		r.Since = h.received // it broke again after what had seemed to be its end
	}
	if tie, tied := d.tieOf(known, r); tied {
		return d.fire(tx, tie, r, h)
	}
	if len(known) > 0 && known[0].whole == nil && known[0].soon(r, h.channel, d.Settings.Reopen) {
		return known[0].ID, d.refire(tx, known[0], r, h)
	}
	return d.begin(tx, r, h)
}

func lastResolved(known []standing) *standing {
	for n := range known {
		if !known[n].open() {
			return &known[n]
		}
	}
	return nil
}

// delayed tells whether an alert dated right after the end of an incident is the word of
// a channel that is slow: one that had not spoken of it yet, and says the same.
func (s standing) delayed(r Reading, c store.Channel) bool {
	spoke := s.spoke(c, store.Down) || s.spoke(c, store.Up)
	return !spoke && s.says(r) && !stronger(s.Incident, r) && r.Since.Before(s.end(c).Add(slack))
}

// placeRecovery puts a recovery where it belongs.
func (d *Desk) placeRecovery(tx *store.Tx, known []standing, r Reading, h heard) (int64, error) {
	if s, twin := twinOf(known, r, h.channel); twin {
		return s.ID, d.again(tx, s, r, h)
	}
	for n, s := range known {
		_, byHand := s.handled()
		goesOn := s.open() || n == 0 && byHand && s.ResolvedAt.IsZero() // for its source
		switch {
		case goesOn && s.endedBy(r, h.channel):
			return s.ID, d.recover(tx, s, r, h)
		case r.Since.Before(s.begins()):
			continue
		case goesOn: // it is older than the newest alert and says nothing new
			return s.ID, d.again(tx, s, r, h)
		case r.Since.Before(s.ResolvedAt.Add(twin)):
			return s.ID, d.again(tx, s, r, h)
		case n > 0:
			return s.ID, nil // the end of something that was never announced, long ago
		}
		return d.endUnheard(tx, known, r, h)
	}
	if len(known) > 0 {
		return known[0].ID, nil // from before all that is known
	}
	return d.endUnheard(tx, known, r, h)
}

// endedBy tells whether a recovery is newer than the alerts of the incident. The clock
// of the channel that says so counts where it said that it is down, too.
func (s standing) endedBy(r Reading, c store.Channel) bool {
	if !r.Since.Before(s.Newest) || stronger(s.Incident, r) {
		return true
	}
	own := s.told(c, store.Down)
	if len(own) == 0 {
		return false
	}
	return slices.MaxFunc(own, time.Time.Compare).Before(r.Since) && s.Newest.Sub(r.Since) <= slack
}

// sight records that an incident was heard of.
func sight(tx *store.Tx, incident int64, r Reading, h heard) error {
	return tx.AddSighting(incident, store.Sighting{Source: r.source(), Thing: r.Thing, Channel: h.channel, What: direction(r), At: r.Since, Received: h.received})
}

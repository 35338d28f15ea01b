package alerts

import (
	"fmt"
	"slices"
	"time"

	"ronde/store"
)

// standing is how an incident stands: what its source said, and what people said and
// did not take back. Its state is a fold over both, so taking anything back, or
// hearing of it in another order, needs no special case.
type standing struct {
	store.Incident
	marks    []store.IncidentMark // oldest first, also those that were taken back
	rules    []store.SilenceRule  // that cover it, and last or ended since it rang
	seen     []store.Sighting     // what each channel said, in the order in which it came in
	replaced bool                 // there is a newer incident about the same thing
	tally    *store.StormTally    // what its members amount to; nil for what is no storm
	warns    bool                 // it is a storm of which nothing is open but warnings
	lifted   time.Time            // when the last silence of a member ended that kept a storm silent until now; else zero

	witnesses []store.Witness // what each source says of it; of the incident of a tie only
	whole     *store.Incident // the incident of a tie of which it is the part of one source; nil for what is none
}

// stands reads how an incident stands.
func (d *Desk) stands(tx *store.Tx, i store.Incident) (s standing, err error) {
	s.Incident = i
	if s.marks, err = tx.MarksOn(i.ID); err != nil {
		return s, err
	}
	if s.seen, err = tx.Sightings(i.ID); err != nil {
		return s, err
	}
	since := tx.Now
	if !i.RangAt.IsZero() && i.RangAt.Before(since) {
		since = i.RangAt
	}
	rules, err := tx.SilencesUntil(since)
	if err != nil {
		return s, err
	}
	s.rules = slices.DeleteFunc(rules, func(r store.SilenceRule) bool { return !d.covers(r, i) })
	last, _, err := tx.LastIncident(i.Source, i.Thing)
	s.replaced = last.ID > i.ID
	switch {
	case err == nil && IsTie(i):
		witnesses, err := tx.Witnesses(i.ID)
		s.bind(witnesses)
		return s, err
	case err != nil || !IsStorm(i):
		return s, err
	}
	t, err := tx.StormTally(i.ID)
	if err != nil {
		return s, err
	}
	s.sum(t, tx.Now)
	bad, err := tx.StormHolds(i.ID, ownPrefix)
	s.warns = !bad
	return s, err
}

// standsNow reads how the incident with a number stands.
func (d *Desk) standsNow(tx *store.Tx, id int64) (standing, error) {
	i, known, err := tx.Incident(id)
	if err != nil {
		return standing{}, err
	}
	if !known {
		return standing{}, fmt.Errorf("no incident %d", id)
	}
	return d.stands(tx, i)
}

// said returns the marks of a kind that were not taken back, oldest first.
func (s standing) said(kind store.IncidentMarkKind) (marks []store.IncidentMark) {
	for _, m := range s.marks {
		if m.Kind == kind && m.UndoneAt.IsZero() {
			marks = append(marks, m)
		}
	}
	return marks
}

// handled returns who closed it by hand, if it did not fire after that.
func (s standing) handled() (store.IncidentMark, bool) {
	for _, m := range s.said(store.Handled) {
		if !m.At.Before(s.Alerted) {
			return m, true
		}
	}
	return store.IncidentMark{}, false
}

// byHand is handled, unless the source had said before that it is over.
func (s standing) byHand() (store.IncidentMark, bool) {
	m, handled := s.handled()
	return m, handled && (s.ResolvedAt.IsZero() || m.At.Before(s.ResolvedAt))
}

// acks returns who is on it now; the first who said so leads. Whoever said so while it
// seemed over is not on what came after.
func (s standing) acks(now time.Time) []store.IncidentMark {
	return slices.DeleteFunc(s.said(store.Ack), func(m store.IncidentMark) bool {
		return ranOut(m, now) || m.At.After(s.CalmAt) && m.At.Before(s.RefiredAt)
	})
}

// ranOut reports whether a mark had an end and that has come.
func ranOut(m store.IncidentMark, now time.Time) bool {
	return !m.Until.IsZero() && !m.Until.After(now)
}

// hush is that nobody wants to hear of an incident before a time.
type hush struct {
	until  time.Time
	who    string
	reason string
}

// hush returns the silence that lasts longest, if there is one now. Of those that were
// asked for under the card, the last one decides.
func (s standing) hush(now time.Time) (h hush, silent bool) {
	if m, said := s.lastSilence(); said && m.Until.After(now) {
		h = hush{m.Until, m.Who, m.Note}
	}
	for _, r := range s.rules {
		if end(r).After(now) && r.Until.After(h.until) {
			h = hush{r.Until, r.Who, r.Reason}
		}
	}
	return h, h.who != ""
}

func (s standing) lastSilence() (store.IncidentMark, bool) {
	silences := s.said(store.Silence)
	if len(silences) == 0 {
		return store.IncidentMark{}, false
	}
	return silences[len(silences)-1], true
}

// end is when a silence is over: its time, or when somebody ended it before.
func end(r store.SilenceRule) time.Time {
	if r.EndedAt.IsZero() {
		return r.Until
	}
	return r.EndedAt
}

// hushed returns when the last silence ended that is over; zero when there was none.
func (s standing) hushed(now time.Time) (ended time.Time) {
	ended = s.lifted
	if m, said := s.lastSilence(); said && ranOut(m, now) {
		ended = later(ended, m.Until)
	}
	for _, r := range s.rules {
		if !end(r).After(now) {
			ended = later(ended, end(r))
		}
	}
	return ended
}

// ended is when it was over, as its source or a person said; zero while it is not.
func (s standing) ended() time.Time {
	m, _ := s.handled()
	return later(s.ResolvedAt, m.At)
}

// outlived reports whether an incident ended after what a channel tells. A recovery that
// anyone could have written hides no certain alert.
func (s standing) outlived(r Reading, c store.Channel) bool {
	m, _ := s.handled()
	return r.Since.Before(m.At) || r.Since.Before(s.end(c)) && !stronger(s.Incident, r)
}

// soon reports whether what a channel tells follows so soon after an incident's end that
// it is the same one.
func (s standing) soon(r Reading, c store.Channel, reopen time.Duration) bool {
	m, _ := s.handled()
	calm := later(s.end(c), m.At)
	return s.Alerts > 0 && !weaker(s.Incident, r) && !r.Since.Before(calm) && r.Since.Before(calm.Add(reopen))
}

// state folds what the source and people said.
func (s standing) state(now time.Time) store.IncidentState {
	_, silent := s.hush(now)
	switch {
	case !s.ended().IsZero() || s.replaced:
		return store.Resolved
	case len(s.acks(now)) > 0:
		return store.Acknowledged
	case silent:
		return store.Silenced
	case s.tally != nil:
		return loudest(*s.tally)
	}
	return store.Firing
}

// lastWord is when anybody or anything last spoke of it, or until when it is taken or
// silent.
func (s standing) lastWord() time.Time {
	last := later(s.Alerted, s.RefiredAt)
	for _, m := range s.marks {
		last = later(last, m.RecordedAt)
		if m.UndoneAt.IsZero() {
			last = later(last, m.Until)
		}
	}
	for _, r := range s.rules {
		last = later(last, end(r))
	}
	return last
}

// Why a phone rings again for an incident.
const (
	firesAgain = "again" // it had ended
	firesStill = "still" // a silence ended
	firesMore  = "more"  // it is a storm of which more broke
	firesWorse = "worse" // it could wait until now

	firesUnreachable = "unreachable" // it could not be checked, and by now not be reached
	nothingRang      = ""
)

// toRing returns why a phone must ring now. One that fires again and again rings the
// first time, and then no more often than the pause.
func (s standing) toRing(now time.Time, pause time.Duration) string {
	refired := s.RefiredAt.After(s.RangAt)
	switch {
	case s.state(now) != store.Firing:
	case refired && (s.Flaps == 1 || !now.Before(s.RangAt.Add(pause))):
		return firesAgain
	case !refired && !s.asking(now) && (s.RangAt.IsZero() || s.hushed(now).After(s.RangAt)):
		return firesStill
	}
	return nothingRang
}

// asking reports whether somebody whose time is over is being asked about it, or will
// be in the morning.
func (s standing) asking(now time.Time) bool {
	return slices.ContainsFunc(s.said(store.Ack), func(m store.IncidentMark) bool {
		return ranOut(m, now) && m.Told < toldRoom && m.Until.After(s.RefiredAt)
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

package alerts

import (
	"cmp"
	"slices"
	"time"

	"ronde/store"
	"ronde/text"
)

// tieSource is the source of the incidents of things that are tied.
const tieSource = "tie"

// Tie says that what several systems watch under names of their own is one thing: what
// breaks of it is one incident, which goes on until each of them says that it is over.
type Tie struct {
	Name   string   // what people call it
	Things []string // the names that the systems give it
}

// IsTie reports whether an incident is one of things that are tied, of which several
// sources speak.
func IsTie(i store.Incident) bool { return i.Source == tieSource }

// tie returns the name of the tie that a reading is about. What runs out is not down, and
// is never tied.
func (s Settings) tie(r Reading) (name string, tied bool) {
	same := func(thing string) bool { return text.Fold(thing) == text.Fold(r.Thing) }
	for _, t := range s.Same {
		if r.Kind != KumaExpiry && slices.ContainsFunc(t.Things, same) {
			return t.Name, true
		}
	}
	return "", false
}

// Called reports whether some words stand in a name of what an incident is about: its own,
// or one that is tied to it.
func (s Settings) Called(i store.Incident, words string) bool {
	if Names(i.Thing, words) {
		return true
	}
	return IsTie(i) && slices.ContainsFunc(s.Same, func(t Tie) bool { return t.Name == i.Thing && t.called(words) })
}

func (t Tie) called(words string) bool {
	return Names(t.Name, words) || slices.ContainsFunc(t.Things, func(thing string) bool { return Names(thing, words) })
}

// key returns the source and the thing of the incidents that a reading begins.
func (s Settings) key(r Reading) (source, thing string) {
	if name, tied := s.tie(r); tied {
		return tieSource, name
	}
	return r.source(), r.Thing
}

// tieOf returns the tie in whose incident what its source did not say before belongs: the
// one that is open and of which it spoke, whatever is configured by now, or else the
// configured one.
func (d *Desk) tieOf(known []standing, r Reading) (name string, tied bool) {
	for _, s := range known {
		if s.whole != nil && s.whole.State != store.Resolved {
			return s.whole.Thing, true
		}
	}
	return d.Settings.tie(r)
}

// witness returns what the source of a reading says of an incident, if it says anything.
func (s standing) witness(r Reading) store.Witness {
	for _, w := range s.witnesses {
		if w.Source == r.source() && w.Thing == r.Thing {
			return w
		}
	}
	return store.Witness{Incident: s.ID, Source: r.source(), Thing: r.Thing}
}

// as narrows the incident of a tie to what one source says of it. That part stands as an
// incident of this source alone would, so that its channels are twins of each other, and
// of nobody else's.
func (s standing) as(w store.Witness) standing {
	whole := s.Incident
	s.whole = &whole
	s.seen = slices.DeleteFunc(slices.Clone(s.seen), func(one store.Sighting) bool { return !by(w, one) })
	s.Fault, s.Verified, s.Since, s.Newest = w.Fault, w.Verified, w.Since, w.Newest
	s.Alerts, s.Alerted, s.ResolvedAt, s.CalmAt = w.Alerts, w.Alerted, w.EndedAt, w.CalmAt
	s.State = store.Firing
	if _, handled := s.handled(); handled || w.Alerts == 0 || !w.EndedAt.IsZero() {
		s.State = store.Resolved
	}
	return s
}

// by reports whether a sighting is a word of a witness.
func by(w store.Witness, s store.Sighting) bool { return s.Source == w.Source && s.Thing == w.Thing }

// bind takes into the incident of a tie what its sources come to. It is over when none of
// them says that it is down, but for what somebody closed by hand after it was said.
func (s *standing) bind(witnesses []store.Witness) {
	if len(witnesses) == 0 {
		return
	}
	first := func(w store.Witness) int {
		return slices.IndexFunc(s.seen, func(one store.Sighting) bool { return by(w, one) })
	}
	slices.SortStableFunc(witnesses, func(a, b store.Witness) int { return cmp.Compare(first(a), first(b)) })
	s.witnesses = witnesses
	told := slices.DeleteFunc(slices.Clone(witnesses), func(w store.Witness) bool { return w.Alerts == 0 })
	untold := slices.DeleteFunc(slices.Clone(told), func(w store.Witness) bool { return !w.EndedAt.IsZero() })
	open := slices.DeleteFunc(slices.Clone(untold), func(w store.Witness) bool { return !s.as(w).open() })
	if len(told) == 0 {
		told = witnesses // only ends were heard
	}
	_, handled := s.handled()
	s.Since, s.Newest, s.ResolvedAt = time.Time{}, time.Time{}, time.Time{}
	for n, w := range told {
		if s.Newest = later(s.Newest, w.Newest); n == 0 || w.Since.Before(s.Since) {
			s.Since = w.Since
		}
		if len(open) == 0 && (len(untold) == 0 || !handled) {
			s.ResolvedAt = later(s.ResolvedAt, w.EndedAt)
		}
	}
	if len(open) > 0 {
		told = open
	}
	s.Fault, s.Verified = newestFault(told)
}

// newestFault returns the newest fault that some sources tell, and whether that is
// certain: what anyone could have written does not stand where something certain does.
func newestFault(who []store.Witness) (fault string, verified bool) {
	newest := slices.MaxFunc(who, func(a, b store.Witness) int {
		return cmp.Or(compareTrue(a.Verified, b.Verified), compareTrue(a.Fault != "", b.Fault != ""), a.Newest.Compare(b.Newest), cmp.Compare(a.Fault, b.Fault))
	})
	return newest.Fault, newest.Verified
}

// compareTrue puts what is true last.
func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// note stores what a reading made of an incident: of the part of its source, where
// others speak of it, too.
func (d *Desk) note(tx *store.Tx, s standing, i store.Incident, r Reading, p pace) error {
	if s.whole == nil {
		return d.settle(tx, i, p)
	}
	whole, err := attest(tx, s, i, r)
	if err != nil {
		return err
	}
	return d.settle(tx, whole, calm) // unless its state changes
}

// noteLate is note for what changes no state. Nobody has to see what is seen.
func (d *Desk) noteLate(tx *store.Tx, s standing, i store.Incident, r Reading, seen bool) error {
	if !seen {
		return d.note(tx, s, i, r, calm)
	}
	whole, err := attest(tx, s, i, r)
	if err != nil {
		return err
	}
	now, err := d.stands(tx, whole)
	if err != nil {
		return err
	}
	return tx.SaveIncident(now.Incident)
}

// attest stores what a source says now, i, of the incident of a tie of which it said s, and
// returns that incident with what is counted there.
func attest(tx *store.Tx, s standing, i store.Incident, r Reading) (whole store.Incident, err error) {
	whole = *s.whole
	whole.Alerts += i.Alerts - s.Alerts
	whole.Doubted, whole.Critical = i.Doubted, i.Critical
	whole.Alerted = later(whole.Alerted, i.Alerted)
	return whole, tx.SaveWitness(witnessIn(i, r))
}

// witnessIn returns the part that the source of a reading has in an incident.
func witnessIn(i store.Incident, r Reading) store.Witness {
	return store.Witness{
		Incident: i.ID, Source: r.source(), Thing: r.Thing, Fault: i.Fault, Verified: i.Verified, Since: i.Since, Newest: i.Newest,
		Alerts: i.Alerts, Alerted: i.Alerted, EndedAt: i.ResolvedAt, CalmAt: i.CalmAt,
	}
}

// fire puts an alert that something tied is down, which its source did not say before,
// where it belongs. Dated before an end that others told, it says that it was none.
func (d *Desk) fire(tx *store.Tx, tie string, r Reading, h heard) (int64, error) {
	i, known, err := tx.LastIncident(tieSource, tie)
	if err != nil {
		return 0, err
	}
	if !known {
		return d.begin(tx, r, h)
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return 0, err
	}
	m, byHand := s.handled()
	if byHand && r.Still && r.Since.Before(m.At) {
		r.Since = h.received // it is broken after that, whenever it began
	}
	part := s.as(s.witness(r))
	switch {
	case s.open(), byHand && r.Since.Before(m.At):
		return s.ID, d.raise(tx, part, r, h)
	case weaker(part.Incident, r):
		return d.begin(tx, r, h)
	case r.Since.Before(s.ended()):
		return s.ID, d.resume(tx, s, r, h)
	case s.Alerts > 0 && r.Since.Before(s.ended().Add(d.Settings.Reopen)):
		return s.ID, d.refire(tx, s, r, h)
	}
	return d.begin(tx, r, h)
}

// raise has a source say that something is down for the first time, or once more after
// it had said that it is over.
func (d *Desk) raise(tx *store.Tx, part standing, r Reading, h heard) error {
	i := part.Incident
	i.CalmAt, i.ResolvedAt = part.ended(), time.Time{}
	i.Fault, i.Verified = "", r.Verified
	if i.Alerts == 0 {
		i.Since, i.Newest, i.CalmAt = r.Since, r.Since, part.ResolvedAt
	}
	i.Alerts++
	return d.hear(tx, part, i, r, h)
}

// resume opens the incident of a tie that is not over, as it turns out.
func (d *Desk) resume(tx *store.Tx, s standing, r Reading, h heard) error {
	if err := d.leaveOver(tx, &s); err != nil {
		return err
	}
	s.OpenedAt = tx.Now
	if err := d.raise(tx, s.as(s.witness(r)), r, h); err != nil {
		return err
	}
	return d.riseAgain(tx, s.ID, firesStill)
}

// endUnheard takes note of the end of something of which its source had not said that it
// is down: in the incident of its tie, where others said so.
func (d *Desk) endUnheard(tx *store.Tx, known []standing, r Reading, h heard) (int64, error) {
	tie, tied := d.tieOf(known, r)
	if !tied {
		return d.beginEnded(tx, r, h)
	}
	last, any, err := tx.LastIncident(tieSource, tie)
	if err != nil {
		return 0, err
	}
	if !any {
		return d.beginEnded(tx, r, h)
	}
	s, err := d.stands(tx, last)
	switch {
	case err != nil:
		return 0, err
	case !s.open() && !r.Since.Before(s.ended().Add(twin)):
		return d.beginEnded(tx, r, h)
	}
	return s.ID, d.hearEnd(tx, s.as(s.witness(r)), r, h)
}

// hearEnd takes note of an end in an incident that goes on, or ended, for other reasons.
func (d *Desk) hearEnd(tx *store.Tx, part standing, r Reading, h heard) error {
	if err := sight(tx, part.ID, r, h); err != nil || !part.ResolvedAt.IsZero() {
		return err
	}
	i := part.Incident
	i.ResolvedAt, i.Verified = r.Since, r.Verified
	if i.Alerts == 0 {
		i.Since, i.Newest = r.Since, r.Since
	}
	return d.note(tx, part, i, r, calm)
}

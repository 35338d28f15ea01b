package alerts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// ownPrefix stands before the kind of a check of the bot's own where an incident has its
// source.
const ownPrefix = "check/"

// Unchecked is the kind of the incidents of what cannot be checked: the name is that of
// the host, or of a check that is about none.
const Unchecked = "unknown"

// Found is what a check of the bot's own says of a thing.
type Found struct {
	Ref      string    // the check: "disk antigone"
	Kind     string    // of the check, or [Unchecked]
	Thing    string    // by the name that people know it by: "antigone · /srv"
	Fault    string    // what is wrong with it, short
	Critical bool      // it cannot wait
	Over     bool      // it is well
	Since    time.Time // since when that is so
	Said     string    // all that the check said, for whoever asks why
}

// Source is the source of the incidents that it is about.
func (f Found) Source() string { return ownPrefix + f.Kind }

func (f Found) reading() Reading {
	r := Reading{
		Kind: Kind(f.Source()), State: Firing, Verified: true, Still: true, Critical: f.Critical, Since: f.Since,
		Thing: f.Name(), Fault: oneLine(text.Mask(oneLine(f.Fault, 4*maxFault)), maxFault),
	}
	if f.Over {
		r.State, r.Still = Resolved, false
	}
	return r
}

// Name is the thing of the incidents that it is about.
func (f Found) Name() string { return oneLine(f.Thing, maxThing) }

// IsOwn reports whether an incident is about what a check of the bot's own found.
func IsOwn(i store.Incident) bool { return strings.HasPrefix(i.Source, ownPrefix) }

// isUnchecked reports whether an incident is that something cannot be checked.
func isUnchecked(i store.Incident) bool { return i.Source == ownPrefix+Unchecked }

// Tell puts what a check of the bot's own found into the incident that it is about, or
// begins one, and returns its number.
func (d *Desk) Tell(tx *store.Tx, f Found) (incident int64, err error) {
	r := f.reading()
	before, known, err := tx.LastIncident(f.Source(), r.Thing)
	if err != nil {
		return 0, err
	}
	if incident, err = d.placeAlert(tx, r, heard{store.ByCheck, tx.Now}); err != nil {
		return 0, err
	}
	told, err := tx.Tellings(incident, 20)
	if err != nil {
		return incident, err
	}
	err = tx.AddTelling(store.Telling{
		Incident: incident, Ref: f.Ref, Source: f.Source(), What: direction(r), At: r.Since, Told: tx.Now, Fault: r.Fault, Said: text.Mask(cutBytes(f.Said, 16<<10)),
	})
	if err != nil || f.Over {
		return incident, err
	}
	s, err := d.standsNow(tx, incident)
	if err != nil || s.Storm != 0 {
		return incident, err
	}
	if err := d.wantEvidence(tx, s); err != nil {
		return incident, err
	}
	if !slices.ContainsFunc(told, func(t store.Telling) bool { return t.Ref == f.Ref && t.What == store.Down }) {
		if err := d.sayJoined(tx, s, f.Ref); err != nil {
			return incident, err
		}
	}
	if known && before.ID == incident && before.State == store.Firing && !before.Critical && s.Critical {
		return incident, d.ringWorse(tx, &s)
	}
	return incident, nil
}

// forgottenAfter is how long after somebody closed an incident by hand what still is so is
// told once more: those other systems that repeat themselves do it sooner.
const forgottenAfter = 24 * time.Hour

// Forgotten reports whether somebody closed the newest incident of a source and name by
// hand, and that so long ago that what a check still finds has to be told once more. Of
// the incident of a tie only the part of this source counts.
func (d *Desk) Forgotten(tx *store.Tx, source, name string) (bool, error) {
	known, err := d.pastOf(tx, Reading{Kind: Kind(source), Thing: name})
	if err != nil || len(known) == 0 || known[0].open() || !known[0].ResolvedAt.IsZero() {
		return false, err
	}
	m, handled := known[0].handled()
	return handled && tx.Now.Sub(m.At) >= forgottenAfter, nil
}

// ringWorse rings for what fired and could wait, and by now cannot.
func (d *Desk) ringWorse(tx *store.Tx, s *standing) error {
	if held, _, err := d.holdBack(tx, s.Incident); held || err != nil || s.RangAt.Equal(tx.Now) {
		return err
	}
	if isUnchecked(s.Incident) {
		return d.ringFor(tx, s, firesUnreachable)
	}
	return d.ringFor(tx, s, firesWorse)
}

// sayJoined says what a check found that joins those who speak of a tie, when what the
// others found was said already.
func (d *Desk) sayJoined(tx *store.Tx, s standing, ref string) error {
	e, known, err := tx.LastEvidence(s.ID)
	if state := s.state(tx.Now); err != nil || !known || !IsTie(s.Incident) || e.Firing != s.Flaps || e.SettledAt.IsZero() || state == store.Silenced {
		return err
	}
	o, said, err := ownOutcome(tx, ref)
	if err != nil || !said {
		return err
	}
	card, shown, err := tx.CardOf(IncidentCard, s.ID)
	if err != nil || !shown {
		return err
	}
	var m text.Message
	checks.WriteEvidence(&m, d.Language, o, func(name string) bool { return IsOf(s.Thing, name) }, tx.Now.In(d.Location))
	key := fmt.Sprintf("joined-%d-%d-%s", s.ID, s.Flaps, ref)
	return d.Notices.AddUnder(tx, key, card, cards.Message{Plain: m.Plain(), HTML: m.HTML(), Thread: cards.TheCard})
}

// ownOutcomes returns what the checks said that speak of an incident, as they said it
// last: nobody has to make them again.
func (d *Desk) ownOutcomes(tx *store.Tx, i store.Incident) (all []checks.Outcome, err error) {
	told, err := tx.Tellings(i.ID, 20)
	if err != nil {
		return nil, err
	}
	for _, t := range told {
		if t.What != store.Down || saidBy(all, t.Ref) {
			continue
		}
		o, said, err := ownOutcome(tx, t.Ref)
		if err != nil {
			return nil, err
		}
		if said {
			all = append(all, o)
		}
	}
	return all, nil
}

// ownOutcome returns what a check said last, unless that was nothing.
func ownOutcome(tx *store.Tx, ref string) (o checks.Outcome, said bool, err error) {
	look, known, err := tx.Look(strings.ToLower(ref)) // as package watch keeps it
	if err != nil || !known {
		return o, false, err
	}
	broken := json.Unmarshal(look.Outcome, &o) // another version of the bot wrote it otherwise
	return o, broken == nil && o.Status != checks.Unknown, nil
}

// lastLook is when a check of the bot's own last found that an incident goes on; zero for
// one of which none speaks.
func (d *Desk) lastLook(tx *store.Tx, s standing) (last time.Time, err error) {
	names, err := namesIn(tx, s.Incident)
	for _, name := range names {
		if err != nil || !strings.HasPrefix(name.Source, ownPrefix) {
			continue
		}
		var at time.Time
		at, err = tx.LastLook(name.Source, name.Thing)
		last = later(last, at)
	}
	return last, err
}

// heardByCheck returns the newest of what checks of the bot's own said of an incident,
// newest first.
func (d *Desk) heardByCheck(tx *store.Tx, i store.Incident, limit int) (heard []Heard, err error) {
	told, err := tx.Tellings(i.ID, limit)
	for _, t := range told {
		heard = append(heard, Heard{
			At: t.At, Received: t.Told, Source: d.source(t.Source), State: stateOf(t.What), Check: t.Ref,
			Subject: text.OneLine(t.Fault, 100), Verified: true, Text: forPhone(t.Said), Gone: t.Said == "",
		})
	}
	return heard, err
}

// ownSource names a kind of check of the bot's own.
func (d *Desk) ownSource(kind string) string {
	if kind == Unchecked {
		return d.Language.Say("incident.own")
	}
	return d.known("checks.kind."+kind, kind)
}

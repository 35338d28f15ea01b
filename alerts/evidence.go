package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// What breaks is answered before anybody asks: the checks of its host are made, and what
// they say goes into the thread of its card, with what was done the last time. That it is
// wanted is stored in the transaction in which the incident fires; the checks are made
// later and in the background, so that no card waits for them.

const (
	// mostEvidence is how often within evidencePause that is done: when many things
	// break at once, the first few say what the others would.
	mostEvidence  = 4
	evidencePause = 10 * time.Minute
	// sharedFor is how old what the same checks said may be to be said of another
	// incident, too.
	sharedFor = 30 * time.Second
)

// Checks makes the checks called refs, each in its own time, and returns an outcome for
// each. [checks.Suite] is one.
type Checks interface {
	Run(ctx context.Context, refs []string, l *text.Language) []checks.Outcome
}

// checksFor returns the checks that say something about an incident: those of the hosts
// that it is about. What runs out on a day says nothing about now.
func (s Settings) checksFor(i store.Incident) (refs []string) {
	if i.Source == string(KumaExpiry) || isUnchecked(i) { // or it would say once more that it cannot be reached
		return nil
	}
	for _, host := range s.HostsOf(i) {
		refs = append(refs, s.Checks[host]...)
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

// wantEvidence notes that an incident fires, for the first time or again, and that
// people will ask why. Nothing is wanted of one that is silent; of one that flaps, no
// more often than phones may ring.
func (d *Desk) wantEvidence(tx *store.Tx, s standing) error {
	if state := s.state(tx.Now); state == store.Resolved || state == store.Silenced {
		return nil
	}
	if worth, err := d.hasEvidence(tx, s); err != nil || !worth {
		return err
	}
	last, known, err := tx.LastEvidence(s.ID)
	if err != nil || known && s.Flaps > 1 && tx.Now.Before(last.WantedAt.Add(d.Settings.Reopen)) {
		return err
	}
	recent, err := tx.EvidenceSince(tx.Now.Add(-evidencePause))
	if err != nil || recent >= mostEvidence {
		return err
	}
	fresh, err := tx.WantEvidence(s.ID, s.Flaps)
	if fresh {
		d.lookUp()
	}
	return err
}

// hasEvidence tells whether there is a check to make, or a past to tell of.
func (d *Desk) hasEvidence(tx *store.Tx, s standing) (bool, error) {
	if d.Checks != nil && len(d.Settings.checksFor(s.Incident)) > 0 {
		return true, nil
	}
	if own, err := d.ownOutcomes(tx, s.Incident); err != nil || len(own) > 0 {
		return len(own) > 0, err
	}
	if s.Flaps > 0 {
		return false, nil
	}
	_, known, err := tx.IncidentBefore(s.Incident)
	return known, err
}

// lookUp has Answer look. What wanted it is committed by then: see wanted.
func (d *Desk) lookUp() {
	select {
	case d.looks <- struct{}{}:
	default:
	}
}

// look is what some checks said together, and when they were made.
type look struct {
	refs     []string
	outcomes []checks.Outcome
	at       time.Time
}

func keyOf(refs []string) string { return strings.Join(refs, "\n") }

// answering is the state of Answer: what is being looked at, and what was seen.
type answering struct {
	*Desk
	all   sync.WaitGroup
	busy  map[string]bool
	last  map[string]look
	ended chan look
}

// Answer makes the checks that are wanted and says what they found, until ctx ends; then
// it returns its error. The same checks are made once for all incidents that want them
// at the time.
func (d *Desk) Answer(ctx context.Context) error {
	a := answering{Desk: d, busy: map[string]bool{}, last: map[string]look{}, ended: make(chan look)}
	defer a.all.Wait()
	for {
		if err := a.answerAll(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "what broke cannot be looked at", "err", err)
		}
		timer := time.NewTimer(30 * time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case seen := <-a.ended:
			delete(a.busy, keyOf(seen.refs))
			a.last[keyOf(seen.refs)] = seen
		case <-d.looks:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// answerAll answers what can be by now, and begins to look at the rest.
func (a *answering) answerAll(ctx context.Context) error {
	wanted, err := a.wanted(ctx)
	if err != nil {
		return err
	}
	for _, w := range wanted {
		seen, known := a.last[keyOf(w.refs)]
		switch {
		case len(w.refs) == 0, known && time.Since(seen.at).Abs() <= sharedFor:
			if err := a.answer(ctx, w, seen.outcomes); err != nil {
				return err
			}
		case !a.busy[keyOf(w.refs)]:
			a.begin(ctx, w.refs)
		}
	}
	return nil
}

// begin makes some checks in the background.
func (a *answering) begin(ctx context.Context, refs []string) {
	a.busy[keyOf(refs)] = true
	a.all.Go(func() {
		seen := look{refs: refs, outcomes: a.Checks.Run(ctx, refs, a.Language), at: time.Now()}
		select {
		case a.ended <- seen:
		case <-ctx.Done():
		}
	})
}

// want is evidence that is wanted, and the checks that give it.
type want struct {
	store.Evidence
	refs []string         // to be made
	own  []checks.Outcome // that said so, and need not be made again
}

// wanted returns what is to be looked up. It does so in a transaction that changes
// things, of which there is one at a time: whatever made the incidents fire that lookUp
// told of is committed when it begins.
func (d *Desk) wanted(ctx context.Context) (all []want, err error) {
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.WantedEvidence(100)
		if err != nil {
			return err
		}
		for _, row := range rows {
			i, known, err := tx.Incident(row.IncidentID)
			if err != nil || !known {
				return err
			}
			w := want{Evidence: row}
			if w.own, err = d.ownOutcomes(tx, i); err != nil {
				return err
			}
			if d.Checks != nil {
				w.refs = slices.DeleteFunc(d.Settings.checksFor(i), func(ref string) bool { return saidBy(w.own, ref) })
			}
			all = append(all, w)
		}
		return nil
	})
	return all, err
}

func saidBy(all []checks.Outcome, ref string) bool {
	return slices.ContainsFunc(all, func(o checks.Outcome) bool { return strings.EqualFold(o.Ref, ref) })
}

// answer says what was found, in the thread of the incident's card. What cannot be said
// holds up nothing else.
func (d *Desk) answer(ctx context.Context, w want, outcomes []checks.Outcome) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.SettleEvidence(w.Evidence); err != nil {
			return err
		}
		return d.sayEvidence(tx, w, outcomes)
	})
	if err != nil && ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "what was found out about an incident cannot be said", "incident", w.IncidentID, "err", err)
		err = d.Store.Update(ctx, func(tx *store.Tx) error { return tx.SettleEvidence(w.Evidence) })
	}
	d.Changed()
	return err
}

// sayEvidence puts what was found under the card of an incident, unless that is over: what
// some checks said by now, and the outcomes of others that were made for it.
func (d *Desk) sayEvidence(tx *store.Tx, w want, outcomes []checks.Outcome) error {
	i, known, err := tx.Incident(w.IncidentID)
	if err != nil || !known {
		return err
	}
	s, err := d.stands(tx, i)
	if err != nil || s.state(tx.Now) == store.Resolved || s.Storm != 0 {
		return err // of what is part of a storm, the storm says it
	}
	card, shown, err := tx.CardOf(IncidentCard, i.ID)
	if err != nil || !shown {
		return err
	}
	if w.own, err = d.ownOutcomes(tx, i); err != nil {
		return err
	}
	outcomes = slices.DeleteFunc(slices.Clone(outcomes), func(o checks.Outcome) bool { return saidBy(w.own, o.Ref) })
	m, err := d.writeEvidence(tx, s, w, slices.Concat(w.own, outcomes))
	if err != nil || m.Plain() == "" {
		return err
	}
	key := fmt.Sprintf("evidence-%d-%d", w.IncidentID, w.Firing)
	return d.Notices.AddUnder(tx, key, card, cards.Message{Plain: m.Plain(), HTML: m.HTML(), Thread: cards.TheCard})
}

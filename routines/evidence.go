package routines

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ronde/checks"
	"ronde/store"
)

// Evidence is what the checks of each routine said, by the routine's key.
type Evidence map[string][]checks.Outcome

// look makes the checks of some routines, all of them at once, each only once. It
// takes as long as the slowest check, so it runs outside of any transaction.
func (d *Desk) look(ctx context.Context, routines []Routine) Evidence {
	var refs []string
	for _, r := range routines {
		refs = append(refs, r.Checks...)
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	said := map[string]checks.Outcome{}
	for _, o := range d.Checks.Run(ctx, refs, d.Language) {
		said[o.Ref] = o
	}
	evidence := Evidence{}
	for _, r := range routines {
		for _, ref := range r.Checks {
			evidence[r.Key] = append(evidence[r.Key], said[ref])
		}
	}
	return evidence
}

func encodeEvidence(outcomes []checks.Outcome) (string, error) {
	if len(outcomes) == 0 {
		return "", nil
	}
	b, err := json.Marshal(outcomes)
	if err != nil {
		return "", fmt.Errorf("keep what the checks said: %w", err)
	}
	return string(b), nil
}

// evidenceOf returns what the checks of an occurrence said when it fell due. What cannot
// be read, as from another version, is left out: it must hold up nothing else.
func evidenceOf(o store.Occurrence) (outcomes []checks.Outcome) {
	if o.Evidence == "" || json.Unmarshal([]byte(o.Evidence), &outcomes) != nil {
		return nil
	}
	return outcomes
}

// How often the check is made on which a routine's dates depend: as long as it
// answers, and while it does not.
const (
	readingAge   = time.Hour
	readingRetry = 10 * time.Minute
)

// read makes the checks on which routines depend, where the last reading is old. What
// a check cannot tell changes nothing: what was read before still holds.
func (d *Desk) read(ctx context.Context, s *store.Store) error {
	refs, err := d.unread(ctx, s)
	if err != nil || len(refs) == 0 {
		return err
	}
	outcomes := d.Checks.Run(ctx, refs, d.Language)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = s.Update(ctx, func(tx *store.Tx) error {
		for _, o := range outcomes {
			if o.Holds == nil && o.Until == nil {
				continue
			}
			reading := store.Reading{Ref: o.Ref, At: tx.Now, Holds: o.Holds != nil && *o.Holds}
			if o.Until != nil {
				reading.Until = *o.Until
			}
			if err := tx.SetReading(reading); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what the checks read: %w", err)
	}
	return nil
}

// unread returns the checks that are to be made again.
func (d *Desk) unread(ctx context.Context, s *store.Store) (refs []string, err error) {
	if d.Checks == nil {
		return nil, nil
	}
	err = s.View(ctx, func(tx *store.Tx) error {
		for _, r := range d.Routines {
			for _, ref := range r.depends() {
				reading, err := tx.Reading(ref)
				if err != nil {
					return err
				}
				reading.Ref = ref
				if d.old(reading, tx.Now) && !slices.Contains(refs, ref) {
					refs = append(refs, ref)
				}
			}
		}
		return nil
	})
	for _, ref := range refs {
		d.tried[ref] = time.Now()
	}
	return refs, err
}

// old reports whether a reading has to be taken again, and was not tried just now.
func (d *Desk) old(r store.Reading, now time.Time) bool {
	if d.tried == nil {
		d.tried = map[string]time.Time{}
	}
	const future = time.Minute // the clock was set back
	stale := now.Sub(r.At) >= readingAge || r.At.Sub(now) > future
	return stale && (now.Sub(d.tried[r.Ref]) >= readingRetry || d.tried[r.Ref].Sub(now) > future)
}

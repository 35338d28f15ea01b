package routines

import (
	"cmp"
	"slices"
	"time"

	"ronde/store"
)

// Record is one line of a routine's history: that it was done, skipped or missed.
type Record struct {
	Routine string     `json:"routine"`       // its key
	Due     *time.Time `json:"due,omitempty"` // in the local zone; nil when it was not asked for
	// What is done, skipped or missed.
	What    string     `json:"what"`
	At      *time.Time `json:"at,omitempty"`  // in the local zone; nil for missed
	Who     string     `json:"who,omitempty"` // Matrix user id; "" for checks and for missed
	Helpers []string   `json:"helpers,omitempty"`
	How     string     `json:"how,omitempty"` // reaction, command or check
	Note    string     `json:"note,omitempty"`
	Undone  bool       `json:"undone,omitempty"` // it was taken back and does not count
}

// Records returns the history of a routine, or of all for "", from a time on, oldest
// first. What was taken back is in it, flagged.
func Records(tx *store.Tx, key string, since time.Time, loc *time.Location) ([]Record, error) {
	completions, err := tx.AllCompletions(key)
	if err != nil {
		return nil, err
	}
	occurrences, err := tx.OccurrencesSince(time.Time{})
	if err != nil {
		return nil, err
	}
	due, records := map[int64]time.Time{}, []Record{}
	for _, o := range occurrences {
		due[o.ID] = o.Due
		if key == "" || o.Routine == key {
			left, err := leftOut(tx, o, loc)
			if err != nil {
				return nil, err
			}
			records = append(records, left...)
		}
	}
	for _, c := range completions {
		records = append(records, recordOf(c, due[c.OccurrenceID], loc))
	}
	records = slices.DeleteFunc(records, func(r Record) bool { return r.when().Before(since) })
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(a.when().Compare(b.when()), cmp.Compare(a.Routine, b.Routine))
	})
	return records, nil
}

// when is where a record stands in time.
func (r Record) when() time.Time {
	if r.At != nil {
		return *r.At
	}
	return *r.Due
}

func recordOf(c store.Completion, due time.Time, loc *time.Location) Record {
	return Record{
		Routine: c.Routine, Due: local(due, loc), What: string(store.OccurrenceDone), At: local(c.At, loc),
		Who: c.Who, Helpers: c.Helpers, How: c.How, Note: c.Note, Undone: !c.UndoneAt.IsZero(),
	}
}

// leftOut returns the record of an occurrence that was skipped or missed.
func leftOut(tx *store.Tx, o store.Occurrence, loc *time.Location) ([]Record, error) {
	r := Record{Routine: o.Routine, Due: local(o.Due, loc), What: string(o.State)}
	switch o.State {
	case store.OccurrenceMissed:
		return []Record{r}, nil
	case store.OccurrenceSkipped:
		s, err := stands(tx, o)
		if err != nil {
			return nil, err
		}
		if m, ok := s.skip(); ok {
			r.At, r.Who, r.Note = local(m.At, loc), m.Who, m.Note
		}
		return []Record{r}, nil
	}
	return nil, nil
}

// local returns a time in a zone, nil for the zero time.
func local(t time.Time, loc *time.Location) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(loc)
	return &t
}

package store

import (
	"strings"
	"testing"
)

// The tables only grow, and these queries run at each event or card.
func TestWhatIsAskedAllDayUsesItsIndex(t *testing.T) {
	s := temp(t)
	for query, index := range map[string]string{
		roomEventsInState:  "room_events_to_do",
		acknowledgementsOf: "acknowledgements_of_incident",
		lastCompletion:     "completions_of_routine",
		selectHistory:      "skips_of_routine",
		openOccurrenceOf:   "one_open_occurrence",
	} {
		var plan []string
		err := s.View(t.Context(), func(tx *Tx) (err error) {
			plan, err = many(tx, scanStep, "EXPLAIN QUERY PLAN "+query, []any{1, 1}[:strings.Count(query, "?")]...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		steps := strings.Join(plan, "\n")
		sortsAll := strings.Contains(query, "LIMIT 1") && strings.Contains(steps, "TEMP B-TREE")
		if !strings.Contains(steps, index) || sortsAll {
			t.Errorf("%s is not used by\n%s\nbut:\n%s", index, query, steps)
		}
	}
}

// scanStep reads one step of a query's plan.
func scanStep(row scanner) (step string, err error) {
	var id, parent, unused int
	err = row.Scan(&id, &parent, &unused, &step)
	return step, err
}

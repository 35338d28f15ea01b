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
	} {
		var plan []string
		err := s.View(t.Context(), func(tx *Tx) (err error) {
			plan, err = many(tx, scanStep, "EXPLAIN QUERY PLAN "+query, 1, 1)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), index) {
			t.Errorf("%s is not used by\n%s\nbut:\n%s", index, query, strings.Join(plan, "\n"))
		}
	}
}

// scanStep reads one step of a query's plan.
func scanStep(row scanner) (step string, err error) {
	var id, parent, unused int
	err = row.Scan(&id, &parent, &unused, &step)
	return step, err
}

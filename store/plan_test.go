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
		rows, err := s.db.RawDB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), index) {
			t.Errorf("%s is not used by\n%s\nbut:\n%s", index, query, strings.Join(plan, "\n"))
		}
	}
}

package config

import (
	"time"

	"ronde/alerts"
)

// incidents reads [incidents]: how long the same incident is the same.
func (r *reader) incidents(root *section, lease time.Duration) alerts.Settings {
	s := root.only("incidents", false)
	return alerts.Settings{
		Reopen: s.duration("reopen", "15m", "1m", "1d"),
		Age:    s.age(),
		Lease:  lease,
		Hosts:  r.things,
	}
}

// age reads after how long the room is asked about an incident; the word "none" never
// asks.
func (s *section) age() time.Duration {
	if s.has("age") && s.table.values["age"].text == "none" {
		s.asked = append(s.asked, "age")
		return 0
	}
	return s.duration("age", "2d", "1h", "30d")
}

package config

import (
	"time"

	"ronde/alerts"
)

// incidents reads [incidents]: for how long an incident is the same, and is not asked
// about, and texts are kept.
func (r *reader) incidents(root *section, lease time.Duration) alerts.Settings {
	s := root.only("incidents", false)
	critical := s.texts("critical", `["Courriel", "antigone"]`)
	settings := alerts.Settings{
		Reopen: s.durationOrNone("reopen", "15m", "1m", "1d"),
		Age:    s.durationOrNone("age", "2d", "1h", "30d"),
		Keep:   s.durationOrNone("keep", "90d", "7d", "3650d"),
		Lease:  lease,
		Storm:  s.number("storm", 3, 0, 100),
		Hosts:  r.things,
		Same:   r.ties(root),
	}
	if settings.Storm == 1 {
		s.wrong("storm", "one thing is no storm; write from 2 to 100, or 0 for never")
	}
	for _, name := range critical {
		settings.Critical = append(settings.Critical, name.text)
	}
	return settings
}

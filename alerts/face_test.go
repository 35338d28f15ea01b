package alerts

import (
	"testing"

	"ronde/store"
)

// TestOneFace: the mark and the word of what is open depend on who is on it and how bad it
// is, wherever it is shown.
func TestOneFace(t *testing.T) {
	own := func(kind string, critical bool) standing {
		return standing{Incident: store.Incident{Source: ownPrefix + kind, Critical: critical}}
	}
	storm := func(warns bool) standing {
		return standing{Incident: store.Incident{Source: stormSource}, tally: &store.StormTally{}, warns: warns}
	}
	in := func(state store.IncidentState, s standing) standing { s.State = state; return s }
	for _, tt := range []struct {
		name       string
		s          standing
		mark, word string
		mild       bool
	}{
		{"down", standing{Incident: store.Incident{Source: "kuma"}}, "🔴", "incident.firing", false},
		{"runs out", standing{Incident: store.Incident{Source: string(KumaExpiry)}}, "🟡", "incident.expiring", true},
		{"a warning of a check", own("disk", false), "🟡", "incident.warning", true},
		{"a warning that somebody is on", in(store.Acknowledged, own("disk", false)), "🟠", "incident.acknowledged", true},
		{"critical by a check", own("disk", true), "🔴", "incident.critical", false},
		{"not checked", own(Unchecked, false), "❔", "incident.unchecked", true},
		{"unreachable", own(Unchecked, true), "🔴", "incident.unreachable", false},
		{"a storm", storm(false), "🔴", "incident.firing", false},
		{"a storm of warnings", storm(true), "🟡", "incident.warning", true},
		{"a storm of warnings, silent", in(store.Silenced, storm(true)), "🔕", "incident.silenced", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if mark, word := tt.s.face(); mark != tt.mark || word != tt.word || tt.s.mild() != tt.mild {
				t.Errorf("%s %s, mild: %v; want %s %s, %v", mark, word, tt.s.mild(), tt.mark, tt.word, tt.mild)
			}
		})
	}
}

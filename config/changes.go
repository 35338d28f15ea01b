package config

import (
	"maps"
	"reflect"
	"slices"

	"ronde/alerts"
	"ronde/commands"
	"ronde/routines"
)

// NeedsRestart lists the settings that differ from those of the running bot and
// that it cannot change while it runs: whose account and which keys it has hangs
// on them.
func (c Config) NeedsRestart(running Config) (settings []string) {
	for _, s := range []struct {
		name      string
		was, asks string
	}{
		{"database", running.Database, c.Database},
		{"matrix.homeserver", running.Bot.Homeserver, c.Bot.Homeserver},
		{"matrix.user", running.Bot.User, c.Bot.User},
	} {
		if s.was != s.asks {
			settings = append(settings, s.name)
		}
	}
	return settings
}

// Changes says what is different from the configuration of the running bot. The
// credentials do not count: only the log-in reads them.
func (c Config) Changes(running Config) commands.Reading {
	r := commands.Reading{Routines: len(c.Routines), Settings: c.settings(running)}
	was := byKey(running.Routines)
	for _, now := range c.Routines {
		before, known := was[now.Key]
		switch {
		case !known:
			r.Added = append(r.Added, now)
		case !same(before, now):
			r.Changed = append(r.Changed, now)
		}
	}
	is := byKey(c.Routines)
	for _, before := range running.Routines {
		if _, still := is[before.Key]; !still {
			r.Removed = append(r.Removed, before)
		}
	}
	if len(r.Added)+len(r.Changed)+len(r.Removed) == 0 && !slices.EqualFunc(c.Routines, running.Routines, same) {
		r.Settings = append(r.Settings, "[[routine]]") // their order
	}
	return r
}

// same compares two routines. What a recurrence rule has worked out so far is no
// difference.
func same(a, b routines.Routine) bool {
	if !a.Equal(b.Cadence) {
		return false
	}
	a.Cadence, b.Cadence = routines.Cadence{}, routines.Cadence{}
	return reflect.DeepEqual(a, b)
}

func byKey(all []routines.Routine) map[string]routines.Routine {
	keyed := make(map[string]routines.Routine, len(all))
	for _, r := range all {
		keyed[r.Key] = r
	}
	return keyed
}

// settings names what is different apart from the routines: a setting that stands
// alone by itself, others by their table.
func (c Config) settings(running Config) (changed []string) {
	for _, s := range []struct {
		name string
		same bool
	}{
		{"language", c.Language == running.Language},
		{"timezone", c.Location.String() == running.Location.String()},
		{"log_level", c.LogLevel == running.LogLevel},
		{"[matrix]", reflect.DeepEqual(c.matrixOnly(), running.matrixOnly())},
		{"[rooms]", c.Bot.Technique == running.Bot.Technique && c.Bot.Supervision == running.Bot.Supervision && c.KumaUser == running.KumaUser},
		{"[rights]", reflect.DeepEqual(c.Rights, running.Rights)},
		{"[mailbox]", reflect.DeepEqual(c.Mailbox, running.Mailbox) && reflect.DeepEqual(c.Trust, running.Trust)},
		{"[[mail]]", slices.EqualFunc(c.MailRules, running.MailRules, alerts.Rule.Equal)},
		{"[prompts]", reflect.DeepEqual(c.Prompting.Rounds, running.Prompting.Rounds) && c.Prompting.RoundAt.Equal(running.Prompting.RoundAt)},
		{"[people]", c.Prompting.Quiet == running.Prompting.Quiet && c.Prompting.Lease == running.Prompting.Lease},
		{"[incidents]", sameIncidents(c.Incidents, running.Incidents)},
		{"[oncall]", reflect.DeepEqual(c.Prompting.Watch, running.Prompting.Watch)},
		{"[[escalation]]", reflect.DeepEqual(c.Incidents.Steps, running.Incidents.Steps)},
		{"[[same]]", reflect.DeepEqual(c.Incidents.Same, running.Incidents.Same)},
		{"[digest]", c.Prompting.Digest == running.Prompting.Digest},
		{"[[heartbeat]]", reflect.DeepEqual(c.Heartbeats, running.Heartbeats)},
		{"[pager]", reflect.DeepEqual(c.Pager, running.Pager)},
		{"[[oauth]]", reflect.DeepEqual(c.OAuth, running.OAuth)},
		{"[[host]]", reflect.DeepEqual(c.Hosts, running.Hosts) && reflect.DeepEqual(c.Incidents.Hosts, running.Incidents.Hosts) &&
			reflect.DeepEqual(c.Incidents.Checks, running.Incidents.Checks)},
		{"[[check]]", reflect.DeepEqual(c.Checks, running.Checks)},
		{"[board]", c.Board.Listen == running.Board.Listen},
		{"[[webhook]]", reflect.DeepEqual(c.Board.Hooks, running.Board.Hooks)},
	} {
		if !s.same {
			changed = append(changed, s.name)
		}
	}
	return append(changed, c.renewed(running)...)
}

// matrixOnly is what [matrix] holds, without the rooms.
func (c Config) matrixOnly() Config {
	m := Config{Bot: c.Bot, Outbox: c.Outbox}
	m.Bot.Technique, m.Bot.Supervision = "", ""
	return m
}

// renewed lists the settings whose files are the same by name and hold something
// else.
func (c Config) renewed(running Config) (settings []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		before, known := running.Files[name]
		if known && before != c.Files[name] {
			settings = append(settings, name)
		}
	}
	return settings
}

// sameIncidents compares what [incidents] says, not what else incidents depend on.
func sameIncidents(a, b alerts.Settings) bool {
	a.Lease, a.Hosts, a.Checks, a.Steps, a.Same = b.Lease, b.Hosts, b.Checks, b.Steps, b.Same
	return reflect.DeepEqual(a, b)
}

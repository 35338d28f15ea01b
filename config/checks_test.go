package config

import (
	"slices"
	"testing"
	"time"

	"ronde/checks"
)

// TestHowAChecksWorks: what stands in a [[check]] beside the settings of its kind.
func TestHowAChecksWorks(t *testing.T) {
	usual := checks.Work{For: 10 * time.Minute, Calm: 5 * time.Minute, Opens: checks.Warning}
	for _, tt := range []struct {
		name, lines string
		want        checks.Work
	}{
		{"only when asked", "", usual},
		{"as the word says", "every = \"none\"", usual},
		{"every five minutes", "every = \"5m\"", checks.Work{Every: 5 * time.Minute, For: usual.For, Calm: usual.Calm, Opens: usual.Opens}},
		{"all of it", "every = \"1h\"\nfor = \"0s\"\ncalm_for = \"1h\"\nopens = \"critical\"", checks.Work{Every: time.Hour, Calm: time.Hour, Opens: checks.Critical}},
		{"never an incident", "opens = \"never\"", checks.Work{For: usual.For, Calm: usual.Calm, Opens: checks.OK}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, mistakes := parse("[[host]]\nname = \"antigone\"\nlocal = true\n[[check]]\nkind = \"disk\"\nhost = \"antigone\"\n" + tt.lines)
			if len(mistakes) > 0 || len(c.Checks) != 1 || c.Checks[0].Work != tt.want {
				t.Errorf("got %+v, %v, want %+v", c.Checks, mistakes, tt.want)
			}
		})
	}
}

// TestAKindHasNoSettingThatAllHave: it would be read twice.
func TestAKindHasNoSettingThatAllHave(t *testing.T) {
	for _, k := range checks.Kinds() {
		for _, s := range checks.SettingsOf(k.Settings) {
			if slices.Contains([]string{"kind", "name", "host", "every", "for", "calm_for", "opens"}, s.Name) {
				t.Errorf("%s has a setting %s of its own", k.Name, s.Name)
			}
		}
	}
}

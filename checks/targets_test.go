package checks

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
)

func TestAKindIsMadeOfItsOwnChecksAndOfHostsThatHaveWhatItNeeds(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone", Local: true}, {Name: "sarus", Local: true}, {Name: "balearica", Docker: "unix:///nowhere"}})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSuite(Sources{Hosts: set, Checks: []Config{
		{Kind: "backups", Name: "archives", Host: "sarus"}, {Kind: "disk", Name: "sarus", Host: "sarus"}, {Kind: "plugin", Name: "charge", Host: "sarus"},
	}}, slog.New(slog.DiscardHandler))
	for kind, want := range map[string][]Target{
		"backups":  {{"archives", "sarus"}, {"antigone", "antigone"}, {"sarus", "sarus"}},
		"disk":     {{"sarus", "sarus"}, {"antigone", "antigone"}},
		"plugin":   {{"charge", "sarus"}},
		"packages": {{"antigone", "antigone"}, {"sarus", "sarus"}},
		"oauth":    nil,
	} {
		got, err := s.Targets(kind)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", kind, err, diff)
		}
	}
	if _, err := s.Targets("dance"); err == nil {
		t.Error("an unknown kind has targets")
	}
}

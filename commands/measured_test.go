package commands

import (
	"context"
	"strings"
	"testing"
	"time"

	"ronde/checks"
	"ronde/text"
)

// servers are what the checks of each name say; what is not there does not let it be asked.
type servers map[string]checks.Status

func (s servers) Targets(string) ([]checks.Target, error) {
	return []checks.Target{{Name: "archives", Host: "antigone"}, {Name: "antigone", Host: "antigone"}, {Name: "sarus", Host: "sarus"}}, nil
}

func (s servers) Recent(_ context.Context, refs []string, _ time.Duration, _ *text.Language) (all []checks.Outcome) {
	for _, ref := range refs {
		name := strings.TrimPrefix(ref, "backups ")
		status, asked := s[name]
		o := checks.Outcome{Ref: ref, Count: 1, Result: checks.Result{Check: "backups", Host: name, Status: status, At: time.Now(), Findings: []checks.Finding{}}}
		if status != checks.OK {
			o.Findings = []checks.Finding{{Status: status, Thing: "nuage", Fault: checks.FaultBackupNone}}
		}
		if !asked {
			o.Findings = []checks.Finding{{Status: status, Thing: name, Fault: checks.FaultNotOffered}}
		}
		all = append(all, o)
	}
	return all
}

func TestBackupsOfEveryServerOrOfOne(t *testing.T) {
	all := servers{"archives": checks.OK, "antigone": checks.Critical}
	for _, tt := range []struct {
		said   string
		checks Maker
		want   []string // who is told of, in this order
	}{
		{"!backups", all, []string{"antigone: nuage: there is no backup", "archives: backup of"}}, // sarus makes none
		{"!sauvegardes ANTIGONE", all, []string{"antigone: ", "archives: "}},                      // both are of that host
		{"!backups archives", all, []string{"archives: backup of"}},
		{"!backups sarus", all, []string{"sarus: its probe.toml does not let me ask"}},
		{"!backups creon", all, []string{"I don’t know a host called “creon”. I know: archives, antigone, sarus."}},
		{"!backups", servers{}, []string{"archives: its probe.toml", "antigone: its", "sarus: its"}},
		{"!backups", noHosts{}, []string{"None of my hosts can be asked for that"}},
		{"!updates antigone", noHosts{}, []string{"None of my hosts can be asked for that"}},
	} {
		w := newTown(t)
		w.Checks = tt.checks
		w.says("@ana:x", tt.said)
		said := w.handle()
		rest := said
		for _, want := range tt.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("%s: got\n%s\nwant %q in it, after what comes before", tt.said, said, want)
			}
			rest = after
		}
		if strings.Count(said, "sarus") > strings.Count(strings.Join(tt.want, " "), "sarus") {
			t.Errorf("%s tells of a server that makes no backups:\n%s", tt.said, said)
		}
	}
}

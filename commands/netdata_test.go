package commands

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"ronde/checks"
	"ronde/text"
)

// alarms are what Netdata raises on each host; a host that is not there does not let it be
// asked.
type alarms map[string][]checks.Finding

func (a alarms) Recent(_ context.Context, refs []string, _ time.Duration, _ *text.Language) (all []checks.Outcome) {
	for _, ref := range refs {
		host := strings.TrimPrefix(ref, "netdata ")
		findings, has := a[host]
		o := checks.Outcome{Ref: ref, Result: checks.Result{Check: "netdata", Host: host, Status: checks.OK, At: time.Now(), Findings: findings}}
		if !has {
			o.Status, o.Findings = checks.Unknown, []checks.Finding{{Status: checks.Unknown, Thing: host, Fault: checks.FaultNotOffered}}
		}
		if len(o.Findings) > 0 {
			o.Status = o.Findings[0].Status
		}
		all = append(all, o)
	}
	return all
}

func (alarms) Targets(string) ([]checks.Target, error) {
	return []checks.Target{{Name: "antigone", Host: "antigone"}, {Name: "balearica", Host: "balearica"}, {Name: "sarus", Host: "sarus"}}, nil
}

// measured is how old an answer is.
var measured = regexp.MustCompile(` · measured (just now|[^\n]* ago)`)

func TestNetdataSaysWhatIsRaisedWhere(t *testing.T) {
	disk := checks.Finding{Status: checks.Critical, Thing: "disk_space._", Fault: checks.FaultAlarm, Note: "disk_space_usage = 98.4 %"}
	load := checks.Finding{Status: checks.Warning, Thing: "system.load", Fault: checks.FaultAlarm, Note: "load_average_15 = 17.8 load"}
	many := []checks.Finding{disk}
	for range 11 {
		many = append(many, load)
	}
	two := alarms{"antigone": {disk, load}, "balearica": nil}
	for _, tt := range []struct {
		name, said string
		raised     alarms
		want       string
	}{
		{
			"all hosts, the worst first, without those that do not have it", "!netdata", two,
			"🔴 antigone: disk_space_usage = 98.4 % (disk_space._) (+ 1 more)\n⚠️ load_average_15 = 17.8 load (system.load)\n✅ balearica: Netdata raises no alarm",
		},
		{"one host", "!netdata Balearica", two, "✅ balearica: Netdata raises no alarm"},
		{"one that does not have it", "!netdata sarus", two, "❔ sarus: its probe.toml does not let me ask (Netdata)"},
		{"one that there is not", "!netdata creon", two, "I don’t know a host called “creon”. I know: antigone, balearica, sarus.\nUsage: !netdata [HOST]"},
		{
			"no more than a phone has room for", "!netdata antigone", alarms{"antigone": many},
			"🔴 antigone: disk_space_usage = 98.4 % (disk_space._) (+ 11 more)" + strings.Repeat("\n⚠️ load_average_15 = 17.8 load (system.load)", 7),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTown(t)
			w.Checks = tt.raised
			w.says("@ana:x", tt.said)
			if said := measured.ReplaceAllString(w.handle(), ""); said != tt.want {
				t.Errorf("got\n%s\nwant\n%s", said, tt.want)
			}
		})
	}
}

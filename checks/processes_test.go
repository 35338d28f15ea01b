package checks

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/probe"
)

func spinning(name, container string, cpu, least float64) probe.Process {
	return probe.Process{PID: 4242, Name: name, User: "www-data", Container: container, CPU: cpu, Least: least}
}

func TestWhatIsBusyAllTheTimeIsFound(t *testing.T) {
	busy := func(thing string, value float64) Finding {
		return Finding{Status: Warning, Thing: thing, Fault: FaultBusy, Value: value, Limit: 95, Unit: Percent, Note: "PID 4242, www-data"}
	}
	tests := []struct {
		name      string
		processes []probe.Process
		want      []Finding
	}{
		{"nothing is", []probe.Process{spinning("php", "", 94, 94)}, nil},
		{"a peak", []probe.Process{spinning("php", "", 300, 94.9)}, nil},
		{"one in a container", []probe.Process{spinning("node", "nextcloud", 310, 290)}, []Finding{busy("nextcloud/node", 310)}},
		{"one without", []probe.Process{spinning("php", "", 99, 98)}, []Finding{busy("php", 99)}},
		{"several alike are one", []probe.Process{spinning("php", "", 120, 118), spinning("php", "", 99, 98), spinning("php", "a", 98, 97)},
			[]Finding{busy("php", 120), busy("a/php", 98)}},
		{"what may be", []probe.Process{spinning("ffmpeg", "peertube", 800, 700), spinning("php", "web", 99, 99)}, nil},
		{"a name that is none", []probe.Process{spinning("a\nb\x1b[31m", "", 99, 98)}, []Finding{busy("a b", 99)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := processesSettings{Share: 95, Ignore: []string{"ffmpeg", "web"}}
			r := newProcessReport("antigone", probe.ProcessList{Count: 212, Busiest: tt.processes}, s, time.Now())
			if diff := cmp.Diff(append([]Finding{}, tt.want...), r.Findings); diff != "" || r.Status != worst(tt.want) {
				t.Errorf("%s, findings (-want +got):\n%s", r.Status, diff)
			}
			if r.Metrics[0].Value != 212 {
				t.Errorf("metrics %v", r.Metrics)
			}
		})
	}
}

func TestProcessesOnAPhone(t *testing.T) {
	at := time.Date(2026, 11, 26, 3, 14, 0, 0, time.UTC)
	list := probe.ProcessList{Count: 212, Busiest: []probe.Process{
		{PID: 1, Name: "ffmpeg", User: "peertube", Container: "peertube-worker-1", CPU: 1310.4, Least: 900, Memory: 3 << 30, Started: at.Add(-26 * time.Hour)},
		{PID: 2, Name: "a-program-with-a-long-name", User: "www-data", CPU: 99.6, Least: 97, Memory: 400 << 20, Started: at.Add(-3 * time.Minute)},
		{PID: 3, Name: "postgres", User: "999", Container: "db", CPU: 3.14, Memory: 12 << 20, Started: at.Add(-400 * 24 * time.Hour)},
		{PID: 4, Name: "kworker/0:1", User: "root", CPU: 0.2, Started: at.Add(time.Second)},
	}}
	for n := range 20 {
		list.Busiest = append(list.Busiest, spinning(fmt.Sprint("idle", n), "", 0, 0))
	}
	for code, want := range map[string]string{
		"fr": `programme         qui CPU%  mém  âge
ffmpeg    peert…ker-1 1310 3,0G  26h
a-pr…name    www-data  100 400M   3m
postgres           db  3,1  12M 400j
kwor…/0:1        root  0,2    0   0s`,
		"en": `program           who CPU%  mem  age
ffmpeg    peert…ker-1 1310 3.0G  26h
a-pr…name    www-data  100 400M   3m
postgres           db  3.1  12M 400d
kwor…/0:1        root  0.2    0   0s`,
	} {
		r := newProcessReport("antigone", list, processesSettings{Share: 95}, at)
		checkDetail(t, OutcomeOf(r, speak(code)).Detail)
		r.Processes = r.Processes[:4]
		if o := OutcomeOf(r, speak(code)); o.Detail != want {
			t.Errorf("%s:\n%s\nwant:\n%s", code, o.Detail, want)
		}
	}
}

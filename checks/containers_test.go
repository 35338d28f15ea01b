package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/docker/go-units"
	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
)

var now = time.Date(2026, 11, 21, 3, 14, 8, 0, time.FixedZone("CET", 3600))

// asDocker writes a container as docker stats --no-stream does.
func asDocker(c Container) string {
	return fmt.Sprintf("%.2f%% %s / %s %.2f%% %d", c.CPU,
		units.BytesSize(float64(c.Memory)), units.BytesSize(float64(c.Limit)), c.MemoryPercent, c.PIDs)
}

func readSample(t *testing.T, name string) hosts.ContainerSample {
	t.Helper()
	answer, err := os.ReadFile(filepath.Join("testdata/stats", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := hosts.ReadSample(bytes.NewReader(answer))
	s.Err = err
	return s
}

func TestFiguresAreThoseOfDockerStats(t *testing.T) {
	tests := []struct{ name, want string }{
		{"cgroup2", "0.64% 469.3MiB / 800MiB 58.66% 45"},
		{"cgroup1", "0.64% 469.3MiB / 800MiB 58.66% 45"},
		{"cgroup1-no-online-cpus", "0.64% 469.3MiB / 800MiB 58.66% 45"},
		{"no-memory-limit-known", "200.00% 1000B / 0B 0.00% 3"},
		{"counters-went-back", "0.00% 469.3MiB / 800MiB 58.66% 45"},
		{"cache-larger-than-usage-v1", "0.00% 512KiB / 4MiB 12.50% 45"},
		{"not-running", "0.00% 0B / 0B 0.00% 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := asDocker(NewContainer(readSample(t, tt.name))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTwoReadingsOfOneShotGiveTheSameFigures(t *testing.T) {
	s := readSample(t, "cgroup2-one-shot")
	s.Before = readSample(t, "cgroup2").Before
	if got, want := asDocker(NewContainer(s)), "0.64% 469.3MiB / 800MiB 58.66% 45"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// sample is a container that used cpu percent of a core, of used MiB in limit MiB.
func sample(name string, cpu float64, used, limit, pids uint64) hosts.ContainerSample {
	return hosts.ContainerSample{
		ID: name, Name: name, State: "running", At: now,
		Now:    hosts.CPU{Used: uint64(math.Round(cpu * 1e6)), System: 8e8, Cores: 8},
		Memory: hosts.Memory{Usage: used << 20, Limit: limit << 20},
		PIDs:   hosts.PIDs{Current: pids, Limit: 1000},
	}
}

func TestWhatIsAFinding(t *testing.T) {
	tests := []struct {
		name   string
		sample hosts.ContainerSample
		calm   bool
		status Status
		want   []Finding
	}{
		{"idle", sample("x", 0.99, 79, 100, 10), true, OK, nil},
		{"busy", sample("x", 1, 50, 100, 10), false, OK, nil},
		{"a whole core is no fault", sample("x", 800, 50, 100, 10), false, OK, nil},
		{"much memory", sample("x", 0, 89, 100, 10), false, OK, nil},
		{"near its memory limit", sample("x", 0, 90, 100, 10), false, Warning, []Finding{{Status: Warning, Thing: "x", Fault: FaultMemory, Value: 90 << 20, Limit: 100 << 20, Unit: Bytes}}},
		{"near its PIDs limit", sample("x", 0, 1, 100, 900), false, Warning, []Finding{{Status: Warning, Thing: "x", Fault: FaultPIDs, Value: 900, Limit: 1000}}},
		{"both", sample("x", 0, 99, 100, 1000), false, Warning, []Finding{{Status: Warning, Thing: "x", Fault: FaultMemory, Value: 99 << 20, Limit: 100 << 20, Unit: Bytes}, {Status: Warning, Thing: "x", Fault: FaultPIDs, Value: 1000, Limit: 1000}}},
		{"no answer", hosts.ContainerSample{Name: "x", Err: errors.New("time is up")}, false, Unknown, []Finding{{Status: Unknown, Thing: "x", Fault: FaultSilent}}},
		{"stopped meanwhile", hosts.ContainerSample{Name: "x", State: "running", Err: hosts.ErrNotRunning}, false, Warning, []Finding{{Status: Warning, Thing: "x", Fault: FaultStopped}}},
		{"between two starts", hosts.ContainerSample{Name: "x", State: "restarting", Err: hosts.ErrNotRunning}, false, Warning, []Finding{{Status: Warning, Thing: "x", Fault: FaultRestart}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMeasurement("antigone", []hosts.ContainerSample{tt.sample}, now)
			if m.Containers[0].Calm() != tt.calm || m.Status != tt.status {
				t.Errorf("calm is %t and status %s, want %t and %s", m.Containers[0].Calm(), m.Status, tt.calm, tt.status)
			}
			if diff := cmp.Diff(append([]Finding{}, tt.want...), m.Findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheBusiestComesFirst(t *testing.T) {
	early := sample("idle", 0, 10, 100, 1)
	early.At = now.Add(-3 * time.Second)
	m := NewMeasurement("antigone", []hosts.ContainerSample{
		{Name: "silent", Err: errors.New("time is up")}, early, sample("large", 0, 50, 100, 1),
		sample("busy", 250, 10, 100, 1), sample("also-idle", 0, 10, 100, 1), sample("full", 30, 95, 100, 1),
	}, now)
	var order []string
	for _, c := range m.Containers {
		order = append(order, c.Name)
	}
	if diff := cmp.Diff([]string{"busy", "full", "large", "also-idle", "idle", "silent"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if m.Findings[0].Thing != "full" || m.Findings[1].Thing != "silent" || m.Status != Warning {
		t.Errorf("findings %v with status %s, want the worst first", m.Findings, m.Status)
	}
	if m.CPU() != 280 || m.Cores != 8 || !m.At.Equal(early.At) {
		t.Errorf("CPU %v, cores %d, at %v; want 280, 8 and the oldest reading", m.CPU(), m.Cores, m.At)
	}
}

func TestJSONOfAMeasurement(t *testing.T) {
	s := readSample(t, "cgroup2")
	s.At = now
	m := NewMeasurement("antigone", []hosts.ContainerSample{s, {ID: "cd", Name: "muet", Err: errors.New("time is up")}}, now)
	got, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "measurement.json", string(got)+"\n")
	var back Measurement
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestStatusesAreTheWordsOfMonitoringPlugins(t *testing.T) {
	for status, want := range map[Status]string{OK: "ok 0", Warning: "warning 1", Critical: "critical 2", Unknown: "unknown 3"} {
		if got := fmt.Sprint(status, " ", status.ExitCode()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var zero Status
	if zero != Unknown {
		t.Errorf("what was never measured is %s, want unknown", zero)
	}
	if err := zero.UnmarshalText([]byte("fine")); err == nil {
		t.Error("“fine” is not a status")
	}
	order := []Finding{{Status: OK}, {Status: Unknown}, {Status: Warning}, {Status: Critical}}
	for i := range order {
		if got := worst(order[:i+1]); got != order[i].Status {
			t.Errorf("worst of %v is %s", order[:i+1], got)
		}
	}
}

func TestTheTableIsForATerminal(t *testing.T) {
	m := NewMeasurement("antigone", []hosts.ContainerSample{
		readSample(t, "cgroup2"), sample("nextcloud-app-1", 123.456, 1900, 2048, 1234),
		{Name: "muet\x1b[31m", Err: errors.New("time is up")},
	}, now)
	var b strings.Builder
	if err := m.Print(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", b.String())
	b.Reset()
	if err := PrintStats(&b, away("antigone", errors.New("refused"))); err != nil || b.String() != "antigone: unknown: refused\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	if err := PrintStats(brokenWriter{}, m); err == nil {
		t.Error("no error of a writer that fails")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// The seeds are short, because the fuzzer spends its time on shortening them.
func FuzzStats(f *testing.F) {
	for _, seed := range []string{
		`{"read":"0001-01-01T00:00:00Z"}`,
		`{"read":"2026-11-21T02:14:08Z","cpu_stats":{"cpu_usage":{"total_usage":9},"system_cpu_usage":90,"online_cpus":8},"memory_stats":{"usage":9,"limit":10,"stats":{"inactive_file":2}}}`,
		`{"read":"2026-11-21T02:14:08Z","precpu_stats":{"cpu_usage":{"total_usage":9}},"cpu_stats":{"cpu_usage":{"percpu_usage":[1,2]}},"memory_stats":{"stats":{"total_inactive_file":2}},"pids_stats":{"current":3,"limit":4}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := hosts.ReadSample(bytes.NewReader(answer))
		if err != nil {
			return
		}
		m := NewMeasurement("antigone", []hosts.ContainerSample{s}, now)
		for _, v := range []float64{m.CPU(), m.Containers[0].MemoryPercent} {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("%v in %+v", v, m)
			}
		}
		if m.Containers[0].Memory > s.Memory.Usage {
			t.Errorf("memory %d of %d used", m.Containers[0].Memory, s.Memory.Usage)
		}
		for _, code := range []string{"fr", "en"} {
			if line := row(speak(code), m.Containers[0]); utf8.RuneCountInString(line) != 36 || strings.ContainsAny(line, "\n\r") {
				t.Errorf("%q is not one line of 36 columns", line)
			}
		}
		if _, err := json.Marshal(m); err != nil {
			t.Error(err)
		}
	})
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/logs"
)

// book is a host whose log a test writes.
type book struct {
	t    *testing.T
	set  *hosts.Set
	path string
}

func newBook(t *testing.T) *book {
	t.Helper()
	dir := t.TempDir()
	b := &book{t: t, path: filepath.Join(dir, "services.log")}
	config := filepath.Join(dir, "probe.toml")
	if err := os.WriteFile(config, []byte("[[log]]\nname = 'syslog'\npath = '"+b.path+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone", Local: true, ProbeFile: config}})
	if err != nil {
		t.Fatal(err)
	}
	b.set = set
	return b
}

func (b *book) write(n int, message string) {
	b.t.Helper()
	f, err := os.OpenFile(b.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	for range n {
		_, err = f.WriteString("Nov 21 03:14:07 host " + message + "\n")
	}
	if err := errors.Join(err, f.Close()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) suite(m Memory) *Suite {
	return NewSuite(Sources{Hosts: b.set, Memory: m}, slog.New(slog.DiscardHandler))
}

func (b *book) ask(s *Suite) Outcome {
	return s.Run(b.t.Context(), []string{"logs antigone"}, speak("en"))[0]
}

// kept is how many lines of each service were counted in all, as "db 2, web 7".
func (b *book) kept(s *Suite) string {
	b.t.Helper()
	parts, err := s.memory.Recall(b.t.Context(), "logs antigone")
	if err != nil {
		b.t.Fatal(err)
	}
	m := readLogMemory(parts, "syslog")
	var words []string
	for _, one := range m.since(time.Time{}).Services {
		words = append(words, fmt.Sprintf("%s %d", one.Name, one.Lines))
	}
	return strings.Join(words, ", ")
}

// The check at work and somebody's question read the same log; each sees the whole hour,
// and no line counts twice.
func TestALogThatTwoReadIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(t)
		memory := newShortMemory()
		atWork, somebody := b.suite(memory), b.suite(memory)
		b.write(50, "old[1]: from before")
		if o := b.ask(atWork); o.Status != OK || len(o.Metrics) > 0 {
			t.Errorf("at first: %+v", o)
		}
		for range 4 {
			time.Sleep(15 * time.Minute)
			b.write(25, "web[1]: x")
			b.ask(atWork)
			b.write(5, "db[1]: an error")
			b.ask(somebody)
		}
		if got := b.kept(atWork); got != "db 20, web 100" {
			t.Errorf("counted %s", got)
		}
		for _, s := range []*Suite{atWork, somebody} {
			var rates []string
			for _, m := range b.ask(s).Metrics {
				rates = append(rates, fmt.Sprintf("%s %s %.0f%s", m.Thing, m.Name, m.Value, m.Unit))
			}
			want := []string{"web lines 100/h", "web errors 0/h", "db lines 20/h", "db errors 20/h", "old lines 0/h", "old errors 0/h"}
			if diff := cmp.Diff(want, rates); diff != "" {
				t.Errorf("rates (-want +got):\n%s", diff)
			}
		}
	})
}

// busy is a memory of which somebody else makes use just before something is kept.
type busy struct {
	Memory
	meanwhile func()
}

func (b *busy) Remember(ctx context.Context, check string, was []byte, parts map[string][]byte) (bool, error) {
	if other := b.meanwhile; other != nil {
		b.meanwhile = nil
		other()
	}
	return b.Memory.Remember(ctx, check, was, parts)
}

func TestWhoAsksAtTheSameTimeCountsNothingTwice(t *testing.T) {
	b := newBook(t)
	memory := &busy{Memory: newShortMemory()}
	b.write(1, "web[1]: x")
	b.ask(b.suite(memory))
	b.write(1000, "web[1]: x")
	memory.meanwhile = func() {
		b.ask(b.suite(memory.Memory))
		b.write(10, "web[1]: x")
	}
	if o := b.ask(b.suite(memory)); o.Status != OK {
		t.Errorf("got %+v", o)
	}
	if got := b.kept(b.suite(memory)); got != "web 1010" {
		t.Errorf("counted %s", got)
	}
}

// dying is a memory that does not keep what it is given now and then, as when the bot
// dies just before.
type dying struct {
	Memory
	dead bool
}

func (d *dying) Remember(ctx context.Context, check string, was []byte, parts map[string][]byte) (bool, error) {
	if d.dead {
		return false, errors.New("killed")
	}
	return d.Memory.Remember(ctx, check, was, parts)
}

func TestWhatWasReadButNotKeptIsReadAgain(t *testing.T) {
	b := newBook(t)
	memory := &dying{Memory: newShortMemory()}
	b.write(1, "web[1]: x")
	b.ask(b.suite(memory))
	for i := range 6 {
		memory.dead = i%2 == 0
		b.write(10, "web[1]: x")
		if o := b.ask(b.suite(memory)); (o.Status == Unknown) != memory.dead {
			t.Errorf("got %v: a count that was not kept is no count", o.Status)
		}
	}
	if got := b.kept(b.suite(memory)); got != "web 60" {
		t.Errorf("counted %s", got)
	}
}

// What is kept is bounded, and its sum stays true while quarters become hours.
func TestTwoDaysAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(t)
		s := b.suite(newShortMemory())
		b.write(1, "web[1]: x")
		b.ask(s)
		for range 60 * 4 {
			time.Sleep(15 * time.Minute)
			b.write(1, "web[1]: x")
			b.ask(s)
		}
		parts, err := s.memory.Recall(t.Context(), "logs antigone")
		if err != nil || len(parts) > 60 {
			t.Errorf("%d parts are kept, %v", len(parts), err)
		}
		m := readLogMemory(parts, "syslog")
		for _, hours := range []int{1, 6, 24, 47} {
			part := m.since(time.Now().Add(-time.Duration(hours) * time.Hour))
			covered := part.To.Sub(part.From)
			if lines := part.Services[0].Lines; lines != uint64(covered/(15*time.Minute)) || covered > time.Duration(hours+1)*time.Hour {
				t.Errorf("%d lines in %v, the last %d hours", lines, covered, hours)
			}
		}
	})
}

func TestALogThatIsNotOfferedIsUnknown(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone", Local: true}})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSuite(Sources{Hosts: set}, slog.New(slog.DiscardHandler))
	if got := verdicts(s.Run(t.Context(), []string{"logs antigone"}, speak("en"))); got != "unknown not-offered" {
		t.Errorf("got %q", got)
	}
}

// window is an hour of a log that is known for a week.
func window(services ...logs.Service) (logHead, logPart) {
	to := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	h := logHead{Log: "syslog", Since: to.AddDate(0, 0, -7), At: to, New: map[string]time.Time{}, Last: map[string]time.Time{}}
	for _, s := range services {
		h.New[s.Name] = h.Since
	}
	return h, logPart{From: to.Add(-time.Hour), To: to, Services: services}
}

func TestWhatStandsOutInALog(t *testing.T) {
	served := func(requests, failed uint64) logs.Service {
		return logs.Service{Name: "web", Lines: requests, Errors: failed, Requests: requests, Classes: [6]uint64{2: requests - failed, 5: failed}}
	}
	wrote := func(name string, lines, errors uint64) logs.Service {
		return logs.Service{Name: name, Lines: lines, Errors: errors}
	}
	usually := func(thing, metric string, median, spread float64) *habits {
		n := Normal{Usual{Metric: metric, Low: median - spread, High: median + spread, Weeks: 5}, median}
		return &habits{normal: map[string]Normal{metric + "\x00" + thing: n}}
	}
	for _, tt := range []struct {
		name     string
		services []logs.Service
		usual    *habits
		change   func(h *logHead, w *logPart, s *logsSettings)
		want     string
	}{
		{"nothing", []logs.Service{wrote("db", 5, 0)}, nil, nil, ""},
		{"many errors without any limit", []logs.Service{wrote("db", 500, 400)}, nil, nil, ""},
		{"more errors than the limit", []logs.Service{wrote("db", 500, 400)}, nil, func(_ *logHead, _ *logPart, s *logsSettings) { s.Errors = 100 },
			"warning db log-errors 400 of 100"},
		{"one that does not count", []logs.Service{wrote("db", 500, 400)}, nil, func(_ *logHead, _ *logPart, s *logsSettings) { s.Errors, s.Ignore = 100, []string{"db"} }, ""},
		{"answers that fail", []logs.Service{served(100, 12)}, nil, nil, "warning web log-failing 12 of 10"},
		{"and most of them", []logs.Service{served(100, 60)}, nil, nil, "critical web log-failing 60 of 50"},
		{"of too few", []logs.Service{served(10, 9)}, nil, nil, ""},
		{"more errors than usual", []logs.Service{wrote("db", 500, 100)}, usually("db", "errors", 5, 2), nil, "warning db log-unusual 100 of 15 (3–7)"},
		{"few errors, though more than usual", []logs.Service{wrote("db", 500, 9)}, usually("db", "errors", 0, 0), nil, ""},
		{"within the usual", []logs.Service{wrote("db", 3000, 0)}, usually("db", "lines", 2000, 300), nil, ""},
		{"more lines than usual", []logs.Service{wrote("db", 9000, 0)}, usually("db", "lines", 2000, 300), nil, "warning db log-lines 9000 of 4000 (1700–2300)"},
		{"with what is usual turned off", []logs.Service{wrote("db", 9000, 0)}, usually("db", "lines", 2000, 300), func(_ *logHead, _ *logPart, s *logsSettings) { s.Usual = "off" }, ""},
		{"more requests than usual", []logs.Service{served(9000, 0)}, usually("web", "requests", 2000, 300), nil, "warning web log-requests 9000 of 4000 (1700–2300)"},
		{"one is silent", []logs.Service{wrote("db", 0, 0), wrote("web", 50, 0)}, usually("db", "lines", 200, 20), nil, "warning db log-silent 0 of 0 (180–220)"},
		{"all are silent", []logs.Service{wrote("db", 0, 0), wrote("web", 0, 0)}, usually("db", "lines", 200, 20), nil, "warning syslog log-silent 0 of 0 (180–220)"},
		{"silent as it often is", []logs.Service{wrote("db", 0, 0), wrote("web", 50, 0)}, usually("db", "lines", 200, 100), nil, ""},
		{"silent in too short a time", []logs.Service{wrote("db", 0, 0), wrote("web", 50, 0)}, usually("db", "lines", 200, 20),
			func(_ *logHead, w *logPart, _ *logsSettings) { w.From = w.To.Add(-30 * time.Minute) }, ""},
		{"a new one is shown", []logs.Service{wrote("db", 5, 0)}, nil, func(h *logHead, w *logPart, _ *logsSettings) { h.New["db"] = w.To }, ""},
		{"a new one warns", []logs.Service{wrote("db", 5, 0)}, nil, func(h *logHead, w *logPart, s *logsSettings) { h.New["db"], s.Newcomers = w.To, "warn" }, "warning db log-new 0 of 0"},
		{"new while all is", []logs.Service{wrote("db", 5, 0)}, nil,
			func(h *logHead, w *logPart, s *logsSettings) {
				h.New["db"], h.Since, s.Newcomers = w.To, w.From, "warn"
			}, ""},
		{"a gap", []logs.Service{wrote("db", 5, 0)}, nil, func(_ *logHead, w *logPart, _ *logsSettings) { w.Gap = true }, "warning syslog log-gap 0 of 0"},
		{"a flood", []logs.Service{wrote("db", 5, 0)}, nil, func(_ *logHead, w *logPart, _ *logsSettings) { w.More = true }, "warning syslog log-behind 0 of 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, w := window(tt.services...)
			s := logsKind().Settings.(logsSettings)
			if tt.change != nil {
				tt.change(&h, &w, &s)
			}
			var found []string
			if tt.usual == nil {
				tt.usual = &habits{}
			}
			for _, f := range newLogsReport("antigone", h, w, s, tt.usual).Findings {
				one := fmt.Sprintf("%v %s %s %.0f of %.0f", f.Status, f.Thing, f.Fault, f.Value, f.Limit)
				if u := f.Usual; u != nil {
					one += fmt.Sprintf(" (%.0f–%.0f)", u.Low, u.High)
				}
				found = append(found, one)
			}
			if got := strings.Join(found, "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A log is compared with what the same check kept of it, once that is known: what is said
// of many lines, and of none, names the hour of the week.
func TestALogIsComparedWithItsPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(t)
		s := b.suite(newShortMemory())
		steady := past{begin: time.Now().AddDate(0, 0, -35), now: time.Now(), value: func(time.Time) float64 { return 100 }}
		ask := func(h History) string {
			s.history = h
			return strings.ReplaceAll(sayOutcome(speak("en"), b.ask(s), time.Now()), "\u00a0", " ")
		}
		b.write(1, "web[1]: x")
		ask(steady)
		time.Sleep(7 * time.Hour) // to seven in the morning of a Saturday
		ask(steady)
		time.Sleep(time.Hour)
		b.write(900, "web[1]: x")
		for _, tt := range []struct {
			history History
			want    string
		}{
			{noHistory{}, "1 service, 900 lines/h, 0 errors/h (nothing is usual yet: day 0 of 14)"},
			{steady, "web: 900/h lines, usually 100/h on Saturday mornings"},
		} {
			if got := ask(tt.history); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		}
		time.Sleep(time.Hour)
		if got, want := ask(steady), "syslog: no line for an hour, usually 100/h on Saturday mornings"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestWhatOthersChoseIsCleanedBeforeItIsKept(t *testing.T) {
	got := presentable([]logs.Service{{
		Name: "we\x1b[31mb\u202e", Requests: 3,
		Addresses: []logs.Ranked{{Key: "192.0.2.x", Count: 2}, {Key: "<i>\n", Count: 1}},
		Paths:     []logs.Ranked{{Key: "/api/push/0123456789abcdef", Count: 2}, {Key: "/\n<b>@room\x00", Count: 1}},
	}})
	want := []logs.Service{{
		Name: "web", Requests: 3, Addresses: []logs.Ranked{{Key: "192.0.2.x", Count: 2}, {Key: "<i>", Count: 1}},
		Paths: []logs.Ranked{{Key: "/api/push/…", Count: 2}, {Key: "/ <b>@room", Count: 1}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFloodOfServicesIsKeptAsOne(t *testing.T) {
	var services []logs.Service
	for i := range 300 {
		services = append(services, logs.Service{Name: fmt.Sprintf("s%d", i), Lines: uint64(1 + i)})
	}
	got := presentable(services)
	var lines uint64
	for _, s := range got {
		lines += s.Lines
	}
	if len(got) != keptServices+1 || lines != 300*301/2 {
		t.Errorf("%d services with %d lines", len(got), lines)
	}
}

// logStory is a log to which some services write, of which one is flooded.
func logStory(n int) LogsReport {
	long := strings.Repeat("<b>@room", 9)
	var services []logs.Service
	for i := range n {
		s := logs.Service{Name: fmt.Sprintf("service-with-a-long-name-%d", i), Lines: 123_456_789, Errors: 1000, Requests: 100_000_000, Classes: [6]uint64{5: 100_000_000}}
		s.Addresses = []logs.Ranked{{Key: "2001:db8:1111::/48", Count: 99_999_999}, {Key: "192.0.2.x", Count: 1}}
		s.Paths = []logs.Ranked{{Key: "/" + long, Count: 5}}
		services = append(services, s)
	}
	h, w := window(services...)
	w.Gap, w.More = n > 20, n > 20
	return newLogsReport("antigone", h, w, logsKind().Settings.(logsSettings), &habits{})
}

package checks

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ronde/hosts"
	"ronde/text"
)

// memories is a history of the containers of antigone: what each usually has, at every
// hour of the last five weeks. It counts who asks.
type memories struct {
	usual map[string]float64 // by metric and thing
	asked int
}

func (m *memories) Points(ctx context.Context, s Series, since time.Time) ([]Point, error) {
	m.asked++
	v, known := m.usual[s.Metric+" "+s.Thing]
	switch {
	case s.Check != containersName || s.Name != "antigone":
		return nil, errors.New("there is no such series")
	case !known:
		return nil, nil
	}
	now := time.Now()
	return past{begin: now.AddDate(0, 0, -35), now: now, value: func(time.Time) float64 { return v }}.Points(ctx, s, since)
}

func TestAContainerThatUsesMoreThanItDoesIsFound(t *testing.T) {
	const mib = 1 << 20
	known := map[string]float64{"cpu peertube": 40, "memory peertube": 600 * mib, "cpu gitea": 1, "memory gitea": 90 * mib}
	for _, tt := range []struct {
		name   string
		usual  map[string]float64
		all    []Container
		change func(*containersSettings)
		want   string
	}{
		{"busy", known, []Container{{Name: "peertube", CPU: 310}}, nil, "peertube cpu 310 of 90"},
		{"as always", known, []Container{{Name: "peertube", CPU: 60, Memory: 650 * mib}}, nil, ""},
		{"far above, but next to nothing", known, []Container{{Name: "gitea", CPU: 45, Memory: 200 * mib}}, nil, ""},
		{"next to nothing is enough", known, []Container{{Name: "gitea", CPU: 45}}, func(s *containersSettings) { s.UnusualCPU = 5 }, "gitea cpu 45 of 6"},
		{"it grew", known, []Container{{Name: "gitea", Memory: 400 * mib}}, nil, "gitea memory 419430400 of 304087040"},
		{"both", known, []Container{{Name: "peertube", CPU: 310, Memory: 2000 * mib}}, nil, "peertube cpu 310 of 90, peertube memory 2097152000 of 838860800"},
		{"switched off", known, []Container{{Name: "peertube", CPU: 310}}, func(s *containersSettings) { s.Usual = "off" }, ""},
		{"one that does not count", known, []Container{{Name: "peertube", CPU: 310}}, func(s *containersSettings) { s.Ignore = []string{"peertube"} }, ""},
		{"without figures", known, []Container{{Name: "peertube", Fault: FaultSilent}}, nil, ""},
		{"a new one beside others", known, []Container{{Name: "new", CPU: 900}, {Name: "gitea", CPU: 1}}, nil, ""},
		{"nothing is known", nil, []Container{{Name: "new", CPU: 900}, {Name: "gitea", CPU: 1}}, nil, "learning 0 of 14"},
	} {
		s := containersKind().Settings.(containersSettings)
		if tt.change != nil {
			tt.change(&s)
		}
		a := Asked{Kind: containersName, Name: "antigone", Settings: s, History: &memories{usual: tt.usual}}
		found, learning, err := unusualContainers(t.Context(), a, tt.all)
		var got []string
		for _, f := range found {
			if f.Status != Warning || f.Fault != FaultUnusual {
				t.Errorf("%s: %+v", tt.name, f)
			}
			got = append(got, strings.Join([]string{f.Thing, f.Usual.Metric, SayRound(speak("en"), f.Value, Count), "of", SayRound(speak("en"), f.Limit, Count)}, " "))
		}
		if learning != nil {
			got = append(got, "learning "+SayRound(speak("en"), float64(learning.Days), Count)+" of 14")
		}
		if said := strings.Join(got, ", "); said != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.name, said, err, tt.want)
		}
	}
}

// What cannot be unusual is not looked up: calm containers are two looks, however many
// there are, and a few more while nothing is known.
func TestCalmContainersAreNotLookedUp(t *testing.T) {
	var all []Container
	for _, s := range crowd(40) {
		all = append(all, NewContainer(s))
	}
	for looks, known := range map[int]map[string]float64{2: {"cpu calme-00": 1, "memory calme-00": 1}, 2 * learntFrom: nil} {
		history := &memories{usual: known}
		a := Asked{Kind: containersName, Name: "antigone", Settings: containersKind().Settings, History: history}
		if _, learning, err := unusualContainers(t.Context(), a, all); err != nil || history.asked != looks || (learning == nil) != (known != nil) {
			t.Errorf("%d looks, want %d; learning %v, %v", history.asked, looks, learning, err)
		}
	}
}

// Whoever asks for the figures reads what is unusual beside what is usual, and once, not for
// each container, that nothing is known yet. What the sampler keeps stays as it was.
func TestStatsSayWhatIsUnusual(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{{Name: "antigone"}})
	if err != nil {
		t.Fatal(err)
	}
	samplers := NewSamplers(set, slog.New(slog.DiscardHandler))
	if err := samplers.Use("antigone", &fakeEngine{}); err != nil {
		t.Fatal(err)
	}
	warm := NewMeasurement("antigone", append(crowd(3), sample("peertube", 310, 600, 2048, 9)), time.Now())
	warm.At = time.Now()
	samplers.of[set.All()[0]].remember(nil, warm, nil)
	for _, tt := range []struct {
		code    string
		usual   map[string]float64
		line    string
		unusual bool
	}{
		{"fr", map[string]float64{"cpu peertube": 40}, "⚠️ peertube : CPU 310 %, d’habitude 40 % ", true},
		{"en", map[string]float64{"cpu peertube": 40}, "⚠️ peertube: 310% CPU, usually 40% ", true},
		{"fr", nil, "(pas encore d’habitudes : jour 0 sur 14)", false},
		{"en", nil, "(nothing is usual yet: day 0 of 14)", false},
	} {
		s := NewSuite(Sources{Hosts: set, Samplers: samplers, History: &memories{usual: tt.usual}}, slog.New(slog.DiscardHandler))
		m, err := s.Stats(t.Context(), "Antigone")
		if err != nil || (m.Status == Warning) != tt.unusual || len(samplers.of[set.All()[0]].last.Findings) > 0 {
			t.Errorf("%s: %v, %v", tt.line, m.Findings, err)
		}
		for _, write := range []func(*text.Message, *text.Language, Measurement, time.Time){WriteStats, WriteStatsAll} {
			var msg text.Message
			write(&msg, speak(tt.code), m, m.At)
			if said := strings.ReplaceAll(msg.Plain(), "\u00a0", " "); strings.Count(said, tt.line) != 1 {
				t.Errorf("want %q once in\n%s", tt.line, said)
			}
		}
	}
}

// Figures are shown where what was measured before cannot be read.
func TestStatsStandWithoutAPast(t *testing.T) {
	set, err := hosts.NewSet([]hosts.Config{{Name: "balearica"}})
	if err != nil {
		t.Fatal(err)
	}
	samplers := NewSamplers(set, slog.New(slog.DiscardHandler))
	warm := NewMeasurement("balearica", crowd(3), time.Now())
	warm.At = time.Now()
	engine := &fakeEngine{}
	if err := samplers.Use("balearica", engine); err != nil {
		t.Fatal(err)
	}
	samplers.of[set.All()[0]].remember(nil, warm, nil)
	var log strings.Builder
	s := NewSuite(Sources{Hosts: set, Samplers: samplers, History: &memories{}}, slog.New(slog.NewTextHandler(&log, nil)))
	if m, err := s.Stats(t.Context(), "balearica"); err != nil || m.Status != OK || len(m.Containers) != 3 || !strings.Contains(log.String(), "no such series") {
		t.Errorf("%+v, %v, log %s", m.Result, err, log.String())
	}
	if _, err := s.Stats(t.Context(), "sarus"); err == nil || len(s.Names()) != 1 {
		t.Error("a host that is not there has stats")
	}
}

package commands

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ronde/checks"
	"ronde/text"
)

func TestHowFarBackCountsAreShown(t *testing.T) {
	for word, want := range map[string]time.Duration{
		"6h": 6 * time.Hour, "90min": 90 * time.Minute, "2j": 48 * time.Hour, "2d": 48 * time.Hour, "1w": 7 * 24 * time.Hour,
		"nextcloud": 0, "tomorrow": 0, "lundi": 0, "6": 0, "-6h": 0, "0h": 0, "": 0, "7z7": 0,
	} {
		if got, ok := readHours(word); got != want || ok != (want > 0) {
			t.Errorf("%q: got %v, %v, want %v", word, got, ok, want)
		}
	}
}

// countedLogs are the logs of a host called antigone.
type countedLogs struct{ asked []string }

func (countedLogs) LogsOf(name string) []string {
	if text.Fold(name) == "antigone" {
		return []string{"antigone"}
	}
	return nil
}

func (c *countedLogs) Logs(_ context.Context, check string, since time.Duration, _ *text.Language) (checks.LogSummary, error) {
	c.asked = append(c.asked, check+" "+since.String())
	return checks.LogSummary{Outcome: checks.Outcome{Result: checks.Result{Check: "logs", Host: check, Findings: []checks.Finding{}}}}, nil
}

func TestLogsOfAHostAreToldFromThoseOfAnIncident(t *testing.T) {
	for said, want := range map[string]string{
		"!logs antigone":                "antigone 6h0m0s",
		"!logs Antigone 2h":             "antigone 2h0m0s",
		"!journaux antigone, nextcloud": "antigone 6h0m0s",
		"!logs antigone web 9j":         "antigone 48h0m0s",
		"!logs 12":                      "",
		"!logs":                         "",
		"!logs Nuage":                   "",
	} {
		w, counts := newTown(t), &countedLogs{}
		w.Counts = counts
		w.says("@ana:ronde.test", said)
		if reply := w.handle(); reply == "" {
			t.Errorf("%s: no reply", said)
		}
		if got := strings.Join(counts.asked, ", "); got != want {
			t.Errorf("%s: asked for %q, want %q", said, got, want)
		}
	}
}

func TestTheServiceThatIsNearlyMeantComesFirst(t *testing.T) {
	got := nearFirst("nextclou", []string{"web", "nextcloud", "db", "a", "b", "c", "web"})
	if want := []string{"nextcloud", "a", "b", "c", "db", "…"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

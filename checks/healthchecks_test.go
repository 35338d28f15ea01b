package checks

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheChecksOfHealthchecksAreRead(t *testing.T) {
	all, err := readPingChecks(fixture(t, "healthchecks/api-v3-checks-readonly.json"))
	if err != nil || len(all) != 3 {
		t.Fatalf("got %+v, %v", all, err)
	}
	first := all[0]
	if first.Name != "borg serveur-a vers serveur-b" || first.Status != "down" || *first.Seconds != 412 || first.key != "124f983e0e3dcaeba921cfcef46efd084576e783" ||
		!first.LastPing.Equal(time.Date(2026, 11, 20, 2, 13, 7, 0, time.UTC)) {
		t.Errorf("got %+v", first)
	}
	if all[1].Status != "grace" || all[2].Status != "new" || all[2].LastPing != nil || all[2].Name != "Étherpad : purge" {
		t.Errorf("got %+v", all)
	}
	if with, err := readPingChecks(fixture(t, "healthchecks/api-v3-checks-readwrite.json")); err != nil || len(with) == 0 {
		t.Errorf("with a key that may write got %+v, %v", with, err)
	}
	for _, raw := range []string{"", "{}", "[]", `{"checks":[{"name":"x","status":"dancing"}]}`, `{"error":"wrong api key"}`} {
		if all, err := readPingChecks([]byte(raw)); err == nil {
			t.Errorf("%q: got %+v, want an error", raw, all)
		}
	}
}

func TestNoPingAddressIsMadeOfAKey(t *testing.T) {
	all, err := readPingChecks([]byte(`{"checks":[{"status":"up","uuid":"803f680d-e89b-492b-82ef-2be7b774a92d"},{"status":"up","unique_key":"../../v1/checks"}]}`))
	if err != nil || all[0].Name != "803f680d" || all[1].key != "" || all[1].Name != "" {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestHowOftenACheckWentDownIsCounted(t *testing.T) {
	if n := readDowns(fixture(t, "healthchecks/api-v3-flips.json")); n == nil || *n != 1 {
		t.Errorf("got %v, want 1", n)
	}
	for _, raw := range []string{"", "{}", `[{"timestamp":"x"}]`, `{"error":"x"}`} {
		if n := readDowns([]byte(raw)); n != nil {
			t.Errorf("%q: got %d", raw, *n)
		}
	}
}

func TestWhatHealthchecksSaysIsTheVerdict(t *testing.T) {
	often, seldom := 4, 3
	at := now.Add(-26 * time.Hour)
	for _, tt := range []struct {
		name  string
		c     PingCheck
		want  Status
		fault Fault
	}{
		{"all is well", PingCheck{Status: "up", LastPing: &at}, OK, ""},
		{"it runs", PingCheck{Status: "up", Running: true, LastPing: &at, Downs: &seldom}, OK, ""},
		{"it is late", PingCheck{Status: "grace", LastPing: &at}, Warning, FaultPingLate},
		{"it is down", PingCheck{Status: "down", LastPing: &at}, Critical, FaultPingDown},
		{"it failed at once", PingCheck{Status: "down"}, Critical, FaultPingNever},
		{"it never pinged", PingCheck{Status: "new"}, Warning, FaultPingNever},
		{"nobody watches it", PingCheck{Status: "paused", LastPing: &at}, Warning, FaultPingPaused},
		{"it is well now", PingCheck{Status: "up", LastPing: &at, Downs: &often}, Warning, FaultPingFlaps},
	} {
		r := newHealthchecksReport("sauvegardes", []PingCheck{tt.c}, healthchecksSettings{Paused: "warning", Downs: 3}, now)
		if r.Status != tt.want || tt.fault != "" && r.Findings[0].Fault != tt.fault {
			t.Errorf("%s: got %v with %+v", tt.name, r.Status, r.Findings)
		}
	}
	paused := []PingCheck{{Name: "a", Status: "paused"}, {Name: "essai", Status: "down"}}
	if r := newHealthchecksReport("x", paused, healthchecksSettings{Paused: "ok", Ignore: []string{"essai"}}, now); r.Status != OK {
		t.Errorf("of what does not count got %+v", r.Findings)
	}
	if r := newHealthchecksReport("x", nil, healthchecksSettings{}, now); r.Status != Unknown || r.Checks == nil {
		t.Errorf("of no checks got %+v", r)
	}
}

func TestHealthchecksIsAskedWithItsKeyAndForTheHistory(t *testing.T) {
	address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Api-Key") != "hcr_hunter2":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write(fixture(t, "healthchecks/api-401.json"))
		case r.URL.Path == "/api/v3/checks/" && slices.Equal(r.URL.Query()["tag"], []string{"prod", "borg"}):
			_, _ = w.Write(fixture(t, "healthchecks/api-v3-checks-readonly.json"))
		case r.URL.Path == "/api/v3/checks/124f983e0e3dcaeba921cfcef46efd084576e783/flips/" && r.URL.Query().Get("seconds") == "604800":
			_, _ = w.Write(fixture(t, "healthchecks/api-v3-flips.json"))
		default:
			http.NotFound(w, r)
		}
	})
	s := healthchecksSettings{Address: address, Key: "hcr_hunter2", Tags: []string{"prod", "borg"}, Since: 7 * 24 * time.Hour, Downs: 3, CAFile: ca}
	r, err := measureHealthchecks(t.Context(), Asked{Name: "x", Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	all := r.(HealthchecksReport).Checks
	if all[0].Downs == nil || *all[0].Downs != 1 || all[1].Downs != nil || r.Verdict().Status != Critical {
		t.Errorf("got %+v", r)
	}
	s.Key = "hcr_wrong"
	r, err = measureHealthchecks(t.Context(), Asked{Name: "x", Settings: s})
	if err == nil || r.Verdict().Findings[0].Fault != FaultDenied || strings.Contains(r.Verdict().Error, "hcr_") {
		t.Errorf("with a wrong key got %+v, %v", r, err)
	}
}

func FuzzReadPingChecks(f *testing.F) {
	f.Add(fixture(f, "healthchecks/api-v3-checks-readonly.json"))
	f.Add(fixture(f, "healthchecks/api-401.json"))
	f.Add([]byte(`{"checks":[{"status":"up","last_duration":1e300}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := readPingChecks(raw)
		if err == nil {
			checkPrintable(t, newHealthchecksReport("x", all, healthchecksSettings{}, now))
		}
	})
}

func FuzzReadDowns(f *testing.F) {
	f.Add(fixture(f, "healthchecks/api-v3-flips.json"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if n := readDowns(raw); n != nil && *n < 0 {
			t.Errorf("got %d", *n)
		}
	})
}

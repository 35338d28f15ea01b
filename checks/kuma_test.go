package checks

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func monitorsOf(all []KumaMonitor) string {
	var b strings.Builder
	for _, m := range all {
		b.WriteString(m.Status + " " + m.Name + "\n")
	}
	return b.String()
}

func TestTheMetricsOfUptimeKumaAreRead(t *testing.T) {
	old, err := readKumaMetrics(fixture(t, "kuma/metrics-v1.23.excerpt.prom"))
	if err != nil || monitorsOf(old) != "up Nuage (Nextcloud)\n" || old[0].Milliseconds != 184 {
		t.Errorf("of version 1 got %+v, %v", old, err)
	}
	all, err := readKumaMetrics(fixture(t, "kuma/metrics-v2.5.excerpt.prom"))
	if err != nil || monitorsOf(all) != "down Sauvegarde borg → serveur-b\nup Nuage (Nextcloud)\n" || all[0].Milliseconds != 0 {
		t.Errorf("of version 2 got %+v, %v", all, err)
	}
	for _, raw := range []string{"{", "monitor_status{monitor_name=\"x\"} 7\n", "monitor_status{monitor_name=\"x\"} 0.5\n", "monitor_status{monitor_name=\"x\"} NaN\n"} {
		if all, err := readKumaMetrics([]byte(raw)); err == nil {
			t.Errorf("%q: got %+v, want an error", raw, all)
		}
	}
	if all, err := readKumaMetrics([]byte("# nothing\n")); err != nil || len(all) > 0 {
		t.Errorf("of no monitors got %+v, %v", all, err)
	}
}

func TestAStatusPageOfUptimeKumaIsRead(t *testing.T) {
	beats := fixture(t, "kuma/status-page-heartbeat-v2.5.json")
	for _, version := range []string{"v1.23", "v2.5"} {
		all, err := readKumaPage(fixture(t, "kuma/status-page-"+version+".json"), beats)
		if err != nil || !strings.Contains(monitorsOf(all), "up Nuage (Nextcloud)\n") {
			t.Errorf("%s: got %s, %v", version, monitorsOf(all), err)
		}
	}
	page := []byte(`{"publicGroupList":[{"monitorList":[{"id":1,"name":"A"},{"id":2,"name":"B\u202e"}]},{"monitorList":[{"id":1,"name":"A"},{"id":3,"name":"C"}]}]}`)
	all, err := readKumaPage(page, []byte(`{"heartbeatList":{"1":[{"status":1},{"status":3}],"2":[{"status":0}]}}`))
	if got := monitorsOf(all); err != nil || got != "down B\nunmeasured C\nmaintenance A\n" {
		t.Errorf("got %s, %v", got, err)
	}
	for _, odd := range []string{`{"heartbeatList":{"1":[{"status":9}]}}`, `x`, `[]`} {
		if all, err := readKumaPage(page, []byte(odd)); err == nil {
			t.Errorf("%s: got %+v, want an error", odd, all)
		}
	}
}

func TestWhatUptimeKumaSaysIsTheVerdict(t *testing.T) {
	of := func(statuses ...int) (all []KumaMonitor) {
		for i, s := range statuses {
			all = append(all, kumaMonitor(string(rune('A'+i)), s, 5))
		}
		return all
	}
	for _, tt := range []struct {
		name string
		all  []KumaMonitor
		want Status
	}{
		{"all up", of(kumaUp, kumaUp), OK},
		{"planned work", of(kumaUp, kumaMaintenance), OK},
		{"one is tried again", of(kumaUp, kumaPending), Warning},
		{"one is down", of(kumaPending, kumaDown), Critical},
		{"one was never measured", of(kumaUp, kumaUnmeasured), Unknown},
		{"what does not count", []KumaMonitor{kumaMonitor("A", kumaUp, 0), kumaMonitor("Essai", kumaDown, 0)}, OK},
		{"nothing is there", nil, Unknown},
		{"nothing is left", []KumaMonitor{kumaMonitor("Essai", kumaUp, 0)}, Unknown},
	} {
		if r := newKumaReport("etat", tt.all, kumaSettings{Ignore: []string{"Essai"}}, now); r.Status != tt.want || r.Monitors == nil {
			t.Errorf("%s: got %v with %+v", tt.name, r.Status, r.Findings)
		}
	}
	r := newKumaReport("etat", of(kumaUp, kumaDown, kumaUp), kumaSettings{}, now)
	if !slices.Contains(r.Metrics, Metric{"up", "", 2, Count}) || !slices.Contains(r.Metrics, Metric{"time", "A", 5, Milliseconds}) {
		t.Errorf("metrics %+v", r.Metrics)
	}
}

func TestUptimeKumaIsAskedBothWays(t *testing.T) {
	address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch user, key, has := r.BasicAuth(); {
		case r.URL.Path == "/metrics" && has && user == "" && key == "uk1_hunter2":
			_, _ = w.Write(fixture(t, "kuma/metrics-v2.5.excerpt.prom"))
		case r.URL.Path == "/metrics":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			pages(t, map[string]string{
				"/api/status-page/services": "kuma/status-page-v2.5.json", "/api/status-page/heartbeat/services": "kuma/status-page-heartbeat-v2.5.json",
			})(w, r)
		}
	})
	for _, tt := range []struct {
		s     kumaSettings
		want  Status
		fault Fault
	}{
		{kumaSettings{Key: "uk1_hunter2"}, Critical, FaultKumaDown},
		{kumaSettings{Page: "services"}, OK, ""},
		{kumaSettings{Key: "uk1_wrong"}, Unknown, FaultDenied},
		{kumaSettings{Page: "other"}, Unknown, FaultFailed},
		{kumaSettings{}, Unknown, FaultStrange},
	} {
		tt.s.Address, tt.s.CAFile = address+"/", ca
		r, err := measureKuma(t.Context(), Asked{Name: "etat", Settings: tt.s})
		v := r.Verdict()
		if v.Status != tt.want || tt.fault != "" && v.Findings[0].Fault != tt.fault || (err != nil) != (v.Error != "") || strings.Contains(v.Error, "uk1") {
			t.Errorf("%s: got %+v, %v", tt.s.Page, v, err)
		}
	}
}

func FuzzReadKumaMetrics(f *testing.F) {
	f.Add(fixture(f, "kuma/metrics-v2.5.excerpt.prom"))
	f.Add([]byte("monitor_status{monitor_name=\"\\n\\\\\"} 1\nmonitor_response_time +Inf\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := readKumaMetrics(raw)
		if err == nil {
			checkPrintable(t, newKumaReport("x", all, kumaSettings{}, now))
		}
	})
}

func FuzzReadKumaPage(f *testing.F) {
	f.Add(fixture(f, "kuma/status-page-v2.5.json"), fixture(f, "kuma/status-page-heartbeat-v2.5.json"))
	f.Add(fixture(f, "kuma/status-page-404.json"), []byte("{}"))
	f.Fuzz(func(t *testing.T, page, beats []byte) {
		all, err := readKumaPage(page, beats)
		if err == nil {
			checkPrintable(t, newKumaReport("x", all, kumaSettings{}, now))
		}
	})
}

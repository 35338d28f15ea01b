package checks

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"ronde/probe"
	"ronde/text"
)

// checkPrintable fails when a report of what is outside cannot be encoded, or would write
// something that no phone should be given.
func checkPrintable(t *testing.T, r Report) {
	t.Helper()
	if _, err := json.Marshal(r); err != nil {
		t.Errorf("JSON cannot carry it: %v", err)
	}
	o := OutcomeOf(r, speak("fr"))
	checkDetail(t, o.Detail)
	for _, f := range r.Verdict().Findings {
		for _, said := range []string{f.Thing, f.Note} {
			if !utf8.ValidString(said) || strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
				t.Errorf("%q is said in a room", said)
			}
		}
	}
}

// services are what the checks of services can say.
func services() (all []Report) {
	add := func(r ...Report) { all = append(all, r...) }
	at := func(d time.Duration) *time.Time { t := now.Add(-d); return &t }
	number := func(n float64) *float64 { return &n }
	downs := 5
	page := httpSettings{URL: "https://cloud.example.org", Text: "x", Warning: 2 * time.Second, Critical: 10 * time.Second}
	fine := webAnswer{status: 200, body: []byte("x"), took: 184 * time.Millisecond}
	slow, odd, empty := fine, fine, fine
	slow.took, odd.status, empty.body = 2300*time.Millisecond, 502, nil
	for _, a := range []webAnswer{fine, slow, odd, empty} {
		add(newHTTPReport("nuage", a, nil, page, now))
	}
	for _, err := range []error{errRedirect, fmt.Errorf("it %w", errAway), x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, x509.UnknownAuthorityError{}} {
		add(newHTTPReport("nuage", webAnswer{}, err, page, now))
	}
	cert := certificateSettings{Address: "mail.example.org:993", Warning: 21 * 24 * time.Hour, Critical: 7 * 24 * time.Hour}
	for _, days := range []int{60, 12, -3} {
		leaf := &x509.Certificate{DNSNames: []string{"mail.example.org"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, days), Raw: []byte{byte(days)}}
		r := newCertificateReport("courriel", []*x509.Certificate{leaf}, x509.NewCertPool(), cert, now)
		r.Result = newResult(r.Check, r.Host, r.At, r.Findings[:len(r.Findings)-1]) // nobody signed it
		add(r)
	}
	for _, fault := range []Fault{FaultCertName, FaultCertSelf, FaultCertAuthority, FaultCertChain, FaultCertEarly, FaultCertAway, FaultCertLate, FaultCertHandshake, FaultCertStartTLS} {
		add(CertificateReport{Result: newResult("certificate", "courriel", now, []Finding{{Status: Critical, Thing: "mail.example.org", Fault: fault, Note: "R3"}})})
	}
	add(newKumaReport("etat", []KumaMonitor{kumaMonitor("Nuage", kumaUp, 1), kumaMonitor("Wiki", kumaUp, 1)}, kumaSettings{}, now),
		newKumaReport("etat", []KumaMonitor{kumaMonitor("Nuage", kumaUp, 1), kumaMonitor("Wiki", kumaMaintenance, 1)}, kumaSettings{}, now),
		newKumaReport("etat", []KumaMonitor{kumaMonitor("Nuage (Nextcloud)", kumaDown, 1), kumaMonitor("Wiki", kumaPending, 1), kumaMonitor("Forge", kumaUnmeasured, 0)}, kumaSettings{}, now),
		newKumaReport("etat", nil, kumaSettings{}, now))
	hc := healthchecksSettings{Paused: "warning", Downs: 3}
	add(newHealthchecksReport("jobs", []PingCheck{{Name: "borg", Status: "up", LastPing: at(time.Hour)}, {Name: "certbot", Status: "up", LastPing: at(5 * 24 * time.Hour)}}, hc, now),
		newHealthchecksReport("jobs", []PingCheck{
			{Name: "borg serveur-a vers serveur-b", Status: "down", LastPing: at(26 * time.Hour), Seconds: number(412), Downs: &downs},
			{Name: "certbot renew", Status: "grace", LastPing: at(13 * time.Hour)}, {Name: "Étherpad : purge", Status: "new"}, {Name: "essai", Status: "paused", LastPing: at(90 * 24 * time.Hour)},
		}, hc, now),
		newHealthchecksReport("jobs", []PingCheck{{Name: "borg", Status: "up", LastPing: at(time.Hour), Downs: &downs}}, hc, now),
		newHealthchecksReport("jobs", nil, hc, now))
	add(newPrometheusReport("oom", []Sample{{Value: 0.25}}, prometheusSettings{When: "above", Warning: 1, Unit: "count"}, now),
		newPrometheusReport("noeuds", []Sample{{Thing: "antigone:9100", Value: 1}, {Thing: "balearica:9100"}}, prometheusSettings{When: "below", Critical: 1, Unit: "count"}, now),
		newPrometheusReport("disque", []Sample{{Thing: "/srv", Value: 3 << 30}, {Thing: "/", Value: 5 << 30}}, prometheusSettings{When: "above", Warning: 9 << 30, Unit: "B"}, now),
		newPrometheusReport("cpu", []Sample{{Thing: "antigone", Value: 93.4}}, prometheusSettings{When: "above", Warning: 90, Unit: "%"}, now),
		newPrometheusReport("rien", nil, prometheusSettings{Empty: "unknown"}, now))
	add(newAlarmsReport("antigone", nil, netdataSettings{}, now),
		newAlarmsReport("antigone", []probe.Alarm{
			{Name: "disk_space_usage", Chart: "disk_space._", Status: "CRITICAL", Value: "98.4 %"}, {Name: "load_average_15", Chart: "system.load", Status: "WARNING", Value: "17.8 load"},
		}, netdataSettings{}, now),
		newAlarmsReport("antigone", []probe.Alarm{{Name: "clock", Chart: "system.clock", Status: "WARNING", Value: "0", Silence: true}}, netdataSettings{}, now))
	busy := probe.ChartValue{At: now, Dimensions: []probe.Dimension{{Name: "user", Value: number(61.25)}, {Name: "iowait", Value: number(33)}, {Name: "irq"}}}
	add(newChartReport("cpu", busy, netdataSettings{Chart: "system.cpu", When: "above", Warning: 80, Critical: 95}, now),
		newChartReport("cpu", busy, netdataSettings{Chart: "system.cpu", Dimension: "iowait", When: "above", Warning: 80}, now),
		newChartReport("cpu", busy, netdataSettings{Chart: "system.cpu", Dimension: "irq", When: "above", Warning: 80}, now))
	redis := probe.RedisInfo{Version: "8.0", Used: 839408, Most: 1 << 20, Policy: "allkeys-lru", Databases: []probe.RedisDB{{Number: 0, Keys: 32, Expires: 20}, {Number: 3, Keys: 1}}}
	full := redis
	full.Policy, full.Used = "noeviction", 1<<20
	add(newRedisReport("nitter", redis, redisSettings{}, now), newRedisReport("nitter", redis, redisSettings{Warning: 0.5, KeysWarning: 20}, now), newRedisReport("nitter", redis, redisSettings{KeysCritical: 30}, now),
		newRedisReport("nitter", full, redisSettings{}, now))
	add(mailStories()...)
	for _, kind := range []string{"kuma", "netdata", "redis"} {
		add(failed(kind, "antigone", now, fmt.Errorf("it %w", errDenied)))
	}
	return all
}

func TestServicesOnAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		var all strings.Builder
		for _, r := range services() {
			o := told(r, speak(code))
			var m text.Message
			WriteOutcome(&m, speak(code), o, now)
			line := m.Plain()
			if strings.Contains(line, "checks.") || strings.Contains(line, "<no value>") || strings.Contains(line, "\n") {
				t.Errorf("%s is not one whole sentence", line)
			}
			for n := 1; n < len(o.Findings); n++ {
				more := o
				more.Findings = o.Findings[n : n+1]
				line += "\n  + " + sayFinding(speak(code), more, now)
			}
			if checkDetail(t, o.Detail); o.Detail != "" {
				line += "\n" + o.Detail
			}
			fmt.Fprintln(&all, line)
		}
		golden(t, "services."+code+".txt", all.String())
	}
}

package checks

import (
	"html"
	"strings"
	"testing"

	"ronde/hosts"
	"ronde/text"
)

func TestEvidencePutsWhatBrokeFirst(t *testing.T) {
	about := func(name string) bool { return strings.HasPrefix(name, "nextcloud") }
	many := crowd(20)
	for n := range many {
		many[n].Name = "nextcloud-" + many[n].Name
	}
	for _, story := range []struct {
		name    string
		samples []hosts.ContainerSample
		want    string
	}{
		{"its own fault before others", append(crowd(1), sample("nextcloud", 50, 93, 100, 1), sample("mail", 0, 95, 100, 1)), `
⚠️ antigone: nextcloud memory at 93% of its limit (+ 1 more) · 03:14
⚠️ mail memory at 95% of its limit
container    CPU%  mem/max   % PIDs
nextcloud      50  93M/100M  93    1
mail          0.0  95M/100M  95    1
calme-00      0.0  75M/2.0G   4    7`},
		{"calm as it is", append(crowd(12), sample("nextcloud-app-1", 0.5, 10, 100, 1), sample("mail", 80, 10, 100, 1)), `
✅ antigone: 1 container of 14 busy · 03:14
container    CPU%  mem/max   % PIDs
nextcl…app-1  0.5  10M/100M  10    1
mail           80  10M/100M  10    1
calme-11      0.1  75M/2.0G   4    7`},
		{"no more than fits", append(many, crowd(20)...), `
✅ antigone: 40 containers, all calm · 03:14
container    CPU%  mem/max   % PIDs
nextcl…me-19  0.2  75M/2.0G   4    7
nextcl…me-18  0.2  75M/2.0G   4    7
nextcl…me-17  0.2  75M/2.0G   4    7
nextcl…me-16  0.2  75M/2.0G   4    7
calme-19      0.2  75M/2.0G   4    7
calme-18      0.2  75M/2.0G   4    7`},
		{"it has no figures", append(crowd(1), hosts.ContainerSample{Name: "nextcloud", State: "restarting", At: now}), `
⚠️ antigone: nextcloud is restarting · 03:14
container    CPU%  mem/max   % PIDs
calme-00      0.0  75M/2.0G   4    7`},
	} {
		t.Run(story.name, func(t *testing.T) {
			var m text.Message
			WriteEvidence(&m, speak("en"), told(NewMeasurement("antigone", story.samples, now), speak("en")), about, now)
			got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(m.Plain())
			if want := strings.TrimPrefix(story.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestEvidenceOfEveryKindFitsAPhone, in both languages, with what was asked for first or
// nothing of it at all.
func TestEvidenceOfEveryKindFitsAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		for _, r := range stories() {
			for _, all := range []bool{true, false} {
				var m text.Message
				WriteEvidence(&m, speak(code), told(r, speak(code)), func(string) bool { return all }, now)
				before, rest, _ := strings.Cut(m.HTML(), "<pre><code>")
				if detail, _, found := strings.Cut(rest, "</code></pre>"); found {
					checkDetail(t, html.UnescapeString(detail))
				}
				if lines := strings.Count(before, "<br>"); lines > 1+moreFindings {
					t.Errorf("%d lines before the details:\n%s", lines, m.Plain())
				}
				if r.Verdict().Status == Unknown && !strings.HasPrefix(m.Plain(), "❔") {
					t.Errorf("what is not known must say so:\n%s", m.Plain())
				}
				if strings.Contains(m.Plain(), "192.0.2.1") {
					t.Errorf("an address got through:\n%s", m.Plain())
				}
			}
		}
	}
}

package alerts

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"ronde/store"
)

// rules are those of a small configuration, in order.
var rules = []Rule{
	{Name: "all of it", From: "@lettre.example.org", As: AsIgnore},
	{Name: "Diun", Subject: regexp.MustCompile(`has been updated$`), As: AsIgnore},
	{Name: "Netdata", From: "netdata@example.org", Subject: regexp.MustCompile(`^(\S+) (?:needs attention|is critical), (?:chart (\S+))?`),
		Recovery: regexp.MustCompile(`^(\S+) recovered, (?:chart (\S+))?`), As: AsAlert},
	{Name: "monit", From: "monit@example.org", Recovery: regexp.MustCompile(`(?i)succeeded`), Thing: "antigone", As: AsAlert},
	{Name: "RAID", Subject: regexp.MustCompile(`^RAID`), As: AsNote},
	{Name: "Sarus", Subject: regexp.MustCompile(`Sarus`), As: AsNote, First: true},
	{Name: "empty", Subject: regexp.MustCompile(`^vide (.*)`), As: AsAlert},
}

func TestTheFirstRuleThatTakesAMailCounts(t *testing.T) {
	for _, c := range []struct{ from, subject, want string }{
		{"netdata@example.org", "antigone is critical, chart disk", "rule firing by Netdata: antigone disk (antigone is critical, chart disk)"},
		{"netdata@example.org", "antigone needs attention, load", "rule firing by Netdata: antigone (antigone needs attention, load)"},
		{"Netdata@Example.org", "antigone recovered, chart disk", "rule resolved by Netdata: antigone disk (antigone recovered, chart disk)"},
		{"netdata@example.org", "Re: antigone is critical, chart disk", "plain note by : Re: antigone is critical, chart disk ()"},
		{"netdata@example.net", "antigone is critical, chart disk", "plain note by : antigone is critical, chart disk ()"},
		{"netdata@sub.example.org", "antigone is critical, chart disk", "plain note by : antigone is critical, chart disk ()"},
		{"monit@example.org", "Does not exist nginx", "rule firing by monit: antigone (Does not exist nginx)"},
		{"monit@example.org", "Connection Succeeded nginx", "rule resolved by monit: antigone (Connection Succeeded nginx)"},
		{"x@example.org", "RAID is rebuilt", "rule note by RAID: RAID is rebuilt ()"},
		{"x@lettre.example.org", "RAID is rebuilt", "plain ignored by all of it: RAID is rebuilt ()"},
		{"x@example.org", "vide ", "plain note by : vide ()"},
		{"x@example.org", "rien", "plain note by : rien ()"},

		{"diun@example.org", "docker.io/library/redis:8 has been updated", "diun ignored by Diun: docker.io/library/redis:8 (update)"},
		{"x@lettre.example.org", "[Nuage] [🔴 Down] 502", "kuma firing by : Nuage (502)"},
		{"x@example.org", "[Sarus] [🔴 Down] 502", "rule note by Sarus: [Sarus] [🔴 Down] 502 ()"},
		{"netdata@example.org", "antigone is critical, chart https://hc.example.org/ping/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
			"rule firing by Netdata: antigone https://hc.example.org/ping/… (antigone is critical, chart https://hc.example.org/ping/…)"},
	} {
		r := Read([]byte("From: "+c.from+"\r\nSubject: "+c.subject+"\r\n\r\ntexte"), Trust{}, rules...)
		if got := fmt.Sprintf("%s %s by %s: %s (%s)", r.Kind, r.State, r.Rule, r.Thing, r.Fault); got != c.want {
			t.Errorf("%s, %q:\n got %s\nwant %s", c.from, c.subject, got, c.want)
		}
	}
}

func TestRulesAreEqualByWhatTheySay(t *testing.T) {
	again := rules[2]
	again.Subject = regexp.MustCompile(again.Subject.String())
	if !again.Equal(rules[2]) || again.Equal(rules[3]) {
		t.Error("rules are compared by something else")
	}
	again.Recovery = nil
	if again.Equal(rules[2]) {
		t.Error("the pattern of recoveries does not count")
	}
}

// TestARuleMakesIncidents: they fold as those of a format, a recovery that anyone could
// have written ends none that is certain, and what is ignored is kept.
func TestARuleMakesIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDesk(t)
		d.Rules = rules
		for n, m := range []struct{ from, subject string }{
			{"netdata@example.org", "antigone is critical, x"},
			{"netdata@example.org", "antigone is critical, x"},
			{"monit@example.org", "Does not exist nginx"},
			{"monit@example.org?", "Succeeded nginx"},
			{"netdata@example.org", "antigone recovered, x"},
			{"x@lettre.example.org", "Soldes"},
		} {
			from, unverified := strings.CutSuffix(m.from, "?")
			raw := fmt.Sprintf("From: %s\nDate: Mon, 02 Mar 2026 10:%02d:00 +0000\nSubject: %s\n\ntexte\n", from, n, m.subject)
			if !unverified {
				raw = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n" + raw
			}
			d.take(raw, fmt.Sprintf("10:%02d", n), uint32(n+1))
		}
		want := "resolved since 10:00 until 10:04: antigone is critical, x, 2 alerts, verified\n" +
			"firing since 10:02: Does not exist nginx, 1 alert, verified, doubted 1"
		if got := d.incidents(); got != want {
			t.Errorf("incidents:\n%s\nwant:\n%s", got, want)
		}
		err := d.Store.View(t.Context(), func(tx *store.Tx) error {
			m, known, err := tx.Mail(6)
			if !known || !strings.Contains(string(m.Raw), "Soldes") {
				t.Error("the ignored mail is not kept")
			}
			waiting, errNew := tx.NewMail(1)
			if len(waiting) > 0 {
				t.Errorf("mail %d is not handled", waiting[0].ID)
			}
			if errNew != nil {
				return errNew
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

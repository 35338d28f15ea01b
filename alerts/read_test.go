package alerts

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden is what is kept of the reading of one mail under testdata/mails.
type golden struct {
	Reading
	From, FromAddr, Subject, Problem string
	Lines                            []string
}

func TestReadMails(t *testing.T) {
	trust := Trust{AuthServID: "mx.exemple-asso.fr"}
	for _, file := range mailFiles(t) {
		t.Run(strings.TrimPrefix(file, "testdata/mails/"), func(t *testing.T) {
			r := Read(readFile(t, file), trust)
			got, err := json.MarshalIndent(golden{
				r, r.From, r.FromAddr, r.Subject, r.Problem, strings.Split(r.FirstLines(6), "\n"),
			}, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			compare(t, strings.TrimSuffix(file, ".eml")+".json", append(got, '\n'))
			checkPromises(t, r)
		})
	}
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(readFile(t, file)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestReadSaysWhatTheMailMeans(t *testing.T) {
	const (
		nuage  = "Nuage (Nextcloud)"
		borg   = "borg serveur-a vers serveur-b"
		uuid   = "803f680d-e89b-492b-82ef-2be7b774a92d"
		late   = "success signal did not arrive on time, grace time passed"
		mailer = "mail.exemple-asso.fr"
		flags  = "SUCCESS [package on hold][reboot required]: "
	)
	for _, c := range []struct {
		file  string
		kind  Kind
		state State
		thing string
		fault string
	}{
		{"uptime-kuma/01-v1-down-default", Kuma, Firing, nuage, "Request failed with status code 502"},
		{"uptime-kuma/02-v1-up-default", Kuma, Resolved, nuage, "200 - OK"},
		{"uptime-kuma/03-v1-down-custom-subject-nonascii", Kuma, Firing, "Étherpad – « bloc-notes » à plusieurs", "getaddrinfo EAI_AGAIN pad.exemple-asso.fr"},
		{"uptime-kuma/05-v1-cert-expiry", Kuma, Note, nuage, "server certificate cloud.exemple-asso.fr will be expired in 7 days"},
		{"uptime-kuma/06-v2-down-default-long-nonascii", Kuma, Firing, "Site vitrine de l'association – préproduction (réplique située à Marseille, baie nº 3)", "timeout of 48000ms exceeded"},
		{"uptime-kuma/07-v2-up-push", Kuma, Resolved, "Sauvegarde borg → serveur-b", "OK"},
		{"uptime-kuma/09-v2-group-down", Kuma, Firing, "Hébergement mutualisé", "Child monitors down: Nuage (Nextcloud), Étherpad; pending: Forge"},
		{"uptime-kuma/10-v2-down-custom-html-body", Kuma, Firing, nuage, "Request failed with status code 502"},
		{"uptime-kuma/12-v2-cert-expiry", Kuma, Note, nuage, "server certificate cloud.exemple-asso.fr will expire in 7 days"},
		{"uptime-kuma/13-v2-domain-expiry", Kuma, Note, "exemple-asso.fr", "Domain name will expire in 14 days"},
		{"uptime-kuma/14-v2-test", Kuma, Note, "Mail équipe", "Testing"},
		{"own/kuma-v1-group-down", Kuma, Firing, "Serveurs", "Child inaccessible"},
		{"own/kuma-push-down", Kuma, Firing, "Sauvegarde borg → serveur-b", "No heartbeat in the time window"},
		{"own/kuma-page-quotes-up", Kuma, Firing, "Site", "200 - OK, but keyword is not in [<title>Panne] [✅ Up] tout va bien</title>...]"},
		{"own/kuma-custom-text-body", Kuma, Resolved, "Forge", "200 - OK"},
		{"own/kuma-custom-body-without-message", Kuma, Firing, nuage, ""},
		{"own/kuma-custom-subject-like-default", Kuma, Firing, nuage, "connect ECONNREFUSED 192.0.2.1:443"},
		{"own/kuma-marked-as-spam", Kuma, Resolved, nuage, "200 - OK"},
		{"own/kuma-test-template", Kuma, Note, "Mail équipe", ""},
		{"own/kuma-answered-by-a-person", Plain, Note, "Re: [Nuage (Nextcloud)] [🔴 Down] Request failed with status code 502", ""},
		{"own/kuma-domain-said-by-a-registrar", Plain, Note, "Domain name exemple-asso.fr will expire in 14 days", ""},

		{"healthchecks/v3.10-down-timeout-cron", Healthchecks, Firing, borg, late},
		{"healthchecks/v3.10-down-unnamed-check", Healthchecks, Firing, uuid, late},
		{"healthchecks/v3.10-report-monthly", Healthchecks, Note, "Monthly Report", ""},
		{"healthchecks/v3.10-up", Healthchecks, Resolved, borg, ""},
		{"healthchecks/v4.3-down-fail-nonascii-long-with-body", Healthchecks, Firing, "Réplication PostgreSQL — adhésions & comptabilité (serveur « Étoile » → secours Marseille)", "received a failure signal"},
		{"healthchecks/v4.3-down-timeout-cron", Healthchecks, Firing, borg, late},
		{"healthchecks/v4.3-down-unnamed-check", Healthchecks, Firing, uuid, late},
		{"healthchecks/v4.3-nag-daily", Healthchecks, Note, "Reminder", "2 checks still down"},
		{"healthchecks/v4.3-report-monthly", Healthchecks, Note, "Monthly Report", "In October, 1 check had 2 downtime events."},
		{"healthchecks/v4.3-report-weekly", Healthchecks, Note, "Weekly Report", "Last week (October 26 to November 1), 1 check had 2 downtime events."},
		{"healthchecks/v4.3-up", Healthchecks, Resolved, borg, "downtime 1 hour, 22 minutes"},
		{"own/healthchecks-last-ping-was-a-mail", Healthchecks, Firing, "dump mysql", "received a failure signal"},
		{"own/healthchecks-html-only", Healthchecks, Firing, "certbot renew", late},
		{"own/healthchecks-flapping", Healthchecks, Note, "certbot renew", "flapping"},
		{"own/healthchecks-report-of-someone-else", Plain, Note, "Monthly Report", ""},

		{"diun/v4.33-new-no-hublink", Diun, Note, "codeberg.org/forgejo/forgejo:12.0.4", "new"},
		{"diun/v4.33-update", Diun, Note, "docker.io/library/nextcloud:31-apache", "update"},
		{"own/diun-custom-title", Diun, Note, "docker.io/library/redis:8", "update"},
		{"own/diun-old-without-message-id", Diun, Note, "ghcr.io/asso/site:2", "new"},
		{"own/diun-supper", Plain, Note, "Supper is available", ""},

		{"debian/u-u-failure-lock-reboot-C", UnattendedUpgrades, Note, "serveur-a", "FAILURE [reboot required]: Lock could not be acquired"},
		{"debian/u-u-nothing-to-do-but-held-C", UnattendedUpgrades, Note, "serveur-a", flags + "No packages found that can be upgraded unattended and no pending auto-removals"},
		{"debian/u-u-success-held-C", UnattendedUpgrades, Note, "serveur-a", "SUCCESS [package on hold]: All upgrades installed"},
		{"debian/u-u-success-held-reboot-C", UnattendedUpgrades, Note, "serveur-a", flags + "All upgrades installed"},
		{"own/unattended-french", UnattendedUpgrades, Note, "serveur-a", "SUCCESS [Paquet bloqué][Redémarrage requis]: Toutes les mises à niveau ont été installées"},
		{"own/unattended-german-quoted", UnattendedUpgrades, Note, "serveur-b", "FAILURE [Neustart erforderlich]"},
		{"own/unattended-host-elsewhere", UnattendedUpgrades, Note, "serveur-a", "SUCCESS: ok"},

		{"pflogsumm/mail-docker-mailserver-daily_cron", Pflogsumm, Note, mailer, "84 received, 83 delivered, 1 deferred, 1 bounced, 17 rejected"},
		{"pflogsumm/mail-docker-mailserver-no-log-error", Pflogsumm, Note, mailer, "Error: Mail log not readable or not found: /var/log/mail/mail.log.1"},
		{"pflogsumm/mail-docker-mailserver-weekly-logrotate", Pflogsumm, Note, mailer, "640 received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
		{"own/pflogsumm-debian-anacron", Pflogsumm, Note, mailer, "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
		{"own/pflogsumm-cron", Pflogsumm, Note, "mail", "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},
		{"own/pflogsumm-1.3.0", Pflogsumm, Note, mailer, "1640k received, 633 delivered, 16 deferred, 7 bounced, 131 rejected"},

		{"own/cron-command-with-secrets", Cron, Note, "serveur-a", "borg create && curl -fsS https://hc.exemple.fr/ping/…"},
		{"own/anacron", Cron, Note, "serveur-a", "cron.daily"},

		{"nasty/encoded-words-cut-inside-characters", Kuma, Firing, "Étherpad", "défaut"},
		{"nasty/windows-1252-undeclared", Plain, Note, "Déménagement – €", ""},
		{"nasty/windows-1252-said-utf-8", Plain, Note, "Déménagement", ""},
		{"nasty/windows-1252-declared", Plain, Note, "Coût 10 €", ""},
		{"nasty/unknown-charset", Plain, Note, "Bonjour é", ""},
		{"nasty/forged-results", Kuma, Resolved, nuage, "200 - OK"},
		{"nasty/empty", Plain, Note, "", ""},
		{"nasty/attachment-only", Plain, Note, "image", ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := Read(readFile(t, "testdata/mails/"+c.file+".eml"), Trust{})
			want := Reading{Kind: c.kind, State: c.state, Thing: c.thing, Fault: c.fault}
			got := Reading{Kind: r.Kind, State: r.State, Thing: r.Thing, Fault: r.Fault}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadTakesTheDateOfTheMail(t *testing.T) {
	for file, want := range map[string]string{
		"uptime-kuma/01-v1-down-default":  "2026-11-21T02:14:08Z",
		"healthchecks/v3.10-up":           "2026-11-21T03:36:13Z", // -0000
		"debian/u-u-success-held-C":       "2026-11-22T05:10:39Z", // +0100 (CET)
		"nasty/no-colon-lines":            "0001-01-01T00:00:00Z",
		"nasty/impossible-date":           "0001-01-01T00:00:00Z",
		"nasty/windows-1252-said-utf-8":   "0001-01-01T00:00:00Z",
		"uptime-kuma/13-v2-domain-expiry": "2026-11-21T06:00:11Z",
	} {
		r := Read(readFile(t, "testdata/mails/"+file+".eml"), Trust{})
		if got := r.Since.Format(time.RFC3339); got != want {
			t.Errorf("%s: since %s, want %s", file, got, want)
		}
	}
}

func TestReadKeepsTheTextOfBrokenMails(t *testing.T) {
	for _, c := range []struct{ file, text, problem string }{
		{"mime-without-end", "le texte y est", ""},
		{"mime-without-boundary", "le texte y est", ""},
		{"bad-content-type", "le texte y est", ""},
		{"bad-base64", "Le texte y est", ""},
		{"bad-quoted-printable", "le texte =ZZ y est = oui", ""},
		{"windows-1252-said-utf-8", "ligne en utf-8 : été\nligne en 1252 : été", ""},
		{"windows-1252-declared", "Coût € 10", ""},
		{"windows-1252-undeclared", "On déménage : 10 €.", ""},
		{"nul-and-control", "un deux\ntrois[0m quatre", ""},
		{"html-only", "*******\nFacture\n*******\n\nMontant : *12 €* <b>\n\nPayer", ""},
		{"attachment-only", "", "no text in it"},
		{"header-only", "", ""},
	} {
		r := Read(readFile(t, "testdata/mails/nasty/"+c.file+".eml"), Trust{})
		if r.Text != c.text {
			t.Errorf("%s: text %q, want %q", c.file, r.Text, c.text)
		}
		if c.problem != "" && r.Problem != c.problem {
			t.Errorf("%s: problem %q, want %q", c.file, r.Problem, c.problem)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	head := "From: a@exemple.fr\r\nSubject: grand\r\nMIME-Version: 1.0\r\n"
	var nested strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	multi := head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nbonjour\r\n"
	html := func(s string) string {
		return head + "Content-Type: text/html\r\n\r\n" + strings.Repeat(s, (1<<20)/len(s))
	}
	for name, raw := range map[string]string{
		"30 MB attachment":   multi + "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("AAAA", 30<<18) + "\r\n--b--\r\n",
		"nested":             head + nested.String() + "\r\nbonjour",
		"parts":              multi + strings.Repeat("--b\r\n\r\nx\r\n", 100000),
		"boundaries":         head + "Content-Type: multipart/mixed; boundary=\"" + strings.Repeat("b", 4000) + "\"\r\n\r\n" + strings.Repeat("a\r\n", 300000),
		"one header":         head + "X: " + strings.Repeat("=?utf-8?q?a?= ", 80000) + "\r\n\r\nbonjour",
		"folded header":      head + "X: a\r\n" + strings.Repeat(" a\r\n", 250000) + "\r\nbonjour",
		"headers":            head + strings.Repeat("X: a\r\n", 170000) + "\r\nbonjour",
		"words in a subject": "Subject: " + strings.Repeat("=?utf-8?q?a?= ", 80000) + "\r\n\r\nbonjour",
		"senders":            "From: " + strings.Repeat("a@b.fr, ", 120000) + "\r\n\r\nbonjour",
		"content type":       head + "Content-Type: text/plain; " + strings.Repeat("a=b; ", 200000) + "\r\n\r\nbonjour",
		"results":            strings.Repeat("Authentication-Results: mx; spf=pass\r\n", 25000) + head + "\r\nbonjour",
		"HTML elements":      html("<b>"), "HTML paragraphs": html("<b><p>a"), "HTML tables": html("<table><tr><td>a"),
		"HTML lists": html("<ul><li>a</li>"), "HTML links": html("<a href=x>"), "HTML quotes": html("<blockquote>a b c</blockquote>"), "HTML entities": html("&amp"),
		"Kuma": head + "\r\n" + strings.Repeat("[a] [", 200000), "brackets": "Subject: " + strings.Repeat("[a] [", 200000) + "\r\n\r\n[" + strings.Repeat("[a] [", 200000),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := Read([]byte(raw), Trust{AuthServID: "mx"})
			runtime.ReadMemStats(&after)
			checkPromises(t, r)
			// Both are far above what is needed and far below what hurts.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 600 {
				t.Errorf("allocated %d MiB", mib)
			}
			t.Logf("%s, %d MiB", time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20)
		})
	}
}

func TestReadHashKnowsTheSameMailAgain(t *testing.T) {
	raw := readFile(t, "testdata/mails/uptime-kuma/01-v1-down-default.eml")
	hash := func(raw []byte) string { return Read(raw, Trust{}).Hash }
	_, received, _ := bytes.Cut(raw, []byte("From: "))
	same := map[string][]byte{
		"other trace":  append([]byte("Received: by elsewhere\r\nFrom: "), received...),
		"bare feeds":   bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")),
		"blank at end": append(bytes.Clone(raw), "\r\n\r\n"...),
		"refolded":     bytes.Replace(raw, []byte("From: Uptime Kuma"), []byte("From: Uptime\r\n Kuma"), 1),
	}
	for name, other := range same {
		if hash(other) != hash(raw) {
			t.Errorf("%s: another hash", name)
		}
	}
	for _, old := range []string{"From: Uptime", "Date: Sat", "Subject: ", "Message-ID: <8", "502\r\n"} {
		if !bytes.Contains(raw, []byte(old)) {
			t.Fatalf("the sample has no %q", old)
		}
		if hash(bytes.Replace(raw, []byte(old), []byte(strings.TrimSpace(old)+"9\r\n"), 1)) == hash(raw) {
			t.Errorf("%q changed and the hash did not", old)
		}
	}
	long := append(bytes.Clone(raw), bytes.Repeat([]byte("abcdefg\r\n"), 200000)...)
	if hash(long) != hash(long[:1<<20]) || hash(long) == hash(raw) {
		t.Error("the hash of a long mail depends on where it was cut")
	}
}

func TestFirstLinesAreShortAndMasked(t *testing.T) {
	r := Reading{Text: "-----\n\n  Bonjour\tà tous  \n=====\npassword=hunter2\n" + strings.Repeat("é", 300) + "\nquatre\ncinq"}
	want := "Bonjour à tous\npassword=…\n" + strings.Repeat("é", 159) + "…"
	if got := r.FirstLines(3); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	key := "-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----\nfin"
	if got, want := (Reading{Text: key}).FirstLines(5), "-----BEGIN PRIVATE KEY…\nfin"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := (Reading{}).FirstLines(3); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// checkPromises checks what every reading promises.
func checkPromises(t *testing.T, r Reading) {
	t.Helper()
	kinds := map[Kind]bool{}
	for _, f := range Formats {
		kinds[f.Kind] = true
	}
	if !kinds[r.Kind] || r.State != Firing && r.State != Resolved && r.State != Note {
		t.Errorf("kind %q, state %q", r.Kind, r.State)
	}
	for name, s := range map[string]string{"thing": r.Thing, "fault": r.Fault, "subject": r.Subject, "from": r.From, "address": r.FromAddr} {
		if strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) {
			t.Errorf("%s %q has control characters", name, s)
		}
	}
	if utf8.RuneCountInString(r.Thing) > maxThing || utf8.RuneCountInString(r.Fault) > maxFault {
		t.Errorf("too long: %q, %q", r.Thing, r.Fault)
	}
	odd := func(c rune) bool { return c != '\n' && c != '\t' && unicode.IsControl(c) || c == '\u00a0' }
	if len(r.Text) > 64<<10 || !utf8.ValidString(r.Text) || strings.ContainsFunc(r.Text, odd) {
		t.Errorf("text of %d bytes, not clean: %.200q", len(r.Text), r.Text)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	if len(r.Hash) != 64 {
		t.Errorf("hash %q", r.Hash)
	}
}

func FuzzRead(f *testing.F) {
	for _, file := range mailFiles(f) {
		f.Add(readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		trust := Trust{AuthServID: "mx.exemple-asso.fr"}
		r := Read(raw, trust)
		checkPromises(t, r)
		r.FirstLines(4)
		if again := Read(raw, trust); again != r {
			t.Errorf("read twice:\n%s", cmp.Diff(r, again))
		}
		if other := Read(append([]byte("Received: x\r\n"), raw...), trust); len(raw) > 0 && raw[0] > ' ' && other.Hash != r.Hash {
			t.Error("the hash depends on the trace")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"uptime-kuma/01-v1-down-default", "healthchecks/v4.3-down-timeout-cron", "pflogsumm/mail-docker-mailserver-weekly-logrotate"} {
		b.Run(filepath.Dir(name), func(b *testing.B) {
			raw := readFile(b, "testdata/mails/"+name+".eml")
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Read(raw, Trust{AuthServID: "mx.exemple-asso.fr"})
			}
		})
	}
}

func mailFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/mails/*/*.eml")
	if err != nil || len(files) < 31 {
		tb.Fatalf("%d mails: %v", len(files), err)
	}
	return files
}

func readFile(tb testing.TB, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

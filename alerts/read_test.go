package alerts

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
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
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetIndent("", "\t")
			enc.SetEscapeHTML(false)
			lines := strings.Split(r.FirstLines(6), "\n")
			if err := enc.Encode(golden{r, r.From, r.FromAddr, r.Subject, r.Problem, lines}); err != nil {
				t.Fatal(err)
			}
			compare(t, strings.TrimSuffix(file, ".eml")+".json", got.Bytes())
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
		{"empty-text-with-html", "pas vide", ""},
		{"no-header", "Bonjour, ceci n'est pas un courriel.\n\nVraiment pas.", "no header"},
		{"mime-boundary-never-comes", "le texte y est", "read MIME: a multipart without parts"},
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
	kinds := map[Kind]bool{Ruled: true}
	for _, f := range Formats {
		kinds[f.Kind] = true
	}
	if !kinds[r.Kind] || r.State != Firing && r.State != Resolved && r.State != Note && r.State != Ignored {
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

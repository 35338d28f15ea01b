package config

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/alerts"
	"ronde/bot"
	"ronde/cards"
	"ronde/checks"
	"ronde/hosts"
	"ronde/routines"
)

var update = flag.Bool("update", false, "write the golden files anew")

// withBase adds what a configuration needs to the settings under test, without
// moving their lines: the tables come last.
func withBase(doc string) string {
	doc = strings.ReplaceAll(doc, "\n\t\t", "\n")
	for _, line := range []string{
		"matrix]\nhomeserver = \"https://matrix.example.org\"\nuser = \"@ronde:example.org\"\n",
		"rooms]\ntechnique = \"#t:example.org\"\nsupervision = \"#s:example.org\"\n",
	} {
		if name, _, _ := strings.Cut(line, "]"); !strings.Contains(doc, "["+name+"]") {
			doc += "\n[" + line
		}
	}
	return doc
}

// parse reads settings together with what every configuration needs.
func parse(doc string) (Config, Mistakes) {
	return Parse("config.toml", []byte(withBase(doc)), environment)
}

// TestMistakesGolden compares all that is said about the files in testdata with the
// .golden file beside each.
func TestMistakesGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.toml")
	if len(files) < 2 {
		t.Fatal("testdata holds no configurations")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, mistakes := Parse(filepath.Base(file), readFile(t, file), environment)
			got := mistakes.Error() + "\n"
			golden := strings.TrimSuffix(file, ".toml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, golden)), got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSixMistakesAreSix(t *testing.T) {
	_, err := LoadOffline("testdata/six-mistakes.toml")
	var mistakes Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 6 {
		t.Fatalf("%d mistakes, want 6:\n%v", len(mistakes), err)
	}
	if strings.Contains(err.Error(), "horse") {
		t.Error("the mistakes tell the password")
	}
}

func TestDefaults(t *testing.T) {
	c, mistakes := parse("[mailbox]\naddress = \"imap.example.org:993\"\nuser = \"u\"\npassword_env = \"RONDE_P\"\n")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := routines.ParseQuiet("22:00..08:00")
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Language: "fr", Location: paris, Database: "/var/lib/ronde/ronde.db", LogLevel: slog.LevelInfo,
		Bot: bot.Config{
			Homeserver: "https://matrix.example.org", User: "@ronde:example.org", DeviceName: "ronde",
			Technique: "#t:example.org", Supervision: "#s:example.org",
		},
		Outbox: cards.Config{EventsPerSecond: 0.2, Burst: 10},
		Prompting: routines.Settings{
			Quiet: quiet, Lease: 4 * time.Hour, Rounds: map[string]bool{"technique": false, "supervision": false},
			Digest: routines.Digest{On: true, Day: routines.Weekday{Weekday: time.Monday}, Room: "technique"},
			Watch:  routines.Watch{Day: routines.Weekday{Weekday: time.Monday}},
		},
		Incidents: alerts.Settings{Reopen: 15 * time.Minute, Age: 48 * time.Hour, Keep: 90 * 24 * time.Hour, Lease: 4 * time.Hour, Storm: 3, Hosts: map[string][]string{}, Checks: map[string][]string{}},
		Mailbox: &alerts.MailboxConfig{
			Address: "imap.example.org:993", TLS: alerts.TLSImplicit, User: "u", Password: "the secret of RONDE_P",
			Folders: []string{"INBOX"}, Poll: 5 * time.Minute, CatchUp: 24 * time.Hour, MaxBytes: 1 << 20,
		},
	}
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, c, sameZone); diff != "" {
		t.Errorf("Config (-want +got):\n%s", diff)
	}
}

func TestNoMailboxIsNil(t *testing.T) {
	if c, mistakes := parse(""); c.Mailbox != nil || len(mistakes) > 0 {
		t.Errorf("mailbox %+v, mistakes %v", c.Mailbox, mistakes)
	}
}

func TestRelativeNamesStartAtTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"config.toml": withBase("database = \"data/ronde.db\"\n[mailbox]\naddress = \"localhost:143\"\ntls = \"none\"\nuser = \"u\"\npassword_file = \"secret\"\n" +
			"[[host]]\nname = \"antigone\"\ndocker = \"tcp://h:1\"\nca_file = \"secret\"\n"),
		"secret": "s3cret\r\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != filepath.Join(dir, "data/ronde.db") || c.Mailbox.Password != "s3cret" {
		t.Errorf("database %q, password %q", c.Database, c.Mailbox.Password)
	}
	want := []hosts.Config{{Name: "antigone", Docker: "tcp://h:1", TLS: hosts.TLS{CA: filepath.Join(dir, "secret")}}}
	if diff := cmp.Diff(want, c.Hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// TestSecretsInFilesAreReadWhenTheyAreUsed: the bot keeps the name of the file, so
// that a secret which is renewed counts without a restart.
func TestSecretsInFilesAreReadWhenTheyAreUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, mistakes := parse("[[oauth]]\nname = \"intra\"\nclient_id = \"u\"\nclient_secret_file = '" + file + "'\n")
	want := []checks.OAuthConfig{{Name: "intra", TokenURL: intraTokens, ClientID: "u", SecretFile: file}}
	if diff := cmp.Diff(want, c.OAuth); diff != "" || len(mistakes) > 0 {
		t.Errorf("mistakes %v, oauth (-want +got):\n%s", mistakes, diff)
	}
}

// TestEachCommandDemandsWhatItNeeds: what is not there stops the commands that use
// it and no other.
func TestEachCommandDemandsWhatItNeeds(t *testing.T) {
	doc := "[matrix]\nhomeserver = \"https://matrix.example.org\"\nuser = \"@ronde:example.org\"\npassword_file = \"gone\"\n" +
		"[mailbox]\naddress = \"h:993\"\nuser = \"u\"\npassword_env = \"RONDE_TEST_NOT_SET\"\n"
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(withBase(doc)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command string
		load    func(string) (Config, error)
		want    string
	}{
		{"run", Load, file + ":8:16: mailbox.password_env: the environment variable that it names is not set"},
		{"login", LoadForLogin, file + ":4:17: matrix.password_file: the file that it names does not exist (a name without a leading / starts at the folder of this file)"},
		{"due", LoadOffline, "<nil>"},
	} {
		t.Run(tt.command, func(t *testing.T) {
			if _, err := tt.load(file); fmt.Sprint(err) != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLoadSaysWhyAFileCannotBeRead(t *testing.T) {
	_, err := Load("testdata/none.toml")
	if want := "read configuration: testdata/none.toml does not exist"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err = Load("/dev/zero"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device: %v", err)
	}
}

func TestErrorIsCapped(t *testing.T) {
	var doc strings.Builder
	for i := range 60 {
		fmt.Fprintf(&doc, "qqq%02dqqqqqqq = 1\n", i)
	}
	_, mistakes := parse(doc.String())
	lines := strings.Split(mistakes.Error(), "\n")
	if len(mistakes) != 60 || len(lines) != 51 || lines[50] != "(10 more)" {
		t.Errorf("%d mistakes in %d lines, the last %q", len(mistakes), len(lines), lines[len(lines)-1])
	}
}

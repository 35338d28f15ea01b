package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ronde/routines"
)

const runningDoc = `
[rights]
people = ["@ana:example.org"]
[mailbox]
address = "imap.example.org:993"
user = "u"
password_env = "RONDE_P"
[[host]]
name = "antigone"
docker = "unix:///var/run/docker.sock"
[[routine]]
key = "backups"
title = { fr = "Sauvegardes" }
weekly = ["monday"]
[[routine]]
key = "logs"
title = { fr = "Journaux" }
every = "3d..4d"
start = "2026-03-02"
[board]
listen = "127.0.0.1:8080"
[[webhook]]
name = "kuma"
kind = "kuma"
secret_env = "RONDE_W"
`

func parsedConfig(t *testing.T, doc string) Config {
	t.Helper()
	c, mistakes := parse(doc)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return c
}

func TestEveryChangeIsNamed(t *testing.T) {
	running := parsedConfig(t, runningDoc)
	for _, tt := range []struct{ name, replace, by, want string }{
		{"nothing", "", "", ""},
		{"only how it is written", "\n[[host]]", "\n# a comment\n[[host]]", ""},
		{"a routine more", `key = "logs"`, "key = \"disks\"\ntitle = { fr = \"D\" }\nevery = \"1d\"\n[[routine]]\nkey = \"logs\"", "+disks"},
		{"a key is another routine", `key = "logs"`, `key = "journals"`, "+journals -logs"},
		{"a day", "monday", "friday", "~backups"},
		{"the end of a window", "3d..4d", "3d..5d", "~logs"},
		{"a first day", "2026-03-02", "2026-03-03", "~logs"},
		{"a title", "Sauvegardes", "Les sauvegardes", "~backups"},
		{"language", "\n[rights]", "language = \"en\"\n[rights]", "language"},
		{"time zone", "\n[rights]", "timezone = \"UTC\"\n[rights]", "timezone"},
		{"log level", "\n[rights]", "log_level = \"debug\"\n[rights]", "log_level"},
		{"rights", "@ana:", "@bruno:", "[rights]"},
		{"the mailbox", "user = \"u\"", "user = \"v\"", "[mailbox]"},
		{"what the mailbox believes", "user = \"u\"", "user = \"u\"\nauthserv_id = \"mx\"", "[mailbox]"},
		{"a rule for mails", "\n[rights]", "mail = [{ subject = 'a', as = 'note' }]\n[rights]", "[[mail]]"},
		{"its folders", "user = \"u\"", "user = \"u\"\nfolders = [\"Kuma\"]", "[mailbox]"},
		{"how incidents are followed", "\n[rights]", "incidents = { storm = 5 }\n[rights]", "[incidents]"},
		{"what is tied", "\n[rights]", "same = [{ name = \"Nuage\", things = [\"nuage-cron\"] }]\n[rights]", "[[same]]"},
		{"a secret", "RONDE_P", "RONDE_Q", "[mailbox]"},
		{"how long texts are kept", "\n[rights]", "[incidents]\nkeep = \"30d\"\n[rights]", "[incidents]"},
		{"what cannot wait", "\n[rights]", "[incidents]\ncritical = [\"antigone\"]\n[rights]", "[incidents]"},
		{"a heartbeat", "\n[[host]]", "\n[[heartbeat]]\nname = \"hc\"\nurl_env = \"RONDE_A_URL\"\n[[host]]", "[[heartbeat]]"},
		{"the second road", "\n[[host]]", "\n" + ntfy + "[[host]]", "[pager]"},
		{"where webhooks are served", "8080", "8081", "[board]"},
		{"the secret of a webhook", "RONDE_W", "RONDE_X", "[[webhook]]"},
		{"the account of Kuma", "\n[rights]", "[rooms]\ntechnique = \"#t:example.org\"\nsupervision = \"#s:example.org\"\nkuma_user = \"@kuma:example.org\"\n[rights]", "[rooms]"},
		{"a host", "docker.sock", "podman.sock", "[[host]]"},
		{"what is looked at when it breaks", "docker.sock\"\n", "docker.sock\"\non_alert = []\n", "[[host]]"},
		{"a check", "\n[[host]]", "\n[[check]]\nkind = \"containers\"\nhost = \"antigone\"\nevery = \"5m\"\n[[host]]", "[[check]]"},
		{"the rate", "\n[rights]", "[matrix]\nhomeserver = \"https://matrix.example.org\"\nuser = \"@ronde:example.org\"\nburst = 11\n[rights]", "[matrix]"},
		{"a room", "\n[rights]", "[rooms]\ntechnique = \"#other:example.org\"\nsupervision = \"#s:example.org\"\n[rights]", "[rooms]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := parsedConfig(t, strings.Replace(runningDoc, tt.replace, tt.by, 1))
			r := c.Changes(running)
			got := slices.Concat(keysOf("+", r.Added), keysOf("~", r.Changed), keysOf("-", r.Removed), r.Settings)
			if strings.Join(got, " ") != tt.want || r.Differs() != (tt.want != "") || r.Routines != len(c.Routines) {
				t.Errorf("changed: %q, want %q; it says %+v", got, tt.want, r)
			}
		})
	}
}

func keysOf(mark string, all []routines.Routine) (keys []string) {
	for _, r := range all {
		keys = append(keys, mark+r.Key)
	}
	return keys
}

func TestTheOrderOfRoutinesIsAChange(t *testing.T) {
	running := parsedConfig(t, runningDoc)
	c := running
	c.Routines = slices.Clone(running.Routines)
	slices.Reverse(c.Routines)
	if r := c.Changes(running); !slices.Equal(r.Settings, []string{"[[routine]]"}) {
		t.Errorf("changed: %+v", r)
	}
}

func TestWhatNeedsARestartIsNamed(t *testing.T) {
	running := parsedConfig(t, runningDoc)
	c := running
	c.Database, c.Bot.Homeserver, c.Bot.User = "other.db", "https://other.example.org", "@other:example.org"
	want := []string{"database", "matrix.homeserver", "matrix.user"}
	if got := c.NeedsRestart(running); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := running.NeedsRestart(running); len(got) > 0 {
		t.Errorf("unchanged, %q need a restart", got)
	}
}

func TestARenewedCertificateIsAChange(t *testing.T) {
	dir := t.TempDir()
	write := func(name, holds string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(holds), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.toml", withBase("[[host]]\nname = \"antigone\"\ndocker = \"tcp://192.0.2.1:2376\"\nca_file = \"ca.pem\"\n"))
	read := func() Config {
		c, err := Load(filepath.Join(dir, "config.toml"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	write("ca.pem", "old")
	running := read()
	if r := read().Changes(running); r.Differs() {
		t.Errorf("the same file counts as changed: %+v", r)
	}
	write("ca.pem", "new")
	if r := read().Changes(running); !slices.Equal(r.Settings, []string{"host[antigone].ca_file"}) {
		t.Errorf("changed: %+v", r)
	}
}

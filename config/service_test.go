package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ronde/checks"
)

// What a check of a service needs is asked for, and its key is taken from where it is kept.
func TestTheKeyOfACheckStandsElsewhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("hcr_hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const head = "[[check]]\nkind = \"healthchecks\"\nname = \"jobs\"\n"
	for _, tt := range []struct{ name, doc, want string }{
		{"in a file", head + "key_file = \"key\"", ""},
		{"in the environment", head + "key_env = \"RONDE_KEY\"", ""},
		{"nowhere", head, `check[healthchecks].key_file: missing; write key_file = "/etc/ronde/healthchecks-key"`},
		{"here", head + "key = \"hcr_hunter2\"\nkey_env = \"RONDE_KEY\"", "a secret does not stand in this file"},
		{"readable on its way", head + "key_file = \"key\"\naddress = \"http://hc.example.org\"", "check[healthchecks].address: would send the secret readable over the network"},
		{"a host that it has not", head + "key_file = \"key\"\nhost = \"antigone\"", "is about no host"},
		{"a Redis without its host", "[[check]]\nkind = \"redis\"\nname = \"nitter\"", `check[redis].host: missing`},
		{"both ways to Kuma", "[[check]]\nkind = \"kuma\"\nname = \"etat\"\naddress = \"https://kuma.example.org\"\npage = \"x\"\nkey_file = \"key\"", "is one way and key another"},
		{"a query without thresholds", "[[check]]\nkind = \"prometheus\"\nname = \"oom\"\naddress = \"https://p.example.org\"\nquery = \"up\"", "nothing would ever be found"},
		{"a page without its address", "[[check]]\nkind = \"http\"\nname = \"nuage\"", `check[http].url: missing`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, mistakes := Parse(filepath.Join(dir, "config.toml"), []byte(tt.doc), environment)
			var said []string
			for _, m := range mistakes {
				if strings.HasPrefix(m.Key, "check[") {
					said = append(said, m.Key+": "+m.Text)
				}
			}
			all := strings.Join(said, "; ")
			if tt.want == "" && all != "" || !strings.Contains(all, tt.want) || strings.Contains(all, "hunter2") {
				t.Errorf("got %q, want %q", all, tt.want)
			}
			if tt.want == "" && (len(c.Checks) != 1 || checks.SettingsOf(c.Checks[0].Settings)[1].Default == checks.Secret("")) {
				t.Errorf("got %+v", c.Checks)
			}
		})
	}
}

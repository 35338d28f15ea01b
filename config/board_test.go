package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/board"
)

const oneHook = "[board]\nlisten = \"127.0.0.1:8080\"\n[[webhook]]\nname = \"kuma\"\nkind = \"kuma\"\nsecret_env = \"RONDE_K\"\n"

func TestWebhooksAreRead(t *testing.T) {
	c, mistakes := parse(oneHook + "[rooms]\ntechnique = \"#t:h\"\nsupervision = \"#s:h\"\nkuma_user = \"@kuma:h\"\n")
	want := board.Config{Listen: "127.0.0.1:8080", Hooks: []board.Hook{{Name: "kuma", Kind: "kuma", Secret: "the secret of RONDE_K"}}}
	if diff := cmp.Diff(want, c.Board); diff != "" || len(mistakes) > 0 || c.KumaUser != "@kuma:h" {
		t.Errorf("mistakes %v, user %q, board (-want +got):\n%s", mistakes, c.KumaUser, diff)
	}
}

func TestMistakesInWebhooks(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{"no table needed", "", ""},
		{"a board without webhooks", "[board]\nlisten = \"0.0.0.0:8080\"", ""},
		{"no address", "[board]\n", `1:2: board.listen: missing; write listen = "127.0.0.1:8080"`},
		{"a port alone", "[board]\nlisten = \":8080\"", `2:10: board.listen: ":8080" is not an address and a port; write "127.0.0.1:8080" behind a reverse proxy on this machine, "0.0.0.0:8080" in a container`},
		{"no board", oneHook[strings.Index(oneHook, "[[webhook"):], `1:3: webhook[kuma]: is never reached: the table [board] is missing; write [board] with listen = "127.0.0.1:8080"`},
		{"no kind", strings.Replace(oneHook, "kind = \"kuma\"\n", "", 1), `3:3: webhook[kuma].kind: missing; write kind = "kuma"`},
		{"another kind", strings.Replace(oneHook, "kind = \"kuma\"", "kind = \"kumo\"", 1), `5:8: webhook[kuma].kind: "kumo" is none of "kuma", "diun", "healthchecks", "alertmanager" and "netdata"; did you mean "kuma"?`},
		{"no secret", strings.Replace(oneHook, "secret_env = \"RONDE_K\"\n", "", 1), `3:3: webhook[kuma].secret_file: missing; write secret_file = "/etc/ronde/kuma-webhook", or secret_env = "RONDE_KUMA_WEBHOOK"`},
		{"a secret in the open", strings.Replace(oneHook, "secret_env", "secret", 1), `6:1: webhook[kuma].secret: a secret does not stand in this file; put it in a file of its own and name that with secret_file, or name an environment variable with secret_env`},
		{"a secret that is not set", strings.Replace(oneHook, "RONDE_K", "OTHER", 1), `6:14: webhook[kuma].secret_env: the environment variable that it names is not set`},
		{"one name twice", oneHook + strings.Replace(oneHook, "[board]\nlisten = \"127.0.0.1:8080\"\n", "", 1), `8:8: webhook[kuma].name: "kuma" is already the name of another webhook, on line 4`},
		{"the bot as Kuma", "[rooms]\ntechnique = \"#t:h\"\nsupervision = \"#s:h\"\nkuma_user = \"@ronde:example.org\"\n", `4:13: rooms.kuma_user: is the bot itself; Uptime Kuma needs an account of its own`},
	} {
		t.Run(tt.name, func(t *testing.T) { wantMistakes(t, tt.doc, tt.want) })
	}
}

func TestAWebhooksSecretIsNotShort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	doc := strings.Replace(oneHook, `secret_env = "RONDE_K"`, "secret_file = '"+file+"'", 1)
	c, mistakes := parse(doc)
	if len(mistakes) != 1 || !strings.Contains(mistakes.Error(), "6:15: webhook[kuma].secret_file: the secret that it names is shorter than 16 characters") {
		t.Errorf("mistakes: %v", mistakes)
	}
	if strings.Contains(mistakes.Error(), "hunter2") || c.Board.Hooks[0].Secret != "" {
		t.Errorf("the short secret is used or told: %v", mistakes)
	}
}

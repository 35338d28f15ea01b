package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const checkID = "803f680d-e89b-492b-82ef-2be7b774a92d"

// maskings are texts with a secret, and what is left of them.
var maskings = []struct{ name, in, want string }{
	{"ping", "curl -fsS https://hc.exemple.fr/ping/" + checkID + "/fail.", "curl -fsS https://hc.exemple.fr/ping/…."},
	{"ping by slug", "https://hc.exemple.fr/ping/mS7qkWvXH2wn3YlTabcdef/borg?create=1", "https://hc.exemple.fr/ping/…"},
	{"ping at hc-ping.com", "(https://hc-ping.com/" + checkID + ")", "(https://hc-ping.com/…)"},
	{"ping without scheme", "wget hc.exemple.fr/ping/" + checkID, "wget hc.exemple.fr/ping/…"},
	{"ping by address", "curl http://192.0.2.7:8000/ping/abc/def", "curl http://192.0.2.7:8000/ping/…"},
	{"ping in an access log", `"GET /ping/abc/def HTTP/1.1" 200`, `"GET /ping/… HTTP/1.1" 200`},
	{"escaped ping", "https://hc.exemple.fr/p%69ng/abc", "https://hc.exemple.fr/p%69ng/…"},
	{"cloaked", "https://hc.exemple.fr/cloaked/124f983e0e3dcaeba921cfcef46efd084576e783/", "https://hc.exemple.fr/cloaked/…"},
	{"unsubscribe", "<https://hc.exemple.fr/integrations/4ec5a071-2d08-4baa-898a-eb4eb3cd6941/unsub/mS7qkWvXH2wn3YlT/>",
		"<https://hc.exemple.fr/integrations/4ec5a071-…/unsub/…>"},
	{"unsubscribe header", "List-Unsubscribe: <https://a.example/x/y>, <mailto:u@a.example>", "List-Unsubscribe: …"},
	{"unsubscribe by word", "Pour vous désinscrire : https://liste.example/u/12", "Pour vous désinscrire : https://liste.example/…"},
	{"unsubscribe by number", "https://liste.example/unsubscribe.php?id=12&u=3", "https://liste.example/unsubscribe.php?…"},
	{"kuma push", "https://kuma.exemple.fr/api/push/Ab3dE6gH?status=up&msg=OK&ping=", "https://kuma.exemple.fr/api/push/…"},
	{"escaped push", "https://kuma.exemple.fr/api/pu%73h/Ab3dE6gH", "https://kuma.exemple.fr/api/pu%73h/…"},
	{"kuma push without host", "localhost:3001/api/push/Ab3dE6gH?status=up", "localhost:3001/api/push/…"},
	{"rs-short admin", "Admin link: https://s.exemple.fr/colis-2026/admin/3q2-7wAAESIzRFVmd4iZqrvM3e7_AAEC",
		"Admin link: https://s.exemple.fr/colis-2026/admin/…"},
	{"rs-short key", "https://s.exemple.fr/colis/3q2-7wAAESIzRFVmd4iZqrvM3e7_AAEC", "https://s.exemple.fr/colis/3q2-…"},
	{"rs-short delete", "https://s.exemple.fr/colis-2026/delete/k", "https://s.exemple.fr/colis-2026/delete/…"},
	{"rs-short phishing", "https://s.exemple.fr/colis-2026/phishing/MOTDEPASSE", "https://s.exemple.fr/colis-2026/phishing/…"},
	{"confirmation", "https://a.example/confirm/3?yes=1#now", "https://a.example/confirm/…"},
	{"parameter", "https://a.example/x?lang=fr&access_token=abc&page=2", "https://a.example/x?lang=fr&access_token=…&page=2"},
	{"parameter by look", "https://a.example/x?h=mS7qkWvXH2wn3YlT", "https://a.example/x?h=mS7q…"},
	{"login", "https://bot:hunter2@git.exemple.fr/x.git", "https://…@git.exemple.fr/x.git"},
	{"login with a slash", "postgres://app:a/b@c@db.exemple.fr/app", "postgres://…@db.exemple.fr/app"},
	{"bearer", `curl -H "Authorization: Bearer abc.def-12" https://a.example/`, `curl -H "Authorization: …" https://a.example/`},
	{"bearer alone", "sent bearer abcDEF123456", "sent bearer …"},
	{"cookie", "Cookie: session=abc; x=y", "Cookie: …"},
	{"assignment", "BORG_PASSWORD=hunter2 borg list", "BORG_PASSWORD=… borg list"},
	{"camel", "dbPassword: hunter2", "dbPassword: …"},
	{"French", "Mot de passe\u00a0: hunter2", "Mot de passe\u00a0: …"},
	{"JSON", `{"password": "a \"b\" c", "user": "x"}`, `{"password": "…", "user": "x"}`},
	{"JSON in JSON", `"{\"token\":\"abc\"}"`, `"{\"token\":"…"`},
	{"YAML", "{secret: abc, user: x}", "{secret: …, user: x}"},
	{"open quote", `token="abc def`, `token="…"`},
	{"passphrase", "BORG_PASSPHRASE: correct horse battery", "BORG_PASSPHRASE: …"},
	{"option", "mysql --password hunter2 -h db", "mysql --password … -h db"},
	{"curl user", "curl -u bot:hunter2 https://a.example/", "curl -u bot:… https://a.example/"},
	{"known tokens", "hcw_abcdefghijklmnop syt_Ym90_abcdef_12 s-s4t2ud-abcdef0123", "hcw_… syt_… s-s4t2ud-…"},
	{"JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ…"},
	{"key", "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\nb",
		"a\n-----BEGIN OPENSSH PRIVATE KEY…\nb"},
	{"cut key", "-----BEGIN PRIVATE KEY-----\nabc\ndef", "-----BEGIN PRIVATE KEY…"},
	{"hexadecimal", "digest sha256:216e3ae7de4ca8b553eb11ef7abda00651e79e537e85c46108284e5e91673e01", "digest sha256:216e…"},
	{"base64", "AbCd12EfGh34IjKl56MnOp78QrSt==", "AbCd…"},
	{"check without a name", "DOWN | " + checkID, "DOWN | 803f680d-…"},
}

func TestMaskTakesOutSecretsAndActingLinks(t *testing.T) {
	for _, c := range maskings {
		t.Run(c.name, func(t *testing.T) {
			if got := Mask(c.in); got != c.want {
				t.Errorf("Mask(%q)\n got %q\nwant %q", c.in, got, c.want)
			}
			if got := Mask(c.want); got != c.want {
				t.Errorf("masked twice: %q became %q", c.want, got)
			}
		})
	}
}

func TestMaskLeavesTheRest(t *testing.T) {
	for _, s := range []string{
		"",
		"Request failed with status code 502",
		"connect ECONNREFUSED 192.0.2.1:443",
		"from 2001:db8::17, il y a 1 heure, le sam. 21 nov. 2026 03:14:07 +0100",
		"https://cloud.exemple-asso.fr/status.php",
		"Voir https://wiki.exemple-asso.fr/sauvegardes#étape-3, puis https://a.example/?page=2&lang=fr.",
		"https://fr.wikipedia.org/wiki/R%C3%A9union_g%C3%A9n%C3%A9rale_%C3%A9lue",
		"https://git.exemple.fr/asso/depot/issues/12",
		"https://matrix.to/#/@ada:exemple.fr",
		"http://[2001:db8::17]:8080/a@b",
		"[Site vitrine de l'association – préproduction (réplique située à Marseille, baie nº 3)]",
		"Archive name: serveur-a-2026-11-21T03:15:02",
		"Repository borg@serveur-b:/srv/borg/serveur-a does not accept connections",
		"Setting up libssl3t64:amd64 (3.5.7-1~deb13u3) over libcurl3t64-gnutls_8.14.1-2+deb13u7_amd64.deb",
		"test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }",
		"/var/lib/docker/volumes/nextcloud_data/_data/2026-11-21T03-15-02/config.php",
		"Le jeton a expiré, the token expired, basic authentication, bearer of news",
		"dmarc=pass header.from=exemple.fr",
		"179536210803.3840.13702453733598763414",
		"docker.io/library/nextcloud:31-apache codeberg.org/forgejo/forgejo:12.0.4",
		"| DOWN   | borg serveur-a vers serveur-b | 1 day, 7 hours ago |",
		"PostgreSQLReplicationSlotMonitorFailure in ContainerMonitorDownEventHandler",
	} {
		if got := Mask(s); got != s {
			t.Errorf("Mask(%q) = %q", s, got)
		}
	}
}

// FuzzMask puts a secret of each kind between two pieces of any text.
func FuzzMask(f *testing.F) {
	const secret = "qZ7wX3kV9mB2nL5t"
	kinds := []string{
		"https://hc.example/ping/%s", "https://k.example/api/push/%s", "https://s.example/a/phishing/%s",
		"https://a.example/?token=%s", "https://u:%s@a.example/", "Authorization: Bearer %s",
		"PASSWORD=%s", "--token %s", `"secret": "%s"`, "passphrase: %s", "hcw_%s",
		"-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----", "%[1]s%[1]s",
	}
	for i := range kinds {
		f.Add(uint(i), "Bonjour,\n", "\nAu revoir")
	}
	f.Fuzz(func(t *testing.T, kind uint, before, after string) {
		seeded := strings.ReplaceAll(strings.ReplaceAll(kinds[kind%uint(len(kinds))], "%[1]s", secret), "%s", secret)
		in := before + "\n" + seeded + "\n" + after
		out := Mask(in)
		if strings.Contains(out, secret) && !strings.Contains(before+after, secret) {
			t.Errorf("Mask(%q) = %q shows the secret", in, out)
		}
		if again := Mask(out); again != out {
			t.Errorf("masked twice: %q became %q", out, again)
		}
		if len(out) > 4*len(in)+64 || !utf8.ValidString(out) {
			t.Errorf("Mask(%q) = %q: %d bytes", in, out, len(out))
		}
	})
}

func BenchmarkMask(b *testing.B) {
	s := strings.Repeat("Setting up libssl3t64:amd64 (3.5.7-1~deb13u3), see https://wiki.exemple.fr/a?token=abc\n", 180)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Mask(s)
	}
}

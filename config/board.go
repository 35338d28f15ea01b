package config

import (
	"errors"
	"fmt"

	"ronde/alerts"
	"ronde/board"
)

// shortestSecret is the least length of a webhook's secret, in bytes: anybody may
// try them.
const shortestSecret = 16

// parseListen checks the address that a server listens at.
func parseListen(s string) (string, error) {
	if _, err := parseAddress(s); err != nil {
		return "", errors.New(shown(s) + ` is not an address and a port; write "127.0.0.1:8080" behind a reverse proxy on this machine, "0.0.0.0:8080" in a container`)
	}
	return s, nil
}

// board reads [board] and every [[webhook]].
func (r *reader) board(root *section) board.Config {
	s := root.only("board", false)
	s.need("listen", `"127.0.0.1:8080"`)
	c := board.Config{Listen: parsed(s, "listen", `"127.0.0.1:8080"`, parseListen)}
	var kinds []string
	for _, k := range alerts.HookKinds() {
		kinds = append(kinds, string(k))
	}
	taken := namesakes{}
	for _, hook := range root.each("webhook", "name") {
		hook.need("kind", `"kuma"`)
		one := board.Hook{
			Name:   hook.ownName("name", `"kuma"`, taken),
			Kind:   alerts.Kind(hook.oneOf("kind", kinds...)),
			Secret: hook.webhookSecret(),
		}
		if hook.table == nil {
			continue
		}
		if s.table == nil {
			hook.note(hook.table.at, hook.name, `is never reached: the table [board] is missing; write [board] with listen = "127.0.0.1:8080"`)
		}
		c.Hooks = append(c.Hooks, one)
	}
	return c
}

func (s *section) webhookSecret() string {
	secret := s.secret("secret", Running)
	if s.table != nil && !s.has("secret_file") && !s.has("secret_env") && !s.has("secret") {
		s.need("secret_file", `"/etc/ronde/kuma-webhook", or secret_env = "RONDE_KUMA_WEBHOOK"`)
	}
	if secret == "" || len(secret) >= shortestSecret {
		return secret
	}
	for _, name := range []string{"secret_file", "secret_env"} {
		if s.has(name) {
			s.noteFor(Running, s.at(name), s.key(name), fmt.Sprintf("the secret that it names is shorter than %d characters; make one with: openssl rand -hex 24", shortestSecret))
		}
	}
	return ""
}

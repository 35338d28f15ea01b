package e2e

import (
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

func TestStatsOfARealEngineInTheRoom(t *testing.T) {
	engine := peers.NeedDocker(t)
	for _, name := range []string{"nextcloud", "keycloak"} {
		must(t, engine.RunBusybox(name, "sh", "-c", "echo "+name+" is ready >&2; exec sleep 600"))
	}
	tables, url := hookTables(t)
	w := settle(t, func(s *scene.Settings) { s.Docker, s.Routines = engine.Host, s.Routines+tables })
	_, err := w.ana.Say(w.ctx, w.technique, "!stats antigone")
	must(t, err)
	w.expect(t, w.technique, "the figures", "📊", "antigone", "nextcloud", "keycloak")
	_, err = w.ana.Say(w.ctx, w.technique, "!stats antigon")
	must(t, err)
	w.expect(t, w.technique, "the known hosts", "antigon", "antigone")
	out, err := w.bot.Do(w.ctx, "check", "containers", "antigone", "--json")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(out, `"nextcloud"`) {
		t.Errorf("ronde check containers printed:\n%s", out)
	}
	if !posted(w.ctx, url, kumaPost("Nextcloud (antigone)", 0, "502", time.Now())) {
		t.Fatal("the webhook takes nothing")
	}
	w.expect(t, w.supervision, "the incident", "🔴 Panne · Nextcloud")
	w.expect(t, w.supervision, "what its host says, unasked", "✅ antigone", "conteneur ", "\nnextcloud ")
	_, err = w.ana.Say(w.ctx, w.supervision, "!logs")
	must(t, err)
	w.expect(t, w.supervision, "what it wrote last", "📜 nextcloud", "nextcloud is ready")
	engine.Stop()
	_, err = w.ana.Say(w.ctx, w.technique, "!stats antigone")
	must(t, err)
	w.expect(t, w.technique, "the engine being away", "antigone", "injoignable")
}

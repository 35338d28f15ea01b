package e2e

import (
	"strings"
	"testing"

	"ronde/e2e/peers"
	"ronde/e2e/scene"
)

func TestStatsOfARealEngineInTheRoom(t *testing.T) {
	engine := peers.NeedDocker(t)
	for _, name := range []string{"nextcloud", "keycloak"} {
		must(t, engine.RunBusybox(name, "sleep", "600"))
	}
	w := settle(t, func(s *scene.Settings) { s.Docker = engine.Host })
	_, err := w.ana.Say(w.ctx, w.technique, "!stats antigone")
	must(t, err)
	w.expect(t, w.technique, "the figures", "📊", "antigone", "nextcloud", "keycloak")
	_, err = w.ana.Say(w.ctx, w.technique, "!stats antigon")
	must(t, err)
	w.expect(t, w.technique, "the known hosts", "antigon", "antigone")
	out, err := w.bot.Do(w.ctx, "check", "stats", "antigone", "--json")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(out, `"nextcloud"`) {
		t.Errorf("ronde check stats printed:\n%s", out)
	}
	engine.Stop()
	_, err = w.ana.Say(w.ctx, w.technique, "!stats antigone")
	must(t, err)
	w.expect(t, w.technique, "the engine being away", "antigone", "injoignable")
}

package hosts

import (
	"errors"
	"net/http"
	"testing"
)

func TestALogThatCannotBeReadIsAnError(t *testing.T) {
	engine := newFakeEngine(t, "web")
	engine.stats = func(w http.ResponseWriter, _ *http.Request, _ string) {
		http.Error(w, `{"message":"the proxy says no"}`, http.StatusForbidden)
	}
	var away *UnreachableError
	if lines, err := engine.host.Tail(t.Context(), "web"); err == nil || errors.As(err, &away) {
		t.Errorf("a log that a proxy keeps to itself: %v, %v", lines, err)
	}
	engine.server.Close()
	if lines, err := engine.host.Tail(t.Context(), "web"); !errors.As(err, &away) || away.Host != "antigone" {
		t.Errorf("an engine that is away: %v, %v", lines, err)
	}
	if _, err := engine.host.Listed(t.Context()); !errors.As(err, &away) {
		t.Errorf("the list of an engine that is away: %v", err)
	}
	without := newHost(t, Config{Name: "sarus"})
	if _, err := without.Tail(t.Context(), "web"); !errors.Is(err, ErrNoEngine) {
		t.Errorf("a host without an engine: %v", err)
	}
	if _, err := without.Listed(t.Context()); !errors.Is(err, ErrNoEngine) {
		t.Errorf("the list of a host without an engine: %v", err)
	}
}

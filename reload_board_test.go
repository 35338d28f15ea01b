package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ronde/e2e/peers"
)

// TestTheBoardMovesWithAReload: webhooks are served where the configuration says now,
// with the secret that it names now, and no longer elsewhere.
func TestTheBoardMovesWithAReload(t *testing.T) {
	file := configured(t)
	loggedIn(t, file)
	first, second := peers.FreeAddress(t), peers.FreeAddress(t)
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(filepath.Dir(file), "hook.secret")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "the first long secret")
	write(file, string(doc)+fmt.Sprintf("[board]\nlisten = %q\n[[webhook]]\nname = \"diun\"\nkind = \"diun\"\nsecret_file = \"hook.secret\"\n", first))
	log := &awaited{more: make(chan struct{}, 1)}
	done := make(chan int, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { done <- execute(ctx, []string{"run", "-c", file}, &streams{out: log, err: log}) }()
	log.wait(t, "webhooks are served")

	if status := postTo(t, first, "the first long secret"); status != http.StatusOK {
		t.Errorf("before: %d", status)
	}
	write(secret, "the second long secret")
	hangUp(t)
	log.wait(t, "the configuration is reloaded")
	if !becomes(t, first, "the second long secret", http.StatusOK) || postTo(t, first, "the first long secret") != http.StatusUnauthorized {
		t.Error("the new secret does not count, or the old one still does")
	}
	rewrite(t, file, first, second)
	hangUp(t)
	if !becomes(t, second, "the second long secret", http.StatusOK) || postTo(t, first, "the second long secret") != 0 {
		t.Error("the board has not moved")
	}
	write(file, string(doc))
	hangUp(t)
	if !becomes(t, second, "the second long secret", 0) {
		t.Error("the board is still there")
	}
	stop()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if strings.Contains(log.text.String(), "long secret") {
		t.Errorf("the log holds a secret:\n%s", log.text.String())
	}
}

// postTo posts to the webhook of Diun and returns the answer's status, 0 for none.
func postTo(t *testing.T, address, secret string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/hooks/diun", strings.NewReader(`{"image": "a/b", "status": "new"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Ronde-Secret", secret)
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// becomes waits until the answer is the wanted one.
func becomes(t *testing.T, address, secret string, status int) bool {
	t.Helper()
	limit := time.After(time.Minute)
	for postTo(t, address, secret) != status {
		select {
		case <-limit:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

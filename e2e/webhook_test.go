package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/bot"
	"ronde/e2e/peers"
	"ronde/e2e/scene"
	"ronde/store"
)

const hookSecret = "0123456789abcdef of the webhook"

// hookTables are the tables of a bot with one webhook of Uptime Kuma, and where that is.
func hookTables(t *testing.T) (tables, url string) {
	t.Helper()
	address := peers.FreeAddress(t)
	secret := filepath.Join(t.TempDir(), "hook.secret")
	must(t, os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600))
	return fmt.Sprintf("\n[board]\nlisten = %q\n[[webhook]]\nname = \"kuma\"\nkind = \"kuma\"\nsecret_file = %q\n", address, secret),
		"http://" + address
}

// kumaPost is what Uptime Kuma posts when a monitor goes down or up.
func kumaPost(thing string, status int, message string, at time.Time) []byte {
	body, err := json.Marshal(map[string]any{
		"heartbeat": map[string]any{"monitorID": 1, "status": status, "time": at.UTC().Format("2006-01-02 15:04:05.000"), "msg": message},
		"monitor":   map[string]any{"id": 1, "name": thing},
		"msg":       fmt.Sprintf("[%s] [%s] %s", thing, []string{"🔴 Down", "✅ Up"}[status], message),
	})
	if err != nil {
		panic(err)
	}
	return body
}

// post posts a body and returns the answer's status, 0 for none.
func post(ctx context.Context, url string, body []byte) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/hooks/kuma", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+hookSecret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// posted posts until it is taken, as long as the bot is not up yet.
func posted(ctx context.Context, url string, body []byte) bool {
	for post(ctx, url, body) != http.StatusOK {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return true
}

// TestAnAlertByWebhook: from the request to the recovery, and the secret is nowhere.
func TestAnAlertByWebhook(t *testing.T) {
	tables, url := hookTables(t)
	w := settle(t, func(s *scene.Settings) { s.Routines += tables })
	began := time.Now().Add(-3 * time.Minute)
	if !posted(w.ctx, url, kumaPost("Nuage", 0, "Request failed with status code 502", began)) {
		t.Fatal("the webhook takes nothing")
	}
	card := w.expect(t, w.supervision, "the incident", "🔴 Panne · Nuage", "Request failed with status", "depuis")
	if strings.Contains(card.Body, "non vérifié") {
		t.Errorf("whoever knows the secret counts as verified: %s", card.Body)
	}
	if !posted(w.ctx, url, kumaPost("Nuage", 1, "200 - OK", began.Add(2*time.Minute))) {
		t.Fatal("the webhook takes no recovery")
	}
	up := w.expect(t, w.supervision, "the recovery", "🟢 Rétabli · Nuage", "après 2 min")
	if up.ID != card.ID {
		t.Error("the recovery is a second message, not an edit of the card")
	}
	if strings.Contains(w.bot.Log(), hookSecret) {
		t.Errorf("the log holds the secret:\n%s", w.bot.Log())
	}
}

// TestAKillLosesNothingThatWasAnswered: the bot is killed again and again while others
// post as fast as they can. Whatever was answered with 2xx is stored.
func TestAKillLosesNothingThatWasAnswered(t *testing.T) {
	tables, url := hookTables(t)
	dir := t.TempDir()
	config, err := scene.Settings{
		Homeserver: "http://127.0.0.1:1", User: "@ronde:example.org", Technique: "#technique:example.org",
		Supervision: "#supervision:example.org", Routines: tables,
	}.Write(dir)
	must(t, err)
	file := filepath.Join(dir, "ronde.db")
	haveAccount(t, file)
	taken := map[string]bool{}
	sent := 0
	for range 5 {
		more, n := postUntilKilled(t, &scene.Ronde{Program: program, Config: config}, url, sent)
		sent += n
		for _, thing := range more {
			taken[thing] = true
		}
	}
	if len(taken) < 5 {
		t.Fatalf("only %d of %d were taken: this shows nothing", len(taken), sent)
	}
	stored := storedThings(t, file)
	for thing := range taken {
		if !stored[thing] {
			t.Errorf("%s was answered with 200, and is lost", thing)
		}
	}
	t.Logf("%d sent, %d answered, %d stored", sent, len(taken), len(stored))
}

// postUntilKilled starts the bot, has four post things numbered from first on, and kills
// it in the middle. It returns the things that were answered with 200.
func postUntilKilled(t *testing.T, ronde *scene.Ronde, url string, first int) (taken []string, sent int) {
	t.Helper()
	must(t, ronde.Start())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	must(t, ronde.Says(ctx, "webhooks are served"))
	var mu sync.Mutex
	var posting sync.WaitGroup
	enough := make(chan struct{})
	for range 4 {
		posting.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				thing := fmt.Sprintf("Thing %d", first+sent)
				sent++
				mu.Unlock()
				status := post(ctx, url, kumaPost(thing, 0, "502", time.Now()))
				mu.Lock()
				if status == http.StatusOK {
					if taken = append(taken, thing); len(taken) == 20 {
						close(enough)
					}
				}
				mu.Unlock()
				if status == 0 && isOver(ronde.Exited()) {
					return
				}
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
	}
	must(t, ronde.Kill())
	cancel()
	posting.Wait()
	return taken, sent
}

// isOver tells whether a channel is closed.
func isOver(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// haveAccount keeps an account in a database, for a homeserver that is never there.
func haveAccount(t *testing.T, file string) {
	t.Helper()
	db, err := store.Open(t.Context(), file)
	must(t, err)
	account, err := json.Marshal(bot.Account{
		Homeserver: "http://127.0.0.1:1", UserID: "@ronde:example.org", DeviceID: "D", AccessToken: "t", PickleKey: "p",
	})
	must(t, err)
	must(t, db.SetValue(t.Context(), "matrix.account", string(account)))
	must(t, db.Close())
}

// storedThings returns the things that the webhooks brought, folded or not.
func storedThings(t *testing.T, file string) map[string]bool {
	t.Helper()
	db, err := store.Open(t.Context(), file)
	must(t, err)
	defer db.Close()
	things := map[string]bool{}
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		for id := int64(1); ; id++ {
			h, known, err := tx.Hook(id)
			if err != nil || !known {
				return err
			}
			var body struct{ Monitor struct{ Name string } }
			if err := json.Unmarshal(h.Raw, &body); err != nil {
				return err
			}
			things[body.Monitor.Name] = true
		}
	}))
	return things
}

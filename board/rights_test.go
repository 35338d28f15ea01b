package board

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"ronde/alerts"
	"ronde/store"
)

// countingInbox keeps what was taken, by webhook.
type countingInbox map[string]int

func (i countingInbox) TakeHook(_ context.Context, h store.Hook) error { i[h.Name]++; return nil }

// TestRightsOfEveryWebhook: who may bring something to a webhook of each kind, with the
// secret in each place where it may stand. What is not understood is taken, too, with 202.
func TestRightsOfEveryWebhook(t *testing.T) {
	synctest.Test(t, everyWebhook) // as fast as may be is without any time between
}

func everyWebhook(t *testing.T) {
	t.Helper()
	places := map[string]func(r *http.Request, secret string){
		"bearer":  func(r *http.Request, secret string) { r.Header.Set("Authorization", "Bearer "+secret) },
		"header":  func(r *http.Request, secret string) { r.Header.Set("X-Ronde-Secret", secret) },
		"address": func(r *http.Request, secret string) { r.URL.Path += "/" + secret },
	}
	for _, kind := range alerts.HookKinds() {
		for place, put := range places {
			for _, tt := range []struct {
				who    string
				secret string // "" for none
				before int    // requests of the right sender just before
				size   int
				status int
				taken  int // besides those before
			}{
				{"right secret", "right", 0, 100, http.StatusAccepted, 1},
				{"right secret, as large as may be", "right", 0, maxBody, http.StatusAccepted, 1},
				{"right secret, too large", "right", 0, maxBody + 1, http.StatusRequestEntityTooLarge, 0},
				{"right secret, as fast as may be", "right", burst - 1, 100, http.StatusAccepted, 1},
				{"right secret, too fast", "right", burst, 100, http.StatusTooManyRequests, 0},
				{"wrong secret", "wrong", 0, 100, http.StatusUnauthorized, 0},
				{"wrong secret, too large", "wrong", 0, maxBody + 1, http.StatusUnauthorized, 0},
				{"wrong secret, too fast", "wrong", burst, 100, http.StatusUnauthorized, 0},
				{"no secret", "", 0, 100, http.StatusUnauthorized, 0},
				{"secret of another webhook", "other", 0, 100, http.StatusUnauthorized, 0},
			} {
				inbox := countingInbox{}
				b := New(&Board{
					Config: Config{Hooks: []Hook{{Name: "one", Kind: kind, Secret: "the-secret-of-one"}, {Name: "two", Kind: kind, Secret: "the-secret-of-two"}}},
					Inbox:  inbox, Taken: func() {}, Log: slog.New(slog.DiscardHandler),
				})
				secret := map[string]string{"right": "the-secret-of-one", "wrong": "the-secret-of-on", "other": "the-secret-of-two"}
				post := func(who string, size int) int {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/one", strings.NewReader(strings.Repeat("x", size)))
					if secret[who] != "" {
						put(r, secret[who])
					}
					w := httptest.NewRecorder()
					b.ServeHTTP(w, r)
					return w.Code
				}
				for range tt.before {
					post("right", 1)
				}
				status := post(tt.secret, tt.size)
				if taken := inbox["one"] - tt.before; status != tt.status || taken != tt.taken || inbox["two"] != 0 {
					t.Errorf("%s, %s in the %s: %d, %d taken; want %d, %d taken", kind, tt.who, place, status, taken, tt.status, tt.taken)
				}
			}
		}
	}
}

package board

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"ronde/alerts"
	"ronde/store"
)

// How many requests a webhook takes: more than all that is watched makes when it goes
// down and comes back at once. Uptime Kuma tries once, so what is refused is lost.
const (
	perSecond = 20
	burst     = 2000
)

// door is a webhook that is open.
type door struct {
	hook   Hook
	digest [sha256.Size]byte // of the secret, so that lengths compare as fast as the rest
	limit  *rate.Limiter
}

func newDoor(h Hook) *door {
	return &door{hook: h, digest: sha256.Sum256([]byte(h.Secret)), limit: rate.NewLimiter(perSecond, burst)}
}

// opens tells whether a secret is that of the door, in the same time for all.
func (d *door) opens(secret string) bool {
	given := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(given[:], d.digest[:]) == 1 && d.hook.Secret != ""
}

// stray is the door behind which there is nothing, for names that do not exist: it
// is asked for its secret as any other.
type stray struct {
	door
	noted *rate.Limiter // of log lines about those who were refused
}

func newStray() *stray {
	return &stray{door: door{}, noted: rate.NewLimiter(rate.Every(time.Minute), 3)}
}

// hook takes what is posted to a webhook. Nothing is read of a request without the
// secret, and those do not count for the limit: else anybody could use it up.
func (b *Board) hook(w http.ResponseWriter, r *http.Request) {
	d := b.enter(r)
	if d == nil {
		b.refuse(w, r)
		return
	}
	if wait, full := d.full(time.Now()); full {
		w.Header().Set("Retry-After", strconv.Itoa(wait))
		answer(w, http.StatusTooManyRequests, reply{Error: "too many requests"})
		b.Log.Warn("a webhook brings more than it may", "hook", d.hook.Name)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		answer(w, http.StatusRequestEntityTooLarge, reply{Error: "longer than 256 KiB"})
		b.Log.Warn("what a webhook brought is too long and was refused", "hook", d.hook.Name)
		return
	case err != nil:
		answer(w, http.StatusRequestTimeout, reply{Error: "the request broke off"})
		return
	}
	b.take(w, r, d, raw)
}

// take stores a body and answers. What is not understood is stored and shown, too,
// and told with 202: the sender would send nothing else the next time, so an error
// would only have it try for ever or, worse, give up with nobody knowing.
func (b *Board) take(w http.ResponseWriter, r *http.Request, d *door, raw []byte) {
	sum := sha256.Sum256(raw)
	kind := r.Header.Get("Content-Type")
	err := b.Inbox.TakeHook(r.Context(), store.Hook{
		Name: d.hook.Name, Kind: string(d.hook.Kind), Received: time.Now(),
		Type: kind[:min(len(kind), 200)], Raw: raw, Hash: hex.EncodeToString(sum[:]),
	})
	if err != nil {
		b.Log.ErrorContext(r.Context(), "what a webhook brought cannot be stored", "hook", d.hook.Name, "err", err)
		w.Header().Set("Retry-After", "30")
		answer(w, http.StatusServiceUnavailable, reply{Error: "cannot be stored now, try again"})
		return
	}
	b.Taken()
	if _, understood := alerts.ReadHook(d.hook.Kind, kind, raw); !understood {
		b.Log.Warn("what a webhook brought is not understood", "hook", d.hook.Name, "kind", d.hook.Kind, "bytes", len(raw))
		answer(w, http.StatusAccepted, reply{Stored: true, Error: "stored and shown, but not understood as " + string(d.hook.Kind)})
		return
	}
	answer(w, http.StatusOK, reply{Stored: true})
}

// enter returns the webhook whose name and secret a request has, nil for none.
func (b *Board) enter(r *http.Request) *door {
	d, known := b.doors[r.PathValue("name")]
	if !known {
		d = &b.strays.door
	}
	if !d.opens(secretOf(r)) {
		return nil
	}
	return d
}

// secretOf returns the secret that a request has: in a header, or as the last part
// of its address for those who cannot set headers.
func secretOf(r *http.Request) string {
	if secret := r.PathValue("secret"); secret != "" {
		return secret
	}
	if secret := r.Header.Get("X-Ronde-Secret"); secret != "" {
		return secret
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// refuse says the same to whoever knows a name and to whoever does not.
func (b *Board) refuse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.Header().Set("Connection", "close") // the body is not read
	answer(w, http.StatusUnauthorized, reply{Error: "no such webhook, or not with this secret"})
	if !b.strays.noted.Allow() {
		return
	}
	name := "unknown" // whoever mistakes the parts of the address may have put the secret there
	if d, known := b.doors[r.PathValue("name")]; known {
		name = d.hook.Name
	}
	b.Log.Warn("a request to a webhook was refused", "hook", name, "secret_given", secretOf(r) != "")
}

// full tells whether a webhook brought too much, and after how many seconds it may
// bring more.
func (d *door) full(now time.Time) (seconds int, full bool) {
	slot := d.limit.ReserveN(now, 1)
	wait := slot.DelayFrom(now)
	if wait <= 0 {
		return 0, false
	}
	slot.CancelAt(now)
	return int(wait/time.Second) + 1, true
}

// reply is the body of an answer.
type reply struct {
	Stored bool   `json:"stored"`
	Error  string `json:"error,omitempty"`
}

func answer(w http.ResponseWriter, status int, r reply) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r) // who has gone away is not told
}

package cards_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"ronde/cards"
)

// errLost is a script's way to say that the event arrived and its answer did not.
var errLost = errors.New("the answer was lost")

// errBroken leaves open what became of the event; here it never arrived.
var errBroken = errors.New("the homeserver answered 500")

// tried is one attempt to send something.
type tried struct {
	after time.Duration // since the homeserver was made
	out   cards.Outgoing
}

func (a tried) String() string { return fmt.Sprintf("%q after %s", describe(a.out), a.after) }

// scripted is a homeserver as the outbox sees one. It keeps what it took, and
// never shows the same transaction id twice unless it is told to forget them.
type scripted struct {
	mu       sync.Mutex
	began    time.Time
	rooms    map[string]string
	script   func(cards.Outgoing) error // what goes wrong with an attempt
	forgets  bool                       // transaction ids
	attempts []tried
	took     []cards.Outgoing // event $1 is the first
	told     int              // how many of them came back over /sync
	nudges   chan struct{}
	uploads  []string                // what was uploaded, in order
	refusal  func(n int) (err error) // what goes wrong with the n-th upload, from 1
}

// Upload keeps a picture, unless the script says else.
func (h *scripted) Upload(_ context.Context, room string, image cards.Image) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.uploads = append(h.uploads, string(image.Bytes))
	if h.refusal != nil {
		if err := h.refusal(len(h.uploads)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("mxc://%d of %s", len(h.uploads), room), nil
}

func newScripted() *scripted {
	return &scripted{
		began: time.Now(), nudges: make(chan struct{}, 1000),
		rooms: map[string]string{"technique": "!technique", "supervision": "!supervision"},
	}
}

func (h *scripted) RoomID(name string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if strings.HasPrefix(name, "!") {
		return name, true
	}
	id, joined := h.rooms[name]
	return id, joined
}

// enters makes a configured room known, or with "" unknown.
func (h *scripted) enters(name, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rooms[name] = id
	if id == "" {
		delete(h.rooms, name)
	}
}

func (h *scripted) Nudge() { h.nudges <- struct{}{} }

func (h *scripted) Send(_ context.Context, out cards.Outgoing) (string, error) {
	h.mu.Lock()
	h.attempts = append(h.attempts, tried{time.Since(h.began), out})
	script := h.script
	h.mu.Unlock()
	var trouble error
	if script != nil {
		trouble = script(out)
	}
	if trouble != nil && !errors.Is(trouble, errLost) {
		return "", trouble
	}
	id := h.take(out)
	if trouble != nil {
		return "", trouble
	}
	return id, nil
}

func (h *scripted) take(out cards.Outgoing) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n, known := range h.took {
		if known.TxnID == out.TxnID && !h.forgets {
			return eventID(n)
		}
	}
	h.took = append(h.took, out)
	return eventID(len(h.took) - 1)
}

func eventID(n int) string { return fmt.Sprintf("$%d", n+1) }

// does replaces the script; nil makes everything go well.
func (h *scripted) does(script func(cards.Outgoing) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script = script
}

// always is a script in which the same happens to everything.
func always(trouble error) func(cards.Outgoing) error {
	return func(cards.Outgoing) error { return trouble }
}

// only is a script in which something happens to what is meant.
func only(meant func(cards.Outgoing) bool, trouble error) func(cards.Outgoing) error {
	return func(out cards.Outgoing) error {
		if meant(out) {
			return trouble
		}
		return nil
	}
}

func isSeed(out cards.Outgoing) bool { return out.Emoji != "" }

func says(words string) func(cards.Outgoing) bool {
	return func(out cards.Outgoing) bool { return out.Message != nil && out.Message.Plain == words }
}

// shows describes what the homeserver took: "one", "$1 → two" or "$1 👀".
func (h *scripted) shows() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, out := range h.took {
		all = append(all, describe(out))
	}
	return all
}

func describe(out cards.Outgoing) string {
	switch {
	case out.Emoji != "":
		return out.Target + " " + out.Emoji
	case out.Redacts != "":
		return "without " + out.Redacts
	case out.Edits != "":
		return out.Edits + " → " + out.Message.Plain
	}
	return out.Message.Plain
}

// tries returns the attempts to send what is meant.
func (h *scripted) tries(meant func(cards.Outgoing) bool) (all []tried) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.attempts {
		if meant == nil || meant(a.out) {
			all = append(all, a)
		}
	}
	return all
}

// news is what /sync has not told of yet.
func (h *scripted) news() (events []cards.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ; h.told < len(h.took); h.told++ {
		out := h.took[h.told]
		events = append(events, cards.Event{
			ID: eventID(h.told), Room: out.Room, Kind: cards.Noticed, Own: true, Txn: out.TxnID, Edit: out.Edits != "",
		})
	}
	return events
}

// Package cards keeps the rooms equal to the state: it takes in what people say
// and do there, and it is the only road by which anything goes out.
//
// A card mirrors one thing (an occurrence, an incident, a mail) and is edited in
// place; a notice is sent once. Neither is ever sent directly: a change of state
// marks the card dirty in its own transaction, and the [Outbox] brings the room
// up to date whenever the homeserver lets it.
package cards

import (
	"context"
	"time"
)

// EventKind says what an [Event] is.
type EventKind string

// The kinds of event that matter to the bot. Everything else in a room is
// dropped before it gets here.
const (
	Said      EventKind = "said"      // a message of type m.text
	Noticed   EventKind = "noticed"   // any other message: m.notice, m.image, an edit
	Reacted   EventKind = "reacted"   // Target and Emoji are set
	Redacted  EventKind = "redacted"  // Target is the event taken back
	Sealed    EventKind = "sealed"    // encrypted and not readable yet; Raw is set
	Unhandled EventKind = "unhandled" // never stored: a kind that the bot does not know
)

// Event is something that happened in a configured room, as it came over /sync.
type Event struct {
	ID     string
	Room   string
	Sender string
	At     time.Time // origin_server_ts: the sender's homeserver's clock
	Kind   EventKind

	Body   string // Said and Noticed: the plain body, without the quoted reply fallback
	Target string // Reacted, Redacted: the event meant. Said: the event replied to, if any
	Thread string // Said: the root of the thread it is in, if any
	Emoji  string // Reacted: as sent, with variation selectors and skin tone

	// Txn is the transaction id found under org.ronde.card in an event that the
	// bot itself sent. It proves that the homeserver has that event.
	Txn string
	// Own is true for the bot's own events, Edit for an edit of an earlier event,
	// History for what happened before the bot joined the room: stored so that it
	// is known, never acted on.
	Own, Edit, History bool
	// Raw is the event's JSON as the homeserver sent it, for Sealed events only.
	Raw []byte
}

// Batch is one answer of /sync, ready to be stored.
type Batch struct {
	Events []Event
	// Token is the next_batch that covers Events; it is stored with them.
	Token string
	// Asked is when the /sync request was sent. An event that the homeserver had
	// accepted before Asked is in this batch or an earlier one.
	Asked time.Time
}

// Receiver takes what happened in the rooms. [Outbox] is one.
type Receiver interface {
	// Receive commits the batch's events and its token in one transaction. An
	// event id that is known changes nothing, except that a Sealed one becomes
	// readable. When it fails, the same batch must be offered again.
	Receive(ctx context.Context, b Batch) error
	// SyncToken returns the last token stored, or "" before the first sync.
	SyncToken(ctx context.Context) (string, error)
	// Ready says that the bot can now send to a room to which it could not before.
	Ready()
	// SealedEvents returns the events that could not be decrypted yet, oldest
	// first, so that they can be tried again when keys arrive.
	SealedEvents(ctx context.Context) ([]Event, error)
}

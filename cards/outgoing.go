package cards

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Outgoing is one event on its way to a room: a message, an edit of one, a reaction, or
// what takes a reaction back. Exactly one of Message, Emoji and Redacts is set.
type Outgoing struct {
	Room string
	// TxnID is the Matrix transaction id. The same thing tried again has the same
	// id, so a homeserver that did get the first try shows it once. It is also
	// put in the content, under org.ronde.card.
	TxnID string

	Message *Message
	Edits   string // the event that Message replaces; "" sends a new one

	Emoji  string // the reaction to add to Target
	Target string

	Redacts string // the bot's own event to take back
}

// Message is the content of an m.room.message.
type Message struct {
	Plain string `json:"plain"` // the body; it stands alone
	HTML  string `json:"html"`  // the formatted body, already escaped; "" sends none
	// Rings sends an m.text, which may notify; otherwise it is an m.notice, which
	// never does.
	Rings bool `json:"rings,omitempty"`
	// Mentions are the user ids to name in m.mentions, which is always sent.
	Mentions []string `json:"mentions,omitempty"`
	// MentionsRoom names everybody in the room there.
	MentionsRoom bool `json:"mentions_room,omitempty"`
	// LetsSleep keeps a notice back while [Config.Quiet] says so, however long it had
	// to wait for the homeserver before.
	LetsSleep bool   `json:"lets_sleep,omitempty"`
	ReplyTo   string `json:"reply_to,omitempty"` // event id, or TheCard
	Thread    string `json:"thread,omitempty"`   // the thread's root event id, or TheCard
	// Image is a picture to show above the words; nil for none. Only a notice has one.
	Image *Image `json:"image,omitempty"`
}

// TheCard stands for the first event of the card under which a message is put,
// which may not be known yet; see [Outbox.AddUnder].
const TheCard = "card"

// Sender puts one event into a room and returns its event id.
//
// Its errors are one of three: a [*RateLimitError] (nothing was sent, wait), a
// [*RefusedError] (nothing was sent and trying again will not help), or any
// other: the homeserver may or may not have the event, unless the error is
// [ErrNotSent].
type Sender interface {
	Send(ctx context.Context, out Outgoing) (eventID string, err error)
}

// ErrNotSent is wrapped by errors of a [Sender] that are sure the homeserver
// never got the event: it refused the connection, or the bot is not in the room
// yet, or does not know yet whether the room is encrypted.
var ErrNotSent = errors.New("not sent")

// RateLimitError says that the homeserver asks for a pause (HTTP 429).
type RateLimitError struct {
	After time.Duration // as the homeserver asks; never negative
}

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("the homeserver asks to wait %s", e.After)
}

// RefusedError says that the homeserver will never take this event: it is too
// large, or the bot may not send to that room.
type RefusedError struct {
	Code string // the Matrix error code, such as M_FORBIDDEN
	Err  error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("refused with %s: %v", e.Code, e.Err) }

func (e *RefusedError) Unwrap() error { return e.Err }

package homeserver

import (
	"encoding/json"
	"time"
)

// Event is something that happened in a room, as the server keeps it.
type Event struct {
	ID, Room, Sender, Type string
	StateKey               *string // nil for what is not state
	Content                json.RawMessage
	Device, Txn            string    // of the sender; "" for what a test did itself
	At                     time.Time // in whole milliseconds
	Redacts                string    // m.room.redaction: the event taken back
	// Redacted is true once the event is taken back. Clients then see no content;
	// Content still has it. The content of state events is always shown.
	Redacted bool

	position            int64
	redaction, replaced *Event
	// From the content's m.relates_to: what the event is to which other.
	rel, target, key string
	membership       string // of m.room.member
}

// read takes from the content what is asked for often.
func (e *Event) read() {
	e.rel, e.target = e.Text("m.relates_to", "rel_type"), e.Text("m.relates_to", "event_id")
	e.key = e.Text("m.relates_to", "key")
}

// Value follows the names into the content; nil if there is nothing.
func (e Event) Value(names ...string) any {
	var at any
	_ = json.Unmarshal(e.Content, &at)
	for _, name := range names {
		o, _ := at.(object)
		at = o[name]
	}
	return at
}

// Text follows the names into the content; "" if there is no text.
func (e Event) Text(names ...string) string {
	text, _ := e.Value(names...).(string)
	return text
}

// Body is the plain text of a message; of an edit, the new one.
func (e Event) Body() string {
	if body := e.Text("m.new_content", "body"); body != "" {
		return body
	}
	return e.Text("body")
}

// Edits returns the event that this one replaces, or "".
func (e Event) Edits() string {
	if e.rel == "m.replace" {
		return e.target
	}
	return ""
}

// ReactsTo returns the event that this one is a reaction to, and the emoji, or
// "".
func (e Event) ReactsTo() (event, emoji string) {
	if e.Type == "m.reaction" && e.rel == "m.annotation" {
		return e.target, e.key
	}
	return "", ""
}

// wire is the event as the client behind d gets it.
func (e *Event) wire(d *device) object {
	unsigned := object{"age": time.Since(e.At).Milliseconds()}
	o := object{
		"event_id": e.ID, "room_id": e.Room, "sender": e.Sender, "type": e.Type, "content": e.Content,
		"origin_server_ts": e.At.UnixMilli(), "unsigned": unsigned,
	}
	if e.Txn != "" && e.Sender == d.user.id && e.Device == d.id {
		unsigned["transaction_id"] = e.Txn
	}
	if e.StateKey != nil {
		o["state_key"] = *e.StateKey
	}
	if e.replaced != nil {
		unsigned["prev_content"], unsigned["replaces_state"] = e.replaced.Content, e.replaced.ID
	}
	if e.Redacts != "" {
		o["redacts"] = e.Redacts
	}
	if e.Redacted {
		unsigned["redacted_because"] = e.redaction.wire(d)
		if e.StateKey == nil {
			o["content"] = object{}
		}
	}
	return o
}

func wires(events []*Event, d *device) []object {
	list := make([]object, 0, len(events))
	for _, e := range events {
		list = append(list, e.wire(d))
	}
	return list
}

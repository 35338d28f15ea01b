package bot

import (
	"bytes"
	"encoding/json"
	"fmt"

	"maunium.net/go/mautrix/event"
)

// salvage takes the events out of an answer that cannot be decoded, and calls
// lost for each with what is known of it. Without this, one event with a field
// of the wrong type, which anybody in a federated room can try to send, would
// stop the bot for good.
func salvage(body []byte, into any, lost func(eventID string)) error {
	var whole any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&whole); err != nil {
		return fmt.Errorf("read the homeserver's answer: %w", err)
	}
	sift(whole, lost)
	clean, err := json.Marshal(whole)
	if err != nil {
		return fmt.Errorf("repair the homeserver's answer: %w", err)
	}
	if err := json.Unmarshal(clean, into); err != nil {
		return fmt.Errorf("read the repaired answer: %w", err)
	}
	return nil
}

// sift goes down to every list of events and keeps those that decode.
func sift(value any, lost func(eventID string)) {
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for key, child := range object {
		list, isList := child.([]any)
		if isList && (key == "events" || key == "chunk") {
			object[key] = readable(list, lost)
			continue
		}
		sift(child, lost)
	}
}

func readable(list []any, lost func(eventID string)) []any {
	kept := []any{}
	for _, item := range list {
		var evt event.Event
		if raw, err := json.Marshal(item); err == nil && item != nil && json.Unmarshal(raw, &evt) == nil {
			kept = append(kept, item)
			continue
		}
		lost(idOf(item))
	}
	return kept
}

func idOf(item any) string {
	object, _ := item.(map[string]any)
	id, _ := object["event_id"].(string)
	return id
}

package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// keyWait is how long a key may come late before it is asked for. It usually
// comes with the event or a moment after.
const keyWait = 5 * time.Second

// sealedEvents are the events that wait for a key, in the order they came. Only
// the sync loop uses them.
type sealedEvents struct {
	byID  map[id.EventID]sealedEvent
	order []id.EventID
	asked map[id.SessionID]bool
	tried bool // since the start
}

func newSealedEvents() sealedEvents {
	return sealedEvents{byID: map[id.EventID]sealedEvent{}, asked: map[id.SessionID]bool{}}
}

// sealedEvent is one that cannot be decrypted yet.
type sealedEvent struct {
	evt   *event.Event
	known cards.Event
}

const historyField = "org.ronde.history"

// encodeSealed is how a sealed event is stored: as it came, with what the bot
// must not forget until it can read it.
func encodeSealed(evt *event.Event, history bool) ([]byte, error) {
	bare := *evt
	bare.Content = event.Content{VeryRaw: evt.Content.VeryRaw}
	body, err := json.Marshal(&bare)
	if err != nil || !history {
		return body, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	fields[historyField] = json.RawMessage("true")
	return json.Marshal(fields)
}

func decodeSealed(raw []byte) (*event.Event, bool, error) {
	var evt event.Event
	if err := json.Unmarshal(raw, &evt); err != nil {
		return nil, false, err
	}
	var fields map[string]json.RawMessage
	err := json.Unmarshal(raw, &fields)
	return &evt, string(fields[historyField]) == "true", err
}

// loadSealed takes up the sealed events of earlier runs.
func (b *Bot) loadSealed(ctx context.Context) error {
	stored, err := b.receiver.SealedEvents(ctx)
	if err != nil {
		return fmt.Errorf("read the events that are not decrypted yet: %w", err)
	}
	for _, e := range stored {
		evt, history, err := decodeSealed(e.Raw)
		if err != nil {
			b.log.Error("a stored encrypted event is damaged", "event", e.ID)
			continue
		}
		e.History = e.History || history
		if err := prepare(evt, id.RoomID(e.Room)); err != nil {
			b.log.Error("a stored encrypted event is damaged", "event", e.ID)
			continue
		}
		b.remember(ctx, sealedEvent{evt: evt, known: e})
	}
	return nil
}

// remember keeps a sealed event for later, and asks for its key if that does not
// come by itself. What happened before the bot came is not worth asking for.
func (b *Bot) remember(ctx context.Context, s sealedEvent) {
	if _, known := b.sealed.byID[s.evt.ID]; !known {
		b.sealed.order = append(b.sealed.order, s.evt.ID)
	}
	b.sealed.byID[s.evt.ID] = s
	session := s.evt.Content.AsEncrypted().SessionID
	if s.known.History || b.sealed.asked[session] || session == "" {
		return
	}
	b.sealed.asked[session] = true
	time.AfterFunc(keyWait, func() { b.askForKey(ctx, s.evt) })
}

func (b *Bot) askForKey(ctx context.Context, evt *event.Event) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if ctx.Err() != nil {
		return
	}
	content := evt.Content.AsEncrypted()
	session, err := b.machine().CryptoStore.GetGroupSession(ctx, evt.RoomID, content.SessionID)
	if err == nil && session != nil {
		return
	}
	b.log.Info("asking for the key of an encrypted event", "event", evt.ID, "room", evt.RoomID, "sender", evt.Sender)
	b.helper.RequestSession(ctx, evt.RoomID, content.SenderKey, content.SessionID, evt.Sender, content.DeviceID) //nolint:staticcheck // deprecated, but without it all devices are asked
}

// reopen tries the sealed events again and returns those that need not be kept
// any longer, oldest first.
func (b *Bot) reopen(ctx context.Context) []cards.Event {
	var opened []cards.Event
	for _, eventID := range b.sealed.order {
		s := b.sealed.byID[eventID]
		e, ok := b.take(ctx, s.evt, s.known.History)
		if ok && e.Kind == cards.Sealed {
			continue
		}
		if !ok {
			// It is readable and nothing for the bot, or broken for good. Either way
			// it must not be tried for ever.
			e = s.known
			e.Kind, e.Raw = cards.Noticed, nil
		}
		opened = append(opened, e)
	}
	return opened
}

func (b *Bot) forget(eventID id.EventID) {
	if _, known := b.sealed.byID[eventID]; !known {
		return
	}
	delete(b.sealed.byID, eventID)
	b.sealed.order = slices.DeleteFunc(b.sealed.order, func(other id.EventID) bool { return other == eventID })
}

// broken lists what no key will ever cure.
func broken(err error) bool {
	for _, cause := range []error{
		crypto.ErrIncorrectEncryptedContentType, crypto.ErrUnsupportedAlgorithm, crypto.ErrCorruptedMegolmPayload,
		crypto.ErrDuplicateMessageIndex, crypto.ErrWrongRoom,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

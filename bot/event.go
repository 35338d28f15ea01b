package bot

import (
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// prepare completes an event as it came, so that its content can be used.
func prepare(evt *event.Event, room id.RoomID) error {
	evt.RoomID = room
	evt.Type.Class = event.MessageEventType
	if evt.StateKey != nil {
		evt.Type.Class = event.StateEventType
	}
	err := evt.Content.ParseRaw(evt.Type)
	if err != nil && !errors.Is(err, event.ErrContentAlreadyParsed) && !errors.Is(err, event.ErrUnsupportedContentType) {
		return fmt.Errorf("read the content of event %s: %w", evt.ID, err)
	}
	return nil
}

// cardEvent translates an event that is not encrypted, or no longer; false means
// that it is none of the bot's business.
func cardEvent(evt *event.Event, self id.UserID) (cards.Event, bool) {
	if evt.ID == "" || evt.StateKey != nil {
		return cards.Event{}, false
	}
	e := cards.Event{
		ID: evt.ID.String(), Room: evt.RoomID.String(), Sender: evt.Sender.String(),
		At: time.UnixMilli(evt.Timestamp), Own: evt.Sender == self,
	}
	if e.Own {
		e.Txn = txnOf(evt.Content.Raw)
	}
	switch evt.Type {
	case event.EventMessage:
		return said(e, evt.Content.AsMessage()), true
	case event.EventReaction:
		return reacted(e, evt.Content.AsReaction())
	case event.EventRedaction:
		return redacted(e, evt)
	}
	return e, false
}

func said(e cards.Event, content *event.MessageEventContent) cards.Event {
	e.Kind = cards.Noticed
	e.Edit = content.RelatesTo.GetReplaceID() != ""
	e.Body = content.Body
	if content.RelatesTo.GetReplyTo() != "" {
		e.Body = event.TrimReplyFallbackText(content.Body)
	}
	if content.MsgType == event.MsgText && !e.Edit {
		e.Kind = cards.Said
		e.Target = content.RelatesTo.GetNonFallbackReplyTo().String()
		e.Thread = content.RelatesTo.GetThreadParent().String()
	}
	return e
}

func reacted(e cards.Event, content *event.ReactionEventContent) (cards.Event, bool) {
	e.Kind = cards.Reacted
	e.Target = content.RelatesTo.GetAnnotationID().String()
	e.Emoji = content.RelatesTo.GetAnnotationKey()
	return e, e.Target != "" && e.Emoji != ""
}

// redacted finds what was taken back: from room version 11 on, that is in the
// content. A redaction inside an encrypted event redacts nothing.
func redacted(e cards.Event, evt *event.Event) (cards.Event, bool) {
	e.Kind = cards.Redacted
	e.Target = evt.Content.AsRedaction().Redacts.String()
	if e.Target == "" {
		e.Target = evt.Redacts.String()
	}
	return e, e.Target != "" && !evt.Mautrix.WasEncrypted
}

func txnOf(content map[string]any) string {
	card, _ := content[cardField].(map[string]any)
	txn, _ := card["txn"].(string)
	return txn
}

// joins reports whether the event is the user's own arrival in the room, rather
// than a new name or picture, which comes as the same event.
func joins(evt *event.Event, user id.UserID) bool {
	if evt.Type.Type != event.StateMember.Type || evt.StateKey == nil || *evt.StateKey != user.String() {
		return false
	}
	if membership(&evt.Content) != event.MembershipJoin {
		return false
	}
	return evt.Unsigned.PrevContent == nil || membership(evt.Unsigned.PrevContent) != event.MembershipJoin
}

func membership(content *event.Content) event.Membership {
	if parsed, ok := content.Parsed.(*event.MemberEventContent); ok {
		return parsed.Membership
	}
	value, _ := content.Raw["membership"].(string)
	return event.Membership(value)
}

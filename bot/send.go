package bot

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"ronde/cards"
)

// Send puts one event into one of the bot's rooms, encrypted if the room is. Its
// errors are those of [cards.Sender]. The event id is "" for a reaction that is
// there already.
//
// A reaction is sent in clear into encrypted rooms too, as other clients send
// theirs: the relation is in clear anyway, and servers and clients gather only
// those that they can read.
func (b *Bot) Send(ctx context.Context, out cards.Outgoing) (string, error) {
	room := id.RoomID(out.Room)
	encrypted, err := b.rooms.sendable(room)
	if err != nil {
		return "", err
	}
	if out, err = b.nameEverybody(ctx, out); err != nil {
		return "", err
	}
	if out.Redacts != "" {
		return b.takeBack(ctx, out)
	}
	kind, content := contentOf(fitImage(out, encrypted))
	var body any = content
	if encrypted && kind == event.EventMessage {
		if body, err = b.encrypt(ctx, room, content); err != nil {
			return "", fmt.Errorf("encrypt for %s: %w", room, err)
		}
		kind = event.EventEncrypted
	}
	return b.put(ctx, room, kind, body, out.TxnID)
}

// takeBack redacts one of the bot's own events.
func (b *Bot) takeBack(ctx context.Context, out cards.Outgoing) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	resp, err := b.cli.RedactEvent(ctx, id.RoomID(out.Room), id.EventID(out.Redacts), mautrix.ReqRedact{
		TxnID: out.TxnID, Extra: map[string]any{cardField: map[string]any{"txn": out.TxnID}},
	})
	return b.taken(resp, err, out.Room)
}

// taken reads the homeserver's answer to an event.
func (b *Bot) taken(resp *mautrix.RespSendEvent, err error, room string) (string, error) {
	switch {
	case err != nil:
		b.noticeLogout(err)
		return "", fmt.Errorf("send to %s: %w", room, sendError(err))
	case resp == nil || resp.EventID == "":
		return "", fmt.Errorf("send to %s: %w", room, errNoEvent)
	}
	return resp.EventID.String(), nil
}

var errNoEvent = errors.New("the homeserver's answer names no event")

// encrypt shares the room's key with whoever lacks it and encrypts. Whatever goes
// wrong here, the event itself has not been sent.
func (b *Bot) encrypt(ctx context.Context, room id.RoomID, content map[string]any) (*event.EncryptedEventContent, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	sealed, err := b.helper.Encrypt(ctx, room, event.EventMessage, content)
	if err == nil {
		return sealed, nil
	}
	b.noticeLogout(err)
	if after, ok := pauseAsked(err); ok {
		return nil, &cards.RateLimitError{After: after}
	}
	return nil, fmt.Errorf("%w: %w", cards.ErrNotSent, err)
}

func (b *Bot) put(ctx context.Context, room id.RoomID, kind event.Type, body any, txn string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	resp, err := b.cli.SendMessageEvent(ctx, room, kind, body, mautrix.ReqSendEvent{TransactionID: txn, DontEncrypt: true})
	if _, code := answered(err); code == "M_DUPLICATE_ANNOTATION" {
		return "", nil
	}
	return b.taken(resp, err, room.String())
}

// noticeLogout has the sync loop find out at once that the token is dead.
func (b *Bot) noticeLogout(err error) {
	if tokenDead(err) {
		b.Nudge()
	}
}

package cards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/store"
	"ronde/text"
)

// The transaction ids of everything that the bot sends, all beginning with the
// random word of its database:
//
//	<store>-card-<id>             a new card
//	<store>-card-<id>-<revision>  an edit of it
//	<store>-card-<id>-seed-<hex>  a reaction seeded under it
//	<store>-notice-<key>          a notice

func (o *Outbox) cardTxn(c store.Card) string {
	if c.EventID == "" {
		return fmt.Sprintf("%s-card-%d", o.store.Name(), c.ID)
	}
	return fmt.Sprintf("%s-card-%d-%d", o.store.Name(), c.ID, c.Revision)
}

func (o *Outbox) noticeTxn(key string) string { return o.store.Name() + "-notice-" + key }

// prepare stores that an item is about to go out and returns it as it must look
// now, all in one transaction. It returns nil when there is nothing to send.
func (o *Outbox) prepare(ctx context.Context, it *item) (out *Outgoing, err error) {
	room, _ := o.homeserver.RoomID(it.room)
	err = o.store.Update(ctx, func(tx *store.Tx) error {
		if it.card.ID == 0 {
			out, err = o.prepareParcel(tx, it.parcel, room)
		} else {
			out, err = o.prepareCard(tx, it, room)
		}
		return err
	})
	return out, err
}

func (o *Outbox) prepareCard(tx *store.Tx, it *item, room string) (*Outgoing, error) {
	c, known, err := tx.Card(it.card.ID)
	if err != nil || !known || o.cardTxn(c) != it.txn || c.Sent >= c.Revision {
		return nil, err // it changed since it was chosen; the next look sees how
	}
	revision := c.Revision
	switch {
	case c.EventID != "":
		room = c.RoomID
	case c.Attempted > 0:
		revision = c.Attempted
	}
	message := o.render(tx, c).Message
	hash, err := hashOf(message)
	if err != nil {
		return nil, err
	}
	if c.Shown == hash && c.Attempted <= c.Sent && c.EventID != "" { // what changed is not to be seen
		if _, err := o.seed(tx, c); err != nil {
			return nil, err
		}
		return nil, tx.CardStands(c.ID, c.Revision)
	}
	if err := tx.AttemptCard(c, revision, room, hash); err != nil {
		return nil, err
	}
	return &Outgoing{Room: room, TxnID: it.txn, Message: &message, Edits: c.EventID}, nil
}

func (o *Outbox) prepareParcel(tx *store.Tx, p store.Parcel, room string) (*Outgoing, error) {
	switch {
	case p.Emoji != "" && p.Target != "":
		return attempt(tx, p, Outgoing{Room: room, TxnID: p.Txn, Emoji: p.Emoji, Target: p.Target})
	case p.Emoji != "":
		return o.prepareSeed(tx, p)
	case p.Target != "":
		return prepareRemoval(tx, p, room)
	}
	m, err := decode(p.Message)
	if err != nil { // it must not hold up what is behind it
		o.log.Error("a notice in the outbox cannot be read and is dropped", "txn", p.Txn, "err", err)
		return nil, tx.ParcelDone(p.Txn, "", "unreadable")
	}
	if m.LetsSleep && o.sleeps(p.Txn, tx.Now) {
		return nil, nil
	}
	if err := placeImage(tx, p.Txn, &m); err != nil {
		return nil, err
	}
	out := Outgoing{Room: room, TxnID: p.Txn, Message: &m}
	if p.CardID != 0 {
		if err := placeUnder(tx, p.CardID, &out); err != nil {
			return nil, err
		}
	}
	return attempt(tx, p, out)
}

// sleeps puts a parcel off until the quiet hours end, if these are some.
func (o *Outbox) sleeps(txn string, now time.Time) bool {
	if o.quiet == nil {
		return false
	}
	end := o.quiet(now)
	if !end.After(now) {
		return false
	}
	o.hold(func(time.Time) { o.items[txn] = &setback{until: end} })
	return true
}

// placeUnder fills in where a card stands.
func placeUnder(tx *store.Tx, card int64, out *Outgoing) error {
	c, _, err := tx.Card(card)
	if err != nil {
		return err
	}
	out.Room = c.RoomID
	for _, place := range []*string{&out.Message.ReplyTo, &out.Message.Thread} {
		if *place == TheCard {
			*place = c.EventID
		}
	}
	return nil
}

// attempt stores that a parcel goes out, unless it was seen in the room since it
// was chosen.
func attempt(tx *store.Tx, p store.Parcel, out Outgoing) (*Outgoing, error) {
	waiting, err := tx.AttemptParcel(p.ID)
	if err != nil || !waiting {
		return nil, err
	}
	return &out, nil
}

// prepareSeed returns a reaction to a card, or drops it when the card has no use
// for it any more.
func (o *Outbox) prepareSeed(tx *store.Tx, p store.Parcel) (*Outgoing, error) {
	c, known, err := tx.Card(p.CardID)
	if err != nil {
		return nil, err
	}
	if known {
		if slices.Contains(o.render(tx, c).Seeds, p.Emoji) {
			return attempt(tx, p, Outgoing{Room: c.RoomID, TxnID: p.Txn, Emoji: p.Emoji, Target: c.EventID})
		}
	}
	return nil, tx.ParcelDone(p.Txn, "", "dropped")
}

// render writes a card. When that fails, people still learn that there is
// something: a fault in a template must never hide an alert.
func (o *Outbox) render(tx *store.Tx, c store.Card) Content {
	render, ok := o.renders[c.Kind]
	err := fmt.Errorf("nobody renders cards of kind %q", c.Kind)
	var content Content
	if ok {
		content, err = guarded(render, tx, c.Subject)
	}
	if err != nil {
		o.log.Error("a card cannot be rendered", "card", c.ID, "kind", c.Kind, "subject", c.Subject, "err", err)
		var m text.Message
		m.Text(o.language.Say("cards.unreadable", "Kind", c.Kind, "ID", c.Subject))
		return Content{Message: Message{Plain: m.Plain(), HTML: m.HTML(), Rings: true}}
	}
	return content
}

func guarded(render Render, tx *store.Tx, subject int64) (content Content, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return render(tx, subject)
}

// confirm stores that the homeserver has the event with the given transaction
// id, be it told by the answer to the request or by /sync.
func (o *Outbox) confirm(tx *store.Tx, txn, eventID string) error {
	rest, ours := strings.CutPrefix(txn, o.store.Name()+"-")
	if !ours {
		return nil // from an earlier database
	}
	ref, isCard := strings.CutPrefix(rest, "card-")
	if !isCard || strings.Contains(ref, "seed") {
		return tx.ParcelDone(txn, eventID, "sent")
	}
	number, revision, isEdit := strings.Cut(ref, "-")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // somebody else's idea of a transaction id
	}
	if isEdit {
		return o.confirmEdit(tx, id, revision)
	}
	return o.confirmNew(tx, id, eventID)
}

// confirmEdit stores what a card shows. An edit may bring buttons that the card did
// not have before.
func (o *Outbox) confirmEdit(tx *store.Tx, id int64, revision string) error {
	shown, err := strconv.ParseInt(revision, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	c, known, err := tx.Card(id)
	if err != nil || !known || shown > c.Revision {
		return err
	}
	if _, err = tx.CardSent(id, shown, c.EventID); err != nil {
		return err
	}
	_, err = o.seed(tx, c)
	return err
}

// confirmNew stores a new card's event. It shows at least the first revision
// that was ever attempted; what changed since follows as an edit.
func (o *Outbox) confirmNew(tx *store.Tx, id int64, eventID string) error {
	c, known, err := tx.Card(id)
	if err != nil || !known || c.EventID != "" {
		return err
	}
	first, err := tx.CardSent(id, max(c.Attempted, 1), eventID)
	if err != nil || !first {
		return err
	}
	seeds, err := o.seed(tx, c)
	if err == nil && c.Urgent {
		o.putOff(seeds)
	}
	return err
}

// seed puts a card's buttons into the outbox, each once in the card's life.
func (o *Outbox) seed(tx *store.Tx, c store.Card) (seeds []store.Parcel, err error) {
	for _, emoji := range o.render(tx, c).Seeds {
		seed := store.Parcel{Txn: fmt.Sprintf("%s-card-%d-seed-%x", o.store.Name(), c.ID, emoji), Room: c.Room, CardID: c.ID, Emoji: emoji}
		if err := tx.AddParcel(seed); err != nil {
			return nil, err
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}

// hashOf names a message by what it says.
func hashOf(m Message) (string, error) {
	s, err := encode(m)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8]), nil
}

func encode(m Message) (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write a message into the outbox: %w", err)
	}
	return string(b), nil
}

func decode(s string) (m Message, err error) { return m, json.Unmarshal([]byte(s), &m) }

package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Card is a message in a room that mirrors the state of a thing.
type Card struct {
	ID        int64
	Kind      string // who renders it
	Subject   int64  // the id of what it mirrors
	Room      string // configured name
	Urgent    bool   // goes before other new cards
	Revision  int64  // goes up with each change of what it mirrors
	Attempted int64  // the revision being sent; of a first send, the first one tried
	Sent      int64  // the revision that the room shows
	EventID   string // the first event, "" until it is known
	RoomID    string // where that event is

	Calm      bool      // nothing changed since what the room shows but how much of it there is
	CalmEdits int       // how many edits in a row said no more than that
	SentAt    time.Time // when the room last got it; zero before the first time
	Shown     string    // a hash of what the room shows; "" when it is not known
}

// calmFor is after how long without an edit a card counts as one that had none.
const calmFor = 5 * time.Minute

// ShowCard makes the room show the current state of a thing: it makes the card if
// there is none yet, or marks it as changed. c.Room counts for a new card only, and
// c.Calm for one that is there.
func (tx *Tx) ShowCard(c Card) error {
	_, err := tx.exec(`INSERT INTO cards (kind, subject, room, urgent) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (kind, subject) DO UPDATE SET revision = revision + 1, urgent = excluded.urgent, refused = '',
		loud = CASE WHEN ?5 THEN loud ELSE revision + 1 END`, c.Kind, c.Subject, c.Room, c.Urgent, c.Calm)
	if err != nil {
		return fmt.Errorf("show the card of %s %d: %w", c.Kind, c.Subject, err)
	}
	return nil
}

// DirtyCards returns the cards whose room does not show their current revision,
// in the order in which they must go out: new urgent ones, other new ones, edits.
func (tx *Tx) DirtyCards(limit int) ([]Card, error) {
	cards, err := many(tx, scanCard, selectCard+`WHERE sent < revision AND refused = ''
		ORDER BY event_id <> '', urgent DESC, id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("read dirty cards: %w", err)
	}
	return cards, nil
}

// Card returns a card by its id.
func (tx *Tx) Card(id int64) (Card, bool, error) {
	c, known, err := one(tx, scanCard, selectCard+"WHERE id = ?", id)
	if err != nil {
		return c, false, fmt.Errorf("read card %d: %w", id, err)
	}
	return c, known, nil
}

// CardOfEvent returns the card whose first event has the given id.
func (tx *Tx) CardOfEvent(eventID string) (Card, bool, error) {
	c, known, err := one(tx, scanCard, selectCard+"WHERE event_id = ? AND event_id <> ''", eventID)
	if err != nil {
		return c, false, fmt.Errorf("read the card of event %s: %w", eventID, err)
	}
	return c, known, nil
}

// CardAt returns the card whose first event has the given id, or under which the
// notice with that id stands.
func (tx *Tx) CardAt(eventID string) (Card, bool, error) {
	c, known, err := tx.CardOfEvent(eventID)
	if known || err != nil || eventID == "" {
		return c, known, err
	}
	c, known, err = one(tx, scanCard, selectCard+`WHERE id = (SELECT card_id FROM outbox
		WHERE event_id = ? AND event_id <> '' AND card_id IS NOT NULL AND emoji = '')`, eventID)
	if err != nil {
		return c, false, fmt.Errorf("read the card above event %s: %w", eventID, err)
	}
	return c, known, nil
}

// CardOf returns the card that mirrors a thing.
func (tx *Tx) CardOf(kind string, subject int64) (Card, bool, error) {
	c, known, err := one(tx, scanCard, selectCard+"WHERE kind = ? AND subject = ?", kind, subject)
	if err != nil {
		return c, false, fmt.Errorf("read the card of %s %d: %w", kind, subject, err)
	}
	return c, known, nil
}

// AttemptCard stores, before a card goes out, which revision is tried and where, and a
// hash of what it says. A first send that is repeated keeps the first revision tried: the homeserver may
// have it already and will then answer with that.
func (tx *Tx) AttemptCard(c Card, revision int64, roomID, hash string) error {
	_, err := tx.exec(`UPDATE cards SET room_id = ?2, trying = CASE WHEN attempted <= sent THEN ?3 WHEN trying = ?3 THEN ?3 ELSE '' END,
		attempted = ?1 WHERE id = ?4`, revision, roomID, hash, c.ID)
	if err != nil {
		return fmt.Errorf("store the attempt of card %d: %w", c.ID, err)
	}
	return nil
}

// ForgetCardAttempt takes back an attempt that certainly never reached the homeserver.
func (tx *Tx) ForgetCardAttempt(id int64) error {
	if _, err := tx.exec("UPDATE cards SET attempted = sent WHERE id = ?", id); err != nil {
		return fmt.Errorf("forget the attempt of card %d: %w", id, err)
	}
	return nil
}

// CardSent stores that the room shows a revision. eventID is that of the first
// event. It reports whether that event was not known before.
func (tx *Tx) CardSent(id, revision int64, eventID string) (first bool, err error) {
	n, err := tx.changed("UPDATE cards SET event_id = ? WHERE id = ? AND event_id = ''", eventID, id)
	if err != nil {
		return false, fmt.Errorf("store the event of card %d: %w", id, err)
	}
	_, err = tx.exec(`UPDATE cards SET sent = ?1, sent_at = ?2, shown = trying,
		calm_edits = CASE WHEN loud > sent THEN 0 WHEN sent_at < ?3 THEN 1 ELSE calm_edits + 1 END
		WHERE id = ?4 AND sent < ?1`, revision, ms(tx.Now), ms(tx.Now.Add(-calmFor)), id)
	if err != nil {
		return false, fmt.Errorf("store what card %d shows: %w", id, err)
	}
	return n > 0, nil
}

// CardStands stores that the room shows already what a revision of a card says.
func (tx *Tx) CardStands(id, revision int64) error {
	if _, err := tx.exec("UPDATE cards SET sent = ?, attempted = ? WHERE id = ?", revision, revision, id); err != nil {
		return fmt.Errorf("store that card %d stands: %w", id, err)
	}
	return nil
}

// CardRefused stores that the homeserver will never take the card as it is. Its
// next change tries again, or [Tx.RetryCard].
func (tx *Tx) CardRefused(id int64, code string) error {
	if _, err := tx.exec("UPDATE cards SET refused = ? WHERE id = ?", code, id); err != nil {
		return fmt.Errorf("store that card %d was refused: %w", id, err)
	}
	return nil
}

// RetryCard has a card tried again that was refused and never stood in its room.
func (tx *Tx) RetryCard(id int64) error {
	if _, err := tx.exec("UPDATE cards SET refused = '' WHERE id = ? AND event_id = '' AND refused <> ''", id); err != nil {
		return fmt.Errorf("try card %d again: %w", id, err)
	}
	return nil
}

const selectCard = `SELECT id, kind, subject, room, urgent, revision, attempted, sent, event_id, room_id, loud <= sent, calm_edits, sent_at, shown FROM cards `

func scanCard(row scanner) (c Card, err error) {
	var sentAt sql.NullInt64
	err = row.Scan(&c.ID, &c.Kind, &c.Subject, &c.Room, &c.Urgent, &c.Revision, &c.Attempted, &c.Sent, &c.EventID, &c.RoomID,
		&c.Calm, &c.CalmEdits, &sentAt, &c.Shown)
	c.SentAt = at(sentAt)
	return c, err
}

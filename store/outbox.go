package store

import "fmt"

// Parcel is a notice, a reaction, or what takes such a reaction back, on its way out:
// sent once, never changed.
type Parcel struct {
	ID      int64
	Txn     string // the Matrix transaction id, fixed when the parcel is written
	Room    string // configured name or room id
	CardID  int64  // the card that it stands under, else 0
	Emoji   string
	Message string // JSON; "" for a reaction
	// Target is the event that a reaction stands under which belongs to no card; without
	// Emoji and Message, the Txn of the reaction to take back. "" otherwise.
	Target    string
	Attempted bool   // an attempt was begun and its outcome may be unknown
	EventID   string // what it became; "" before
	ToUpload  bool   // it has a picture that is not uploaded yet; of a parcel that was read
}

// AddParcel puts a parcel into the outbox. One with the same Txn is there already
// and changes nothing, unless it was dropped, or is a notice that was withdrawn: then
// there is use for it again.
func (tx *Tx) AddParcel(p Parcel) error {
	var card any
	if p.CardID != 0 {
		card = p.CardID
	}
	_, err := tx.exec(`INSERT INTO outbox (txn, room, card_id, emoji, message, target) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (txn) DO UPDATE SET done = '', message = excluded.message
		WHERE done = 'dropped' OR done = 'withdrawn' AND excluded.message <> ''`, p.Txn, p.Room, card, p.Emoji, p.Message, p.Target)
	if err != nil {
		return fmt.Errorf("put %s into the outbox: %w", p.Txn, err)
	}
	return nil
}

// WaitingParcels returns what has not gone out yet, notices before reactions, each
// oldest first. What stands under a card waits until that is there, and what takes a
// reaction back until it is known what became of that.
func (tx *Tx) WaitingParcels(limit int) ([]Parcel, error) {
	parcels, err := many(tx, scanParcel, selectParcel+`WHERE done = '' AND (card_id IS NULL OR EXISTS (SELECT 1 FROM cards WHERE cards.id = card_id AND event_id <> ''))
			AND (target = '' OR emoji <> '' OR NOT EXISTS (SELECT 1 FROM outbox AS reaction WHERE reaction.txn = outbox.target AND reaction.done = ''))
		ORDER BY message = '', id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return parcels, nil
}

// AttemptParcel stores that a parcel is about to go out. It reports whether the
// parcel still waits: it may have been seen in the room meanwhile.
func (tx *Tx) AttemptParcel(id int64) (waiting bool, err error) {
	n, err := tx.changed("UPDATE outbox SET attempted = 1 WHERE id = ? AND done = ''", id)
	if err != nil {
		return false, fmt.Errorf("store the attempt of parcel %d: %w", id, err)
	}
	return n > 0, nil
}

// ForgetParcelAttempt takes back an attempt that certainly never reached the homeserver.
func (tx *Tx) ForgetParcelAttempt(id int64) error {
	if _, err := tx.exec("UPDATE outbox SET attempted = 0 WHERE id = ?", id); err != nil {
		return fmt.Errorf("forget the attempt of parcel %d: %w", id, err)
	}
	return nil
}

// WithdrawParcel takes a parcel back that has not gone out, nor may have, and reports
// whether it did.
func (tx *Tx) WithdrawParcel(txn string) (withdrawn bool, err error) {
	n, err := tx.changed("UPDATE outbox SET done = 'withdrawn' WHERE txn = ? AND done = '' AND attempted = 0", txn)
	if err != nil {
		return false, fmt.Errorf("take %s back out of the outbox: %w", txn, err)
	}
	if n == 0 {
		return false, nil
	}
	return true, tx.DropImage(txn)
}

// ParcelDone stores how a parcel ended: "sent", "dropped", or the code of the
// error with which it was refused.
func (tx *Tx) ParcelDone(txn, eventID, how string) error {
	_, err := tx.exec("UPDATE outbox SET done = ?, event_id = ? WHERE txn = ? AND done = ''", how, eventID, txn)
	if err != nil {
		return fmt.Errorf("store the end of %s: %w", txn, err)
	}
	return tx.DropImage(txn)
}

// Parcel returns the parcel with a transaction id.
func (tx *Tx) Parcel(txn string) (p Parcel, known bool, err error) {
	p, known, err = one(tx, scanParcel, selectParcel+"WHERE txn = ?", txn)
	if err != nil {
		return p, false, fmt.Errorf("read %s in the outbox: %w", txn, err)
	}
	return p, known, nil
}

const selectParcel = `SELECT id, txn, room, coalesce(card_id, 0), emoji, message, target, attempted, event_id,
	EXISTS (SELECT 1 FROM images WHERE images.txn = outbox.txn AND uploaded = '') FROM outbox `

func scanParcel(row scanner) (p Parcel, err error) {
	err = row.Scan(&p.ID, &p.Txn, &p.Room, &p.CardID, &p.Emoji, &p.Message, &p.Target, &p.Attempted, &p.EventID, &p.ToUpload)
	return p, err
}

package cards

import (
	"fmt"

	"ronde/store"
)

// AddReaction puts a reaction to any event into the outbox as part of tx. key and room are
// as for [Outbox.AddNotice]; [Outbox.RemoveReaction] takes it back.
func (o *Outbox) AddReaction(tx *store.Tx, key, room, target, emoji string) error {
	return tx.AddParcel(store.Parcel{Txn: o.noticeTxn(key), Room: room, Emoji: emoji, Target: target})
}

// RemoveReaction takes the reaction with a key back as part of tx: it never goes out, or it
// goes out of the room again. Without such a reaction it does nothing.
func (o *Outbox) RemoveReaction(tx *store.Tx, key string) error {
	reaction, known, err := tx.Parcel(o.noticeTxn(key))
	if err != nil || !known {
		return err
	}
	withdrawn, err := tx.WithdrawParcel(reaction.Txn)
	if err != nil || withdrawn {
		return err
	}
	return tx.AddParcel(store.Parcel{Txn: o.noticeTxn(key + "-off"), Room: reaction.Room, Target: reaction.Txn})
}

// prepareRemoval takes a reaction back, if it ever stood in the room.
func prepareRemoval(tx *store.Tx, p store.Parcel, room string) (*Outgoing, error) {
	reaction, _, err := tx.Parcel(p.Target)
	if err != nil {
		return nil, fmt.Errorf("find the reaction to take back: %w", err)
	}
	if reaction.EventID == "" {
		return nil, tx.ParcelDone(p.Txn, "", "dropped")
	}
	return attempt(tx, p, Outgoing{Room: room, TxnID: p.Txn, Redacts: reaction.EventID})
}

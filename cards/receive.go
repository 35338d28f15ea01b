package cards

import (
	"context"
	"fmt"
	"maps"
	"time"

	"ronde/store"
)

// Receive stores a batch of events and its token; see [Receiver].
func (o *Outbox) Receive(ctx context.Context, b Batch) error {
	news := false
	err := o.store.Update(ctx, func(tx *store.Tx) error {
		news = false
		for _, e := range b.Events {
			fresh, err := o.take(tx, e)
			if err != nil {
				return err
			}
			news = news || fresh
		}
		return tx.SetSyncToken(b.Token)
	})
	if err != nil {
		return fmt.Errorf("store a batch of %d events: %w", len(b.Events), err)
	}
	o.received(b)
	o.Wake()
	if news {
		o.arrived()
	}
	return nil
}

// received notes what a stored batch says about attempts without an answer.
func (o *Outbox) received(b Batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b.Asked.After(o.synced) {
		o.synced = b.Asked
	}
	for _, e := range b.Events {
		if e.Own {
			delete(o.unknown, e.Txn)
			delete(o.items, e.Txn)
		}
	}
	maps.DeleteFunc(o.unknown, func(_ string, since time.Time) bool { return o.synced.After(since) })
}

// take stores one event and reports whether somebody has to look at it.
func (o *Outbox) take(tx *store.Tx, e Event) (bool, error) {
	if e.Own && e.Txn != "" {
		return false, o.confirm(tx, e.Txn, e.ID)
	}
	state := "new"
	switch {
	case e.Own || e.Kind == Noticed || e.Edit:
		return false, unseal(tx, e.ID)
	case e.Kind == Sealed:
		state = "sealed"
	case e.History:
		state = "handled"
	}
	fresh, err := tx.AddRoomEvent(store.RoomEvent{
		EventID: e.ID, Room: e.Room, Sender: e.Sender, At: e.At, Kind: string(e.Kind),
		Body: e.Body, Target: e.Target, Thread: e.Thread, Emoji: e.Emoji, Raw: e.Raw, State: state,
	})
	return fresh && state == "new", err
}

// unseal is for an event that turned out to be nobody's business: if it was kept
// because it could not be read, it need not be kept any longer.
func unseal(tx *store.Tx, eventID string) error {
	e, known, err := tx.RoomEvent(eventID)
	if err != nil || !known || e.State != "sealed" {
		return err
	}
	return tx.EventHandled(e.ID)
}

// Ready tries again at once what waited for a room; see [Receiver].
func (o *Outbox) Ready() {
	o.hold(func(time.Time) { clear(o.rooms) })
	o.Wake()
}

// SyncToken returns the token of the last batch stored; see [Receiver].
func (o *Outbox) SyncToken(ctx context.Context) (token string, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		token, err = tx.SyncToken()
		return err
	})
	return token, err
}

// SealedEvents returns what could not be decrypted yet; see [Receiver].
func (o *Outbox) SealedEvents(ctx context.Context) (events []Event, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.RoomEventsInState("sealed", 1000)
		for _, e := range rows {
			events = append(events, Event{ID: e.EventID, Room: e.Room, Sender: e.Sender, At: e.At, Kind: Sealed, Raw: e.Raw})
		}
		return err
	})
	return events, err
}

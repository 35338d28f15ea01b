package commands

import (
	"context"
	"strconv"
	"time"

	"ronde/store"
)

const (
	// hourglass is the reaction to a question whose answer takes a while; it goes when
	// the answer comes.
	hourglass = "⏳"
	// soon is how long an answer may take without one: what is at hand needs none, and
	// each costs two of the few events that a homeserver lets the bot send.
	soon = time.Second
)

func hourglassKey(e store.RoomEvent) string { return "wait-" + strconv.FormatInt(e.ID, 10) }

// showHourglass puts an hourglass under a question that is still open after a second.
// Whoever has dealt with the question calls over; the hourglass itself goes with the
// transaction that stores the answer.
func (d *Desk) showHourglass(ctx context.Context, e store.RoomEvent) (over func()) {
	ctx, over = context.WithCancel(ctx)
	d.busy.Go(func() {
		timer := time.NewTimer(soon)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			d.addHourglass(context.WithoutCancel(ctx), e)
		}
	})
	return over
}

func (d *Desk) addHourglass(ctx context.Context, e store.RoomEvent) {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		now, known, err := tx.RoomEvent(e.EventID)
		if err != nil || !known || now.State != "new" { // answered meanwhile
			return err
		}
		return d.Outbox.AddReaction(tx, hourglassKey(e), e.Room, e.EventID, hourglass)
	})
	if err != nil {
		d.Log.WarnContext(ctx, "nobody is told that an answer takes a while", "event", e.EventID, "err", err)
		return
	}
	d.Outbox.Wake()
}

// tooLate leaves a question alone for which nobody waits any more.
func (d *Desk) tooLate(ctx context.Context, e store.RoomEvent) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := d.Outbox.RemoveReaction(tx, hourglassKey(e)); err != nil {
			return err
		}
		return tx.EventHandled(e.ID)
	})
}

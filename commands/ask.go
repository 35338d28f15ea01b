package commands

import (
	"context"
	"maps"

	"ronde/store"
)

// answer runs a question in the background: while it waits for a host, others
// are handled.
func (d *Desk) answer(ctx context.Context, cmd Command, call *Call) {
	d.setPending(call.Event.ID, true)
	d.busy.Go(func() {
		defer d.setPending(call.Event.ID, false)
		defer d.showHourglass(ctx, call.Event)()
		select {
		case d.slow <- struct{}{}:
			defer func() { <-d.slow }()
		case <-ctx.Done():
			return
		}
		asked := ask(ctx, cmd, call)
		if ctx.Err() != nil {
			return // asked again after the restart
		}
		err := d.finish(ctx, call, cmd.Name, "", func(*store.Tx) error { return asked })
		if err != nil {
			d.Log.ErrorContext(ctx, "an answer cannot be stored", "command", cmd.Name, "err", err)
		}
	})
}

func ask(ctx context.Context, cmd Command, call *Call) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &store.PanicError{Value: r}
		}
	}()
	return cmd.Ask(ctx, call)
}

func (d *Desk) allPending() map[int64]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.pending)
}

func (d *Desk) setPending(id int64, pending bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if pending {
		d.pending[id] = true
	} else {
		delete(d.pending, id)
	}
}

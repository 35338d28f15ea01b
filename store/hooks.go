package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Hook is what a webhook brought, as it came.
type Hook struct {
	ID       int64
	Name     string // of the webhook, as configured
	Kind     string // who sends to it, as configured when it came
	Received time.Time
	Type     string // the Content-Type that came with it
	Raw      []byte
	Hash     string // of Raw
	Emptied  bool   // Raw was kept for long enough and is gone
}

// TakeHook stores what a webhook brought in a transaction of its own: when it
// returns nil, it is committed.
func (s *Store) TakeHook(ctx context.Context, h Hook) error {
	err := s.Update(ctx, func(tx *Tx) error {
		_, err := tx.exec("INSERT INTO hooks (hook, kind, received_at, type, raw, hash) VALUES (?, ?, ?, ?, ?, ?)",
			h.Name, h.Kind, ms(h.Received), h.Type, h.Raw, h.Hash)
		return err
	})
	if err != nil {
		return fmt.Errorf("store what webhook %s brought: %w", h.Name, err)
	}
	return nil
}

// NewHooks returns what webhooks brought and is not folded yet, oldest first.
func (tx *Tx) NewHooks(limit int) ([]Hook, error) {
	hooks, err := many(tx, scanHook, selectHook+"WHERE state = 'new' ORDER BY id LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read what webhooks brought: %w", err)
	}
	return hooks, nil
}

// Hook returns what a webhook brought, by its id.
func (tx *Tx) Hook(id int64) (Hook, bool, error) {
	h, known, err := one(tx, scanHook, selectHook+"WHERE id = ?", id)
	if err != nil {
		return h, false, fmt.Errorf("read hook %d: %w", id, err)
	}
	return h, known, nil
}

// HookCameBefore tells whether the same webhook brought the very same, not longer
// ago than since, before it brought h.
func (tx *Tx) HookCameBefore(h Hook, since time.Time) (bool, error) {
	_, known, err := one(tx, func(row scanner) (id int64, err error) { return id, row.Scan(&id) },
		"SELECT id FROM hooks WHERE hook = ? AND hash = ? AND received_at >= ? AND id < ? LIMIT 1", h.Name, h.Hash, ms(since), h.ID)
	if err != nil {
		return false, fmt.Errorf("look for what is the same as hook %d: %w", h.ID, err)
	}
	return known, nil
}

// HooksOfIncident returns the newest of what webhooks brought that was folded into an
// incident, newest first.
func (tx *Tx) HooksOfIncident(incident int64, limit int) ([]Hook, error) {
	hooks, err := many(tx, scanHook, selectHook+`JOIN hook_incidents ON hook_id = id WHERE incident_id = ?
		ORDER BY hook_id DESC LIMIT ?`, incident, limit)
	if err != nil {
		return nil, fmt.Errorf("read what webhooks brought of incident %d: %w", incident, err)
	}
	return hooks, nil
}

// HookHandled marks what a webhook brought as folded into some incidents, or none, in
// the transaction that folded it.
func (tx *Tx) HookHandled(id int64, incidents ...int64) error {
	_, err := tx.exec("UPDATE hooks SET state = 'handled', handled_at = ? WHERE id = ?", ms(tx.Now), id)
	for _, incident := range incidents {
		if err == nil {
			_, err = tx.exec("INSERT INTO hook_incidents (incident_id, hook_id) VALUES (?, ?) ON CONFLICT DO NOTHING", incident, id)
		}
	}
	if err != nil {
		return fmt.Errorf("mark hook %d as handled: %w", id, err)
	}
	return nil
}

const selectHook = `SELECT id, hook, kind, received_at, type, raw, hash, emptied FROM hooks `

func scanHook(row scanner) (h Hook, err error) {
	var received sql.NullInt64
	err = row.Scan(&h.ID, &h.Name, &h.Kind, &received, &h.Type, &h.Raw, &h.Hash, &h.Emptied)
	h.Received = at(received)
	return h, err
}

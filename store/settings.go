package store

import (
	"context"
	"fmt"
)

// Value returns what the bot keeps about itself under key, such as its Matrix
// account; known is false when nothing was kept.
func (s *Store) Value(ctx context.Context, key string) (value string, known bool, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		value, known, err = tx.Value(key)
		return err
	})
	return value, known, err
}

// SetValue keeps value under key.
func (s *Store) SetValue(ctx context.Context, key, value string) error {
	return s.Update(ctx, func(tx *Tx) error { return tx.SetValue(key, value) })
}

// Value is [Store.Value] within a transaction.
func (tx *Tx) Value(key string) (string, bool, error) {
	value, known, err := one(tx, func(row scanner) (v string, err error) { return v, row.Scan(&v) },
		"SELECT value FROM settings WHERE key = ?", key)
	if err != nil {
		return "", false, fmt.Errorf("read setting %s: %w", key, err)
	}
	return value, known, nil
}

// SetValue is [Store.SetValue] within a transaction.
func (tx *Tx) SetValue(key, value string) error {
	_, err := tx.exec(`INSERT INTO settings (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("keep setting %s: %w", key, err)
	}
	return nil
}

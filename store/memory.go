package store

import (
	"bytes"
	"context"
	"fmt"
)

// Recall returns what is kept of a check, by part; see the package checks.
func (s *Store) Recall(ctx context.Context, check string) (parts map[string][]byte, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		parts, err = tx.memory(check)
		return err
	})
	return parts, err
}

// Remember replaces parts of what is kept of a check, all of them or none; a nil one goes
// away. When its head, the part called "", is no longer was, nothing changes and kept is
// false.
func (s *Store) Remember(ctx context.Context, check string, was []byte, parts map[string][]byte) (kept bool, err error) {
	err = s.Update(ctx, func(tx *Tx) error {
		before, err := tx.memory(check)
		if err != nil || !bytes.Equal(before[""], was) {
			return err
		}
		kept = true
		return tx.remember(check, parts)
	})
	return kept && err == nil, err
}

func (tx *Tx) memory(check string) (map[string][]byte, error) {
	type row struct {
		part  string
		value []byte
	}
	all, err := many(tx, func(s scanner) (r row, err error) { return r, s.Scan(&r.part, &r.value) },
		"SELECT part, value FROM memory WHERE check_name = ?", check)
	if err != nil {
		return nil, fmt.Errorf("recall what %s knows: %w", check, err)
	}
	parts := map[string][]byte{}
	for _, r := range all {
		parts[r.part] = r.value
	}
	return parts, nil
}

func (tx *Tx) remember(check string, parts map[string][]byte) error {
	for part, value := range parts {
		query, args := "DELETE FROM memory WHERE check_name = ? AND part = ?", []any{check, part}
		if value != nil {
			query, args = "INSERT INTO memory (check_name, part, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", append(args, value)
		}
		if _, err := tx.exec(query, args...); err != nil {
			return fmt.Errorf("remember what %s knows: %w", check, err)
		}
	}
	return nil
}

// Remembered returns the checks of which something is kept.
func (tx *Tx) Remembered() ([]string, error) {
	all, err := many(tx, func(s scanner) (check string, err error) { return check, s.Scan(&check) }, "SELECT DISTINCT check_name FROM memory ORDER BY check_name")
	if err != nil {
		return nil, fmt.Errorf("read which checks know something: %w", err)
	}
	return all, nil
}

// ForgetMemory removes all that is kept of a check.
func (tx *Tx) ForgetMemory(check string) error {
	if _, err := tx.exec("DELETE FROM memory WHERE check_name = ?", check); err != nil {
		return fmt.Errorf("forget what %s knows: %w", check, err)
	}
	return nil
}

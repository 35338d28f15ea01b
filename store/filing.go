package store

import (
	"context"
	"fmt"
	"time"
)

// Filing is a mail that is stored here and still to be marked or moved on the mail
// server.
type Filing struct {
	UID   uint32
	Hash  string
	Again bool // the server refused before
}

// addFiling notes that a mail is to be filed, unless it was before in that folder. Of
// one that still waits when its folder is renumbered, the new UID counts.
func (tx *Tx) addFiling(m Mail) error {
	_, err := tx.exec(`INSERT INTO filings (folder, hash, uidvalidity, uid) VALUES (?, ?, ?, ?)
		ON CONFLICT (folder, hash) DO UPDATE SET uidvalidity = excluded.uidvalidity, uid = excluded.uid
		WHERE uidvalidity <> excluded.uidvalidity`, m.Folder, m.Hash, m.UIDValidity, m.UID)
	if err != nil {
		return fmt.Errorf("note that mail %d of %s is to be filed: %w", m.UID, m.Folder, err)
	}
	return nil
}

// Unfiled returns the mails of a folder that are to be filed by now, in the order of
// their UIDs.
func (s *Store) Unfiled(ctx context.Context, folder string, uidvalidity uint32, limit int) (all []Filing, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		all, err = tx.unfiled(folder, uidvalidity, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is to be filed of %s: %w", folder, err)
	}
	return all, nil
}

func (tx *Tx) unfiled(folder string, uidvalidity uint32, limit int) ([]Filing, error) {
	return many(tx, scanFiling, `SELECT uid, hash, not_before > 0 FROM filings
		WHERE folder = ? AND uidvalidity = ? AND done = 0 AND not_before <= ? ORDER BY uid LIMIT ?`, folder, uidvalidity, ms(tx.Now), limit)
}

// Filed notes that mails of a folder are marked or moved.
func (s *Store) Filed(ctx context.Context, folder string, mails []Filing) error {
	return s.setFilings(ctx, folder, mails, "done = ?", 1)
}

// FileLater notes that the server refused to file mails of a folder, and is to be
// asked again at a time.
func (s *Store) FileLater(ctx context.Context, folder string, mails []Filing, at time.Time) error {
	return s.setFilings(ctx, folder, mails, "not_before = ?", ms(at))
}

func (s *Store) setFilings(ctx context.Context, folder string, mails []Filing, set string, value int64) error {
	err := s.Update(ctx, func(tx *Tx) error {
		for _, m := range mails {
			if _, err := tx.exec("UPDATE filings SET "+set+" WHERE folder = ? AND hash = ?", value, folder, m.Hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what is filed of %s: %w", folder, err)
	}
	return nil
}

func scanFiling(row scanner) (f Filing, err error) {
	err = row.Scan(&f.UID, &f.Hash, &f.Again)
	return f, err
}

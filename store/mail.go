package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Cursor says how far a folder of a mailbox was read.
type Cursor struct {
	UIDValidity, UID uint32
	Received         time.Time // the newest internal date taken
}

// Mail is a mail as the mailbox gave it.
type Mail struct {
	ID               int64
	Folder           string
	UIDValidity, UID uint32
	Received         time.Time // the server's internal date
	Size             int64     // bytes on the server
	Raw              []byte    // the mail, or its beginning when it is very long
	Hash             string    // of what makes it the same mail under another UID
	Emptied          bool      // Raw was kept for long enough and is gone
	File             bool      // once it is stored, it is to be marked or moved on the server
}

// MailCursor returns how far a folder was read; known is false when it never was.
func (s *Store) MailCursor(ctx context.Context, folder string) (c Cursor, known bool, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		c, known, err = one(tx, scanCursor, "SELECT uidvalidity, uid, received_at FROM cursors WHERE folder = ?", folder)
		return err
	})
	if err != nil {
		return c, false, fmt.Errorf("read the cursor of %s: %w", folder, err)
	}
	return c, known, nil
}

// TakeMail stores mails and how far their folder is now read, in one
// transaction. A mail that is known, by its UID or by its hash, changes nothing.
// It returns how many were new.
func (s *Store) TakeMail(ctx context.Context, c Cursor, folder string, mails []Mail) (added int, err error) {
	err = s.Update(ctx, func(tx *Tx) error {
		added = 0
		for _, m := range mails {
			n, err := tx.addMail(m)
			if err != nil {
				return err
			}
			added += n
			if !m.File {
				continue
			}
			if err := tx.addFiling(m); err != nil {
				return err
			}
		}
		return tx.setCursor(folder, c)
	})
	return added, err
}

func (tx *Tx) addMail(m Mail) (int, error) {
	n, err := tx.changed(`INSERT INTO inbox (folder, uidvalidity, uid, received_at, size, raw, hash) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, m.Folder, m.UIDValidity, m.UID, ms(m.Received), m.Size, m.Raw, m.Hash)
	if err != nil {
		return 0, fmt.Errorf("store mail %d of %s: %w", m.UID, m.Folder, err)
	}
	return n, nil
}

func (tx *Tx) setCursor(folder string, c Cursor) error {
	_, err := tx.exec(`INSERT INTO cursors (folder, uidvalidity, uid, received_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (folder) DO UPDATE SET uidvalidity = excluded.uidvalidity, uid = excluded.uid, received_at = excluded.received_at`,
		folder, c.UIDValidity, c.UID, ms(c.Received))
	if err != nil {
		return fmt.Errorf("store the cursor of %s: %w", folder, err)
	}
	return nil
}

// NewMail returns the mails that are not folded yet, oldest first.
func (tx *Tx) NewMail(limit int) ([]Mail, error) {
	mails, err := many(tx, scanMail, selectMail+"WHERE state = 'new' ORDER BY id LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read new mail: %w", err)
	}
	return mails, nil
}

// Mail returns a mail by its id.
func (tx *Tx) Mail(id int64) (Mail, bool, error) {
	m, known, err := one(tx, scanMail, selectMail+"WHERE id = ?", id)
	if err != nil {
		return m, false, fmt.Errorf("read mail %d: %w", id, err)
	}
	return m, known, nil
}

// MailsOfIncident returns the newest mails that were folded into an incident, newest
// first.
func (tx *Tx) MailsOfIncident(incident int64, limit int) ([]Mail, error) {
	mails, err := many(tx, scanMail, selectMail+"WHERE incident_id = ? ORDER BY id DESC LIMIT ?", incident, limit)
	if err != nil {
		return nil, fmt.Errorf("read the mails of incident %d: %w", incident, err)
	}
	return mails, nil
}

// MailHandled marks a mail as folded, in the transaction that folded it.
// incident is 0 when it became none.
func (tx *Tx) MailHandled(id, incident int64) error {
	var into any
	if incident != 0 {
		into = incident
	}
	if _, err := tx.exec("UPDATE inbox SET state = 'handled', incident_id = ?, handled_at = ? WHERE id = ?", into, ms(tx.Now), id); err != nil {
		return fmt.Errorf("mark mail %d as handled: %w", id, err)
	}
	return nil
}

const selectMail = `SELECT id, folder, uidvalidity, uid, received_at, size, raw, hash, emptied FROM inbox `

func scanMail(row scanner) (m Mail, err error) {
	var received sql.NullInt64
	err = row.Scan(&m.ID, &m.Folder, &m.UIDValidity, &m.UID, &received, &m.Size, &m.Raw, &m.Hash, &m.Emptied)
	m.Received = at(received)
	return m, err
}

func scanCursor(row scanner) (c Cursor, err error) {
	var received sql.NullInt64
	err = row.Scan(&c.UIDValidity, &c.UID, &received)
	c.Received = at(received)
	return c, err
}

package store

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// What was handled long ago loses its text, and nothing else: it is still known when it comes again.
func TestOnlyOldTextsThatNobodyNeedsAreEmptied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := temp(t)
		day := 24 * time.Hour
		ancient := time.Now().Add(-1000 * day)
		take := func(uid uint32, hash string) int {
			t.Helper()
			m := Mail{Folder: "INBOX", UIDValidity: 1, UID: uid, Received: ancient, Size: 4, Raw: []byte("text"), Hash: hash}
			n, err := s.TakeMail(t.Context(), Cursor{UIDValidity: 1, UID: uid}, "INBOX", []Mail{m})
			if err == nil {
				err = s.TakeHook(t.Context(), Hook{Name: "kuma", Received: time.Now(), Raw: []byte("text"), Hash: hash})
			}
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		handle := func(id int64) {
			t.Helper()
			update(t, s, func(tx *Tx) error { return tx.MailHandled(id, 0) })
			update(t, s, func(tx *Tx) error { return tx.HookHandled(id) })
		}
		empty := func(limit, want int) {
			t.Helper()
			update(t, s, func(tx *Tx) error {
				mails, err := tx.EmptyMails(tx.Now.Add(-90*day), "mail", limit)
				if err != nil {
					return err
				}
				hooks, err := tx.EmptyHooks(tx.Now.Add(-90*day), "hook", limit)
				if mails != want || hooks != want {
					t.Errorf("%d mails and %d webhooks lose their text, want %d of each", mails, hooks, want)
				}
				return err
			})
		}

		for uid, hash := range []string{"a", "b", "c", "to send", "not handled"} {
			take(uint32(uid+1), hash)
		}
		for id := range int64(4) {
			handle(id + 1)
		}
		update(t, s, func(tx *Tx) error { return tx.ShowCard(Card{Kind: "mail", Subject: 4, Room: "technique"}) })
		update(t, s, func(tx *Tx) error { return tx.ShowCard(Card{Kind: "hook", Subject: 4, Room: "technique"}) })
		empty(10, 0) // an old mail that came in only now is not old
		time.Sleep(91 * day)
		take(6, "young")
		handle(6)
		empty(2, 2)
		empty(2, 1)
		empty(2, 0)

		update(t, s, func(tx *Tx) error {
			for id, gone := range []bool{true, true, true, false, false, false} {
				m, _, err := tx.Mail(int64(id + 1))
				if err != nil {
					return err
				}
				h, _, err := tx.Hook(int64(id + 1))
				if m.Emptied != gone || (len(m.Raw) == 0) != gone || h.Emptied != gone || (len(h.Raw) == 0) != gone {
					t.Errorf("mail %d: %+v, hook %+v", id+1, m, h)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if n := take(44, "a"); n != 0 {
			t.Error("a mail whose text is gone counts as new when it comes again")
		}
	})
}

// Texts from before anybody noted when they were handled go by when they came.
func TestTextsOfAnOlderDatabaseAreEmptiedToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	firstVersion(t, path, `
		INSERT INTO inbox (folder, uidvalidity, uid, received_at, size, raw, hash, state) VALUES ('INBOX', 1, 1, 1000, 4, x'00', 'a', 'handled');
		INSERT INTO inbox (folder, uidvalidity, uid, received_at, size, raw, hash, state) VALUES ('INBOX', 1, 2, 9000, 4, x'00', 'b', 'handled');
		INSERT INTO inbox (folder, uidvalidity, uid, received_at, size, raw, hash) VALUES ('INBOX', 1, 3, 1000, 4, x'00', 'c');`)
	update(t, open(t, path), func(tx *Tx) error {
		n, err := tx.EmptyMails(time.UnixMilli(5000), "mail", 10)
		if n != 1 {
			t.Errorf("%d mails lose their text, want the old one that was handled", n)
		}
		return err
	})
}

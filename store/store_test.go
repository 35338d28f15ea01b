package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func temp(t *testing.T) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "ronde.db"))
}

func update(t *testing.T, s *Store, change func(tx *Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func TestTheNameStaysWithTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r?on#de%.db")
	first, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	name := first.Name()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, path).Name(); again != name || len(name) < 8 {
		t.Errorf("name after a restart is %q, was %q", again, name)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file has another name: %v", err)
	}
	if other := temp(t).Name(); other == name {
		t.Errorf("two databases share the name %q", name)
	}
}

func TestOnlyTheOwnerCanReadTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
}

func TestADatabaseOfANewerRondeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ronde.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.RawDB.ExecContext(t.Context(), "UPDATE version SET version = 9999, compat = 9999"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path); err == nil {
		t.Errorf("opened a database of version 9999: %v", s.Close())
	}
}

func TestAPanicRollsEverythingBackAndTheNextWriteWorks(t *testing.T) {
	s := temp(t)
	err := s.Update(t.Context(), func(tx *Tx) error {
		if err := tx.SetValue("half", "done"); err != nil {
			return err
		}
		panic("in the middle")
	})
	var p *PanicError
	if !errors.As(err, &p) || !strings.Contains(p.Stack, "store_test.go") {
		t.Fatalf("Update returned %v, want a PanicError with a stack", err)
	}
	if _, known, err := s.Value(t.Context(), "half"); known || err != nil {
		t.Errorf("the half-done change stayed (%v)", err)
	}
	if err := s.SetValue(t.Context(), "next", "works"); err != nil {
		t.Errorf("the next write: %v", err)
	}
}

func TestReadersThatThenWriteWaitForEachOther(t *testing.T) {
	s := temp(t)
	errs := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 25 {
				err = errors.Join(err, s.Update(context.Background(), func(tx *Tx) error {
					v, _, err := tx.Value("count")
					if err != nil {
						return err
					}
					return tx.SetValue("count", v+"x")
				}))
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if v, _, err := s.Value(t.Context(), "count"); len(v) != 200 || err != nil {
		t.Errorf("%d of 200 changes stayed (%v)", len(v), err)
	}
}

func TestAReaderSeesOneStateThroughout(t *testing.T) {
	s := temp(t)
	both := func(word string) func(tx *Tx) error {
		return func(tx *Tx) error { return errors.Join(tx.SetValue("card", word), tx.SetValue("notice", word)) }
	}
	update(t, s, both("before"))
	err := s.View(t.Context(), func(tx *Tx) error {
		card, _, err := tx.Value("card")
		update(t, s, both("after")) // and nobody who writes waits for the reader
		notice, _, err2 := tx.Value("notice")
		if card != "before" || notice != "before" {
			t.Errorf("a reader sees the card %q and the notice %q", card, notice)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	if card, _, err := s.Value(t.Context(), "card"); card != "after" || err != nil {
		t.Errorf("the next reader sees %q, %v", card, err)
	}
}

// TestAReaderThatGivesUpLeavesAConnectionThatWorks: also one that panics or whose time is up.
func TestAReaderThatGivesUpLeavesAConnectionThatWorks(t *testing.T) {
	s := temp(t)
	s.db.RawDB.SetMaxOpenConns(1)
	for _, leave := range []func(cancel func()) error{
		func(func()) error { return errors.New("enough") },
		func(func()) error { panic("too much") },
		func(cancel func()) error { cancel(); return context.Canceled },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.View(ctx, func(tx *Tx) error {
			if _, _, err := tx.Value("card"); err != nil {
				return err
			}
			return leave(cancel)
		})
		cancel()
		if err == nil {
			t.Error("the error of a reader is lost")
		}
		update(t, s, func(tx *Tx) error { return tx.SetValue("card", "new") })
	}
}

func TestABackupTakenWhileRunningIsWholeAndPrivate(t *testing.T) {
	s := temp(t)
	update(t, s, func(tx *Tx) error { return tx.SetValue("kept", "yes") })
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if v, _, err := open(t, file).Value(t.Context(), "kept"); v != "yes" || err != nil {
		t.Errorf("the copy holds %q (%v)", v, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is readable by others: %v %v", info.Mode(), err)
	}
	if err := s.Backup(t.Context(), file); err == nil {
		t.Error("a second backup replaced the first")
	}
}

func TestAMailIsStoredOnceWithItsCursor(t *testing.T) {
	s := temp(t)
	received := time.UnixMilli(1_770_000_000_000)
	mail := Mail{Folder: "INBOX", UIDValidity: 7, UID: 1, Received: received, Size: 3, Raw: []byte("abc"), Hash: "h1"}
	take := func(c Cursor, mails ...Mail) int {
		t.Helper()
		n, err := s.TakeMail(t.Context(), c, "INBOX", mails)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := take(Cursor{UIDValidity: 7, UID: 1, Received: received}, mail); n != 1 {
		t.Errorf("a new mail counts as %d", n)
	}
	if n := take(Cursor{UIDValidity: 7, UID: 1, Received: received}, mail); n != 0 {
		t.Errorf("the same UID counts as %d", n)
	}
	mail.UIDValidity, mail.UID = 8, 44
	if n := take(Cursor{UIDValidity: 8, UID: 44, Received: received}, mail); n != 0 {
		t.Errorf("the same mail under a new UIDVALIDITY counts as %d", n)
	}
	c, known, err := s.MailCursor(t.Context(), "INBOX")
	if want := (Cursor{UIDValidity: 8, UID: 44, Received: received}); c != want || !known || err != nil {
		t.Errorf("cursor %+v known=%v err=%v, want %+v", c, known, err, want)
	}
}

func TestAMailWithoutItsCursorIsNotStored(t *testing.T) {
	s := temp(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx *Tx) error {
		if _, err := tx.addMail(Mail{Folder: "INBOX", UID: 1, Raw: []byte("x"), Hash: "h"}); err != nil {
			return err
		}
		cancel() // the process is told to stop between the two statements
		return tx.setCursor("INBOX", Cursor{UID: 1})
	})
	if err == nil {
		t.Fatal("the transaction was committed after its context ended")
	}
	var n int
	if err := s.db.RawDB.QueryRowContext(t.Context(), "SELECT count(*) FROM inbox").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d mails stayed (%v)", n, err)
	}
}

func TestOneOpenOccurrenceAndOneOpenIncident(t *testing.T) {
	s := temp(t)
	due := time.UnixMilli(1_770_000_000_000)
	update(t, s, func(tx *Tx) error {
		_, fresh, err := tx.OpenOccurrence("backups", due)
		if !fresh {
			t.Error("the first occurrence is not fresh")
		}
		return err
	})
	err := s.Update(t.Context(), func(tx *Tx) error {
		_, _, err := tx.OpenOccurrence("backups", due.Add(time.Hour))
		return err
	})
	if err == nil {
		t.Error("a second open occurrence of one routine was stored")
	}
	incident := Incident{Source: "kuma", Thing: "Nuage", State: Firing, Since: due, Newest: due, Alerts: 1}
	update(t, s, func(tx *Tx) error { _, err := tx.AddIncident(incident); return err })
	if err := s.Update(t.Context(), func(tx *Tx) error { _, err := tx.AddIncident(incident); return err }); err == nil {
		t.Error("a second open incident of one thing was stored")
	}
}

func TestASealedEventBecomesReadableOnce(t *testing.T) {
	s := temp(t)
	add := func(e RoomEvent) (news bool) {
		t.Helper()
		update(t, s, func(tx *Tx) (err error) { news, err = tx.AddRoomEvent(e); return err })
		return news
	}
	sealed := RoomEvent{EventID: "$1", Kind: "sealed", Raw: []byte("{}"), State: "sealed"}
	readable := RoomEvent{EventID: "$1", Kind: "said", Body: "!due", State: "new"}
	for n, step := range []struct {
		event RoomEvent
		news  bool
	}{{sealed, true}, {sealed, false}, {readable, true}, {readable, false}, {sealed, false}} {
		if got := add(step.event); got != step.news {
			t.Errorf("step %d: news = %v, want %v", n, got, step.news)
		}
	}
	var got RoomEvent
	update(t, s, func(tx *Tx) (err error) { got, _, err = tx.RoomEvent("$1"); return err })
	if got.Body != "!due" || got.State != "new" || len(got.Raw) != 0 {
		t.Errorf("stored %+v", got)
	}
}

func TestNoStatementKeepsItsRowsOpen(t *testing.T) {
	s := temp(t)
	s.db.RawDB.SetMaxOpenConns(1)
	for range 3 {
		if err := s.View(t.Context(), func(tx *Tx) error { _, err := tx.OpenIncidents(); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.db.RawDB.Stats().InUse; n != 0 {
		t.Errorf("%d connections still in use", n)
	}
	var none sql.NullInt64
	if !at(none).IsZero() || ms(time.Time{}) != 0 {
		t.Error("the zero time does not survive a round trip")
	}
}

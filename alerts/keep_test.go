package alerts

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ronde/store"
)

func TestTextsGoAfterTheirTimeAndAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mails = emptyAtOnce*emptyRounds + 30
		inMemory(t)
		d := newInboxDesk(t)
		d.Settings.Keep = 30 * 24 * time.Hour
		for first := 0; first < mails; first += 10 {
			var some []store.Mail
			for n := first; n < first+10; n++ {
				some = append(some, store.Mail{Folder: "INBOX", UIDValidity: 1, UID: uint32(n + 1), Received: time.Now(), Size: 4, Raw: []byte("text"), Hash: fmt.Sprint(n)})
			}
			_, err := d.Store.TakeMail(t.Context(), store.Cursor{UIDValidity: 1, UID: uint32(first + 10)}, "INBOX", some)
			must(t, err)
		}
		must(t, d.Store.Update(t.Context(), func(tx *store.Tx) error {
			for id := range int64(mails) {
				if err := tx.MailHandled(id+1, 0); err != nil {
					return err
				}
			}
			return nil
		}))
		left := func() (kept int) {
			must(t, d.Store.View(t.Context(), func(tx *store.Tx) error {
				for id := range int64(mails) {
					m, _, err := tx.Mail(id + 1)
					if err != nil {
						return err
					}
					if !m.Emptied {
						kept++
					}
				}
				return nil
			}))
			return kept
		}
		for _, step := range []struct {
			wait time.Duration
			kept int
		}{
			{29 * 24 * time.Hour, mails},
			{25 * time.Hour, 30},
			{59 * time.Minute, 30},
			{time.Minute, 0},
		} {
			time.Sleep(step.wait)
			must(t, d.Tick(t.Context()))
			if got := left(); got != step.kept {
				t.Fatalf("%s later, %d texts are kept, want %d", step.wait, got, step.kept)
			}
		}
	})
}

// An incident whose texts are gone still tells what it heard, and when; and its mails are no news when the mail
// server numbers them anew.
func TestAnIncidentOutlivesItsTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDesk(t)
		d.Settings.Keep = 7 * 24 * time.Hour
		d.fold("10:00 down 502", 1)
		d.fold("10:05 up", 2)
		before := d.incidents()
		time.Sleep(8 * 24 * time.Hour)
		must(t, d.Tick(t.Context()))
		d.fold("10:00 down 502", 1)
		if after := d.incidents(); after != before {
			t.Errorf("the incidents were\n%s\nand are\n%s", before, after)
		}
		must(t, d.Store.View(t.Context(), func(tx *store.Tx) error {
			i, _, err := tx.Incident(1)
			if err != nil {
				return err
			}
			heard, err := d.Heard(tx, i, 10)
			if len(heard) != 2 {
				t.Fatalf("heard are %+v", heard)
			}
			for n, state := range []State{Resolved, Firing} {
				if h := heard[n]; !h.Gone || h.Text != "" || h.State != state || h.Source != "Uptime Kuma" || !h.At.Equal(today(t, []string{"10:05", "10:00"}[n])) {
					t.Errorf("heard is %+v", h)
				}
			}
			return err
		}))
	})
}

// A card that is drawn once more after all does not show an empty mail.
func TestACardWithoutItsTextSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDesk(t)
		m := store.Mail{Folder: "INBOX", UIDValidity: 1, UID: 1, Received: time.Now(), Size: 4, Raw: []byte("text"), Hash: "a"}
		_, err := d.Store.TakeMail(t.Context(), store.Cursor{UIDValidity: 1, UID: 1}, "INBOX", []store.Mail{m})
		must(t, err)
		must(t, d.Store.TakeHook(t.Context(), store.Hook{Name: "kuma", Kind: "kuma", Received: time.Now(), Raw: []byte("{}"), Hash: "a"}))
		must(t, d.Store.Update(t.Context(), func(tx *store.Tx) error { return tx.MailHandled(1, 0) }))
		must(t, d.Store.Update(t.Context(), func(tx *store.Tx) error { return tx.HookHandled(1) }))
		d.Settings.Keep = time.Hour
		time.Sleep(2 * time.Hour)
		must(t, d.Tick(t.Context()))
		must(t, d.Store.View(t.Context(), func(tx *store.Tx) error {
			mail, err := d.RenderMail(tx, 1)
			if err != nil {
				return err
			}
			hook, err := d.RenderHook(tx, 1)
			for _, said := range []string{mail.Message.Plain, hook.Message.Plain} {
				if !strings.Contains(said, "text no longer kept") {
					t.Errorf("the card reads %q", said)
				}
			}
			return err
		}))
	})
}

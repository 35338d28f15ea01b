package alerts

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMailboxFailingInboxGetsTheSameMailAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 120 {
			w.deliver(fmt.Sprint("mail ", n), 0)
		}
		w.inbox.fail = func(commit int) error {
			if commit < 2 || commit == 4 {
				return errors.New("disk full")
			}
			return nil
		}
		w.start()
		time.Sleep(10 * time.Minute)
		if got := len(w.inbox.subjects()); got != 120 {
			t.Errorf("%d mails are stored, want 120", got)
		}
		if n := w.inbox.repeated; n != 0 {
			t.Errorf("%d mails were handed over again after they were stored", n)
		}
	})
}

func TestMailboxCutsLongMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		w.box.Config.MaxBytes = 2000
		w.appendRaw([]byte("Subject: long\r\n\r\n"+strings.Repeat("x", 50000)), time.Now())
		w.appendRaw([]byte("Subject: short\r\n\r\nhello"), time.Now())
		w.appendRaw(nil, time.Now())
		w.start()
		time.Sleep(10 * time.Minute)
		mails := w.inbox.all()
		if len(mails) != 3 {
			t.Fatalf("%d mails are stored, want 3", len(mails))
		}
		for i, want := range []struct {
			size int64
			kept int
		}{{50017, 2000}, {23, 23}, {0, 2}} { // this server adds a line end to an empty mail
			if m := mails[i]; m.Size != want.size || len(m.Raw) != want.kept {
				t.Errorf("mail %d: size %d, kept %d, want %+v", i, m.Size, len(m.Raw), want)
			}
		}
	})
}

func TestMailboxFloodIsTakenInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMailWorld(t)
		for n := range 2000 {
			size := 300
			if n >= 500 && n < 520 {
				size = 3 << 20
			}
			w.appendRaw(fmt.Appendf(nil, "Subject: mail %d\r\n\r\n%s", n, strings.Repeat("x", size)), time.Now())
		}
		w.start()
		time.Sleep(time.Minute)
		subjects := w.inbox.subjects()
		if len(subjects) != 2000 || subjects[0] != "mail 0" || subjects[1999] != "mail 1999" {
			t.Errorf("%d mails are stored, want 2000 in order", len(subjects))
		}
		if w.inbox.mostBytes > batchBytes+(1<<20) {
			t.Errorf("a batch held %d bytes", w.inbox.mostBytes)
		}
	})
}

package alerts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ronde/store"
)

// A server that was away for a weekend with a loop in it: none of ten thousand mails is lost or doubled, or overtakes
// another, and the bot never holds more than a batch of them, however often the line breaks.
func TestMailboxTakesTenThousandMailsOverALineThatBreaks(t *testing.T) {
	const flood = 10_000
	inMemory(t)
	w := newDovecotWorld(t, startDovecot(t))
	w.start()
	w.until("the empty folder is read", func() bool { return w.box.Health().Connected })
	w.stop()
	w.flood(flood)

	proxy := startProxy(t, &faultProxy{target: w.server.imap, budgets: []int{100_000, 900_000, 300_000, 40_000, 1_000, 200_000}})
	inbox := &batchInbox{Store: w.store}
	w.box.Config.Address, w.box.Inbox = proxy.address, inbox
	w.start()
	w.until("all are taken", func() bool {
		c, _, err := w.store.MailCursor(t.Context(), "INBOX")
		must(t, err)
		return c.UID >= flood
	})
	w.stop()
	if n := proxy.cuts.Load(); n != 6 {
		t.Errorf("the line broke %d times, want 6", n)
	}
	w.wantFlood(flood)
	if inbox.most.Load() > batchMails {
		t.Errorf("%d mails were held at once, more than %d", inbox.most.Load(), batchMails)
	}
	if n := inbox.commits.Load(); n > flood/10 {
		t.Errorf("it took %d transactions: mails go on being taken one by one after the line broke", n)
	}
}

// batchInbox notes the size of the greatest batch, and how many there were.
type batchInbox struct {
	*store.Store
	most    atomic.Int64
	commits atomic.Int64
}

func (in *batchInbox) TakeMail(ctx context.Context, c store.Cursor, folder string, mails []store.Mail) (int, error) {
	in.commits.Add(1)
	in.most.Store(max(in.most.Load(), int64(len(mails))))
	return in.Store.TakeMail(ctx, c, folder, mails)
}

// flood puts mails into INBOX in the way of a maildir, which takes no time: Dovecot numbers them by the time in
// their files' names.
func (w *dovecotWorld) flood(mails int) {
	w.t.Helper()
	inbox := filepath.Join(w.server.dir, "mail", strings.ToLower(w.user), "new")
	began := time.Now().Unix()
	for n := range mails {
		name := fmt.Sprintf("%d.M%06dP1Q%d.flood", began+int64(n/1000), n%1000, n)
		must(w.t, os.WriteFile(filepath.Join(inbox, name), fmt.Appendf(nil, "Subject: mail %d\r\n\r\nHello.\r\n", n), 0o644))
	}
}

func (w *dovecotWorld) wantFlood(mails int) {
	w.t.Helper()
	var got []store.Mail
	must(w.t, w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		got, err = tx.NewMail(mails + 1)
		return err
	}))
	if len(got) != mails {
		w.t.Fatalf("%d mails are stored, want %d", len(got), mails)
	}
	for n, m := range got {
		if want := fmt.Sprintf("Subject: mail %d\r\n\r\nHello.\r\n", n); string(m.Raw) != want {
			w.t.Fatalf("mail %d is %q", n, m.Raw)
		}
	}
}

package alerts

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"ronde/store"
)

// dovecotWorld is a mailbox over a real store, and one user of the real server.
type dovecotWorld struct {
	t      testing.TB
	server *dovecotServer
	user   string
	client *imapclient.Client // the person's own connection
	box    *Mailbox
	store  *store.Store
	log    *lockedBuffer
	stop   func()
}

const dovecotPassword = "secret-pass"

func newDovecotWorld(t testing.TB, server *dovecotServer) *dovecotWorld {
	w := &dovecotWorld{t: t, server: server, log: new(lockedBuffer), stop: func() {}}
	w.user = strings.ReplaceAll(filepath.Base(t.Name()), "_", "-")
	var err error
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "ronde.db"))
	must(t, err)
	w.client, err = imapclient.DialInsecure(server.imap, nil)
	must(t, err)
	must(t, w.client.Login(w.user, dovecotPassword).Wait())
	w.box = &Mailbox{
		Config: MailboxConfig{Address: server.imap, TLS: TLSNone, User: w.user, Password: dovecotPassword, Poll: 10 * time.Minute},
		Inbox:  w.store,
		Log:    slog.New(slog.NewTextHandler(w.log, nil)),

		firstPause: 20 * time.Millisecond,
	}
	t.Cleanup(func() {
		w.stop()
		w.client.Close()
		w.store.Close()
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

func (w *dovecotWorld) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.box.Run(ctx)
	}()
	w.stop = func() { cancel(); <-done }
}

func (w *dovecotWorld) folder() string {
	if len(w.box.Config.Folders) > 0 {
		return w.box.Config.Folders[0]
	}
	return "INBOX"
}

func (w *dovecotWorld) deliver(subject string) {
	w.t.Helper()
	w.deliverTo(w.folder(), subject)
}

func (w *dovecotWorld) deliverTo(folder, subject string) {
	w.t.Helper()
	w.append(folder, fmt.Appendf(nil, "Subject: %s\r\n\r\nHello.\r\n", subject))
}

func (w *dovecotWorld) append(folder string, raw []byte) {
	w.t.Helper()
	cmd := w.client.Append(folder, int64(len(raw)), nil)
	_, err := cmd.Write(raw)
	must(w.t, err)
	must(w.t, cmd.Close())
	_, err = cmd.Wait()
	must(w.t, err)
}

// expunge deletes every mail, as a person at a mail program does.
func (w *dovecotWorld) expunge() {
	w.t.Helper()
	_, err := w.client.Select(w.folder(), nil).Wait()
	must(w.t, err)
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	must(w.t, w.client.Store(all, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close())
	must(w.t, w.client.UnselectAndExpunge().Wait())
}

func (w *dovecotWorld) flags() (flags [][]imap.Flag) {
	w.t.Helper()
	_, err := w.client.Select(w.folder(), &imap.SelectOptions{ReadOnly: true}).Wait()
	must(w.t, err)
	msgs, err := w.client.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true}).Collect()
	must(w.t, err)
	for _, msg := range msgs {
		flags = append(flags, msg.Flags)
	}
	return flags
}

// mails returns what a folder holds, as a person sees it.
func (w *dovecotWorld) mails(folder string) (mails []string) {
	w.t.Helper()
	opened, err := w.client.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || opened.NumMessages == 0 {
		return nil
	}
	found, err := w.client.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true, Envelope: true}).Collect()
	must(w.t, err)
	for _, m := range found {
		mail := m.Envelope.Subject
		for _, flag := range m.Flags {
			if flag != `\Recent` {
				mail += " (" + strings.ToLower(strings.TrimPrefix(string(flag), `\`)) + ")"
			}
		}
		mails = append(mails, mail)
	}
	return mails
}

func (w *dovecotWorld) stored() (mails []store.Mail) {
	w.t.Helper()
	must(w.t, w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		mails, err = tx.NewMail(1000)
		return err
	}))
	return mails
}

func (w *dovecotWorld) subjects() (subjects []string) {
	for _, m := range w.stored() {
		line, _, _ := strings.Cut(string(m.Raw[bytes.Index(m.Raw, []byte("Subject: "))+9:]), "\r\n")
		subjects = append(subjects, line)
	}
	return subjects
}

// wait returns when exactly n mails are stored.
func (w *dovecotWorld) wait(n int) {
	w.t.Helper()
	w.until(fmt.Sprintf("%d mails are stored", n), func() bool { return len(w.stored()) >= n })
	if got := len(w.stored()); got != n {
		w.t.Fatalf("%d mails are stored, want %d: %q", got, n, w.subjects())
	}
}

func (w *dovecotWorld) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within three minutes: %s; stored are %q", what, w.subjects())
		}
	}
}

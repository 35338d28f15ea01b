package alerts

import (
	"net"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// wantFolder compares what the server has in a folder.
func (w *mailWorld) wantFolder(folder string, want ...string) {
	w.t.Helper()
	if got := w.folder(folder); !slices.Equal(got, want) {
		w.t.Errorf("%s holds %q, want %q", folder, got, want)
	}
}

// folder returns the mails that the server has in a folder, as a person sees them.
func (w *mailWorld) folder(name string) (mails []string) {
	w.t.Helper()
	conn, server := net.Pipe()
	w.listener.conns <- server
	client := imapclient.New(conn, nil)
	defer func() { conn.Close(); <-client.Closed() }()
	must(w.t, client.Login("ops", mailPassword).Wait())
	folder, err := client.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
	must(w.t, err)
	if folder.NumMessages == 0 {
		return nil
	}
	found, err := client.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true, Envelope: true}).Collect()
	must(w.t, err)
	for _, m := range found {
		mail := m.Envelope.Subject
		for _, flag := range m.Flags {
			mail += " (" + strings.ToLower(strings.TrimPrefix(string(flag), `\`)) + ")"
		}
		mails = append(mails, mail)
	}
	return mails
}

// deleted marks a mail as deleted, as a person's mail program does.
func (w *mailWorld) deleted(folder string, uid imap.UID) *imapmemserver.UserSession {
	w.t.Helper()
	session := imapmemserver.NewUserSession(w.user)
	_, err := session.Select(folder, &imap.SelectOptions{})
	must(w.t, err)
	must(w.t, session.Store(nil, imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil))
	return session
}

// remove deletes a mail at once.
func (w *mailWorld) remove(folder string, uid imap.UID) {
	w.t.Helper()
	set := imap.UIDSetNum(uid)
	must(w.t, w.deleted(folder, uid).Expunge(nil, &set))
}

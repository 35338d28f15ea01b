package alerts

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/store"
)

// memoryInbox keeps to the promises of the store and checks those of the mailbox.
type memoryInbox struct {
	t    *testing.T
	fail func(commit int) error

	mu        sync.Mutex
	cursors   map[string]store.Cursor // by folder
	mails     []store.Mail
	commits   int
	repeated  int
	mostBytes int
	filings   []*memoryFiling
}

// memoryFiling is a row of the table of that name.
type memoryFiling struct {
	store.Filing
	folder   string
	validity uint32
	done     bool
	at       time.Time
}

func (in *memoryInbox) MailCursor(_ context.Context, folder string) (store.Cursor, bool, error) {
	c, known := in.state(folder)
	return c, known, nil
}

func (in *memoryInbox) TakeMail(_ context.Context, c store.Cursor, folder string, mails []store.Mail) (added int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.commits++
	if in.fail != nil {
		if err := in.fail(in.commits - 1); err != nil {
			return 0, err
		}
	}
	in.check(c, folder, mails)
	in.setCursor(folder, c)
	bytes := 0
	for _, m := range mails {
		bytes += len(m.Raw)
		in.toFile(m)
		if slices.ContainsFunc(in.mails, func(old store.Mail) bool {
			return old.Hash == m.Hash || old.Folder == folder && old.UID == m.UID && old.UIDValidity == m.UIDValidity
		}) {
			in.repeated++
			continue
		}
		in.mails = append(in.mails, m)
		added++
	}
	in.mostBytes = max(in.mostBytes, bytes)
	return added, nil
}

func (in *memoryInbox) check(c store.Cursor, folder string, mails []store.Mail) {
	if len(mails) > batchMails {
		in.t.Errorf("a batch of %d mails", len(mails))
	}
	if c.Received.After(time.Now()) {
		in.t.Errorf("cursor is in the future: %v", c.Received)
	}
	if before := in.cursors[folder]; c.UIDValidity == before.UIDValidity && c.UID < before.UID && before.UID != 900 {
		in.t.Errorf("cursor goes back from %d to %d", before.UID, c.UID)
	}
	for i, m := range mails {
		if m.Folder != folder || m.UIDValidity != c.UIDValidity || m.Hash == "" || m.Received.IsZero() || m.Raw == nil {
			in.t.Errorf("incomplete mail %d: %+v", i, m)
		}
		if i > 0 && m.UID <= mails[i-1].UID {
			in.t.Errorf("mails are not in order: %d after %d", m.UID, mails[i-1].UID)
		}
	}
	if n := len(mails); n > 0 && c.UID != mails[n-1].UID {
		in.t.Errorf("cursor %d does not stand at the last mail %d", c.UID, mails[n-1].UID)
	}
}

func (in *memoryInbox) setCursor(folder string, c store.Cursor) {
	if in.cursors == nil {
		in.cursors = map[string]store.Cursor{}
	}
	in.cursors[folder] = c
}

func (in *memoryInbox) state(folder string) (c store.Cursor, known bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	c, known = in.cursors[folder]
	return c, known
}

func (in *memoryInbox) all() []store.Mail {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.mails)
}

func (in *memoryInbox) subjects() (subjects []string) {
	for _, m := range in.all() {
		_, after, _ := strings.Cut(string(m.Raw), "Subject: ")
		subject, _, _ := strings.Cut(after, "\r\n")
		subjects = append(subjects, subject)
	}
	return subjects
}

func (in *memoryInbox) standIns() (n int) {
	for _, m := range in.all() {
		if bytes.Contains(m.Raw, []byte("X-Ronde-Unreadable")) {
			n++
		}
	}
	return n
}

func (in *memoryInbox) toFile(m store.Mail) {
	if !m.File {
		return
	}
	filing := &memoryFiling{Filing: store.Filing{UID: m.UID, Hash: m.Hash}, folder: m.Folder, validity: m.UIDValidity}
	if old := in.filing(m.Folder, m.Hash); old == nil {
		in.filings = append(in.filings, filing)
	} else if !old.done && old.validity != m.UIDValidity {
		*old = *filing
	}
}

func (in *memoryInbox) filing(folder, hash string) *memoryFiling {
	for _, f := range in.filings {
		if f.folder == folder && f.Hash == hash {
			return f
		}
	}
	return nil
}

func (in *memoryInbox) Unfiled(_ context.Context, folder string, validity uint32, limit int) (all []store.Filing, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, f := range in.filings {
		if f.folder == folder && f.validity == validity && !f.done && !f.at.After(time.Now()) && len(all) < limit {
			all = append(all, f.Filing)
		}
	}
	return all, nil
}

func (in *memoryInbox) Filed(_ context.Context, folder string, mails []store.Filing) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range mails {
		in.filing(folder, m.Hash).done = true
	}
	return nil
}

func (in *memoryInbox) FileLater(_ context.Context, folder string, mails []store.Filing, at time.Time) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range mails {
		f := in.filing(folder, m.Hash)
		f.at, f.Again = at, true
	}
	return nil
}

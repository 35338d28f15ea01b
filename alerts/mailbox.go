package alerts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"ronde/store"
)

// Inbox keeps the mails a Mailbox takes and how far it has read; *store.Store is one.
type Inbox interface {
	// MailCursor returns how far folder was read; known is false before the first read.
	MailCursor(ctx context.Context, folder string) (c store.Cursor, known bool, err error)
	// TakeMail stores mails and the cursor in one transaction. Mails whose hash or UID is stored
	// already change nothing; added counts the others.
	TakeMail(ctx context.Context, c store.Cursor, folder string, mails []store.Mail) (added int, err error)
	// Unfiled returns mails that were taken from folder with File set, and are neither filed nor refused since.
	Unfiled(ctx context.Context, folder string, uidvalidity uint32, limit int) ([]store.Filing, error)
	// Filed notes that mails are marked or moved as configured: no mail of that hash is so in folder again.
	Filed(ctx context.Context, folder string, mails []store.Filing) error
	// FileLater keeps mails out of Unfiled until a time.
	FileLater(ctx context.Context, folder string, mails []store.Filing, at time.Time) error
}

// Mailbox follows folders of a mail server and puts every new mail into the Inbox, those of one folder in the
// order of arrival and with the place it was read up to. Each folder has a connection of its own, so that what is
// wrong with one keeps no mail of another back. Unless it is to mark or move mails, it opens them for reading only.
// Fill the exported fields, then call Run.
type Mailbox struct {
	Config MailboxConfig
	Inbox  Inbox
	Log    *slog.Logger            // nil: silence
	Taken  func()                  // called after each commit that added mail; may be nil, must not block
	Hash   func(raw []byte) string // names a mail by its content; nil: SHA-256 in hexadecimal

	dial       func(context.Context) (net.Conn, error) // tests put a pipe here
	firstPause time.Duration                           // tests in real time shorten the backoff

	door chan refusal // holds the last refusal while nobody logs in

	mu        sync.Mutex // of the followers' health
	followers []*follower
}

// Run follows the folders until ctx ends and returns ctx.Err(); a lost connection or a failing inbox is tried
// again with growing pauses for ever. Only a configuration that can never work returns earlier.
func (m *Mailbox) Run(ctx context.Context) error {
	if err := m.Config.Check(); err != nil {
		return err
	}
	var following sync.WaitGroup
	for _, f := range m.begin() {
		following.Go(func() { f.run(ctx) })
	}
	following.Wait()
	return ctx.Err()
}

func (m *Mailbox) begin() []*follower {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.door = make(chan refusal, 1)
	m.door <- refusal{}
	m.followers = nil
	for _, folder := range m.Config.withDefaults().Folders {
		m.followers = append(m.followers, &follower{Mailbox: m, folder: folder, health: Health{Since: time.Now()}})
	}
	return m.followers
}

// tellable turns err into one short line that cannot hold the password: a server may quote what it was sent.
func (m *Mailbox) tellable(err error) string {
	const longest = 300
	line := strings.ReplaceAll(err.Error(), m.Config.Password, "•••")
	line = strings.Join(strings.Fields(strings.ToValidUTF8(line, "?")), " ")
	if runes := []rune(line); len(runes) > longest {
		line = string(runes[:longest]) + "…"
	}
	return line
}

func (m *Mailbox) logger() *slog.Logger {
	if m.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return m.Log
}

func (m *Mailbox) hash(raw []byte) string {
	if m.Hash != nil {
		return m.Hash(raw)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

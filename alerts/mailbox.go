package alerts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/emersion/go-imap/v2"

	"ronde/store"
)

// Inbox keeps the mails a Mailbox takes and how far it has read; *store.Store is one.
type Inbox interface {
	// MailCursor returns how far folder was read; known is false before the first read.
	MailCursor(ctx context.Context, folder string) (c store.Cursor, known bool, err error)
	// TakeMail stores mails and the cursor in one transaction. Mails whose hash or UID is stored
	// already change nothing; added counts the others.
	TakeMail(ctx context.Context, c store.Cursor, folder string, mails []store.Mail) (added int, err error)
}

// How the connection to the mail server is protected: the values of MailboxConfig.TLS.
const (
	TLSImplicit = "implicit" // TLS from the first byte, usually port 993
	TLSStart    = "starttls" // STARTTLS on a plain connection, usually port 143; never goes on without
	TLSNone     = "none"     // nothing at all, for loopback addresses only
)

// MailboxConfig says which folder of which mail server to follow. Zero values stand for the defaults.
type MailboxConfig struct {
	Address  string        // host:port
	TLS      string        // TLSImplicit (default), TLSStart or TLSNone
	CAFile   string        // PEM file of authorities to trust instead of the system's
	User     string        // login name
	Password string        // never logged, never in an error
	Folder   string        // default INBOX
	Poll     time.Duration // how often to look even when the server announces nothing; default 5 min
	CatchUp  time.Duration // the very first read takes mails not older than this; default 24 h
	MaxBytes int64         // longer mails are cut here, never skipped; default 1 MiB
}

// Check returns every mistake that would keep a Mailbox from ever connecting, joined, or nil.
func (c MailboxConfig) Check() error {
	var mistakes []error
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("mailbox address %q is not host:port", c.Address))
	}
	switch c.TLS {
	case "", TLSImplicit, TLSStart:
	case TLSNone:
		if err == nil && !isLoopback(host) {
			mistakes = append(mistakes, fmt.Errorf("mailbox without TLS is for loopback addresses only, not %q", host))
		}
	default:
		mistakes = append(mistakes, fmt.Errorf("mailbox tls is %q, not %q, %q or %q", c.TLS, TLSImplicit, TLSStart, TLSNone))
	}
	if c.User == "" || c.Password == "" {
		mistakes = append(mistakes, errors.New("mailbox needs a user and a password"))
	}
	if c.Poll < 0 || c.CatchUp < 0 || c.MaxBytes < 0 {
		mistakes = append(mistakes, errors.New("mailbox poll, catch-up and size must not be negative"))
	}
	return errors.Join(mistakes...)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c MailboxConfig) withDefaults() MailboxConfig {
	if c.TLS == "" {
		c.TLS = TLSImplicit
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Poll == 0 {
		c.Poll = 5 * time.Minute
	}
	if c.CatchUp == 0 {
		c.CatchUp = 24 * time.Hour
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 1 << 20
	}
	return c
}

// Mailbox follows one folder of a mail server and puts every new mail into the Inbox, in the
// order of arrival and with the place it was read up to. It opens the folder for reading only,
// so nothing is ever marked as seen. Fill the exported fields, then call Run.
type Mailbox struct {
	Config MailboxConfig
	Inbox  Inbox
	Log    *slog.Logger            // nil: silence
	Taken  func()                  // called after each commit that added mail; may be nil, must not block
	Hash   func(raw []byte) string // names a mail by its content; nil: SHA-256 in hexadecimal

	dial       func(context.Context) (net.Conn, error) // tests put a pipe here
	firstPause time.Duration                           // tests in real time shorten the backoff

	// Only Run's goroutine touches these: what is known about mails that would not be read.
	careful int     // this many more mails are fetched one at a time
	trouble trouble // the mail that failed last

	mu     sync.Mutex
	health Health
}

// Health is how a Mailbox is doing.
type Health struct {
	Connected bool
	Since     time.Time // when Connected took its value
	LastOK    time.Time // when the folder was last known to be read to its end; zero: never
	Err       string    // why it is not connected; one short line without secrets
}

const (
	backoffFirst  = time.Second
	backoffMost   = 2 * time.Minute
	backoffJitter = 0.2
	// steadyAfter is how long a connection must have served before it counts as a good one; a server
	// that takes us in and throws us out again is left alone longer and longer.
	steadyAfter = time.Minute
	// reconnecting is the longest pause with the slow connection and login behind it.
	reconnecting = backoffMost + time.Minute
)

// Run follows the folder until ctx ends and returns ctx.Err(); a lost connection or a failing inbox is tried
// again with growing pauses for ever. Only a configuration that can never work returns earlier.
func (m *Mailbox) Run(ctx context.Context) error {
	if err := m.Config.Check(); err != nil {
		return err
	}
	pauses := &backoff.ExponentialBackOff{
		InitialInterval: cmp.Or(m.firstPause, backoffFirst), Multiplier: 2,
		// The library caps the interval before the jitter.
		RandomizationFactor: backoffJitter, MaxInterval: backoffMost * 10 / 12,
	}
	m.setHealth(func(h *Health) { h.Since = time.Now() })
	for ctx.Err() == nil {
		steady, err := m.visit(ctx)
		if ctx.Err() != nil {
			break
		}
		if steady {
			pauses.Reset()
		}
		pause := pauseAfter(err, pauses.NextBackOff())
		m.lost(err, pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	m.setConnected(false, "stopped")
	return ctx.Err()
}

// pauseAfter lengthens the pause after a refused login: guards such as fail2ban shut out whoever tries often.
func pauseAfter(err error, pause time.Duration) time.Duration {
	if _, ok := errors.AsType[*loginRefused](err); ok {
		return backoffMost
	}
	return pause
}

// visit is one connection: open, read what is new, wait for more, until something breaks.
// It reports whether the connection served for long enough to be a good one.
func (m *Mailbox) visit(ctx context.Context) (steady bool, err error) {
	s, err := m.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return false, err
	}
	start := time.Now()
	m.setConnected(true, "")
	m.logger().Info("mailbox is followed", "folder", s.conf.Folder, "idle", s.canIdle,
		"uidvalidity", s.cursor.UIDValidity, "uid", s.cursor.UID)
	err = s.follow(ctx)
	return time.Since(start) >= steadyAfter, err
}

// Health returns how the mailbox is doing now; it may be called from any goroutine.
func (m *Mailbox) Health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.health
}

func (m *Mailbox) setHealth(change func(*Health)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.health)
}

func (m *Mailbox) setConnected(connected bool, why string) {
	m.setHealth(func(h *Health) {
		if h.Connected != connected {
			h.Connected, h.Since = connected, time.Now()
		}
		h.Err = why
	})
}

// Silence is how old [Health.LastOK] may become in a mailbox that works: what one IDLE lasts, and what it
// takes to connect again. No question is put to the server for the sake of this.
func (m *Mailbox) Silence() time.Duration {
	return min(m.Config.withDefaults().Poll, idleMost) + reconnecting
}

// readToEnd notes that the folder held nothing more that was not taken.
func (m *Mailbox) readToEnd() {
	m.setHealth(func(h *Health) { h.LastOK = time.Now() })
}

func (m *Mailbox) lost(err error, pause time.Duration) {
	why := m.tellable(err)
	m.setConnected(false, why)
	m.logger().Warn("mailbox is not followed", "error", why, "retry", pause.Round(time.Millisecond))
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

// trouble counts how often the server failed to deliver one mail.
type trouble struct {
	validity uint32
	uid      imap.UID
	failures int
	proven   bool // the last failure was this mail's own
}

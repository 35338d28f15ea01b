package alerts

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// How the connection to the mail server is protected: the values of MailboxConfig.TLS.
const (
	TLSImplicit = "implicit" // TLS from the first byte, usually port 993
	TLSStart    = "starttls" // STARTTLS on a plain connection, usually port 143; never goes on without
	TLSNone     = "none"     // nothing at all, for loopback addresses only
)

// MailboxConfig says which folders of which mail server to follow. Zero values stand for the defaults.
type MailboxConfig struct {
	Address  string        // host:port
	TLS      string        // TLSImplicit (default), TLSStart or TLSNone
	CAFile   string        // PEM file of authorities to trust instead of the system's
	User     string        // login name
	Password string        // never logged, never in an error
	Folders  []string      // default INBOX alone
	Poll     time.Duration // how often to look even when the server announces nothing; default 5 min
	CatchUp  time.Duration // the very first read takes mails not older than this; default 24 h
	MaxBytes int64         // longer mails are cut here, never skipped; default 1 MiB
	MarkSeen bool          // mails are marked as seen once they are stored
	MoveTo   string        // the folder that mails are moved to once they are stored; "" leaves them where they are
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
	return errors.Join(append(mistakes, c.checkFolders()...)...)
}

// MostFolders is how many folders may be followed: each has a connection of its own, and mail servers grant one
// account some ten.
const MostFolders = 8

func (c MailboxConfig) checkFolders() (mistakes []error) {
	c = c.withDefaults()
	if len(c.Folders) > MostFolders {
		mistakes = append(mistakes, fmt.Errorf("mailbox follows %d folders, more than %d", len(c.Folders), MostFolders))
	}
	for i, folder := range c.Folders {
		if slices.ContainsFunc(c.Folders[:i], func(other string) bool { return SameFolder(folder, other) }) {
			mistakes = append(mistakes, fmt.Errorf("mailbox follows the folder %q twice", folder))
		}
		if SameFolder(folder, c.MoveTo) {
			mistakes = append(mistakes, fmt.Errorf("mailbox moves mails to %q, which it follows", folder))
		}
	}
	return mistakes
}

// SameFolder tells whether two names are of one folder: INBOX is so in any letters, the others as they are written.
func SameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c MailboxConfig) withDefaults() MailboxConfig {
	if c.TLS == "" {
		c.TLS = TLSImplicit
	}
	if len(c.Folders) == 0 {
		c.Folders = []string{"INBOX"}
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

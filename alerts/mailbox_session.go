package alerts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"ronde/store"
)

const (
	dialTimeout    = 20 * time.Second
	commandTimeout = 30 * time.Second
	listTimeout    = 2 * time.Minute
	fetchTimeout   = 2 * time.Minute

	// idleMost is how long one IDLE lasts. Servers and the routers in between drop silent
	// connections after some minutes, and nothing but our next command would tell.
	idleMost = 5 * time.Minute
	// pollMost is how long a server that cannot push is left alone.
	pollMost = time.Minute
)

// session is one connection to the mail server.
type session struct {
	f       *follower
	conf    MailboxConfig
	conn    net.Conn // the bottom of the connection: closing it ends every call
	client  *imapclient.Client
	caps    imap.CapSet
	canIdle bool
	grown   chan struct{} // holds one token when the server said that the folder grew
	cursor  store.Cursor

	leftover uint32 // the mails up to this UID may have been half filed by another connection
}

func (f *follower) connect(ctx context.Context) (*session, error) {
	s := &session{f: f, conf: f.Config.withDefaults(), grown: make(chan struct{}, 1)}
	if err := s.reach(ctx); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.conf.Address, err)
	}
	if err := s.login(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// reach opens the connection as far as the client that speaks IMAP over it.
func (s *session) reach(ctx context.Context) (err error) {
	if s.conn, err = s.dial(ctx); err != nil {
		return err
	}
	if s.client, err = s.protect(ctx); err != nil {
		s.conn.Close()
	}
	return err
}

func (s *session) dial(ctx context.Context) (net.Conn, error) {
	if s.f.dial != nil {
		return s.f.dial(ctx)
	}
	dialer := net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4},
	}
	return dialer.DialContext(ctx, "tcp", s.conf.Address)
}

// protect sets up TLS as configured and the client on top.
func (s *session) protect(ctx context.Context) (client *imapclient.Client, err error) {
	options := &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: s.heard}}
	if s.conf.TLS == TLSNone {
		return imapclient.New(s.conn, options), nil
	}
	if options.TLSConfig, err = s.conf.tlsConfig(); err != nil {
		return nil, err
	}
	err = s.within(ctx, dialTimeout, "set up TLS", func() error {
		if s.conf.TLS == TLSStart {
			client, err = imapclient.NewStartTLS(s.conn, options)
			return err
		}
		conn := tls.Client(s.conn, options.TLSConfig)
		if err := conn.HandshakeContext(ctx); err != nil {
			return err
		}
		client = imapclient.New(conn, options)
		return nil
	})
	return client, err
}

func (c MailboxConfig) tlsConfig() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read mailbox authorities: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", c.CAFile)
	}
	return conf, nil
}

// heard runs in the client's reading goroutine and therefore never blocks.
func (s *session) heard(data *imapclient.UnilateralDataMailbox) {
	if data.NumMessages != nil {
		s.look()
	}
}

// look makes the next wait end at once.
func (s *session) look() {
	select {
	case s.grown <- struct{}{}:
	default:
	}
}

func (s *session) login(ctx context.Context) error {
	if err := s.within(ctx, commandTimeout, "wait for the mail server's greeting", s.client.WaitGreeting); err != nil {
		return err
	}
	if err := s.authenticate(ctx); err != nil {
		return err
	}
	return s.within(ctx, commandTimeout, "ask what the mail server can do", func() error {
		if s.caps = s.client.Caps(); s.caps == nil {
			return errors.New("no answer")
		}
		s.canIdle = s.caps.Has(imap.CapIdle)
		return nil
	})
}

// close ends the connection and waits for the client's goroutine.
func (s *session) close() {
	s.conn.Close()
	<-s.client.Closed()
}

// within runs one exchange with the server and cuts the connection when it takes longer than limit
// or when ctx ends: the client takes no contexts, but a cut connection ends each of its calls.
func (s *session) within(ctx context.Context, limit time.Duration, doing string, exchange func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	err := exchange()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// open selects the folder and reads everything that is new since the stored cursor.
func (s *session) open(ctx context.Context) error {
	folder, err := s.selectFolder(ctx)
	if err != nil {
		return err
	}
	cursor, known, err := s.f.Inbox.MailCursor(ctx, s.f.folder)
	if err != nil {
		return fmt.Errorf("read cursor of %s: %w", s.f.folder, err)
	}
	if err := s.catchUp(ctx, folder, cursor, known); err != nil {
		return err
	}
	return s.readNew(ctx)
}

func (s *session) selectFolder(ctx context.Context) (folder *imap.SelectData, err error) {
	err = s.within(ctx, commandTimeout, "open "+s.f.folder, func() error {
		folder, err = s.client.Select(s.f.folder, &imap.SelectOptions{ReadOnly: !s.conf.files()}).Wait()
		return err
	})
	if !refused(err) {
		return folder, err
	}
	// Servers say that it does not exist in words of their own.
	exists, lost := s.exists(ctx, s.f.folder)
	if lost == nil && !exists {
		err = fmt.Errorf("the mail server has no folder %q; it is followed as soon as there is one", s.f.folder)
	}
	return nil, err
}

// exists says whether the server has a folder of that name that can hold mail.
func (s *session) exists(ctx context.Context, name string) (exists bool, err error) {
	err = s.within(ctx, commandTimeout, "look for the folder "+name, func() error {
		found, err := s.client.List("", name, nil).Collect()
		exists = slices.ContainsFunc(found, func(f *imap.ListData) bool {
			return !slices.Contains(f.Attrs, imap.MailboxAttrNonExistent) && !slices.Contains(f.Attrs, imap.MailboxAttrNoSelect)
		})
		return err
	})
	return exists, err
}

// follow waits for mail and reads it, until something breaks.
func (s *session) follow(ctx context.Context) error {
	for {
		grown, err := s.wait(ctx)
		if err != nil {
			return err
		}
		if grown {
			err = s.readNew(ctx)
		} else {
			// Opening the folder anew is the poll. It also finds a folder that was deleted and made again, of
			// which a server may tell a client that is idling on the old one nothing at all.
			err = s.open(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// wait returns true as soon as the folder grew and false when it is time to look in any case.
func (s *session) wait(ctx context.Context) (grown bool, err error) {
	if s.canIdle {
		return s.idle(ctx)
	}
	return s.pause(ctx, min(s.conf.Poll, pollMost)), ctx.Err()
}

// idle lets the server push. Only one IDLE runs at a time, and leaving it costs one round trip.
func (s *session) idle(ctx context.Context) (grown bool, err error) {
	var idle *imapclient.IdleCommand
	err = s.within(ctx, commandTimeout, "start IDLE", func() (err error) {
		idle, err = s.client.Idle()
		return err
	})
	if refused(err) {
		s.f.logger().Warn("mail server refuses IDLE, polling instead", "error", s.f.tellable(err))
		s.canIdle = false
		return false, nil
	}
	if err != nil {
		return false, err
	}
	grown = s.pause(ctx, min(s.conf.Poll, idleMost))
	return grown, s.within(ctx, commandTimeout, "end IDLE", func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
}

// pause returns true when the folder grew, false when most has passed or the connection or ctx ended.
func (s *session) pause(ctx context.Context, most time.Duration) (grown bool) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-s.grown:
		return true
	case <-timer.C:
	case <-s.client.Closed():
	case <-ctx.Done():
	}
	return false
}

// refused says whether err is the server's own NO or BAD, after which the connection still serves.
func refused(err error) bool {
	var answer *imap.Error
	return errors.As(err, &answer)
}

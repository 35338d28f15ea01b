package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"ronde/e2e/scene"
)

// mailbox is an IMAP server in this process with one account, on loopback.
type mailbox struct {
	address, password string
	server            *imapserver.Server
	account           *imapmemserver.User
	bell              *bell
}

const mailUser = "supervision"

func openMailbox() (*mailbox, error) {
	m := &mailbox{password: rand.Text(), bell: newBell()}
	m.account = imapmemserver.NewUser(mailUser, m.password)
	if err := m.account.Create("INBOX", nil); err != nil {
		return nil, fmt.Errorf("make a mailbox: %w", err)
	}
	memory := imapmemserver.New()
	memory.AddUser(m.account)
	m.server = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{Session: memory.NewSession(), bell: m.bell}, nil, nil
		},
		InsecureAuth: true, // on loopback
		Logger:       log.New(io.Discard, "", 0),
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the mailbox: %w", err)
	}
	m.address = listener.Addr().String()
	go func() { _ = m.server.Serve(listener) }() // ends when it is closed
	return m, nil
}

// settings is what the bot has to know of the mailbox.
func (m *mailbox) settings() scene.Mailbox {
	return scene.Mailbox{Address: m.address, User: mailUser, Password: m.password, AuthServID: mailServer}
}

// deliver puts a mail into the mailbox and tells those who wait for one.
func (m *mailbox) deliver(raw []byte) error {
	_, err := m.account.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: time.Now()})
	if err != nil {
		return fmt.Errorf("deliver a mail: %w", err)
	}
	m.bell.ring()
	return nil
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// session is a connection of the library's server, with an Idle that misses
// nothing: the library's own tells nothing of a mail that came just before it.
type session struct {
	imapserver.Session
	bell *bell
}

// Idle tells of new mail until stop is closed.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		rung := s.bell.next()
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-rung:
		case <-stop:
			return nil
		}
	}
}

// bell wakes everybody who waits.
type bell struct {
	mu   sync.Mutex
	rung chan struct{} // closed and replaced at each ring
}

func newBell() *bell { return &bell{rung: make(chan struct{})} }

// next returns a channel that is closed at the next ring.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}

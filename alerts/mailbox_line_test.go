package alerts

import (
	"bytes"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// meddledConn is the client's end of a pipe: it can hide words such as IDLE and break or fall silent after some bytes.
type meddledConn struct {
	net.Conn
	world  *mailWorld
	left   int
	silent bool
	closed chan struct{}
	once   sync.Once
}

func (c *meddledConn) Read(p []byte) (int, error) {
	if c.left > 0 && len(p) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	for _, word := range c.world.hide {
		copy(p, bytes.ReplaceAll(p[:n], []byte(" "+word), []byte(" "+strings.Repeat("X", len(word)))))
	}
	if c.left > 0 {
		if c.left -= n; c.left == 0 {
			c.end()
		}
	}
	return n, err
}

func (c *meddledConn) end() {
	if c.silent {
		<-c.closed
	}
	c.Conn.Close()
}

func (c *meddledConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// fetchCall is a FETCH as the server sees it.
type fetchCall struct {
	session imapserver.Session
	conn    *imapserver.Conn
	set     imap.NumSet
	options *imap.FetchOptions
}

// wants says whether a mail is asked for; a range without an end asks for every mail.
func (f fetchCall) wants(uid imap.UID) bool {
	set, ok := f.set.(imap.UIDSet)
	return ok && (set.Contains(uid) || set.Dynamic() && set[0].Start <= uid)
}

type meddledSession struct {
	imapserver.Session
	world *mailWorld
	conn  *imapserver.Conn
}

func (s *meddledSession) Login(user, password string) error {
	s.world.logins.Add(1)
	return s.Session.Login(user, password)
}

func (s *meddledSession) Select(folder string, options *imap.SelectOptions) (*imap.SelectData, error) {
	if !options.ReadOnly {
		s.world.toWrite.Add(1)
	}
	return s.Session.Select(folder, options)
}

func (s *meddledSession) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	return s.world.stepped("store "+string(flags.Flags[0]), func() error { return s.Session.Store(w, set, flags, options) })
}

func (s *meddledSession) Copy(set imap.NumSet, folder string) (data *imap.CopyData, err error) {
	err = s.world.stepped("copy "+set.String(), func() error {
		data, err = s.Session.Copy(set, folder)
		return err
	})
	return data, err
}

func (s *meddledSession) Move(w *imapserver.MoveWriter, set imap.NumSet, folder string) error {
	session := s.Session.(imapserver.SessionMove)
	return s.world.stepped("move "+set.String(), func() error { return session.Move(w, set, folder) })
}

func (s *meddledSession) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if uids == nil {
		s.world.t.Error("a bare EXPUNGE, which also deletes what people have marked")
	}
	return s.world.stepped("expunge", func() error { return s.Session.Expunge(w, uids) })
}

func (w *mailWorld) stepped(step string, do func() error) error {
	if w.step == nil {
		return do()
	}
	return w.step(step, do)
}

func (s *meddledSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	if s.world.fetch != nil {
		if handled, err := s.world.fetch(fetchCall{s.Session, s.conn, set, options}); handled {
			return err
		}
	}
	return s.Session.Fetch(w, set, options)
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

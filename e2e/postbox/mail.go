package postbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"
)

func (b *Box) serveMail() {
	b.mails = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s := session{box: b, conn: c}
		if _, real := c.Conn().(*net.TCPConn); real {
			s.known = true
			return &s, nil
		}
		return &guarded{s}, nil
	}))
	b.mails.Domain, b.mails.AllowInsecureAuth = "mx.example.net", true
	b.mails.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = b.mails.Serve(pipe{b}) }() // it ends with Close
}

// ServeMail lets the mail server listen on a real network, too, until Close. There it takes
// mails from anybody.
func (b *Box) ServeMail(l net.Listener) error { return b.mails.Serve(l) }

// Dial connects to the mail server, whatever its name is.
func (b *Box) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	if b.call(Email) == Gone {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	}
	here, there := net.Pipe()
	select {
	case b.arrives <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipe is the box as a listener for those who dial it.
type pipe struct{ *Box }

func (p pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.arrives:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipe) Close() error { return nil }

func (p pipe) Addr() net.Addr { return &net.UnixAddr{Name: "postbox", Net: "unix"} }

// session is one connection to the mail server.
type session struct {
	box      *Box
	conn     *smtp.Conn
	known    bool
	from, to string
}

// guarded is a session that asks who is there.
type guarded struct{ session }

func (s *guarded) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *guarded) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.known = user == User && password == Password; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to != "" {
		s.box.complain("email: one mail for several people")
	}
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mood := s.box.mood(Email)
	if mood == Full {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"}
	}
	s.keep(raw)
	if mood == Deaf {
		return s.conn.Conn().Close()
	}
	return nil
}

// keep takes a mail as it came.
func (s *session) keep(raw []byte) {
	m, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		s.box.complain("email: " + err.Error())
		return
	}
	for _, fault := range m.Errors {
		s.box.complain("email: " + fault.Error())
	}
	if m.GetHeader("Auto-Submitted") != "auto-generated" || m.GetHeader("Date") == "" || m.GetHeader("To") == "" || !strings.Contains(m.GetHeader("From"), s.from) {
		s.box.complain("email: a header is missing:\n" + string(raw))
	}
	body := strings.TrimRight(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n")
	s.box.take(Post{Road: Email, To: s.to, ID: m.GetHeader("Message-Id"), Title: m.GetHeader("Subject"), Body: body, Rings: m.GetHeader("Importance") == "high"})
}

func (s *session) Reset() {
	if s.to != "" && s.box.mood(Email) == Rude {
		_ = s.conn.Conn().Close()
	}
	s.from, s.to = "", ""
}

func (s *session) Logout() error { return nil }

// mood is how a road treats what comes now.
func (b *Box) mood(road string) Mood {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.moods[road]
}

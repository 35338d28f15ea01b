package checks

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"strings"
)

var (
	errNoTLS     = errors.New("what answers does not speak TLS")
	errNoUpgrade = errors.New("it does not offer STARTTLS")
)

// maxGreeting bounds what a server may say before TLS begins, in bytes.
const maxGreeting = 8 << 10

// certificates returns the chain that a server shows, its own certificate first, whatever
// is wrong with it: that is judged afterwards.
func certificates(ctx context.Context, s certificateSettings) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, webTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.dial())
	if err != nil {
		return nil, webError(ctx, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := upgrade(conn, s); err != nil {
		if ctx.Err() != nil {
			return nil, webError(ctx, err)
		}
		return nil, err
	}
	secured := tls.Client(conn, &tls.Config{
		ServerName:         s.name(),
		InsecureSkipVerify: true, // nothing is sent; the chain is judged by chainFault
	})
	err = secured.HandshakeContext(ctx)
	shown := secured.ConnectionState().PeerCertificates
	switch {
	case len(shown) > 0:
		return shown, nil // even when it then wanted one of ours
	case ctx.Err() != nil:
		return nil, webError(ctx, err)
	}
	return nil, errNoTLS
}

// upgrade says in clear that TLS begins now.
func upgrade(conn net.Conn, s certificateSettings) error {
	switch s.StartTLS {
	case "smtp":
		return upgradeSMTP(conn)
	case "imap":
		return upgradeIMAP(conn)
	}
	return nil
}

// upgradeSMTP follows RFC 3207. What net/smtp cannot do is to stop before the handshake,
// so it only greets.
func upgradeSMTP(conn net.Conn) error {
	c, err := smtp.NewClient(bounded{conn, io.LimitReader(conn, maxGreeting)}, "")
	if err != nil {
		return errNoUpgrade
	}
	if offers, _ := c.Extension("STARTTLS"); !offers {
		return errNoUpgrade
	}
	id, err := c.Text.Cmd("STARTTLS")
	if err != nil {
		return errNoUpgrade
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	if _, _, err := c.Text.ReadResponse(220); err != nil {
		return errNoUpgrade
	}
	return nil
}

// upgradeIMAP follows RFC 9051, section 6.2.1.
func upgradeIMAP(conn net.Conn) error {
	said := bufio.NewReader(io.LimitReader(conn, maxGreeting))
	if greeting, err := said.ReadString('\n'); err != nil || !strings.HasPrefix(greeting, "* ") {
		return errNoUpgrade
	}
	if _, err := fmt.Fprint(conn, "r1 STARTTLS\r\n"); err != nil {
		return errNoUpgrade
	}
	for {
		line, err := said.ReadString('\n')
		switch {
		case err != nil:
			return errNoUpgrade
		case strings.HasPrefix(strings.ToUpper(line), "R1 OK"):
			return nil
		case !strings.HasPrefix(line, "* "):
			return errNoUpgrade
		}
	}
}

// bounded is a connection of which only so much is read.
type bounded struct {
	net.Conn
	from io.Reader
}

func (b bounded) Read(p []byte) (int, error) { return b.from.Read(p) }

package pager

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"ronde/alerts"
	"ronde/text"
)

// Mail is a server that takes mails for others, and who is to get them.
type Mail struct {
	Address  string // host:port
	TLS      string // [alerts.TLSImplicit], [alerts.TLSStart] or [alerts.TLSNone]
	CAFile   string // PEM of the authority that the server's certificate is of; "" for those of the system
	User     string // "" for a server that asks for none
	Password string `json:"-"`
	From     string // address, with or without a name
	To       []string
}

// dialer makes a connection.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// sender returns what sends to one address. Each gets a mail of its own, since a server
// that refuses one of several addresses may leave the others without. A nil dial stands
// for the network.
func (c Mail) sender(dial dialer, to, agent string) func(context.Context, message) error {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, m message) error { return c.deliver(ctx, dial, to, agent, m) }
}

func (c Mail) deliver(ctx context.Context, dial dialer, to, agent string, m message) error {
	letter, err := c.letter(to, agent, m)
	if err != nil {
		return err
	}
	// The library heeds ctx only while it connects; cutting ends whatever it waits for, and
	// also closes what it leaves open when a greeting fails.
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	client, err := c.client(func(connecting context.Context, network, address string) (net.Conn, error) {
		connection, err := c.connect(connecting, dial, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = connection.Close() })
		}
		return connection, err
	})
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // a farewell that fails takes nothing back
		return nil
	}
	return c.failure(err)
}

// letter writes the mail. The Message-ID is the same for the same page tried again.
func (c Mail) letter(to, agent string, m message) (*mail.Msg, error) {
	letter := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8))
	if err := errors.Join(letter.From(c.From), letter.To(to)); err != nil {
		return nil, errors.New("an address of the mail is none")
	}
	letter.Subject(m.Title)
	letter.SetMessageIDWithValue(m.ID + "@" + c.domain())
	letter.SetDate()
	letter.SetUserAgent(agent)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // no vacation answers it
	if !m.Calm {
		letter.SetImportance(mail.ImportanceHigh)
	}
	letter.SetBodyString(mail.TypeTextPlain, m.Body)
	return letter, nil
}

// domain is that of the sender.
func (c Mail) domain() string {
	address, err := netmail.ParseAddress(c.From)
	if err != nil {
		return "localhost"
	}
	return address.Address[strings.LastIndex(address.Address, "@")+1:]
}

func (c Mail) client(dial mail.DialContextFunc) (*mail.Client, error) {
	host, written, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, errors.New("the address of the mail server is none")
	}
	port, err := strconv.Atoi(written)
	if err != nil {
		return nil, errors.New("the port of the mail server is none")
	}
	trust, err := c.trust(host)
	if err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(attemptTime), mail.WithDialContextFunc(dial),
		mail.WithTLSConfig(trust), mail.WithTLSPolicy(mail.NoTLS),
		mail.WithoutSMTPUTF8(), // all is encoded, and what asks for it may be refused further on
	}
	if c.TLS == alerts.TLSStart {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options, mail.WithUsername(c.User), mail.WithPassword(c.Password), mail.WithOpportunisticSMTPAuth(c.mechanisms()...))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare a mail: %w", err)
	}
	return client, nil
}

// mechanisms are the ways to log in, the best first. Only on this machine the password may
// go out in clear.
func (c Mail) mechanisms() []mail.SMTPAuthType {
	if c.TLS == alerts.TLSNone {
		return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
	}
	return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
}

// connect connects, with TLS from the first byte if the server wants that.
func (c Mail) connect(ctx context.Context, dial dialer, network, address string) (net.Conn, error) {
	connection, err := dial(ctx, network, address)
	if err != nil || c.TLS == alerts.TLSStart || c.TLS == alerts.TLSNone {
		return connection, err
	}
	host, _, _ := net.SplitHostPort(address)
	trust, err := c.trust(host)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	secure := tls.Client(connection, trust)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return secure, nil
}

// trust says whose certificates count.
func (c Mail) trust(host string) (*tls.Config, error) {
	trust := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return trust, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read whose certificates the mail server may have: %w", err)
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", c.CAFile)
	}
	return trust, nil
}

func isUntrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// failure says why a mail was not taken. Until its last line is sent it certainly was
// not; after that only a word of the server says that it was not.
func (c Mail) failure(err error) error {
	if sending, ok := errors.AsType[*mail.SendError](err); ok {
		if sending.ErrorCode() > 0 {
			return fmt.Errorf("the mail server refuses it with %d (%s)", sending.ErrorCode(), sending.Reason)
		}
		if sending.Reason != mail.ErrSMTPDataClose {
			return fmt.Errorf("the mail server is gone (%s)", sending.Reason)
		}
		return fmt.Errorf("the mail server did not say whether it took it: %w", errDoubt)
	}
	if why := failure("the mail server", err); !errors.Is(why, errDoubt) {
		return why
	}
	said := err.Error() // before the mail itself
	if c.Password != "" {
		said = strings.ReplaceAll(said, c.Password, "…")
	}
	return errors.New("the mail server: " + text.OneLine(text.Mask(said), 200))
}

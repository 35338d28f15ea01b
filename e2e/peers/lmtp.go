package peers

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"time"
)

// deliver hands one mail to an LMTP server (RFC 2033).
func deliver(address, from, to string, raw []byte) (err error) {
	connection, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return errors.Join(err, connection.Close())
	}
	session := textproto.NewConn(connection)
	defer func() { err = errors.Join(err, session.Close()) }()

	if _, _, err := session.ReadResponse(220); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	for _, step := range []struct {
		code    int
		command string
	}{
		{250, "LHLO localhost"},
		{250, "MAIL FROM:<" + from + ">"},
		{250, "RCPT TO:<" + to + ">"},
		{354, "DATA"},
	} {
		if err := ask(session, step.code, step.command); err != nil {
			return err
		}
	}
	return sendBody(session, raw)
}

func ask(session *textproto.Conn, code int, command string) error {
	if err := session.PrintfLine("%s", command); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if _, _, err := session.ReadResponse(code); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

func sendBody(session *textproto.Conn, raw []byte) error {
	body := session.DotWriter()
	_, err := body.Write(raw)
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("send body: %w", err)
	}
	if _, _, err := session.ReadResponse(250); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"ronde/alerts"
)

// parseAddress checks "host:port".
func parseAddress(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || host == "" || n < 1 || n > 65535 || strings.ContainsAny(s, " /@\t\r\n") {
		return "", errors.New(shown(s) + ` is not a host and a port; write it as "imap.example.org:993"`)
	}
	return s, nil
}

var sender = regexp.MustCompile(`^[^@\s<>]*@[^@\s<>.]+(\.[^@\s<>.]+)*$`)

// parseSender checks the address of a sender, or the domain of many as "@example.org".
func parseSender(s string) (string, error) {
	if !sender.MatchString(s) {
		return "", fmt.Errorf(`%s is not a sender; write an address such as "kuma@example.org", or "@example.org" for a whole domain`, shown(s))
	}
	return strings.ToLower(s), nil
}

// mailbox reads [mailbox], which may be missing as a whole.
func (r *reader) mailbox(c *Config, root *section) {
	s := root.only("mailbox", false)
	s.need("address", `"imap.example.org:993"`)
	s.need("user", `"recovery@example.org"`)
	m := &alerts.MailboxConfig{
		Address:  parsed(s, "address", `"imap.example.org:993"`, parseAddress),
		TLS:      s.oneOf("tls", alerts.TLSImplicit, alerts.TLSStart, alerts.TLSNone),
		CAFile:   s.file("ca_file"),
		User:     s.text("user", "", `"recovery@example.org"`),
		Password: s.secret("password", Running),
		Folder:   s.text("folder", "INBOX", `"INBOX"`),
		Poll:     s.duration("poll", "5m", "10s", "1d"),
		CatchUp:  s.duration("catch_up", "1d", "1m", "52w"),
		MaxBytes: int64(s.number("max_bytes", 1<<20, 16<<10, 64<<20)),
	}
	c.Trust = alerts.Trust{
		AuthServID: s.text("authserv_id", "", `"mx.example.org"`),
		Unchecked:  parsedList(s, "unchecked", `["kuma@example.org"]`, parseSender),
	}
	if s.table == nil {
		return
	}
	c.Mailbox = m
	if !s.has("password_file") && !s.has("password_env") && !s.has("password") {
		s.need("password_file", `"/etc/ronde/mailbox-password", or password_env = "RONDE_MAILBOX_PASSWORD"`)
	}
	if m.TLS == alerts.TLSNone && !loopback(m.Address) {
		s.wrong("tls", `"none" would send the password readable over the network; it is for this machine only ("localhost", "127.0.0.1", "[::1]"), else write "implicit" or "starttls"`)
	}
}

// loopback reports whether an address "host:port" is on this machine; an address
// that is not valid is left to its own mistake.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err != nil || loopbackHost(host)
}

func loopbackHost(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

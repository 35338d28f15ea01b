package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
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
		Folders:  s.folders(),
		Poll:     s.duration("poll", "5m", "10s", "1d"),
		CatchUp:  s.duration("catch_up", "1d", "1m", "52w"),
		MaxBytes: int64(s.number("max_bytes", 1<<20, 16<<10, 64<<20)),
		MarkSeen: s.truth("mark_seen"),
		MoveTo:   s.text("move_to", "", `"Ronde"`),
	}
	c.Trust = alerts.Trust{
		AuthServID: s.text("authserv_id", "", `"mx.example.org"`),
		Unchecked:  parsedList(s, "unchecked", `["kuma@example.org"]`, parseSender),
	}
	if s.table == nil {
		return
	}
	c.Mailbox = m
	if slices.ContainsFunc(m.Folders, func(folder string) bool { return alerts.SameFolder(folder, m.MoveTo) }) {
		s.wrong("move_to", shown(m.MoveTo)+" is one of the folders that are followed; name another, which holds what was read")
	}
	if !s.has("password_file") && !s.has("password_env") && !s.has("password") {
		s.need("password_file", `"/etc/ronde/mailbox-password", or password_env = "RONDE_MAILBOX_PASSWORD"`)
	}
	if m.TLS == alerts.TLSNone && !loopback(m.Address) {
		s.wrong("tls", `"none" would send the password readable over the network; it is for this machine only ("localhost", "127.0.0.1", "[::1]"), else write "implicit" or "starttls"`)
	}
}

// folders reads which folders of the mailbox are followed.
func (s *section) folders() (names []string) {
	const byDefault = "INBOX"
	const valid = `["INBOX", "Supervision"]`
	for _, i := range s.texts("folders", valid) {
		switch {
		case strings.TrimSpace(i.text) == "":
			s.note(i.at, s.key("folders"), "an empty name is no folder; leave it out")
		case slices.ContainsFunc(names, func(other string) bool { return alerts.SameFolder(i.text, other) }):
			s.note(i.at, s.key("folders"), shown(i.text)+" is in the list twice; keep one")
		default:
			names = append(names, i.text)
		}
	}
	s.defaults[s.setting("folders")] = `["` + byDefault + `"]`
	if len(names) > alerts.MostFolders {
		s.wrong("folders", fmt.Sprintf("there are %d, and the bot follows %d at most: each has a connection of its own", len(names), alerts.MostFolders))
	}
	if s.has("folders") && s.table.values["folders"].kind == list && len(s.table.values["folders"].items) == 0 {
		s.wrong("folders", "is empty; write folders = "+valid+", or leave it out")
	}
	if len(names) == 0 {
		return []string{byDefault}
	}
	return names
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

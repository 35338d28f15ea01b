package config

import (
	"errors"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"

	"ronde/alerts"
	"ronde/pager"
)

// pager reads [pager], which may be missing as a whole.
func (r *reader) pager(root *section) *pager.Config {
	s := root.only("pager", false)
	c := &pager.Config{
		After:   s.duration("after", "5m", "2m", "1d"),
		Outage:  s.truth("outage"),
		Contact: s.text("contact", "", `"Ana, 06 00 00 00 00"`),
		Ntfy:    s.sub("ntfy").ntfy(),
		Mail:    s.sub("mail").smtp(),
	}
	if s.table == nil {
		return nil
	}
	named := func(road string) bool { return s.has(road) || s.misspelt(road) }
	if !named("ntfy") && !named("mail") {
		s.note(s.table.at, s.name, "reaches nobody; write [pager.ntfy], [pager.mail] or both below it")
	}
	if strings.ContainsAny(c.Contact, "\r\n") || len([]rune(c.Contact)) > 200 {
		s.wrong("contact", "is not one line of at most 200 characters")
	}
	return c
}

// sub starts to read a table within this one.
func (s *section) sub(name string) *section {
	v := s.get(name, "…; its settings stand below ["+s.key(name)+"]", group)
	if v == nil {
		return s.section(nil, s.key(name), s.group+"."+name)
	}
	return s.section(v.table, s.key(name), s.group+"."+name)
}

// ntfy reads [pager.ntfy].
func (s *section) ntfy() *pager.Ntfy {
	s.need("server", `"https://ntfy.example.org"`)
	s.need("topic", `"ronde-k3x9v2m7"`)
	n := &pager.Ntfy{
		Server:   parsed(s, "server", `"https://ntfy.example.org"`, parseNtfyServer),
		Topic:    parsed(s, "topic", `"ronde-k3x9v2m7"`, parseTopic),
		Token:    s.secret("token", Running),
		Priority: s.number("priority", 5, 1, 5),
	}
	if s.table == nil {
		return nil
	}
	return n
}

// parseNtfyServer checks the address of an ntfy server and drops the last slash.
func parseNtfyServer(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New(shown(s) + ` is not the address of an ntfy server, such as "https://ntfy.example.org"`)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", errors.New(shown(s) + ` has more than a host; the topic has a setting of its own, and so has the token`)
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return "", errors.New(shown(s) + " would send the pages readable over the network; write https://")
	}
	return strings.TrimRight(s, "/"), nil
}

// topic is what ntfy takes as the name of one.
var topic = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// parseTopic checks the name of a topic, which may be all that keeps others from reading
// it: a mistake does not repeat it.
func parseTopic(s string) (string, error) {
	if !topic.MatchString(s) {
		return "", errors.New(`is not the name of a topic; it has 1 to 64 letters, digits, "-" and "_", such as "ronde-k3x9v2m7"`)
	}
	return s, nil
}

// smtp reads [pager.mail].
func (s *section) smtp() *pager.Mail {
	s.need("address", `"smtp.example.org:465"`)
	s.need("from", `"ronde@example.org"`)
	s.need("to", `["ana@example.org"]`)
	m := &pager.Mail{
		Address:  parsed(s, "address", `"smtp.example.org:465"`, parseAddress),
		TLS:      s.oneOf("tls", alerts.TLSImplicit, alerts.TLSStart, alerts.TLSNone),
		CAFile:   s.file("ca_file"),
		User:     s.text("user", "", `"ronde@example.org"`),
		Password: s.secret("password", Running),
		From:     parsed(s, "from", `"ronde@example.org"`, parseFrom),
		To:       parsedList(s, "to", `["ana@example.org"]`, parseTo),
	}
	if s.table == nil {
		return nil
	}
	named := s.has("password_file") || s.has("password_env") || s.has("password")
	switch {
	case m.User != "" && !named:
		s.note(s.table.at, s.key("password_file"), `missing; write password_file = "/etc/ronde/smtp-password", or password_env = "RONDE_SMTP_PASSWORD"`)
	case m.User == "" && named && !s.has("user"):
		s.note(s.table.at, s.key("user"), `missing; write user = "ronde@example.org", or take the password away`)
	}
	if m.TLS == alerts.TLSNone && !loopback(m.Address) {
		s.wrong("tls", `"none" would send the mails readable over the network; it is for this machine only ("localhost", "127.0.0.1", "[::1]"), else write "implicit" or "starttls"`)
	}
	if s.has("to") && len(s.table.values["to"].items) == 0 && s.table.values["to"].kind == list {
		s.wrong("to", `is an empty list; write to = ["ana@example.org"]`)
	}
	return m
}

// parseFrom checks the address of a sender, with or without a name.
func parseFrom(s string) (string, error) {
	if _, err := netmail.ParseAddress(s); err != nil || strings.ContainsAny(s, "\r\n") {
		return "", errors.New(shown(s) + ` is not the address of a sender, such as "ronde@example.org" or "ronde <ronde@example.org>"`)
	}
	return s, nil
}

// parseTo checks the address of somebody who is to be paged.
func parseTo(s string) (string, error) {
	if address, err := netmail.ParseAddress(s); err != nil || address.Address != s {
		return "", errors.New(shown(s) + ` is not an address without a name, such as "ana@example.org"`)
	}
	return s, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"

	"ronde/hosts"
)

type installKeyCommand struct {
	Key     []string `arg:"" help:"The bot's public key, or the .pub file that it is in."`
	Opens   []string `help:"Let the key through to this server as well, which the bot reaches through this one." placeholder:"HOST:PORT"`
	Program string   `default:"/usr/local/bin/ronde" help:"Where ronde is on this machine." placeholder:"PATH"`
}

// plainPath is a path that means the same to a shell and between quotes.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._+-]+)+$`)

func (k installKeyCommand) Run(s *streams) error {
	key, err := k.key()
	if err != nil {
		return &codedError{exitUsage, err}
	}
	if !plainPath.MatchString(k.Program) {
		return &codedError{exitUsage, fmt.Errorf("%q is not a whole path without blanks, such as /usr/local/bin/ronde", k.Program)}
	}
	options, err := k.options()
	if err != nil {
		return &codedError{exitUsage, err}
	}
	_, err = fmt.Fprintf(s.out, "%s,command=\"%s probe\" %s ronde\n", options, k.Program, key)
	return err
}

// listensNowhere keeps port-forwarding from meaning that the server listens for the bot. sshd
// has no word for nowhere; port 1 is one that only root may listen at.
const listensNowhere = `permitlisten="localhost:1"`

// options are what the key may do beside its command.
func (k installKeyCommand) options() (string, error) {
	options := []string{"restrict"}
	for i, opens := range k.Opens {
		host, port, err := net.SplitHostPort(opens)
		if err != nil || port == "" || strings.ContainsAny(host, "\"*,\\ \t\r\n") || host == "" || strings.Trim(port, "0123456789") != "" {
			return "", fmt.Errorf("%q is not one server and its port, such as sarus.lan:22", opens)
		}
		if i == 0 {
			options = append(options, "port-forwarding", listensNowhere)
		}
		options = append(options, fmt.Sprintf("permitopen=%q", net.JoinHostPort(host, port)))
	}
	return strings.Join(options, ","), nil
}

// key reads the key from the command line or from the file that this names. No error shows
// what it read: it may be the private key.
func (k installKeyCommand) key() (string, error) {
	given := strings.Join(k.Key, " ")
	key, err := hosts.PublicKey(given)
	if err == nil || errors.Is(err, hosts.ErrPrivateKey) || len(k.Key) > 1 {
		return key, err
	}
	f, opened := os.Open(given)
	if opened != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", hosts.ErrNoPublicKey
	}
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return "", hosts.ErrNoPublicKey
	}
	return hosts.PublicKey(string(text))
}

package hosts

import (
	"net"
	"regexp"
	"strings"
)

// account is somebody on a server that is reached over SSH.
type account struct {
	user   string
	server string // host:port
}

// What may stand in an account: no more than real names have, since the server's also
// goes into the file of pinned keys, where blanks, commas and wildcards mean something.
var (
	userName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]{0,63}$`)
	serverName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?$`)
	portNumber = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
)

// parseAccount reads "ronde@antigone.example.org", or with a port behind it.
func parseAccount(written string) (a account, ok bool) {
	user, server, found := strings.Cut(written, "@")
	host, port, err := net.SplitHostPort(server)
	if err != nil { // without a port
		host, port = strings.TrimSuffix(strings.TrimPrefix(server, "["), "]"), "22"
	}
	isServer := serverName.MatchString(host) || net.ParseIP(host) != nil
	if !found || !userName.MatchString(user) || !isServer || !portNumber.MatchString(port) {
		return account{}, false
	}
	return account{user: user, server: net.JoinHostPort(host, port)}, true
}

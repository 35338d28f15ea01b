package hosts

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// Config says how to reach one host.
type Config struct {
	// Name is what people type: "antigone".
	Name string `toml:"name"`
	// Docker is where its Docker engine listens: "unix:///var/run/docker.sock" or
	// "tcp://antigone.example.org:2376". Empty means that it has none.
	Docker string `toml:"docker"`
	// TLS is needed for tcp:// unless it stays on this machine.
	TLS TLS `toml:"tls"`
	// Local says that the host is this machine, so that its files can be read.
	Local bool `toml:"local"`
	// Root is the folder where its files begin, for a bot in a container: "/host".
	// Empty means "/". It makes sense with Local only.
	Root string `toml:"root"`
	// ProbeFile is the machine's own probe.toml, which says what it lets be asked beyond
	// its state: "/etc/ronde/probe.toml". "" for nothing. It makes sense with Local
	// only: a remote host has its own.
	ProbeFile string `toml:"probe_file"`
	// SSH is the account whose key runs `ronde probe` there, "ronde@antigone.example.org"
	// or with a port behind it. Empty means that it is not reached so.
	SSH string `toml:"ssh"`
	// SSHKeyFile is the file of the bot's private key for it.
	SSHKeyFile string `toml:"ssh_key_file"`
	// Jump is what it is reached through: the name of another host that has SSH, or an
	// account like SSH, for which the same key counts. Empty means that it is reached at once.
	Jump string `toml:"jump"`
	// KnownHosts is the file of pinned host keys, as OpenSSH writes it. It need not be
	// there yet.
	KnownHosts string `toml:"-"`
}

// Remote tells whether the host is reached over SSH.
func (c Config) Remote() bool { return c.SSH != "" }

// TLS names the PEM files for a Docker engine that listens on TCP.
type TLS struct {
	CA   string `toml:"ca"`   // who may have signed the engine's certificate; "" trusts the system's
	Cert string `toml:"cert"` // our certificate
	Key  string `toml:"key"`  // our key
}

func (t TLS) set() bool { return t != TLS{} }

// A SettingError is one mistake in a [Config].
type SettingError struct {
	Host   string // the host's name, as it is written
	Key    string // the setting: "name", "docker", "tls", "root", "ssh"
	Reason string // what is wrong with it, for the person who wrote it
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("host %q: %s: %s", e.Host, e.Key, e.Reason)
}

// Check returns every mistake in c that can be seen without dialling or reading
// a file; each is a [*SettingError], joined by [errors.Join]. It returns nil when
// there is none.
func (c Config) Check() error {
	var wrong []error
	add := func(key, reason string) {
		if reason != "" {
			wrong = append(wrong, &SettingError{Host: c.Name, Key: key, Reason: reason})
		}
	}
	add("name", checkName(c.Name))
	add("docker", checkDocker(c.Docker, c.TLS.set()))
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		add("tls", "cert and key are needed together")
	}
	add("root", checkRoot(c.Root, c.Local))
	if c.ProbeFile != "" && !c.Local {
		add("probe_file", "is of no use without local = true: another machine has its own")
	}
	c.checkSSH(add)
	return errors.Join(wrong...)
}

func checkName(name string) string {
	if name == "" {
		return "is missing"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '\u007f' || r == '\u00a0' }) {
		return "must be one word: people type it in a room"
	}
	return ""
}

func checkRoot(root string, local bool) string {
	switch {
	case root == "":
		return ""
	case !local:
		return "is of no use without local = true"
	case !filepath.IsAbs(root):
		return "must be an absolute path, such as /host"
	}
	return ""
}

func checkDocker(address string, tls bool) string {
	if address == "" {
		if tls {
			return "is missing, although tls is set"
		}
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return "is not an address such as unix:///var/run/docker.sock or tcp://host:2376"
	}
	switch u.Scheme {
	case "unix":
		return checkUnix(u, tls)
	case "tcp":
		return checkTCP(u, tls)
	}
	return "must begin with unix:// or tcp://"
}

// longestSocket is the room for a path in sockaddr_un, its end mark included.
const longestSocket = 108

func checkUnix(u *url.URL, tls bool) string {
	switch {
	case u.Host != "" || !strings.HasPrefix(u.Path, "/"):
		return "needs an absolute path: unix:///var/run/docker.sock"
	case len(u.Path) >= longestSocket:
		return fmt.Sprintf("is longer than the %d bytes that a socket's path may have", longestSocket-1)
	case tls:
		return "is a local socket, where tls makes no sense"
	}
	return ""
}

func checkTCP(u *url.URL, tls bool) string {
	switch {
	case u.Hostname() == "" || u.Port() == "":
		return "needs a host and a port: tcp://host:2376"
	case u.User != nil || u.RawQuery != "" || u.Path != "":
		return "takes nothing but a host and a port: tcp://host:2376"
	case !tls && !loopback(u.Hostname()):
		return "needs tls: whoever reaches a Docker engine is root on its server"
	}
	return ""
}

// loopback trusts literal addresses and "localhost" only: any other name may
// point somewhere else tomorrow.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

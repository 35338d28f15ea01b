package hosts

import (
	"fmt"
	"slices"
	"strings"
)

// checkSSH adds what is wrong with how a host is reached over SSH.
func (c Config) checkSSH(add func(key, reason string)) {
	if c.SSH == "" {
		if c.SSHKeyFile != "" {
			add("ssh_key_file", "is of no use without ssh")
		}
		if c.Jump != "" {
			add("jump", "is of no use without ssh")
		}
		return
	}
	if _, ok := parseAccount(c.SSH); !ok {
		add("ssh", "is not an account on a server, such as ronde@antigone.example.org or ronde@antigone.example.org:2222")
	}
	if c.Local {
		add("ssh", "makes no sense with local = true: this machine is asked without it")
	}
	if c.SSHKeyFile == "" {
		add("ssh_key_file", "is missing: the bot logs in with a private key, such as /etc/ronde/id_ed25519")
	}
	if _, ok := parseAccount(c.Jump); strings.Contains(c.Jump, "@") && !ok {
		add("jump", "is neither the name of a host nor an account, such as ronde@balearica.example.org")
	}
}

// CheckJump returns what is wrong with the host that c is reached through, a
// [*SettingError], when all are the hosts that there are; nil when nothing is.
func (c Config) CheckJump(all []Config) error {
	_, err := c.way(all)
	return err
}

// stop is a server on the way to a host.
type stop struct {
	account
	host    string // the name of the [[host]] whose key it shows
	keyFile string
}

// way returns the servers on the way to a host, its own last.
func (c Config) way(all []Config) ([]stop, error) {
	wrong := func(reason string) ([]stop, error) {
		return nil, &SettingError{Host: c.Name, Key: "jump", Reason: reason}
	}
	own, _ := parseAccount(c.SSH) // Check says when it is none
	last := stop{account: own, host: c.Name, keyFile: c.SSHKeyFile}
	if c.Jump == "" {
		return []stop{last}, nil
	}
	if jump, ok := parseAccount(c.Jump); ok || strings.Contains(c.Jump, "@") {
		return []stop{{account: jump, host: c.Name, keyFile: c.SSHKeyFile}, last}, nil
	}
	i := slices.IndexFunc(all, func(other Config) bool { return strings.EqualFold(other.Name, c.Jump) })
	switch {
	case i < 0:
		return wrong("is the name of no host that there is")
	case all[i].Name == c.Name:
		return wrong("is the host itself")
	case all[i].SSH == "":
		return wrong("is a host without ssh")
	case all[i].Jump != "":
		return wrong(fmt.Sprintf("is reached through %s itself, and there can be one host on the way only", all[i].Jump))
	}
	jump, _ := parseAccount(all[i].SSH)
	return []stop{{account: jump, host: all[i].Name, keyFile: all[i].SSHKeyFile}, last}, nil
}

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ronde/e2e/peers"
	"ronde/hosts"
	"ronde/probe"
)

// outpost is a server as docs/probe.md sets it up: a real OpenSSH whose settings allow
// everything, and the bot's key with the line that `ronde probe install-key` prints.
type outpost struct {
	*peers.SSHD
	dir, key string
	config   hosts.Config
}

func newOutpost(t *testing.T) *outpost {
	t.Helper()
	o := &outpost{SSHD: peers.NeedSSHD(t), dir: t.TempDir()}
	o.key = filepath.Join(o.dir, "id_ed25519")
	_, err := peers.NewSSHKey(o.key)
	must(t, err)
	must(t, o.Authorize(ronde(t, "probe", "install-key", o.key+".pub", "--program", program)))
	o.config = hosts.Config{Name: "antigone", SSH: o.User + "@" + o.Addr, SSHKeyFile: o.key, KnownHosts: filepath.Join(o.dir, "known_hosts")}
	h, err := hosts.New(o.config)
	must(t, err)
	err = h.Trust(t.Context(), func(k hosts.ShownKey) error {
		if k.Fingerprint != o.Fingerprint(t) {
			t.Errorf("its key is %s, ssh-keygen says %s", k.Fingerprint, o.Fingerprint(t))
		}
		return k.Pin()
	})
	h.Close()
	must(t, errors.Join(err, o.Idle(t.Context())))
	return o
}

// ronde runs one command of the program and returns what it printed.
func ronde(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		t.Fatalf("ronde %q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

func (o *outpost) host(t *testing.T) *hosts.Host {
	t.Helper()
	h, err := hosts.New(o.config)
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

// client is a hostile one: it has the bot's key, and no manners.
func (o *outpost) client(t *testing.T) *ssh.Client {
	t.Helper()
	raw, err := os.ReadFile(o.key)
	must(t, err)
	signer, err := ssh.ParsePrivateKey(raw)
	must(t, err)
	client, err := ssh.Dial("tcp", o.Addr, &ssh.ClientConfig{
		User: o.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: time.Minute,
	})
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

// answer is what came back from a session.
type answer struct {
	Probe  int
	Answer json.RawMessage
	Error  struct{ Code, Text string }
}

// request runs a command line and wants JSON, whatever the line was.
func request(t *testing.T, client *ssh.Client, line string) (a answer) {
	t.Helper()
	session, err := client.NewSession()
	must(t, err)
	defer session.Close()
	out, err := session.Output(line)
	if err != nil {
		t.Fatalf("%.60q: %v", line, err)
	}
	if err := json.Unmarshal(out, &a); err != nil || a.Probe != probe.Version {
		t.Fatalf("%.60q answers %q", line, out)
	}
	return a
}

// tool runs one of OpenSSH's own clients with the bot's key, which should come to nothing.
func (o *outpost) tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(o.Addr)
	must(t, err)
	portFlag := "-p"
	if name != "ssh" {
		portFlag = "-P"
	}
	all := append([]string{
		portFlag, port, "-i", o.key, "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
		"-o", "UserKnownHostsFile=" + o.config.KnownHosts, "-o", "ExitOnForwardFailure=yes",
	}, args...)
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], "HOST", o.User+"@"+host)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, _ := exec.CommandContext(ctx, name, all...).CombinedOutput() // what it printed counts
	return string(out)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	must(t, err)
	return doc
}

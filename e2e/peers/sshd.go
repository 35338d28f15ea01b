package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const sshdInstall = "apt-get install openssh-server"

// SSHD is a running OpenSSH server for one account, the one that started it. Its own
// settings allow whatever a key can be kept from, so that what one may not do is what stands
// before it in authorized_keys. Tunnels are off, as they are by default: no option of a key
// takes them away.
type SSHD struct {
	Addr string // host:port
	User string // who may log in

	dir, binary string
	process     *process
}

// StartSSHD starts a server that keeps what it writes in dir, which must exist and is best
// new. Nobody may log in before Authorize. ctx bounds the start, not the server's life.
func StartSSHD(ctx context.Context, dir string) (*SSHD, error) {
	binary, found := find("sshd")
	if !found {
		return nil, &MissingError{Peer: "OpenSSH", Reason: "no sshd in PATH", Install: sshdInstall}
	}
	if _, found := find("ssh"); !found {
		return nil, &MissingError{Peer: "OpenSSH", Reason: "no ssh in PATH", Install: "apt-get install openssh-client"}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find who may log in: %w", err)
	}
	s := &SSHD{Addr: address, User: self.Username, dir: dir, binary: binary}
	if err := s.configure(); err != nil {
		return nil, fmt.Errorf("configure OpenSSH: %w", err)
	}
	return s, s.start(ctx)
}

func (s *SSHD) configure() error {
	if os.Geteuid() == 0 { // where it locks itself up before anybody has logged in
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	if _, err := NewSSHKey(s.hostKey()); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	config := fmt.Sprintf(`ListenAddress %s
Port %s
HostKey %s
PidFile none
AuthorizedKeysFile %s
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
AcceptEnv *
X11Forwarding yes
AllowAgentForwarding yes
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
GatewayPorts clientspecified
Subsystem sftp internal-sftp
LogLevel VERBOSE
`, host, port, s.hostKey(), s.file("authorized_keys"))
	return errors.Join(s.Authorize(), os.WriteFile(s.file("sshd_config"), []byte(config), 0o600))
}

func (s *SSHD) start(ctx context.Context) error {
	process, err := launch(exec.Command(s.binary, "-D", "-e", "-f", s.file("sshd_config")), s.LogFile())
	if err != nil {
		return err
	}
	s.process = process
	if err := errors.Join(process.ready(ctx, s.greets), s.Idle(ctx)); err != nil {
		s.Stop()
		return err
	}
	return nil
}

// greets waits for the server's first words: then the connection has a process, which ends with it.
func (s *SSHD) greets(ctx context.Context) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(startLimit)); err != nil {
		return err
	}
	_, err = io.ReadFull(connection, make([]byte, len("SSH-2.0-")))
	return err
}

// Idle waits until no connection has a process any more: one that was closed has its own for a moment longer.
func (s *SSHD) Idle(ctx context.Context) error {
	return s.process.ready(ctx, func(context.Context) error {
		if n := len(s.Connections()); n > 0 {
			return fmt.Errorf("%d connections have not ended", n)
		}
		return nil
	})
}

func (s *SSHD) file(name string) string { return filepath.Join(s.dir, name) }

func (s *SSHD) hostKey() string { return s.file("host_ed25519") }

// Authorize lets in whom these lines of authorized_keys name, and nobody else.
func (s *SSHD) Authorize(lines ...string) error {
	return os.WriteFile(s.file("authorized_keys"), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// HostKey gives the line of the server's public key.
func (s *SSHD) HostKey() (string, error) {
	line, err := os.ReadFile(s.hostKey() + ".pub")
	return strings.TrimSpace(string(line)), err
}

// ChangeHostKey restarts the server with another key of a type such as "ed25519" or "ecdsa".
func (s *SSHD) ChangeHostKey(kind string) error {
	s.Stop()
	if err := errors.Join(os.Remove(s.hostKey()), os.Remove(s.hostKey()+".pub")); err != nil {
		return err
	}
	if err := newSSHKey(s.hostKey(), kind); err != nil {
		return err
	}
	return s.start(context.Background())
}

// LogFile is where the server's own log is.
func (s *SSHD) LogFile() string { return s.file("sshd.log") }

// Stop ends the server and cuts its connections.
func (s *SSHD) Stop() {
	s.Cut()
	s.process.stop()
}

// Restart ends the server if it runs and starts it again, with the same keys and at the same address.
func (s *SSHD) Restart() error {
	s.Stop()
	return s.start(context.Background())
}

// Cut kills the processes of all connections, and leaves the server. It tells how many there were.
func (s *SSHD) Cut() int {
	children := s.Connections()
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
	return len(children)
}

// Connections gives the processes of all connections.
func (s *SSHD) Connections() (pids []int) {
	if s.process.ended() {
		return nil // its number may be that of another process by now
	}
	pid := strconv.Itoa(s.process.cmd.Process.Pid)
	listed, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err != nil {
		return nil // the server has ended
	}
	for word := range strings.FieldsSeq(string(listed)) {
		if child, err := strconv.Atoi(word); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// NewSSHKey makes a pair of keys without a passphrase, file and file.pub, and gives the public line.
func NewSSHKey(file string) (string, error) {
	if err := newSSHKey(file, "ed25519"); err != nil {
		return "", err
	}
	line, err := os.ReadFile(file + ".pub")
	return strings.TrimSpace(string(line)), err
}

func newSSHKey(file, kind string) error {
	keygen, found := find("ssh-keygen")
	if !found {
		return &MissingError{Peer: "OpenSSH", Reason: "no ssh-keygen in PATH", Install: "apt-get install openssh-client"}
	}
	if output, err := exec.Command(keygen, "-q", "-t", kind, "-N", "", "-C", "ronde", "-f", file).CombinedOutput(); err != nil {
		return fmt.Errorf("make a key: %w: %s", err, output)
	}
	return nil
}

// Configure restarts the server with more lines of sshd_config, which count before its own.
func (s *SSHD) Configure(lines ...string) error {
	s.Stop()
	before, err := os.ReadFile(s.file("sshd_config"))
	if err != nil {
		return err
	}
	config := strings.Join(lines, "\n") + "\n" + string(before)
	if err := os.WriteFile(s.file("sshd_config"), []byte(config), 0o600); err != nil {
		return err
	}
	return s.start(context.Background())
}

// Fingerprint gives what ssh-keygen -lf says of the server's key: "SHA256:…".
func (s *SSHD) Fingerprint(t testing.TB) string {
	t.Helper()
	said, err := exec.Command("ssh-keygen", "-lf", s.hostKey()+".pub").Output()
	if err != nil || len(strings.Fields(string(said))) < 2 {
		t.Fatalf("%v: %s", err, said)
	}
	return strings.Fields(string(said))[1]
}

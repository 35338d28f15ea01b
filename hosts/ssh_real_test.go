package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/e2e/peers"
)

// server is a real OpenSSH server whose key answers each request with a script.
type server struct {
	*peers.SSHD
	dir, public string
}

// newServer lets the bot's key run a script, with options in front, and pins its key.
func newServer(t *testing.T, script string) *server {
	t.Helper()
	s := &server{SSHD: peers.NeedSSHD(t), dir: t.TempDir()}
	var err error
	if s.public, err = peers.NewSSHKey(filepath.Join(s.dir, "id")); err != nil {
		t.Fatal(err)
	}
	if err := s.Authorize(s.line("restrict", script)); err != nil {
		t.Fatal(err)
	}
	s.pin(t, s.Addr)
	return s
}

// line is one of authorized_keys.
func (s *server) line(options, script string) string {
	return fmt.Sprintf(`%s,command="%s" %s`, options, strings.ReplaceAll(script, `"`, `\"`), s.public)
}

// pin notes the server's key as that of address.
func (s *server) pin(t *testing.T, address string) {
	t.Helper()
	key, err := s.HostKey()
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s.note(t, fmt.Sprintf("[%s]:%s %s\n", host, port, key))
}

func (s *server) note(t *testing.T, line string) {
	t.Helper()
	f, err := os.OpenFile(s.pins(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line); err != nil {
		t.Fatal(err)
	}
}

func (s *server) pins() string { return filepath.Join(s.dir, "known_hosts") }

func (s *server) config() Config {
	return Config{Name: "antigone", SSH: s.User + "@" + s.Addr, SSHKeyFile: filepath.Join(s.dir, "id"), KnownHosts: s.pins()}
}

func (s *server) host(t *testing.T) *Host {
	t.Helper()
	return newHost(t, s.config())
}

// said asks a host and fails the test when it does not answer.
func said(t *testing.T, h *Host, line string) string {
	t.Helper()
	out, err := h.Exec(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestOneConnectionCarriesManyRequests(t *testing.T) {
	s := newServer(t, `echo "$SSH_ORIGINAL_COMMAND"`)
	h := s.host(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			want := fmt.Sprintf("disks %d;$(id)", i)
			out, err := h.Exec(t.Context(), want)
			if err != nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("%q answers %q, %v", want, out, err)
			}
		})
	}
	all.Wait()
	if n := len(s.Connections()); n != 1 {
		t.Errorf("%d connections for twenty requests, want 1", n)
	}
}

func TestAConnectionThatDiedIsMadeAnew(t *testing.T) {
	s := newServer(t, "echo here")
	h := s.host(t)
	for range 3 {
		if got := said(t, h, "x"); got != "here" {
			t.Errorf("answers %q", got)
		}
		if s.Cut() == 0 {
			t.Error("no connection was kept")
		}
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := said(t, h, "x"); got != "here" {
		t.Errorf("after the server came back it answers %q", got)
	}
}

func TestWhyAServerCannotBeAskedIsToldApart(t *testing.T) {
	s := newServer(t, "echo here")
	stranger := filepath.Join(t.TempDir(), "stranger")
	if _, err := peers.NewSSHKey(stranger); err != nil {
		t.Fatal(err)
	}
	ask := func(change func(*Config)) error {
		c := s.config()
		change(&c)
		_, err := newHost(t, c).Exec(t.Context(), "x")
		return err
	}
	var refused *RefusedError
	if err := ask(func(c *Config) { c.SSHKeyFile = stranger }); !errors.As(err, &refused) || refused.Server != s.Addr {
		t.Errorf("a key that is not accepted: %v, want a RefusedError", err)
	}
	var unknown *UnknownKeyError
	if err := ask(func(c *Config) { c.KnownHosts = filepath.Join(s.dir, "none") }); !errors.As(err, &unknown) || unknown.Trust != "antigone" || !strings.Contains(err.Error(), "ronde host trust antigone") {
		t.Errorf("a server that nobody looked at: %v, want an UnknownKeyError", err)
	}
	var away *UnreachableError
	s.Stop()
	if err := ask(func(*Config) {}); !errors.As(err, &away) {
		t.Errorf("a server that is down: %v, want an UnreachableError", err)
	}
}

func TestAChangedHostKeyIsNeverTrusted(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa"} {
		s := newServer(t, "echo here >>ran; echo here")
		h := s.host(t)
		said(t, h, "x")
		if err := s.ChangeHostKey(kind); err != nil {
			t.Fatal(err)
		}
		var changed *ChangedKeyError
		for range 2 {
			_, err := h.Exec(t.Context(), "x")
			if !errors.As(err, &changed) || changed.Line != 1 || changed.File != s.pins() || (changed.Shown != "") != (kind == "ed25519") {
				t.Errorf("%s: got %v, want a ChangedKeyError about line 1", kind, err)
			}
		}
	}
}

func TestAKeyThatIsRevokedIsNeverTrusted(t *testing.T) {
	s := newServer(t, "echo here")
	key, err := s.HostKey()
	if err != nil {
		t.Fatal(err)
	}
	s.note(t, "@revoked * "+key+"\n")
	var changed *ChangedKeyError
	if _, err := s.host(t).Exec(t.Context(), "x"); !errors.As(err, &changed) || changed.Line != 2 {
		t.Errorf("got %v, want a ChangedKeyError about line 2", err)
	}
}

// A server has keys of several kinds, and people pin one of them.
func TestOnlyThePinnedKindOfKeyIsAskedFor(t *testing.T) {
	s := newServer(t, "echo here")
	other := filepath.Join(s.dir, "host_rsa")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", other).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := s.Configure("HostKey " + other); err != nil {
		t.Fatal(err)
	}
	if got := said(t, s.host(t), "x"); got != "here" {
		t.Errorf("answers %q", got)
	}
}

func TestThroughAJumpHost(t *testing.T) {
	far := newServer(t, "echo far")
	near := newServer(t, "echo near")
	opens := near.line(fmt.Sprintf("restrict,port-forwarding,permitopen=%q", far.Addr), "echo near")
	if err := near.Authorize(opens); err != nil {
		t.Fatal(err)
	}
	far.note(t, strings.TrimSpace(read(t, near.pins()))+"\n")
	c, jump := far.config(), near.config()
	c.KnownHosts, c.Jump = far.pins(), "balearica"
	jump.Name, jump.KnownHosts = "balearica", far.pins()
	set, err := NewSet([]Config{c, jump})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	h := set.All()[0]
	if got := said(t, h, "x"); got != "far" {
		t.Errorf("through a host: answers %q", got)
	}
	if n := near.Cut(); n != 1 {
		t.Errorf("%d connections to the jump host, want 1", n)
	}
	if got := said(t, h, "x"); got != "far" {
		t.Errorf("after the jump host dropped it: answers %q", got)
	}
	// By its account, with the same key as the host itself.
	c.Jump, jump.Name = near.User+"@"+near.Addr, ""
	if err := near.Authorize(opens, strings.Replace(opens, near.public, far.public, 1)); err != nil {
		t.Fatal(err)
	}
	if got := said(t, newHost(t, c), "x"); got != "far" {
		t.Errorf("through an account: answers %q", got)
	}
	var refused *RefusedError
	if err := near.Authorize(near.line("restrict", "echo near"), near.line("restrict", "echo near"), far.line("restrict", "echo near")); err != nil {
		t.Fatal(err)
	}
	if _, err := newHost(t, c).Exec(t.Context(), "x"); !errors.As(err, &refused) || refused.Server != near.Addr {
		t.Errorf("a jump host that does not let through: %v, want a RefusedError", err)
	}
	if err := near.ChangeHostKey("ed25519"); err != nil {
		t.Fatal(err)
	}
	var changed *ChangedKeyError
	if _, err := newHost(t, c).Exec(t.Context(), "x"); !errors.As(err, &changed) || changed.Server != near.Addr {
		t.Errorf("a jump host with another key: %v, want a ChangedKeyError", err)
	}
}

func TestWhatAnswersIsBounded(t *testing.T) {
	s := newServer(t, `case "$SSH_ORIGINAL_COMMAND" in flood) exec yes;; hang) exec sleep 60;; complain) yes | head -c 5000000 >&2; exit 3;; *) echo here;; esac`)
	h := s.host(t)
	if _, err := h.Exec(t.Context(), "flood"); !errors.Is(err, errTooLarge) {
		t.Errorf("a flood: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := h.Exec(ctx, "hang"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 5*time.Second {
		t.Errorf("no answer: %v after %s", err, time.Since(begun))
	}
	var exit *ExitError
	if _, err := h.Exec(t.Context(), "complain"); !errors.As(err, &exit) || exit.Status != 3 || len(exit.Said) > 2000 {
		t.Errorf("complaints: %v", err)
	}
	if got := said(t, h, "x"); got != "here" {
		t.Errorf("afterwards it answers %q", got)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

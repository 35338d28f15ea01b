package hosts

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ronde/e2e/peers"
)

// shownBy is the key of a server, and what is pinned for it.
func shownBy(t *testing.T, h *Host) (k ShownKey) {
	t.Helper()
	if err := h.Trust(t.Context(), func(shown ShownKey) error { k = shown; return nil }); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatIsPinnedIsWhatOpenSSHUnderstands(t *testing.T) {
	s := newServer(t, "echo here")
	write(t, s.pins(), "# people write comments, and forget the end of a line")
	h := s.host(t)
	k := shownBy(t, h)
	if k.Fingerprint != s.Fingerprint(t) || k.Known() || k.Type != "ssh-ed25519" || k.Server != s.Addr {
		t.Errorf("shows %+v, ssh-keygen says %s", k, s.Fingerprint(t))
	}
	if err := k.Pin(); err != nil {
		t.Fatal(err)
	}
	if !shownBy(t, h).Known() || said(t, h, "x") != "here" {
		t.Error("the key is not known now")
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile="+s.pins(),
		"-i", filepath.Join(s.dir, "id"), "-p", port, s.User+"@"+host, "x").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "here") {
		t.Errorf("ssh says %v, %s", err, out)
	}
	if out, err := exec.Command("ssh-keygen", "-H", "-f", s.pins()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !shownBy(t, h).Known() || said(t, h, "y") != "here" {
		t.Error("with hashed names the key is not known any more")
	}
}

func TestAnotherKeyTakesThePlaceOfItsOwnLinesOnly(t *testing.T) {
	s := newServer(t, "echo here")
	key, err := s.HostKey()
	if err != nil {
		t.Fatal(err)
	}
	others := "# a comment\nsarus.lan " + key + "\n"
	s.note(t, others)
	if err := s.ChangeHostKey("ecdsa"); err != nil {
		t.Fatal(err)
	}
	h := s.host(t)
	k := shownBy(t, h)
	if k.Known() || len(k.Pinned) != 1 || k.Pinned[0].Line != 1 {
		t.Fatalf("shows %+v", k)
	}
	if err := errors.Join(k.Unpin(), k.Pin()); err != nil {
		t.Fatal(err)
	}
	if after := read(t, s.pins()); !strings.HasPrefix(after, others) || strings.Count(after, "\n") != 3 || said(t, h, "x") != "here" {
		t.Errorf("pinned are\n%s", after)
	}
	for _, line := range []string{"%s,sarus.lan %s\n", "@revoked %s %s\n", "%s,* %s\n"} {
		host, port, _ := net.SplitHostPort(s.Addr)
		write(t, s.pins(), fmt.Sprintf(line, "["+host+"]:"+port, key))
		before := read(t, s.pins())
		k := shownBy(t, h)
		if err := k.Unpin(); len(k.Pinned) > 0 && err == nil || read(t, s.pins()) != before {
			t.Errorf("%q was taken out: %v", line, err)
		}
	}
}

// While a person looks at a fingerprint, somebody else may write into the file.
func TestAFileThatChangedMeanwhileIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known_hosts")
	line := func(name string) string {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return name + " " + string(ssh.MarshalAuthorizedKey(key))
	}
	mine, other := line("antigone"), line("sarus")
	k := ShownKey{file: file, Pinned: []PinnedKey{{File: file, Line: 1, Fingerprint: fingerprintIn([]byte(mine))}}}
	write(t, file, other+mine)
	if err := k.Unpin(); err == nil || read(t, file) != other+mine {
		t.Errorf("another server's key was taken out: %v", err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := (ShownKey{file: file}).Unpin(); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Errorf("a file without anything to take out was written anew: %v", err)
	}
}

// The server of an account that is no host itself is trusted with the host behind it.
func TestTheJumpHostIsLookedAtFirst(t *testing.T) {
	far, near := newServer(t, "echo far"), newServer(t, "echo near")
	opens := near.line(fmt.Sprintf("restrict,port-forwarding,permitopen=%q", far.Addr), "echo near")
	if err := near.Authorize(strings.Replace(opens, near.public, far.public, 1)); err != nil {
		t.Fatal(err)
	}
	c := far.config()
	c.Jump, c.KnownHosts = near.User+"@"+near.Addr, filepath.Join(far.dir, "fresh")
	h := newHost(t, c)
	var seen []string
	refuse := errors.New("no")
	err := h.Trust(t.Context(), func(k ShownKey) error { seen = append(seen, k.Server); return refuse })
	if !errors.Is(err, refuse) || len(seen) != 1 || seen[0] != near.Addr {
		t.Errorf("seen %v, %v", seen, err)
	}
	seen = nil
	err = h.Trust(t.Context(), func(k ShownKey) error { seen = append(seen, k.Server); return k.Pin() })
	if err != nil || len(seen) != 2 || seen[1] != far.Addr || said(t, h, "x") != "far" {
		t.Errorf("seen %v, %v", seen, err)
	}
	// A host of its own name is trusted by that name.
	jump := near.config()
	jump.Name, c.Jump, c.KnownHosts = "balearica", "balearica", filepath.Join(far.dir, "fresher")
	set, err := NewSet([]Config{c, jump})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var unknown *UnknownKeyError
	if err := set.All()[0].Trust(t.Context(), func(ShownKey) error { return nil }); !errors.As(err, &unknown) || unknown.Trust != "balearica" {
		t.Errorf("got %v, want to be told of balearica", err)
	}
}

func TestOnlyAHostThatIsReachedOverSSHIsTrusted(t *testing.T) {
	h := newHost(t, Config{Name: "antigone", Local: true})
	if err := h.Trust(t.Context(), nil); !errors.Is(err, ErrNotRemote) {
		t.Errorf("got %v", err)
	}
	server := peers.NeedSSHD(t)
	server.Stop()
	h = newHost(t, Config{Name: "antigone", SSH: "ronde@" + server.Addr, SSHKeyFile: "none", KnownHosts: filepath.Join(t.TempDir(), "none")})
	var away *UnreachableError
	if err := h.Trust(t.Context(), nil); !errors.As(err, &away) {
		t.Errorf("got %v, want an UnreachableError", err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

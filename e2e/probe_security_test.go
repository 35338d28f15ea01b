package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"ronde/probe"
)

func TestTheKeyGivesNoShell(t *testing.T) {
	o := newOutpost(t)
	proof := filepath.Join(o.dir, "proof")
	client := o.client(t)
	for _, line := range []string{
		"", "sh", "bash -i", "/bin/sh -c 'touch " + proof + "'", "disks; touch " + proof, "disks && touch " + proof, "disks | tee " + proof,
		"disks\ntouch " + proof, "$(touch " + proof + ")", "`touch " + proof + "`", "disks > " + proof, "disks&touch " + proof, "disks $(touch " + proof + ")",
		"'; touch " + proof + "; '", "probe install-key " + o.key, "run", "--help", "-c", "exec ronde run",
	} {
		if a := request(t, client, line); a.Error.Code != "bad-request" {
			t.Errorf("%q answers %s %+v", line, a.Answer, a.Error)
		}
	}
	session, err := client.NewSession()
	must(t, err)
	session.Stdin = strings.NewReader("touch " + proof + "\nid\n")
	var out bytes.Buffer
	session.Stdout = &out
	must(t, session.Shell())
	_ = session.Wait() // it says what came of it
	if !strings.Contains(out.String(), `"code":"bad-request"`) || strings.Contains(out.String(), "uid=") {
		t.Errorf("a shell answers %q", out.String())
	}
	if _, err := os.Stat(proof); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was run")
	}
}

func TestTheKeyOpensNoPort(t *testing.T) {
	o := newOutpost(t)
	port, reached := nobodyComes(t, "tcp", "127.0.0.1:0")
	socket, reachedToo := nobodyComes(t, "unix", filepath.Join(o.dir, "s"))
	client := o.client(t)
	for _, way := range [][2]string{{"tcp", port}, {"tcp", o.Addr}, {"unix", socket}} {
		if c, err := client.Dial(way[0], way[1]); err == nil {
			c.Close()
			t.Errorf("it connects to %s", way[1])
		}
	}
	if l, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Error("it listens on a port of the server")
	}
	if l, err := client.ListenUnix(filepath.Join(o.dir, "listens")); err == nil {
		l.Close()
		t.Error("it listens on a socket of the server")
	}
	tunnel := ssh.Marshal(struct{ Mode, Unit uint32 }{1, 0x7fffffff})
	if c, _, err := client.OpenChannel("tun@openssh.com", tunnel); err == nil {
		c.Close()
		t.Error("it makes a network of its own")
	}
	for _, args := range [][]string{{"-W", port, "HOST"}, {"-N", "-R", "127.0.0.1:0:" + port, "HOST"}} {
		if out := o.tool(t, "ssh", args...); !strings.Contains(out, "prohibited") && !strings.Contains(out, "forwarding failed") {
			t.Errorf("ssh %v says %q", args, out)
		}
	}
	if reached() || reachedToo() {
		t.Error("somebody came through")
	}
}

// nobodyComes listens, and tells afterwards whether anybody connected all the same.
func nobodyComes(t *testing.T, network, address string) (where string, came func() bool) {
	t.Helper()
	listener, err := net.Listen(network, address)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	var reached atomic.Bool
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			reached.Store(true)
			c.Close()
		}
	}()
	return listener.Addr().String(), reached.Load
}

func TestTheKeyGivesNoTerminal(t *testing.T) {
	o := newOutpost(t)
	session, err := o.client(t).NewSession()
	must(t, err)
	if err := session.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err == nil {
		t.Error("it gives a terminal")
	}
	for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req"} {
		payload := []byte{}
		if kind == "x11-req" {
			payload = ssh.Marshal(struct {
				Single           bool
				Protocol, Cookie string
				Screen           uint32
			}{false, "MIT-MAGIC-COOKIE-1", strings.Repeat("0", 32), 0})
		}
		if ok, err := session.SendRequest(kind, true, payload); ok {
			t.Errorf("%s is granted: %v", kind, err)
		}
	}
	if out := o.tool(t, "ssh", "-tt", "HOST"); !strings.Contains(out, "PTY allocation request failed") {
		t.Errorf("ssh -tt says %q", out)
	}
}

func TestTheKeyCopiesNoFiles(t *testing.T) {
	o := newOutpost(t)
	secret, here := filepath.Join(o.dir, "secret"), filepath.Join(o.dir, "copied")
	must(t, os.WriteFile(secret, []byte("hunter2"), 0o600))
	batch := filepath.Join(o.dir, "batch")
	must(t, os.WriteFile(batch, []byte("get "+secret+" "+here+"\nput "+secret+" "+here+"\n"), 0o600))
	for _, args := range [][]string{
		{"scp", "HOST:" + secret, here}, {"scp", "-O", "HOST:" + secret, here}, {"scp", "-O", secret, "HOST:" + here}, {"sftp", "-b", batch, "HOST"},
	} {
		if out := o.tool(t, args[0], args[1:]...); strings.Contains(out, "hunter2") {
			t.Errorf("%v says %q", args, out)
		}
		if _, err := os.Stat(here); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v copied the file", args)
		}
	}
	session, err := o.client(t).NewSession()
	must(t, err)
	out, err := session.StdoutPipe()
	must(t, err)
	must(t, session.RequestSubsystem("sftp"))
	first := make([]byte, 4096)
	n, _ := out.Read(first) // it answers at once
	if !strings.Contains(string(first[:n]), "bad-request") {
		t.Errorf("sftp answers %q", first[:n])
	}
}

// The server of this test lets a client set any variable, where Debian's lets in LANG and
// LC_* only. What the shell that sshd starts obeys itself, such as BASH_ENV, is set before
// the probe begins: no server may let that in, which docs/probe.md says.
func TestEnvironmentChangesNothing(t *testing.T) {
	o := newOutpost(t)
	client := o.client(t)
	evil := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(evil, "self"), 0o755))
	for _, name := range []string{"mounts", "filesystems"} {
		must(t, os.WriteFile(filepath.Join(evil, name), []byte("nodev\ttmpfs\n"), 0o644))
		must(t, os.WriteFile(filepath.Join(evil, "self", name), []byte("nodev\ttmpfs\n"), 0o644))
	}
	fake := filepath.Join(evil, "df")
	must(t, os.WriteFile(fake, []byte("#!/bin/sh\ntouch "+filepath.Join(evil, "ran")+"\n"), 0o755))
	want := mounts(t, request(t, client, "disks"))
	session, err := client.NewSession()
	must(t, err)
	for name, value := range map[string]string{
		"HOST_PROC": evil, "HOST_SYS": evil, "HOST_ETC": evil, "HOST_ROOT": evil, "HOST_PROC_MOUNTINFO": filepath.Join(evil, "mounts"), "PATH": evil, "HOME": evil,
		"DOCKER_HOST": "tcp://192.0.2.1:1", "RONDE_CONFIG": filepath.Join(evil, "df"), "SSH_ORIGINAL_COMMAND": "dance", "TZ": "/etc/shadow",
		"LC_ALL": "tr_TR.UTF-8", "LANG": "xx", "TMPDIR": evil, "GOTRACEBACK": "crash", "http_proxy": "http://192.0.2.1", "ENV": fake,
	} {
		must(t, session.Setenv(name, value))
	}
	out, err := session.Output("disks")
	must(t, err)
	var a answer
	must(t, json.Unmarshal(out, &a))
	if got := mounts(t, a); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("with another environment it answers %v, without %v", got, want)
	}
	if _, err := os.Stat(filepath.Join(evil, "ran")); err == nil {
		t.Error("a program of the client's was run")
	}
}

func mounts(t *testing.T, a answer) (all []string) {
	t.Helper()
	var disks []probe.Disk
	must(t, json.Unmarshal(a.Answer, &disks))
	for _, d := range disks {
		all = append(all, d.Mount)
	}
	return all
}

// TestNothingIsChangedByAsking: a server on which nothing at all can be written answers
// every request as it does otherwise.
func TestNothingIsChangedByAsking(t *testing.T) {
	if os.Geteuid() != 0 || exec.Command("unshare", "--mount", "true").Run() != nil {
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatal("no machine could be made that cannot be written to")
		}
		t.Skip("only root can make a machine that cannot be written to")
	}
	for _, r := range probe.Requests() {
		run := func(name string, args ...string) answer {
			cmd := exec.Command(name, args...)
			cmd.Env = []string{"SSH_ORIGINAL_COMMAND=" + r.Name}
			out, err := cmd.Output()
			var a answer
			if err != nil || json.Unmarshal(out, &a) != nil {
				t.Fatalf("%s: %v: %q", r.Name, err, out)
			}
			return a
		}
		free := run(program, "probe")
		const frozen = `mount --make-rprivate / && for m in $(cut -d' ' -f5 /proc/self/mountinfo); do mount -o remount,bind,ro "$m" 2>/dev/null; done
			if touch /tmp/written 2>/dev/null || touch "$0.written" 2>/dev/null; then echo writable; exit 1; fi; exec "$0" probe`
		bound := run("unshare", "--mount", "sh", "-c", frozen, program)
		if free.Error.Code != bound.Error.Code {
			t.Errorf("%s needs to write: %+v, otherwise %+v", r.Name, bound.Error, free.Error)
		}
	}
}

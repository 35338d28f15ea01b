package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// TestAJumpHostOpensOneServerOnly, with the setting of sshd that docs/probe.md gives for what
// no option of a key takes away.
func TestAJumpHostOpensOneServerOnly(t *testing.T) {
	o := newOutpost(t)
	const setting = "AllowStreamLocalForwarding no"
	if !bytes.Contains(read(t, "../docs/probe.md"), []byte("\n    "+setting+"\n")) {
		t.Errorf("docs/probe.md does not say %q", setting)
	}
	must(t, o.Configure(setting))
	let, _ := nobodyComes(t, "tcp", "127.0.0.1:0")
	port, reached := nobodyComes(t, "tcp", "127.0.0.1:0")
	socket, reachedToo := nobodyComes(t, "unix", filepath.Join(o.dir, "s")) // it may be Docker's
	must(t, o.Authorize(ronde(t, "probe", "install-key", o.key+".pub", "--program", program, "--opens", let)))
	client := o.client(t)
	for _, way := range [][2]string{{"tcp", port}, {"tcp", o.Addr}, {"unix", socket}, {"tcp", strings.Replace(let, "127.0.0.1", "127.0.0.2", 1)}} {
		if c, err := client.Dial(way[0], way[1]); err == nil {
			c.Close()
			t.Errorf("it connects to %s", way[1])
		}
	}
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "localhost:0"} {
		if l, err := client.Listen("tcp", address); err == nil {
			l.Close()
			t.Errorf("it listens at %s of the server", address)
		}
	}
	if l, err := client.ListenUnix(filepath.Join(o.dir, "listens")); err == nil {
		l.Close()
		t.Error("it listens on a socket of the server")
	}
	c, err := client.Dial("tcp", let)
	if err != nil {
		t.Fatalf("it does not connect to the server that it is for: %v", err)
	}
	c.Close()
	if reached() || reachedToo() {
		t.Error("somebody came through")
	}
	if a := request(t, client, "sh"); a.Error.Code != "bad-request" {
		t.Errorf("a jump host answers %+v", a)
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

func TestAnotherRequestIsRefused(t *testing.T) {
	o := newOutpost(t)
	client := o.client(t)
	for _, line := range []string{
		"DISKS", "disk", "disks.", "/disks", "./disks", "di%73ks", "ls", "cat /etc/shadow", "docker ps", "restart web", "help", "probe disks", "*", "-h", "--config=/etc/shadow",
	} {
		if a := request(t, client, line); a.Error.Code != "bad-request" || len(a.Answer) > 0 || strings.Contains(a.Error.Text, "root:") {
			t.Errorf("%q answers %s %+v", line, a.Answer, a.Error)
		}
	}
	// What the key does answer, it says: an admin who tries it by hand sees where he is.
	if a := request(t, client, "ls"); !strings.Contains(a.Error.Text, "disks") {
		t.Errorf("it does not say what it answers: %+v", a.Error)
	}
}

// escapes are arguments that mean something to a shell, a path or a parser.
func escapes() []string {
	return []string{
		"/etc/shadow", "%2Fetc%2Fshadow", "../../../../etc/shadow", "..%2f..%2fetc%2fshadow", "....//etc/shadow", "..", ".", "~root/.ssh/id_rsa",
		"%00", "a%00b", "%0a", "%0d%0aid", ";id", "%3Bid", "$(id)", "%24%28id%29", "`id`", "%60id%60", "|id", "&&id", ">/tmp/x", "<(id)", "*", "?", "[a-z]",
		"-rf", "--help", "--output=/tmp/x", "-oProxyCommand=id", "file:///etc/shadow", "http://169.254.169.254/", "unix:///var/run/docker.sock", "\\..\\", "%c0%af", "%ff%fe",
		"${IFS}id", "$HOME", "%25%32%46etc", "\"", "'", "\u202e", strings.Repeat("A", 3000), strings.Repeat("../", 900) + "etc/shadow",
	}
}

// TestAPathOutsideTheListIsRefused: there is no argument that reads what probe.toml does not
// name. Every question is asked with each escape, alone and in second place, and some of them
// through the real server.
func TestAPathOutsideTheListIsRefused(t *testing.T) {
	here, err := probe.Here(filepath.Join(t.TempDir(), "probe.toml"))
	must(t, err)
	o := newOutpost(t)
	client := o.client(t)
	requests := probe.Requests()
	for i, escape := range escapes() {
		for _, r := range requests {
			for _, line := range []string{r.Name + " " + escape, r.Name + " a " + escape} {
				var a answer
				must(t, json.Unmarshal(here.Serve(t.Context(), line, "test"), &a))
				wantNothing(t, line, a)
			}
		}
		if i%3 == 0 {
			line := requests[i%len(requests)].Name + " " + escape
			wantNothing(t, line, request(t, client, line))
		}
	}
}

// wantNothing wants an answer that tells nothing.
func wantNothing(t *testing.T, line string, a answer) {
	t.Helper()
	if a.Error.Code == "" || len(a.Answer) > 0 {
		t.Errorf("%.60q answers %.200s", line, a.Answer)
	}
	if strings.Contains(a.Error.Text, "root:") || strings.Contains(a.Error.Text, "uid=") || len(a.Error.Text) > 2000 {
		t.Errorf("%.60q tells %.200s", line, a.Error.Text)
	}
}

func TestAFloodOfRequestsIsBounded(t *testing.T) {
	o := newOutpost(t)
	client := o.client(t)
	for _, line := range []string{
		"disks " + strings.Repeat("a ", 17), "disks " + strings.Repeat("a", 5000), strings.Repeat("disks ", 20000), strings.Repeat("%00", 3000), strings.Repeat("\n", 50000),
	} {
		if a := request(t, client, line); a.Error.Code != "bad-request" || len(a.Error.Text) > 500 {
			t.Errorf("%d bytes answer %+v", len(line), a.Error)
		}
	}
	// What is written to it is not read, and does not keep it from ending.
	session, err := client.NewSession()
	must(t, err)
	session.Stdin = endless{}
	begun := time.Now()
	out, _ := session.Output("disks") // it fails to write all of its input
	if !strings.HasPrefix(string(out), `{"probe":1`) || time.Since(begun) > 20*time.Second {
		t.Errorf("a flood of input: %q after %s", out, time.Since(begun))
	}
	o.crowd(t)
}

// endless is a stream of zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// crowd asks forty times at once, over several connections: each is answered, with what was
// asked for or with being told that too many ask.
func (o *outpost) crowd(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for range 4 {
		client := o.client(t)
		for range 10 {
			all.Go(func() {
				session, err := client.NewSession()
				if err != nil {
					return // sshd's own limit
				}
				out, err := session.Output("disks")
				var a answer
				if err != nil || json.Unmarshal(out, &a) != nil || a.Error.Code != "" && a.Error.Code != "busy" {
					t.Errorf("in a crowd: %q, %v", out, err)
				}
			})
		}
	}
	all.Wait()
	if a := request(t, o.client(t), "disks"); a.Error.Code != "" {
		t.Errorf("after the crowd: %+v", a.Error)
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

func TestTheBotAsksOverSSH(t *testing.T) {
	o := newOutpost(t)
	h := o.host(t)
	disks, err := probe.Ask(t.Context(), h, probe.Disks())
	if err != nil || len(disks) == 0 {
		t.Fatalf("got %v, %v", disks, err)
	}
	if o.Cut() != 1 {
		t.Error("no connection was kept")
	}
	if _, err := probe.Ask(t.Context(), h, probe.Disks()); err != nil {
		t.Errorf("after the connection was cut: %v", err)
	}
}

// Whatever answers in the place of the probe is told apart from one that is away.
func TestAnOldProbeIsToldApart(t *testing.T) {
	o := newOutpost(t)
	line, err := os.ReadFile(o.key + ".pub")
	must(t, err)
	for name, command := range map[string]string{
		"no program":        "/usr/local/bin/none probe",
		"one without probe": "/bin/false",
		"a shell":           "echo hello",
		"a later one":       `echo '{\"probe\":99,\"version\":\"9.9\"}'`,
	} {
		must(t, o.Authorize(fmt.Sprintf(`restrict,command="%s" %s`, command, line)))
		var old *probe.VersionError
		if _, err := probe.Ask(t.Context(), o.host(t), probe.Disks()); !errors.As(err, &old) {
			t.Errorf("%s: got %v, want a VersionError", name, err)
		}
	}
}

// TestACheckTellsWhyAServerCannotBeAsked: each of the ways in which it can fail has its own
// word on the command line.
func TestACheckTellsWhyAServerCannotBeAsked(t *testing.T) {
	o := newOutpost(t)
	config := filepath.Join(o.dir, "config.toml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `
database = "ronde.db"
[matrix]
homeserver = "http://127.0.0.1:1"
user = "@ronde:example.org"
[rooms]
technique = "#technique:example.org"
supervision = "#supervision:example.org"
[[host]]
name = "antigone"
ssh = %q
ssh_key_file = "id_ed25519"
`, o.config.SSH), 0o600))
	check := func(want string) {
		t.Helper()
		out, _ := exec.Command(program, "check", "disk", "antigone", "--json", "-c", config).Output() // the exit code is the verdict's
		var r struct {
			Status   string
			Findings []struct{ Fault string }
		}
		if err := json.Unmarshal(out, &r); err != nil || want == "" && r.Status == "unknown" || want != "" && (len(r.Findings) != 1 || r.Findings[0].Fault != want) {
			t.Errorf("want %q, got %s", want, out)
		}
	}
	check("")
	must(t, os.Rename(o.config.KnownHosts, o.config.KnownHosts+".kept"))
	check("unknown-key")
	must(t, os.Rename(o.config.KnownHosts+".kept", o.config.KnownHosts))
	must(t, o.Authorize("restrict,command=\"/bin/false\" "+strings.TrimSpace(string(read(t, o.key+".pub")))))
	check("old-probe")
	must(t, o.Authorize())
	check("key-refused")
	must(t, o.ChangeHostKey("ed25519"))
	check("changed-key")
	o.Stop()
	check("unreachable")
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	must(t, err)
	return doc
}

package e2e

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

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

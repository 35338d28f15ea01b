package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ronde/probe"
)

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

package logs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func counted(format Format, lines ...string) []Service {
	t := NewTally(format, "own")
	t.Block([]byte(strings.Join(lines, "\n") + "\n"))
	return t.Services()
}

func sample(t *testing.T, name string) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(doc), "\n")
}

// Both forms that rsyslog writes, of what Docker sent in three.
func TestLinesAreOfTheServiceThatTheirTagNames(t *testing.T) {
	want := []Service{
		{Name: "7c71187fad11", Lines: 1},
		{Name: "mastodon_web", Lines: 1},
		{Name: "nginx", Lines: 1},
		{Name: "rs-short", Lines: 3},
		{
			Name: "traefik", Lines: 1, Requests: 1, Classes: [6]uint64{3: 1},
			Addresses: []Ranked{{"203.0.113.x", 1}}, Paths: []Ranked{{"/promo", 1}},
		},
	}
	for _, name := range []string{"rsyslog-iso.log", "rsyslog-traditional.log"} {
		if diff := cmp.Diff(want, counted(Auto, sample(t, name))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryFormOfAnAccessLogIsKnown(t *testing.T) {
	for i, line := range strings.Split(sample(t, "access.log"), "\n") {
		want := []Service{{
			Name: "own", Lines: 1, Requests: 1, Classes: [6]uint64{3: 1},
			Addresses: []Ranked{{"203.0.113.x", 1}}, Paths: []Ranked{{"/promo", 1}},
		}}
		for _, format := range []Format{Auto, Plain} {
			if diff := cmp.Diff(want, counted(format, line)); diff != "" {
				t.Errorf("line %d as %s (-want +got):\n%s", i+1, format, diff)
			}
		}
	}
}

func TestHowALineIsUnderstood(t *testing.T) {
	const head = "Nov 21 03:14:07 host web[1]: "
	request := func(status int) Service {
		s := Service{Name: "web", Lines: 1, Requests: 1, Sent: 7}
		s.Classes[status/100] = 1
		if status >= 500 {
			s.Errors = 1
		}
		return s
	}
	plain := func(name string, errors uint64) Service { return Service{Name: name, Lines: 1, Errors: errors} }
	for _, tt := range []struct {
		format Format
		line   string
		want   Service
	}{
		{Auto, head + "all is well", plain("web", 0)},
		{Auto, head + "ERROR: disk", plain("web", 1)},
		{Auto, head + "a Fatal thing", plain("web", 1)},
		{Auto, head + "panic", plain("web", 1)},
		{Auto, head + `{"level":"critical"}`, plain("web", 1)},
		{Auto, head + "errors: 0, terror, error_log, error2", plain("web", 0)},
		{Auto, head + "no (error) here", plain("web", 1)},
		{Auto, head + "erro", plain("web", 0)},
		{Auto, head, plain("web", 0)},
		{Auto, "Nov 21 03:14:07 host error[1]: the name does not count", plain("error", 0)},
		{Auto, "Nov 21 03:14:07 host kernel: eth0", plain("kernel", 0)},
		{Auto, "Nov 21 03:14:07 host postfix/smtpd[9]: x", plain("postfix/smtpd", 0)},
		{Auto, "2026-11-21T03:14:07Z INFO starting error", plain("own", 1)},
		{Syslog, "2026-11-21T03:14:07Z host rs-short WARN: x", plain("rs-short", 0)},
		{Plain, "Nov 21 03:14:07 host web[1]: x", plain("own", 0)},
		{Auto, "", plain("own", 0)},
		{Auto, "\x00\xff\xfe\x01\x02 binary rubbish \x80", plain("own", 0)},
		{Auto, "Nov 21 03:14:07 host \xff\x1b[31mweb\x00[1]: x", plain("[31mweb", 0)},
		{Auto, head + `192.0.2.1 - - [d] "GET /x HTTP/1.1" 200 7`, request(200)},
		{Auto, head + `192.0.2.1 - - [d] "GET /error HTTP/1.1" 404 7 "-" "panic"`, request(404)},
		{Auto, head + `2001:db8::1 - ana maria [d] "GET /x HTTP/1.1" 503 7`, request(503)},
		{Auto, head + `192.0.2.1 - - [d] "GET /\" 500 9 HTTP/1.1" 200 7 "-"`, request(200)},
		{Auto, head + `192.0.2.1 - - [d] "\x16\x03" 400 7 "-"`, request(400)},
		{Auto, head + `192.0.2.1 - - [d] "GET /x HTTP/1.1" none 7`, plain("web", 0)},
		{Auto, head + `deaf - - [d] "GET /x HTTP/1.1" 200 7`, plain("web", 0)},
		{Auto, head + `{"request":{"remote_ip":"192.0.2.1","uri":"/\",\"status\":500"},"status":200,"size":7,"msg":"handled request"}`, request(200)},
		{Auto, head + `{"level":"error","msg":"dial tcp","request":{"remote_ip":"192.0.2.1","uri":"/"},"status":502}`, plain("web", 1)},
		{Auto, head + `{"ClientHost":"192.0.2.1","RequestPath":"/x","DownstreamStatus":599,"DownstreamContentSize":7}`, request(599)},
		{Auto, head + `{"status":{"a":["}"]},"ok":true}`, plain("web", 0)},
	} {
		got := counted(tt.format, tt.line)[0]
		got.Addresses, got.Paths = nil, nil
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.line, diff)
		}
	}
}

func TestPathsAreCut(t *testing.T) {
	for line, want := range map[string]string{
		"GET /a?token=secret HTTP/1.1": "/a", "GET /a": "/a", "rubbish?x": "rubbish", "": "",
		"GET /" + strings.Repeat("x", 500) + " HTTP/1.1": "/" + strings.Repeat("x", 99),
	} {
		got := counted(Plain, `192.0.2.1 - - [d] "`+line+`" 200 7`)[0]
		if len(got.Paths) != 1 || got.Paths[0].Key != want {
			t.Errorf("%q: got %v, want %q", line, got.Paths, want)
		}
	}
}

func TestAddressesAreCutToTheirNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.x", "::ffff:192.0.2.77": "192.0.2.x", "2001:db8:1:2::3": "2001:db8:1::/48",
		"fe80::1%eth0": "fe80::/48", "evil": "?", "a:b": "?", "": "?",
	} {
		if got := string(appendNetwork(nil, []byte(address))); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

// Errors are those of the command that an admin would type.
func TestErrorsAreThoseOfGrep(t *testing.T) {
	var text bytes.Buffer
	for i, word := range append(Words(), "errors", "Error", "terror", "critic", "fata", "PANIC", "érror", "error_x", "xx") {
		for j, form := range []string{"%s", "%s %s", "x%s", "%s.", "(%s)", "aa%sbb", "[%s]\t", "er%s", "errorerror %s", "criti%s"} {
			fmt.Fprintf(&text, strings.Repeat("-", (i+j)%7)+strings.ReplaceAll(form, "%s", "%[1]s")+"\n", word)
		}
	}
	grep := exec.Command("grep", "-ciwE", strings.Join(Words(), "|"))
	grep.Env = []string{"LC_ALL=C"}
	grep.Stdin = bytes.NewReader(text.Bytes())
	said, err := grep.Output()
	if err != nil {
		t.Fatal(err)
	}
	tally := NewTally(Plain, "own")
	tally.Block(text.Bytes())
	if got := fmt.Sprintln(tally.Services()[0].Errors); got != string(said) {
		t.Errorf("got %s errors, grep counts %s", got, said)
	}
}

// However many names come in, the memory stays bounded and what is frequent stays known.
func TestAFloodOfNamesIsBounded(t *testing.T) {
	tally := NewTally(Auto, "own")
	tally.Whole = true
	var block bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&block, "Nov 21 03:14:07 host s%d[1]: x\n", i%2000)
		fmt.Fprintf(&block, "Nov 21 03:14:07 host s1[1]: 10.%d.%d.1 - - [d] \"GET /%d HTTP/1.1\" 200 7\n", i/250, i%250, i)
		if i%10 == 0 {
			block.WriteString("Nov 21 03:14:07 host s1[1]: 192.0.2.66 - - [d] \"GET /login HTTP/1.1\" 200 7\n")
		}
	}
	tally.Block(block.Bytes())
	all := tally.Services()
	if len(all) > MostServices+1 {
		t.Errorf("%d services", len(all))
	}
	var lines uint64
	for _, s := range all {
		lines += s.Lines
		if s.Name != "s1" {
			continue
		}
		if n := len(tally.services["s1"].addresses.keys); n > 2*topKept {
			t.Errorf("%d addresses are kept", n)
		}
		if top := s.Addresses[0]; top.Key != "192.0.2.66" || top.Count > 5000 || top.Count < 5000-s.Requests/topKept {
			t.Errorf("the first address is %v", top)
		}
		if top := s.Paths[0]; top.Key != "/login" {
			t.Errorf("the first path is %v", top)
		}
	}
	if lines != 105_000 || tally.Lines != lines {
		t.Errorf("%d lines, and %d in all", lines, tally.Lines)
	}
}

func FuzzTally(f *testing.F) {
	for _, file := range []string{"rsyslog-iso.log", "rsyslog-traditional.log", "access.log"} {
		doc, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(doc) {
			f.Add(bytes.TrimSpace(line))
		}
	}
	f.Add([]byte(`{"a":"\\"`))
	f.Add([]byte(`{"request":{"uri":[{"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, format := range Formats() {
			tally := NewTally(format, "own")
			block := append(bytes.Clone(line), '\n')
			tally.Block(block)
			var lines uint64
			for _, s := range tally.Services() {
				lines += s.Lines
				if !utf8.ValidString(s.Name) || len(s.Name) > longestName || s.Name == "" || s.Errors > s.Lines || s.Requests > s.Lines {
					t.Errorf("%q as %s: %+v", line, format, s)
				}
			}
			if want := uint64(bytes.Count(block, []byte("\n"))); lines != want || tally.Lines != want {
				t.Errorf("%q has %d lines, counted %d", line, want, lines)
			}
		}
	})
}

// The finder finds what a plain reading finds.
func FuzzFinder(f *testing.F) {
	f.Add([]byte("an ERROR of errorerror error"))
	f.Add([]byte("criticalpanic critical"))
	find := newFinder()
	f.Fuzz(func(t *testing.T, message []byte) {
		want := false
		for _, w := range Words() {
			for i := range message {
				end := i + len(w)
				if end <= len(message) && bytes.EqualFold(message[i:end], []byte(w)) && (i == 0 || !isWord(message[i-1])) && (end == len(message) || !isWord(message[end])) {
					want = true
				}
			}
		}
		if got := find.in(message); got != want {
			t.Errorf("%q: got %v, want %v", message, got, want)
		}
	})
}

package alerts

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadIsBounded(t *testing.T) {
	head := "From: a@exemple.fr\r\nSubject: grand\r\nMIME-Version: 1.0\r\n"
	var nested strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	multi := head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nbonjour\r\n"
	html := func(s string) string {
		return head + "Content-Type: text/html\r\n\r\n" + strings.Repeat(s, (1<<20)/len(s))
	}
	for name, raw := range map[string]string{
		"30 MB attachment":   multi + "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("AAAA", 30<<18) + "\r\n--b--\r\n",
		"nested":             head + nested.String() + "\r\nbonjour",
		"parts":              multi + strings.Repeat("--b\r\n\r\nx\r\n", 100000),
		"boundaries":         head + "Content-Type: multipart/mixed; boundary=\"" + strings.Repeat("b", 4000) + "\"\r\n\r\n" + strings.Repeat("a\r\n", 300000),
		"one header":         head + "X: " + strings.Repeat("=?utf-8?q?a?= ", 80000) + "\r\n\r\nbonjour",
		"folded header":      head + "X: a\r\n" + strings.Repeat(" a\r\n", 250000) + "\r\nbonjour",
		"headers":            head + strings.Repeat("X: a\r\n", 170000) + "\r\nbonjour",
		"words in a subject": "Subject: " + strings.Repeat("=?utf-8?q?a?= ", 80000) + "\r\n\r\nbonjour",
		"senders":            "From: " + strings.Repeat("a@b.fr, ", 120000) + "\r\n\r\nbonjour",
		"content type":       head + "Content-Type: text/plain; " + strings.Repeat("a=b; ", 200000) + "\r\n\r\nbonjour",
		"results":            strings.Repeat("Authentication-Results: mx; spf=pass\r\n", 25000) + head + "\r\nbonjour",
		"HTML elements":      html("<b>"), "HTML paragraphs": html("<b><p>a"), "HTML tables": html("<table><tr><td>a"),
		"HTML lists": html("<ul><li>a</li>"), "HTML links": html("<a href=x>"), "HTML quotes": html("<blockquote>a b c</blockquote>"), "HTML entities": html("&amp"),
		"Kuma": head + "\r\n" + strings.Repeat("[a] [", 200000), "brackets": "Subject: " + strings.Repeat("[a] [", 200000) + "\r\n\r\n[" + strings.Repeat("[a] [", 200000),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := Read([]byte(raw), Trust{AuthServID: "mx"})
			runtime.ReadMemStats(&after)
			checkPromises(t, r)
			// Far above what is needed and far below what hurts.
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 600 {
				t.Errorf("allocated %d MiB", mib)
			}
		})
	}
}

// TestALargeAttachmentCostsNoMemory: what is read of a mail does not grow with it.
func TestALargeAttachmentCostsNoMemory(t *testing.T) {
	allocated := func(lines int) int64 {
		raw := []byte(nastyHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbonjour\r\n" +
			"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			strings.Repeat(strings.Repeat("AAAA", 19)+"\r\n", lines) + "\r\n--b--\r\n")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := Read(raw, Trust{})
		runtime.ReadMemStats(&after)
		if r.Text != "bonjour" || r.Problem == "" {
			t.Errorf("%d bytes: text %q, problem %q", len(raw), r.Text, r.Problem)
		}
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	two, thirty := allocated(2<<20/78), allocated(30<<20/78)
	if thirty > two+two/4 || thirty > 48<<20 {
		t.Errorf("30 MiB cost %d KiB, 2 MiB cost %d KiB", thirty>>10, two>>10)
	}
}

func FuzzRead(f *testing.F) {
	for _, file := range mailFiles(f) {
		f.Add(readFile(f, file))
	}
	for _, n := range nasty {
		if len(n.raw) < 10<<10 { // long ones slow the search down
			f.Add([]byte(n.raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		trust := Trust{AuthServID: "mx.exemple-asso.fr"}
		r := Read(raw, trust)
		checkPromises(t, r)
		r.FirstLines(4)
		checkPromises(t, Read(raw, trust, rules...))
		if again := Read(raw, trust); again != r {
			t.Errorf("read twice:\n%s", cmp.Diff(r, again))
		}
		if other := Read(append([]byte("Received: x\r\n"), raw...), trust); r.Problem != "no header" && raw[0] > ' ' && other.Hash != r.Hash {
			t.Error("the hash depends on the trace")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"uptime-kuma/01-v1-down-default", "healthchecks/v4.3-down-timeout-cron", "pflogsumm/mail-docker-mailserver-weekly-logrotate"} {
		b.Run(filepath.Dir(name), func(b *testing.B) {
			raw := readFile(b, "testdata/mails/"+name+".eml")
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Read(raw, Trust{AuthServID: "mx.exemple-asso.fr"})
			}
		})
	}
}

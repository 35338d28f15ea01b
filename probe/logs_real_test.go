package probe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ronde/e2e/peers"
)

// rotatedVolume is a log that rsyslog writes and logrotate rotates, and what was counted.
type rotatedVolume struct {
	*peers.Rsyslog
	t      *testing.T
	m      *Machine
	cursor string
	lines  uint64
	errors uint64
	failed uint64 // requests with 5xx
	gap    bool
}

// hears hands in n messages of three services, and waits until they are written.
func (v *rotatedVolume) hears(n int) {
	v.t.Helper()
	before, _ := os.ReadFile(v.Log) // none before the first message
	for i := range n {
		tag, message := "7c71187fad11", fmt.Sprintf("message %d: all is well", i)
		switch i % 5 {
		case 1:
			message = fmt.Sprintf("FATAL: message %d", i)
		case 2:
			tag, message = "traefik", fmt.Sprintf(`192.0.2.%d - - [21/Nov/2026:02:14:07 +0000] "GET /photo/%d HTTP/2.0" %d 7 "-" "-"`, i%250, i, 200+i%2*300)
		case 3:
			tag, message = "rs-short", fmt.Sprintf("accentué : déjà vu %d", i)
		}
		if err := v.Hear(tag, message); err != nil {
			v.t.Fatal(err)
		}
	}
	if err := v.Wrote(v.t.Context(), bytes.Count(before, []byte("\n"))+n); err != nil {
		v.t.Fatal(err)
	}
}

func (v *rotatedVolume) counts() {
	v.t.Helper()
	got, err := Ask(v.t.Context(), v.m.Host, Logs("syslog", v.cursor))
	if err != nil {
		v.t.Fatal(err)
	}
	v.lines += got.Lines
	v.gap = v.gap || got.Gap
	for _, s := range got.Services {
		v.errors += s.Errors
		v.failed += s.Classes[5]
	}
	v.cursor = got.Cursor
}

// grep is what an admin would type over the log and all its rotated files.
func (v *rotatedVolume) grep(args ...string) (n uint64) {
	v.t.Helper()
	files, err := filepath.Glob(v.Log + "*")
	if err != nil {
		v.t.Fatal(err)
	}
	cmd := exec.Command("zgrep", append(append([]string{"-h", "-c"}, args...), files...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	said, _ := cmd.Output() // it fails when one of them has none
	for count := range strings.FieldsSeq(string(said)) {
		var one uint64
		if _, err := fmt.Sscan(count, &one); err != nil {
			v.t.Fatalf("zgrep said %q", said)
		}
		n += one
	}
	return n
}

func TestARotatedVolumeIsCountedAsZgrepDoes(t *testing.T) {
	for name, byCopy := range map[string]bool{"by another name": false, "by a copy": true} {
		t.Run(name, func(t *testing.T) {
			r := peers.NeedRsyslog(t)
			v := &rotatedVolume{Rsyslog: r, t: t, m: configured(t, fmt.Sprintf("[[log]]\nname = 'syslog'\npath = '%s/*'\n", filepath.Dir(r.Log)))}
			v.counts() // of nothing: from here on everything counts
			for round := range 4 {
				v.hears(300)
				if round%2 == 0 {
					v.counts()
				}
				v.hears(50)
				if err := v.Rotate(t.Context(), byCopy); err != nil {
					t.Fatal(err)
				}
				v.hears(20)
				v.counts()
			}
			if v.gap {
				t.Error("a gap that is none")
			}
			const word = `error|fatal|panic|critical`
			for what, n := range map[string][2]uint64{
				"lines":                  {v.lines, v.grep("")},
				"requests that failed":   {v.failed, v.grep(`HTTP/2.0" 5`)},
				"errors and bad answers": {v.errors, v.grep("-iwE", word) + v.grep(`HTTP/2.0" 5`)},
			} {
				if n[0] != n[1] || n[0] == 0 {
					t.Errorf("%s: counted %d, zgrep counts %d", what, n[0], n[1])
				}
			}
		})
	}
}

// machineWith is this machine with a probe.toml.
func configured(t *testing.T, config string) *Machine {
	t.Helper()
	file := filepath.Join(t.TempDir(), "probe.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return localMachine(t, "/", file)
}

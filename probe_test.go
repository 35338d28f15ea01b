package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ronde/e2e/peers"
)

// keepEnvironment puts back what the probe forgets of the environment.
func keepEnvironment(t *testing.T) {
	t.Helper()
	all := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		for _, pair := range all {
			name, value, _ := strings.Cut(pair, "=")
			_ = os.Setenv(name, value)
		}
	})
}

func TestTheProbeAlwaysAnswersInJSON(t *testing.T) {
	keepEnvironment(t)
	mistaken := filepath.Join(t.TempDir(), "probe.toml")
	if err := os.WriteFile(mistaken, []byte("colour = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line string // "-" for none, as of a client that wants a shell
		args []string
		code string
		says string
	}{
		{"disks", nil, "", ""},
		{"-", nil, "bad-request", "no request"},
		{"", nil, "bad-request", "no request"},
		{"sh -c id", nil, "bad-request", "no such request"},
		{"disks /etc/shadow", nil, "bad-request", "no arguments"},
		{"disks", []string{"--config", mistaken}, "failed", "line 1, column 1: there is no setting colour"},
	} {
		if os.Unsetenv(originalCommand); tt.line != "-" {
			os.Setenv(originalCommand, tt.line)
		}
		out, errs, code := command(t, append([]string{"probe"}, tt.args...)...)
		var got struct {
			Probe  int
			Answer json.RawMessage
			Error  struct{ Code, Text string }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || errs != "" {
			t.Fatalf("%q: %v, exit code %d\n%s%s", tt.line, err, code, out, errs)
		}
		if got.Probe != 1 || got.Error.Code != tt.code || !strings.Contains(got.Error.Text, tt.says) || (tt.code == "") != (len(got.Answer) > 0) {
			t.Errorf("%q %q: answers %s", tt.line, tt.args, out)
		}
	}
}

func TestTheProbeCanBeTriedByHand(t *testing.T) {
	keepEnvironment(t)
	out, _, code := command(t, "probe", "disks")
	if code != 0 || !strings.Contains(out, "\n  \"answer\": [") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	out, _, code = command(t, "probe", "dance", "tango")
	if code != exitFailure || !strings.Contains(out, "bad-request") {
		t.Errorf("a request that is none: exit code %d:\n%s", code, out)
	}
}

func TestThePrivateKeyIsNeverPrinted(t *testing.T) {
	dir := t.TempDir()
	private := filepath.Join(dir, "id")
	public, err := peers.NewSSHKey(private)
	if err != nil {
		if os.Getenv("RONDE_PEERS") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	secret := string(mustRead(t, private))
	want := "restrict,command=\"/usr/local/bin/ronde probe\" " + public + "\n"
	for name, args := range map[string][]string{"the file": {private + ".pub"}, "the key": {public}, "the key in words": strings.Fields(public)} {
		if out, errs, code := command(t, append([]string{"probe", "install-key"}, args...)...); out != want || code != 0 {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, errs)
		}
	}
	for name, args := range map[string][]string{
		"the private file": {private}, "the private key": {secret}, "the private key in words": strings.Fields(secret), "its middle": {secret[40:120]},
		"a folder": {dir}, "no file": {private + "x"}, "an option in front": {"no-pty " + public}, "two keys": {public + "\n" + public},
		"a weak kind": {"ssh-dss " + strings.Fields(public)[1]},
	} {
		out, errs, code := command(t, append([]string{"probe", "install-key"}, args...)...)
		if code != exitUsage || out != "" || strings.Contains(errs, secret[60:90]) {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, errs)
		}
	}
}

func TestAnInstalledKeyMayOpenOnlyWhatItIsTold(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	out, _, _ := command(t, "probe", "install-key", key, "--opens", "sarus.lan:22", "--program", "/opt/ronde")
	if want := `restrict,port-forwarding,permitlisten="localhost:1",permitopen="sarus.lan:22",command="/opt/ronde probe" ` + key + " ronde\n"; out != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
	for _, args := range [][]string{
		{"--opens", "sarus.lan"}, {"--opens", "*:22"}, {"--opens", "sarus.lan:*"}, {"--opens", "a\",command=\"sh:22"}, {"--opens", ":22"},
		{"--program", "ronde"}, {"--program", "/opt/ronde; sh"}, {"--program", "/opt/\"x"},
	} {
		if out, _, code := command(t, append([]string{"probe", "install-key", key}, args...)...); code != exitUsage || out != "" {
			t.Errorf("%q: exit code %d, %q", args, code, out)
		}
	}
}

// trusting runs ronde host trust antigone, with what somebody types.
func trusting(t *testing.T, config, typed string, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	code = execute(t.Context(), append([]string{"host", "trust", "antigone", "-c", config}, args...), &streams{in: strings.NewReader(typed), out: &out, err: &out})
	return out.String(), code
}

func TestTrustIsGivenByAPersonWhoLooked(t *testing.T) {
	server := peers.NeedSSHD(t)
	config := filepath.Join(t.TempDir(), "config.toml")
	pins := filepath.Join(filepath.Dir(config), "known_hosts")
	doc := strings.Replace(string(mustRead(t, configured(t))), "docker = \"unix:///nonexistent/docker.sock\"", "ssh = \""+server.User+"@"+server.Addr+"\"\nssh_key_file = \"none\"", 1)
	if err := os.WriteFile(config, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	fingerprint := server.Fingerprint(t)
	for _, tt := range []struct {
		typed string
		args  []string
		code  int
		says  string
		lines int // pinned afterwards
	}{
		{"\n", nil, exitFailure, "not trusted", 0},
		{"", nil, exitFailure, fingerprint, 0},
		{"y\n", []string{"--yes", "SHA256:other"}, exitFailure, "none of the keys given", 0},
		{"y\n", nil, 0, "is trusted", 1},
		{"", nil, 0, "is pinned: " + fingerprint, 1},
	} {
		said, code := trusting(t, config, tt.typed, tt.args...)
		if code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("typing %q with %q: exit code %d, want %q in\n%s", tt.typed, tt.args, code, tt.says, said)
		}
		if got, _ := os.ReadFile(pins); strings.Count(string(got), "\n") != tt.lines {
			t.Errorf("typing %q with %q: pinned are\n%s", tt.typed, tt.args, got)
		}
	}
	if err := server.ChangeHostKey("ecdsa"); err != nil {
		t.Fatal(err)
	}
	before := string(mustRead(t, pins))
	if said, code := trusting(t, config, "y\n"); code != exitFailure || !strings.Contains(said, "HAS CHANGED") || !strings.Contains(said, "line 1 of "+pins) {
		t.Errorf("another key: exit code %d\n%s", code, said)
	}
	if string(mustRead(t, pins)) != before {
		t.Error("another key was pinned silently")
	}
	said, code := trusting(t, config, "", "--replace", "--yes", server.Fingerprint(t))
	if after := string(mustRead(t, pins)); code != 0 || strings.Count(after, "\n") != 1 || after == before {
		t.Errorf("replacing: exit code %d\n%s\npinned are\n%s", code, said, after)
	}
}

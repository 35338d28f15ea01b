package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ronde/probe"
)

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

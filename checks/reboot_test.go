package checks

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/probe"
)

// here makes a host that is a machine with these files in its folder run.
func here(t *testing.T, run map[string]string) *hosts.Host {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range run {
		if err := os.WriteFile(filepath.Join(root, "run", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return newHost(t, hosts.Config{Name: "antigone", Local: true, Root: root})
}

func newHost(t *testing.T, c hosts.Config) *hosts.Host {
	t.Helper()
	h, err := hosts.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWhatAMachineNotesIsTheVerdictOfReboot(t *testing.T) {
	yes, no := true, false
	const kernel = "linux-image-6.1.0-28-amd64"
	tests := []struct {
		name  string
		host  *hosts.Host
		want  Status
		holds *bool
		found []Finding
		print string
	}{
		{"nothing", here(t, nil), OK, &no, []Finding{}, "antigone: ok: no reboot is required\n"},
		{
			"a kernel and more", here(t, map[string]string{"reboot-required": "", "reboot-required.pkgs": "libc6\n" + kernel}), Warning, &yes,
			[]Finding{{Status: Warning, Thing: "antigone", Fault: FaultReboot, Note: kernel + ", libc6"}}, "antigone: warning: a reboot is required by " + kernel + ", libc6\n",
		},
		{
			"nobody knows for what", here(t, map[string]string{"reboot-required": ""}), Warning, &yes,
			[]Finding{{Status: Warning, Thing: "antigone", Fault: FaultReboot}}, "antigone: warning: a reboot is required\n",
		},
		{
			"another machine", newHost(t, hosts.Config{Name: "balearica"}), Unknown, nil,
			[]Finding{{Status: Unknown, Thing: "balearica", Fault: FaultNotLocal}},
			"balearica: unknown: ask balearica for reboot: it is not this machine: local is not set\n",
		},
		{
			"a folder that is not there", newHost(t, hosts.Config{Name: "antigone", Local: true, Root: "/nonexistent"}), Unknown, nil,
			[]Finding{{Status: Unknown, Thing: "antigone", Fault: FaultFailed}},
			"antigone: unknown: ask antigone for reboot: open /nonexistent/run: no such file or directory\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := measureReboot(context.Background(), Asked{Name: tt.host.Name(), Host: tt.host})
			r := report.(RebootReport)
			if r.Status != tt.want || (err != nil) != (tt.want == Unknown) {
				t.Errorf("status %s, error %v, want %s", r.Status, err, tt.want)
			}
			if diff := cmp.Diff(tt.found, r.Findings) + cmp.Diff(tt.holds, r.Required); diff != "" {
				t.Errorf("findings and fact (-want +got):\n%s", diff)
			}
			var printed strings.Builder
			if err := r.Print(&printed); err != nil || printed.String() != tt.print {
				t.Errorf("printed %q, %v, want %q", printed.String(), err, tt.print)
			}
		})
	}
}

func TestANewerKernelIsAReason(t *testing.T) {
	r := newRebootReport("antigone", probe.Reboot{Kernel: &probe.Kernel{RunningVersion: "6.1.140-1", NewestVersion: "6.1.147-1", Old: true}}, now)
	var printed strings.Builder
	if err := r.Print(&printed); err != nil || r.Status != Warning || !*r.Required || r.Findings[0].Fault != FaultKernel {
		t.Errorf("got %+v, %v", r, err)
	}
	if want := "antigone: warning: a reboot is required: the kernel 6.1.147-1 is installed, 6.1.140-1 runs\n"; printed.String() != want {
		t.Errorf("printed %q, want %q", printed.String(), want)
	}
	if r := newRebootReport("antigone", probe.Reboot{Kernel: &probe.Kernel{}}, now); r.Status != OK || *r.Required {
		t.Errorf("the newest kernel runs: %+v", r)
	}
}

func TestOneMorePackageIsNoNewIncident(t *testing.T) {
	one := probe.Reboot{Noted: true, Packages: []string{"libc6"}}
	more := probe.Reboot{Noted: true, Packages: []string{"libc6", "linux-image-6.1.0-28-amd64"}}
	kernel := probe.Reboot{Kernel: &probe.Kernel{RunningVersion: "6.1.140-1", NewestVersion: "6.1.147-1", Old: true}}
	for _, said := range []probe.Reboot{one, more, kernel} {
		if f := rebootFindings("antigone", said); f[0].Thing != "antigone" {
			t.Errorf("what a reboot is about changes with its reason: %q", f[0].Thing)
		}
	}
	waiting := []probe.Upgrade{{Name: "openssl", Security: true}, {Name: "rsync", Security: true}}
	for n := range 2 {
		p := probe.Packages{Upgrades: waiting[:n+1], Services: []string{"cron.service", "ssh.service"}[:n+1], Lists: now}
		r := newPackagesReport("antigone", p, packageSettings{ListsAge: day}, waits{security: 2 * day}, now)
		for _, f := range r.Findings {
			if f.Thing != "antigone" {
				t.Errorf("what waits is another thing with each package: %+v", f)
			}
		}
	}
}

func TestManyPackagesFitOnAPhone(t *testing.T) {
	notice := probe.Reboot{Noted: true}
	for range 13 {
		notice.Packages = append(notice.Packages, strings.Repeat("x", 50))
	}
	var o Outcome
	newRebootReport("antigone", notice, now).tell(&o, speak("fr"))
	checkDetail(t, o.Detail)
	if !strings.HasSuffix(o.Detail, "\n+ 4") {
		t.Errorf("the packages that are not shown are not counted:\n%s", o.Detail)
	}
}

func TestJSONOfARebootIsAnObjectOfItsResult(t *testing.T) {
	got, err := json.Marshal(newRebootReport("antigone", probe.Reboot{}, now))
	want := `{"check":"reboot","host":"antigone","status":"ok","at":"2026-11-21T03:14:08+01:00","findings":[],"required":false,"packages":[]}`
	if string(got) != want || err != nil {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

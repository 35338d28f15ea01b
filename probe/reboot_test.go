package probe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
)

// machineWith makes a server with some files.
func machineWith(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return machine(t, root)
}

func TestRebootIsWhatDebianNotes(t *testing.T) {
	const kernel = "linux-image-6.1.0-28-amd64"
	noted := func(packages ...string) Reboot { return Reboot{Noted: true, Packages: append([]string{}, packages...)} }
	tests := []struct {
		name  string
		files map[string]string
		want  Reboot
	}{
		{"nothing noted", map[string]string{"run/utmp": ""}, Reboot{Packages: []string{}}},
		{"packages of an earlier boot", map[string]string{"run/reboot-required.pkgs": kernel}, Reboot{Packages: []string{}}},
		{"Debian's empty file", map[string]string{"run/reboot-required": "", "run/reboot-required.pkgs": kernel + "\n"}, noted(kernel)},
		{"Ubuntu's sentence", map[string]string{"run/reboot-required": "*** System restart required ***\n"}, noted()},
		{"doubles", map[string]string{"run/reboot-required": "", "run/reboot-required.pkgs": kernel + "\nlibc6\n" + kernel + "\n"}, noted(kernel, "libc6")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machineWith(t, tt.files)
			got, err := Ask(t.Context(), m.Host, RebootNotice())
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v, notice (-want +got):\n%s", err, diff)
			}
			var far Reboot
			if err := readAnswer(m.Serve(t.Context(), "reboot", "1.0"), &far); err != nil || !cmp.Equal(far, got) {
				t.Errorf("over the network %+v, %v, here %+v", far, err, got)
			}
		})
	}
}

// status is dpkg's file with some packages, each "name version [hold]".
func status(packages ...string) string {
	var b strings.Builder
	for _, p := range packages {
		words := strings.Fields(p)
		want := "install"
		if len(words) > 2 {
			want = words[2]
		}
		b.WriteString("Package: " + words[0] + "\nStatus: " + want + " ok installed\nVersion: " + words[1] + "\nDescription: one\n more: Package: none\n\n")
	}
	return b.String()
}

func TestTheKernelThatRunsIsComparedWithTheNewest(t *testing.T) {
	const meta = "linux-image-amd64 6.1.147-1"
	tests := []struct {
		name              string
		release, version  string
		packages          []string
		known, wantReboot bool
	}{
		{"the newest", "6.1.0-38-amd64", "#1 SMP Debian 6.1.147-1 (2025-08-02)", []string{"linux-image-6.1.0-37-amd64 6.1.140-1", "linux-image-6.1.0-38-amd64 6.1.147-1", meta}, true, false},
		{"an older one", "6.1.0-37-amd64", "#1 SMP Debian 6.1.140-1 (2025-05-22)", []string{"linux-image-6.1.0-37-amd64 6.1.140-1", "linux-image-6.1.0-38-amd64 6.1.147-1", meta}, true, true},
		{"the same name, a newer package", "6.1.0-37-amd64", "#1 SMP Debian 6.1.140-1 (2025-05-22)", []string{"linux-image-6.1.0-37-amd64 6.1.147-1", meta}, true, true},
		{"one that was removed since", "6.12.43+deb13-amd64", "#1 SMP Debian 6.12.43-1 (2025-08-27)", []string{"linux-image-6.12.48+deb13-amd64 6.12.48-1"}, true, true},
		{"another flavour is newer", "6.1.0-38-amd64", "#1 SMP Debian 6.1.147-1 (2025-08-02)", []string{"linux-image-6.1.0-38-amd64 6.1.147-1", "linux-image-6.1.0-39-cloud-amd64 6.1.150-1"}, true, false},
		{"10 is newer than 9", "6.1.0-9-amd64", "#1 SMP Debian 6.1.9-1 (2025-08-02)", []string{"linux-image-6.1.0-9-amd64 6.1.9-1", "linux-image-6.1.0-10-amd64 6.1.10-1"}, true, true},
		{"a backport runs", "6.12.9+bpo-amd64", "#1 SMP Debian 6.12.9-1~bpo12+1 (2025-08-02)", []string{"linux-image-6.1.0-38-amd64 6.1.147-1", "linux-image-6.12.9+bpo-amd64 6.12.9-1~bpo12+1"}, true, false},
		{"Ubuntu", "6.8.0-44-generic", "#44-Ubuntu SMP Thu Aug 29", []string{"linux-image-6.8.0-44-generic 6.8.0-44.44", "linux-image-6.8.0-45-generic 6.8.0-45.45"}, true, true},
		{"a kernel of the landlord", "6.18.44-fc-v669", "#1 SMP", []string{"linux-image-6.1.0-38-amd64 6.1.147-1"}, false, false},
		{"no package", "6.1.0-38-amd64", "#1 SMP Debian 6.1.147-1 (2025-08-02)", nil, false, false},
		{"no /proc", "", "", []string{"linux-image-6.1.0-38-amd64 6.1.147-1"}, false, false},
		{"debugging symbols", "6.1.0-37-amd64", "#1 SMP Debian 6.1.140-1 (2025)", []string{"linux-image-6.1.0-37-amd64 6.1.140-1", "linux-image-6.1.0-38-amd64-dbg 6.1.147-1"}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machineWith(t, map[string]string{
				"run/utmp": "", "var/lib/dpkg/status": status(tt.packages...),
				"proc/sys/kernel/osrelease": tt.release + "\n", "proc/sys/kernel/version": tt.version + "\n",
			})
			got, err := Ask(t.Context(), m.Host, RebootNotice())
			if err != nil || (got.Kernel != nil) != tt.known || got.Required() != tt.wantReboot {
				t.Errorf("got %+v with %+v, %v, want known %v, reboot %v", got, got.Kernel, err, tt.known, tt.wantReboot)
			}
		})
	}
}

func TestWhoCannotBeAskedForARebootIsAnError(t *testing.T) {
	far, err := hosts.New(hosts.Config{Name: "balearica"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		h    *hosts.Host
		want error
	}{
		"another machine":      {far, hosts.ErrNotLocal},
		"no folder":            {machineWith(t, nil).Host, fs.ErrNotExist},
		"a Docker container":   {machineWith(t, map[string]string{"run/utmp": "", ".dockerenv": ""}).Host, errContainer},
		"a Podman container":   {machineWith(t, map[string]string{"run/.containerenv": ""}).Host, errContainer},
		"run is not a folder":  {machineWith(t, map[string]string{"run": ""}).Host, syscall.ENOTDIR},
		"run is a folder tree": {machineWith(t, map[string]string{"run/reboot-required/x": ""}).Host, nil},
	} {
		if notice, err := Ask(t.Context(), tt.h, RebootNotice()); !errors.Is(err, tt.want) || (err != nil) == notice.Noted {
			t.Errorf("%s: %+v, %v, want the error %v", name, notice, err, tt.want)
		}
	}
}

// TestAKernelThatMayHaveBeenMissedIsAnError: only where a package asks for a reboot anyway
// does it not matter which kernels are installed.
func TestAKernelThatMayHaveBeenMissedIsAnError(t *testing.T) {
	files := map[string]string{
		"run/utmp": "", "proc/sys/kernel/osrelease": "6.1.0-37-amd64\n", "proc/sys/kernel/version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)\n",
		"var/lib/dpkg/status": status("linux-image-6.1.0-37-amd64 6.1.140-1") + "Description: " + strings.Repeat("x", 2<<20) + "\n\n" + status("linux-image-6.1.0-38-amd64 6.1.147-1"),
	}
	if got, err := Ask(t.Context(), machineWith(t, files).Host, RebootNotice()); err == nil {
		t.Errorf("got %+v", got)
	}
	files["run/reboot-required"] = ""
	if got, err := Ask(t.Context(), machineWith(t, files).Host, RebootNotice()); err != nil || !got.Noted {
		t.Errorf("asked for by a package: %+v, %v", got, err)
	}
}

func TestAPipeInPlaceOfTheListBlocksNobody(t *testing.T) {
	m := machineWith(t, map[string]string{"run/reboot-required": ""})
	if err := syscall.Mkfifo(filepath.Join(m.Root, "run/reboot-required.pkgs"), 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan Reboot, 1)
	go func() {
		notice, _ := Ask(t.Context(), m.Host, RebootNotice())
		done <- notice
	}()
	select {
	case notice := <-done:
		if !notice.Required() {
			t.Error("the reboot is not required without its packages")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still reading the pipe")
	}
}

func TestOnlyNamesOfPackagesAreRead(t *testing.T) {
	list := "libc6:amd64\n<b>@room</b>\nlinux image\n\x1b[31mred\n\nPKG\n../../etc/shadow\nlibstdc++6\n\u202egnp\n"
	if diff := cmp.Diff([]string{"libc6:amd64", "libstdc++6"}, readNames(strings.NewReader(list))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func TestHeldPackagesAreThoseOfDpkg(t *testing.T) {
	all, err := parseDebs(strings.NewReader(status("rsync 3.4-1 hold", "curl 8-1", "@room 1") + "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"rsync"}, heldOf(all)); diff != "" || !isInstalled(all, "curl") || isInstalled(all, "gone") || isInstalled(all, "@room") {
		t.Errorf("%v, held (-want +got):\n%s", all, diff)
	}
}

func FuzzPackages(f *testing.F) {
	for _, seed := range []string{"", "linux-base\n", "libc6\r\nlibc6\n", "a\x00b\n<script>\n", strings.Repeat("x", 200), "pkg\n\xff\xfe\n"} {
		f.Add(seed)
	}
	f.Add(status("rsync 3.4-1 hold"))
	f.Fuzz(func(t *testing.T, list string) {
		names := readNames(strings.NewReader(list))
		if len(names) > maxPackages || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Errorf("%d names, some twice or too many: %q", len(names), names)
		}
		debs, _ := parseDebs(strings.NewReader(list))
		for _, d := range debs {
			names = append(names, d.name)
		}
		for _, name := range names {
			if strings.ContainsAny(name, " \r\n\t<>&@/\\'\"") || len(name) > 150 || !strings.Contains(list, name) {
				t.Errorf("%q is no name of a package", name)
			}
		}
	})
}

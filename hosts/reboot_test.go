package hosts

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
)

// machine makes the root of a machine with some files.
func machine(t *testing.T, files map[string]string) *Host {
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
	h, err := New(Config{Name: "antigone", Local: true, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRebootIsWhatDebianNotes(t *testing.T) {
	const kernel = "linux-image-6.1.0-28-amd64"
	tests := []struct {
		name  string
		files map[string]string
		want  RebootNotice
	}{
		{"nothing noted", map[string]string{"run/utmp": ""}, RebootNotice{}},
		{"packages of an earlier boot", map[string]string{"run/reboot-required.pkgs": kernel}, RebootNotice{}},
		{"Debian's empty file", map[string]string{"run/reboot-required": "", "run/reboot-required.pkgs": kernel + "\n"}, RebootNotice{true, []string{kernel}}},
		{"Ubuntu's sentence", map[string]string{"run/reboot-required": "*** System restart required ***\n"}, RebootNotice{true, nil}},
		{"doubles", map[string]string{"run/reboot-required": "", "run/reboot-required.pkgs": kernel + "\nlibc6\n" + kernel + "\n"}, RebootNotice{true, []string{kernel, "libc6"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := machine(t, tt.files).Reboot()
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v, notice (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhoCannotBeAskedForARebootIsAnError(t *testing.T) {
	far, err := New(Config{Name: "balearica"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		h    *Host
		want error
	}{
		"another machine":      {far, ErrNotLocal},
		"no folder":            {machine(t, nil), fs.ErrNotExist},
		"a Docker container":   {machine(t, map[string]string{"run/utmp": "", ".dockerenv": ""}), errContainer},
		"a Podman container":   {machine(t, map[string]string{"run/.containerenv": ""}), errContainer},
		"run is not a folder":  {machine(t, map[string]string{"run": ""}), syscall.ENOTDIR},
		"run is a folder tree": {machine(t, map[string]string{"run/reboot-required/x": ""}), nil},
	} {
		if notice, err := tt.h.Reboot(); !errors.Is(err, tt.want) || (err != nil) == notice.Required {
			t.Errorf("%s: %+v, %v, want the error %v", name, notice, err, tt.want)
		}
	}
}

func TestAPipeInPlaceOfTheListBlocksNobody(t *testing.T) {
	h := machine(t, map[string]string{"run/reboot-required": ""})
	if err := syscall.Mkfifo(filepath.Join(h.root, "run/reboot-required.pkgs"), 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan RebootNotice, 1)
	go func() {
		notice, _ := h.Reboot()
		done <- notice
	}()
	select {
	case notice := <-done:
		if !notice.Required {
			t.Error("the reboot is not required without its packages")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still reading the pipe")
	}
}

func TestOnlyNamesOfPackagesAreRead(t *testing.T) {
	list := "libc6:amd64\n<b>@room</b>\nlinux image\n\x1b[31mred\n\nPKG\n../../etc/shadow\nlibstdc++6\n\u202egnp\n"
	if diff := cmp.Diff([]string{"libc6:amd64", "libstdc++6"}, ReadPackages(strings.NewReader(list))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func FuzzPackages(f *testing.F) {
	for _, seed := range []string{"", "linux-base\n", "libc6\r\nlibc6\n", "a\x00b\n<script>\n", strings.Repeat("x", 200), "pkg\n\xff\xfe\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		names := ReadPackages(strings.NewReader(list))
		if len(names) > maxPackages || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Errorf("%d names, some twice or too many: %q", len(names), names)
		}
		for _, name := range names {
			if strings.ContainsAny(name, " \r\n\t<>&@/\\'\"") || len(name) > 150 || !strings.Contains(list, name) {
				t.Errorf("%q is no name of a package", name)
			}
		}
	})
}

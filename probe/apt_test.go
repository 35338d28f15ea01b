package probe

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestASimulationIsTheSameAsTheListOfUpgrades(t *testing.T) {
	all, kept := parseSimulation(sample(t, "debian/apt-get-s-dist-upgrade.trixie.txt"))
	if !slices.Equal(kept, []string{"rsync"}) {
		t.Errorf("kept back %v", kept)
	}
	var want []Upgrade
	for _, u := range parseUpgradable(sample(t, "debian/apt-list-upgradable.trixie-apt3.0.stdout.txt")) {
		if u.Name != "rsync" {
			u.Kept = false
			want = append(want, u)
		}
	}
	slices.SortFunc(want, func(a, b Upgrade) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, all); diff != "" || len(all) != 18 {
		t.Errorf("%d upgrades (-apt list +apt-get):\n%s", len(all), diff)
	}
	for _, u := range all {
		if u.Security != (u.Name != "tzdata") {
			t.Errorf("%+v", u)
		}
	}
}

func TestWhatAptSimulatesIsReadLineByLine(t *testing.T) {
	tests := []struct {
		name, out string
		want      []Upgrade
		kept      []string
	}{
		{"one of two archives is for security", "Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []",
			[]Upgrade{{Name: "libgcrypt20-dev", From: "1.10.1-3", To: "1.10.1-3+deb12u1", Security: true}}, nil},
		{"Ubuntu", "Inst libc6 [2.35-0ubuntu3.1] (2.35-0ubuntu3.8 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])",
			[]Upgrade{{Name: "libc6", From: "2.35-0ubuntu3.1", To: "2.35-0ubuntu3.8", Security: true}}, nil},
		{"a newly installed package is no upgrade", "Inst linux-image-6.1.0-38-amd64 (6.1.147-1 Debian-Security:12/stable-security [amd64])", []Upgrade{}, nil},
		{"kept back over two lines", keptHead + "\n  docker-ce docker-ce-cli\n  rsync\nThe following packages will be upgraded:\n  curl\n", []Upgrade{}, []string{"docker-ce", "docker-ce-cli", "rsync"}},
		{"put off by phasing is not kept back", "The following upgrades have been deferred due to phasing:\n  snapd\n", []Upgrade{}, nil},
		{"a name that is none", "Inst <b>x</b> [1] (2 Debian:12/stable [all])", []Upgrade{}, nil},
		{"nothing", "", []Upgrade{}, nil},
	}
	for _, tt := range tests {
		all, kept := parseSimulation([]byte(tt.out))
		if diff := cmp.Diff(tt.want, all) + cmp.Diff(tt.kept, kept); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestALongLineHidesNothingBehindIt: whatever a program writes on one line, what comes after
// it counts.
func TestALongLineHidesNothingBehindIt(t *testing.T) {
	long := strings.Repeat("x", mostSaid/2) + "\n"
	all, kept := parseSimulation([]byte(keptHead + "\n  " + long + "  rsync\nInst curl [1-1] (1-2 Debian:12/stable [all])\n"))
	if len(all) != 1 || len(kept) != 2 || kept[1] != "rsync" {
		t.Errorf("of a simulation: %v, %d kept back", all, len(kept))
	}
	if all := parseUpgradable([]byte(long + "curl/stable 1-2 all [upgradable from: 1-1]\n")); len(all) != 1 {
		t.Errorf("of a list: %v", all)
	}
	if services, _ := parseServices([]byte(long + "NEEDRESTART-SVC: ssh.service\n")); len(services) != 1 {
		t.Errorf("of needrestart: %v", services)
	}
	if _, wrong := parseUnattended([]byte(long+"2026-11-22 06:25:02,100 ERROR Oups\n"), time.UTC); len(wrong) != 1 {
		t.Errorf("of a log: %v", wrong)
	}
	if users := ReadUsers(strings.NewReader(long[len(long)-maxPasswd/2:] + "www-data:x:33:33\n")); users[33] != "www-data" {
		t.Errorf("of the users: %v", users)
	}
}

func TestTheAgeOfTheListsIsThatOfTheLastUpdate(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC) }
	set := func(root, path string, to time.Time) {
		if err := os.Chtimes(filepath.Join(root, path), to, to); err != nil {
			t.Fatal(err)
		}
	}
	m := machineWith(t, map[string]string{"var/lib/apt/lists/deb.example_InRelease": "", "var/lib/apt/periodic/update-stamp": ""})
	set(m.Root, "var/lib/apt/lists", at(3))
	set(m.Root, "var/lib/apt/periodic/update-stamp", at(6))
	if got := readListsAge(m.Root); !got.Equal(at(6)) {
		t.Errorf("got %s, want that of the stamp", got)
	}
	set(m.Root, "var/lib/apt/lists", at(9))
	if got := readListsAge(m.Root); !got.Equal(at(9)) {
		t.Errorf("got %s, want that of the folder", got)
	}
	if got := readListsAge(machineWith(t, map[string]string{"var/lib/apt/lists/lock": ""}).Root); !got.IsZero() {
		t.Errorf("no lists are from %s", got)
	}
}

func TestTheLastRunOfUnattendedUpgradesIsRead(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "2026-11-22 06:25:01,100 INFO Starting unattended upgrades script\n"
	const lock = "2026-11-22 06:25:02,100 ERROR Lock could not be acquired (another package manager running?)\n"
	at := time.Date(2026, 11, 22, 6, 25, 1, 0, paris)
	tests := []struct {
		name, log string
		begin     time.Time
		wrong     []string
	}{
		{"a run that went well", begin + "2026-11-22 06:25:09,000 INFO All upgrades installed\n", at, []string{}},
		{"one that failed", begin + lock, at, []string{"Lock could not be acquired (another package manager running?)"}},
		{"one that failed, tried again by hand", begin + lock + strings.ReplaceAll(begin, "06:25", "06:40"), at.Add(15 * time.Minute), []string{}},
		{"one that failed the day before", strings.ReplaceAll(begin+lock, "-22", "-21") + "2026-11-22 06:25:01,000 INFO Rien\n", at, []string{}},
		{"in French", "2026-11-22 06:20:00,000 ERROR Oups\n2026-11-22 06:25:01,100 INFO Démarrage du script de mise à niveau automatique\n", at, []string{}},
		{"a trace", begin + "2026-11-22 06:25:02,100 CRITICAL it broke\nTraceback (most recent call last):\n  File \"x\"\n", at, []string{"it broke"}},
		{"warnings are none", begin + "2026-11-22 06:25:02,100 WARNING System is on battery power, stopping\n", at, []string{}},
		{"nothing", "", time.Time{}, []string{}},
		{"something else", "hello\n9999-99-99 99:99:99,000 ERROR x\n", time.Time{}, []string{}},
	}
	for _, tt := range tests {
		begin, wrong := parseUnattended([]byte(tt.log), paris)
		if diff := cmp.Diff(tt.wrong, wrong); diff != "" || !begin.Equal(tt.begin) {
			t.Errorf("%s: began %s, want %s; errors (-want +got):\n%s", tt.name, begin, tt.begin, diff)
		}
	}
	last, wrong := parseUnattended(sample(t, "debian/unattended-upgrades.log.trixie-2.12.txt"), time.UTC)
	if want := time.Date(2026, 11, 22, 15, 55, 8, 0, time.UTC); !last.Equal(want) || len(wrong) != 0 {
		t.Errorf("the last of several runs in two languages: %s, %q, want %s", last, wrong, want)
	}
}

func TestServicesAreThoseOfNeedrestart(t *testing.T) {
	for path, want := range map[string][]string{
		"debian/needrestart-b.readme-verbatim.txt":          {"systemd-journald.service", "systemd-machined.service"},
		"debian/needrestart-b.generated-reboot-pending.txt": {"cron.service", "dovecot.service", "ssh.service"},
	} {
		got, ok := parseServices(sample(t, path))
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", path, ok, diff)
		}
	}
	if _, ok := parseServices([]byte("needrestart: command not found\nNEEDRESTART-SVC: x\n")); ok {
		t.Error("an error is taken for an answer")
	}
}

func TestServicesAreNotKnownWhenNeedrestartDidNotEnd(t *testing.T) {
	whole := []byte("NEEDRESTART-VER: 3.6\nNEEDRESTART-SVC: ssh.service\n")
	for name, s := range map[string]said{
		"it died": {out: whole, code: 2}, "a signal ended it": {out: whole, code: -1}, "it says too much": {out: whole, cut: true}, "it says nothing": {},
	} {
		if services, err := servicesOf(s); err == nil || services != nil {
			t.Errorf("%s: %v, %v", name, services, err)
		}
	}
	if services, err := servicesOf(said{out: whole}); err != nil || len(services) != 1 {
		t.Errorf("got %v, %v", services, err)
	}
}

func FuzzDebian(f *testing.F) {
	for _, path := range []string{"apt-get-s-dist-upgrade.trixie.txt", "apt-list-upgradable.trixie-apt3.0.stdout.txt", "needrestart-b.readme-verbatim.txt", "unattended-upgrades.log.trixie-2.12.txt"} {
		f.Add(sample(f, "debian/"+path))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		all, _ := parseSimulation(out)
		for _, u := range append(all, parseUpgradable(out)...) {
			if !packageName.MatchString(strings.TrimSuffix(u.Name, ":")) && !strings.Contains(u.Name, ":") || strings.ContainsAny(u.Name+u.From+u.To, " \n") {
				t.Errorf("%+v", u)
			}
		}
		services, _ := parseServices(out)
		if len(services) > maxServices {
			t.Errorf("%d services", len(services))
		}
		_, wrong := parseUnattended(out, time.UTC)
		for _, w := range wrong {
			if len(w) > longestError || len(wrong) > mostErrors {
				t.Errorf("too much: %q", wrong)
			}
		}
	})
}

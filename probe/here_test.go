package probe

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestTheUsualEngineIsAskedWhereThereIsOne(t *testing.T) {
	there := filepath.Join(t.TempDir(), "docker.sock")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ setting, usual, want string }{
		{"", there, "unix://" + there}, {"", there + "x", ""}, {"none", there, ""},
		{"unix:///run/podman.sock", there, "unix:///run/podman.sock"}, {"tcp://127.0.0.1:2375", there + "x", "tcp://127.0.0.1:2375"},
	} {
		if got := (EngineAddress{tt.setting}).address(tt.usual); got != tt.want {
			t.Errorf("docker = %q with %s: asks %q, want %q", tt.setting, filepath.Base(tt.usual), got, tt.want)
		}
	}
}

func TestAMistakeInProbeTomlIsNamedWithItsLine(t *testing.T) {
	for doc, want := range map[string]string{
		"docker = \"none\"":                    "",
		"docker = \"unix:///run/docker.sock\"": "",
		"\ndocker = \"tcp://192.0.2.1:2375\"":  "line 2, column 10: ",
		"# x\ndocker = \"ssh://antigone\"":     "docker must begin with unix:// or tcp://",
		"\n\ndokcer = \"none\"":                "line 3, column 1: there is no setting dokcer",
		"docker = 1":                           "docker must begin",
	} {
		_, err := ReadConfig([]byte(doc))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", doc, err, want)
		}
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add([]byte("docker = \"none\""))
	f.Add([]byte("docker = 7\n[x"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if c, err := ReadConfig(doc); err == nil && c.Docker.Address != "" && c.Docker.Address != noEngine && !strings.Contains(c.Docker.Address, "://") {
			t.Errorf("%q lets %q be asked", doc, c.Docker.Address)
		}
	})
}

func TestAMachineWithoutProbeTomlLetsNothingBeAskedBeyondItsState(t *testing.T) {
	m, err := Here(filepath.Join(t.TempDir(), "probe.toml"))
	if err != nil || m.Root != "/" {
		t.Fatalf("got %+v, %v", m, err)
	}
	file := filepath.Join(t.TempDir(), "probe.toml")
	if err := os.WriteFile(file, []byte("docker = 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Here(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file with a mistake: %v", err)
	}
}

// TestTheExampleParses: probe.example.toml is complete, and all of it is right also when
// what is commented out is not.
func TestTheExampleParses(t *testing.T) {
	doc, err := os.ReadFile("../probe.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	var bare strings.Builder
	for line := range strings.Lines(string(doc)) {
		bare.WriteString(settingLine.ReplaceAllString(line, "$1"))
	}
	for _, text := range []string{string(doc), bare.String()} {
		if _, err := ReadConfig([]byte(text)); err != nil {
			t.Errorf("the example has a mistake: %v", err)
		}
	}
	for _, name := range settingNames(reflect.TypeFor[Config]()) {
		if !strings.Contains(bare.String(), "\n"+name+" = ") && !strings.Contains(bare.String(), "["+name+"]") {
			t.Errorf("the example does not name %s", name)
		}
	}
}

// settingLine is a setting that is commented out, or the head of its table.
var settingLine = regexp.MustCompile(`^# ((?:\[+[a-z_]+\]+|[a-z_]+ = .*)\n)`)

// settingNames gives the settings at the top of a probe.toml.
func settingNames(c reflect.Type) (names []string) {
	for field := range c.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		names = append(names, name)
	}
	return names
}

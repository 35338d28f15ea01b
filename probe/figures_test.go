package probe

import (
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/e2e/peers"
	"ronde/hosts"
)

func TestFiguresAreReadAsTheGuidelinesDefineThem(t *testing.T) {
	num := func(f float64) *float64 { return &f }
	tests := []struct {
		name, data string
		want       []Figure
	}{
		{"check_load", "load1=4.550;5.000;10.000;0; load5=3.480;4.000;8.000;0;", []Figure{
			{Label: "load1", Value: 4.55, Warning: "5.000", Critical: "10.000", Min: num(0)}, {Label: "load5", Value: 3.48, Warning: "4.000", Critical: "8.000", Min: num(0)}}},
		{"check_disk", "/=36893097984B;243497277849;257024904396;0;270552530944", []Figure{
			{Label: "/", Value: 36893097984, Unit: "B", Warning: "243497277849", Critical: "257024904396", Min: num(0), Max: num(270552530944)}}},
		{"a label with spaces and a quote", "'/srv/l''été 1'=12%;@5:10;~:20;0;100", []Figure{
			{Label: "/srv/l'été 1", Value: 12, Unit: "%", Warning: "@5:10", Critical: "~:20", Min: num(0), Max: num(100)}}},
		{"undetermined", "a=U b=1s", []Figure{{Label: "b", Value: 1, Unit: "s"}}},
		{"negative, with a dot only", "a=-.5c;:", []Figure{{Label: "a", Value: -.5, Unit: "c", Warning: ":"}}},
		{"words between", "hello a=1 =3 '=4 b=x c=2", []Figure{{Label: "a", Value: 1}, {Label: "c", Value: 2}}},
		{"a limit that is none", "a=1;five;5:6:7;x;y", []Figure{{Label: "a", Value: 1}}},
		{"too large", "a=1e999 b=1", []Figure{{Label: "b", Value: 1}}},
		{"nothing", "  ", []Figure{}},
		{"a quote that is not closed", "'a=1 b=2", []Figure{{Label: "b", Value: 2}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, ParseFigures(tt.data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFiguresStandBehindBarsAlsoInFurtherLines(t *testing.T) {
	said := readPlugin(1, []byte("DISK WARNING - free space: / 3% | /=9MB;1;2\n/ 15272 MB (77%);\n/boot 68 MB (69%) | /boot=68MB;88\n/home=69357MB;253404\n"))
	if said.Code != 1 || said.Line != "DISK WARNING - free space: / 3%" || len(said.Figures) != 3 || said.Figures[2].Label != "/home" {
		t.Errorf("got %+v", said)
	}
	if said := readPlugin(3, nil); said.Line != "" || said.Figures == nil {
		t.Errorf("got %+v", said)
	}
}

func FuzzFigures(f *testing.F) {
	for _, seed := range []string{"a=1", "'a b'=1s;2;3;4;5 c=U", "''''=1", "a=1;@~:5;", "=", "a=1e308KB", strings.Repeat("a=1 ", 100), "'", "é=1µs"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		all := ParseFigures(data)
		if len(all) > mostFigures {
			t.Errorf("%d figures", len(all))
		}
		for _, one := range all {
			if one.Label == "" && !strings.Contains(data, "'") || math.IsNaN(one.Value) || math.IsInf(one.Value, 0) || len(one.Label) > longestLabel {
				t.Errorf("%+v", one)
			}
		}
		_ = readPlugin(0, []byte(data))
	})
}

const plugins = "/usr/lib/nagios/plugins/"

// pluginHost is this machine with a probe.toml.
func pluginHost(t *testing.T, config string) *hosts.Host {
	t.Helper()
	m := machineWith(t, map[string]string{"probe.toml": config})
	h, err := hosts.New(hosts.Config{Name: "antigone", Local: true, ProbeFile: m.Root + "/probe.toml"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRealPluginsSayWhatTheySayByHand(t *testing.T) {
	peers.NeedProgram(t, plugins+"check_load", "monitoring-plugins-basic")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, tt := range []struct {
		command []string
		code    int
		begins  string
		figures []string
	}{
		{[]string{"check_load", "-w", "900,900,900", "-c", "999,999,999"}, 0, "LOAD OK - total load average: ", []string{"load1", "load5", "load15"}},
		{[]string{"check_load", "-w", "0,0,0", "-c", "999,999,999"}, 1, "LOAD WARNING - ", []string{"load1", "load5", "load15"}},
		{[]string{"check_disk", "-w", "0%", "-c", "0%", "-p", "/"}, 0, "DISK OK", []string{"/"}},
		{[]string{"check_procs", "-w", "0:0", "-c", "0:0"}, 2, "PROCS CRITICAL: ", []string{"procs"}},
		{[]string{"check_tcp", "-H", "127.0.0.1", "-p", port}, 0, "TCP OK - ", []string{"time"}},
		{[]string{"check_tcp", "-H", "127.0.0.1", "-p", "1"}, 2, "connect to address 127.0.0.1 and port 1: Connection refused", nil},
		{[]string{"check_dummy", "3", "sais pas"}, 3, "UNKNOWN: sais pas", nil},
		{[]string{"check_dummy", "0", "$(id); `id`"}, 0, "OK: $(id); `id`", nil}, // no shell reads it
	} {
		var quoted []string
		for i, word := range tt.command {
			if i == 0 {
				word = plugins + word
			}
			quoted = append(quoted, strconv.Quote(word))
		}
		h := pluginHost(t, fmt.Sprintf("[[plugin]]\nname = \"x\"\ncommand = [%s]\n", strings.Join(quoted, ", ")))
		said, err := Ask(t.Context(), h, Plugin("x"))
		var labels []string
		for _, f := range said.Figures {
			labels = append(labels, f.Label)
		}
		if err != nil || said.Code != tt.code || !strings.HasPrefix(said.Line, tt.begins) || !cmp.Equal(labels, tt.figures) {
			t.Errorf("%v: got %+v, %v", tt.command, said, err)
		}
	}
}

func TestAPluginThatHangsIsEndedWithItsChildren(t *testing.T) {
	said, gone := runWithChild(t, "500ms", "sleep 60 2>%s & sleep 60")
	if !said.Late {
		t.Errorf("got %+v", said)
	}
	checkGone(t, gone)
}

func TestAPluginLeavesNothingRunning(t *testing.T) {
	said, gone := runWithChild(t, "20s", "sleep 60 2>%s >/dev/null & echo fine")
	if said.Late || said.Line != "fine" {
		t.Errorf("got %+v", said)
	}
	checkGone(t, gone)
}

// runWithChild runs a plugin whose child writes into the pipe that replaces %s. A pipe ends
// when everybody is gone who could write into it.
func runWithChild(t *testing.T, timeout, script string) (PluginSaid, <-chan error) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		_, err := os.ReadFile(pipe)
		gone <- err
	}()
	h := pluginHost(t, fmt.Sprintf("[[plugin]]\nname = \"x\"\ntimeout = %q\ncommand = [\"/bin/sh\", \"-c\", %q]\n", timeout, fmt.Sprintf(script, pipe)))
	said, err := Ask(t.Context(), h, Plugin("x"))
	if err != nil {
		t.Error(err)
	}
	// The child may have been ended before it opened the pipe, for which the reader would wait for ever.
	if writer, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = writer.Close()
	}
	return said, gone
}

func checkGone(t *testing.T, gone <-chan error) {
	t.Helper()
	select {
	case err := <-gone:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second): // half of what the child would sleep
		t.Error("its child lives on")
	}
}

func TestAPluginSeesNothingOfTheBot(t *testing.T) {
	t.Setenv("RONDE_PASSWORD", "hunter2")
	h := pluginHost(t, `[[plugin]]
name = "x"
command = ["/bin/sh", "-c", "echo it sees $RONDE_PASSWORD; cat"]
[[plugin]]
name = "long"
command = ["/usr/bin/yes"]
timeout = "300ms"
`)
	said, err := Ask(t.Context(), h, Plugin("x"))
	if err != nil || said.Line != "it sees" || said.Code != 0 {
		t.Errorf("got %+v, %v", said, err)
	}
	if said, err := Ask(t.Context(), h, Plugin("long")); err != nil || !said.Late {
		t.Errorf("one that never stops writing: %+v, %v", said, err)
	}
}

func TestOnlyPluginsOfTheMachinesOwnListRun(t *testing.T) {
	m := machine(t, "/")
	m.Config.Plugins = []PluginConfig{{Name: "x", Command: []string{"/bin/true"}}}
	for line, want := range map[string]Code{
		"plugin x": "", "plugin y": NoSuch, "plugin": BadRequest, "plugin x -w": BadRequest, "plugin %2Fbin%2Fsh": BadRequest, "plugin ..": BadRequest, "plugin x%20y": BadRequest,
	} {
		var said PluginSaid
		err := readAnswer(m.Serve(t.Context(), line, "1.0"), &said)
		if got := errorCode(err); got != want {
			t.Errorf("%q: got %v, want the code %q", line, err, want)
		}
	}
}

func errorCode(err error) Code {
	if err == nil {
		return ""
	}
	return errorOf(err).Code
}

func TestMistakesInAProbeFileAreTold(t *testing.T) {
	for doc, want := range map[string]string{
		"[[plugin]]\nname = \"x\"\ncommand = [\"check_load\"]":                                                                "absolute path",
		"[[plugin]]\nname = \"x\"\ncommand = []":                                                                              "absolute path",
		"[[plugin]]\nname = \"a b\"\ncommand = [\"/bin/true\"]":                                                               "one word",
		"[[plugin]]\nname = \"x\"\ncommand = [\"/bin/true\"]\n[[plugin]]\nname = \"x\"\ncommand = [\"/bin/true\"]":            "no other's",
		"[[plugin]]\nname = \"x\"\ncommand = [\"/bin/true\"]\ntimeout = \"1h\"":                                               "timeout is more",
		"[[plugin]]\nname = \"x\"\ncommand = [\"/bin/true\"]\ntimeout = \"soon\"":                                             "line 4",
		"[[plugin]]\nname = \"x\"\nshell = \"true\"":                                                                          "there is no setting",
		"[[redis]]\nname = \"x\"":                                                                                             "a host and a port",
		"[[redis]]\nname = \"x y\"\naddress = \"127.0.0.1:6379\"":                                                             "one word",
		"[[redis]]\nname = \"x\"\naddress = \"/run/redis.sock\"\npassword_file = \"secret\"":                                  "absolute path",
		"[[redis]]\nname = \"x\"\naddress = \"/run/redis.sock\"\nuser = \"ronde\"":                                            "password_file",
		"[[redis]]\nname = \"x\"\naddress = \"/run/redis.sock\"":                                                              "",
		"[[backup]]\nname = \"x\"\nkind = \"tar\"":                                                                            "kind is not borg",
		"[[backup]]\nname = \"x\"\nkind = \"borg\"":                                                                           "repository is needed",
		"[[backup]]\nname = \"x\"\nkind = \"lines\"\nlog = \"backup.log\"":                                                    "absolute path",
		"[[backup]]\nname = \"x\"\nkind = \"lines\"\nlog = \"/x\"\nsuccess = \"(\"":                                           "line 5",
		"[[backup]]\nname = \"x\"\nkind = \"borgmatic\"\nlog = \"/x\"\nconfig = \"/y\"":                                       "two ways",
		"[[backup]]\nname = \"x\"\nkind = \"files\"\nfiles = \"/srv/*\"\n[[plugin]]\nname = \"x\"\ncommand = [\"/bin/true\"]": "",
	} {
		_, err := ReadConfig([]byte(doc))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", doc, err, want)
		}
	}
}

package probe

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/logs"
)

// logMachine is a server with a log called syslog, in which some lines are.
func logMachine(t *testing.T, lines ...string) (m *Machine, write func(lines ...string)) {
	t.Helper()
	root := t.TempDir()
	m = machine(t, root)
	m.Config = Config{Logs: []Log{{Name: "syslog", Path: "/var/log/services.log"}}}
	path := filepath.Join(root, "var/log/services.log")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	write = func(lines ...string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			_, err = f.WriteString("Nov 21 03:14:07 host " + line + "\n")
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write(lines...)
	return m, write
}

func TestALogIsCountedFromItsCursorOnOverTheNetwork(t *testing.T) {
	m, write := logMachine(t, "web[1]: one", "web[1]: an error")
	ask := func(cursor string) (got LogCounts) {
		t.Helper()
		if err := readAnswer(m.Serve(t.Context(), CommandLine("logs", []string{"syslog", cursor}), "1.0"), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := ask("")
	if want := []logs.Service{{Name: "web", Lines: 2, Errors: 1}}; !first.First || !cmp.Equal(want, first.Services) {
		t.Errorf("got %+v", first)
	}
	write("db[1]: two")
	for range 2 { // the machine keeps nothing: the same question has the same answer
		next := ask(first.Cursor)
		if want := []logs.Service{{Name: "db", Lines: 1}}; next.First || next.Lines != 1 || !cmp.Equal(want, next.Services) {
			t.Errorf("got %+v", next)
		}
	}
	if again := ask(ask(first.Cursor).Cursor); again.Lines != 0 || again.Services == nil {
		t.Errorf("got %+v", again)
	}
}

func TestOnlyALogThatTheMachineNamesIsRead(t *testing.T) {
	m, _ := logMachine(t, "web[1]: one")
	for line, want := range map[string]Code{
		"logs": BadRequest, "logs syslog x y": BadRequest, "logs syslog rubbish": BadRequest, "logs other": NoSuch,
		"logs %2Fetc%2Fpasswd": NoSuch, "logs ../syslog": NoSuch, "logs syslog 1~a.b.c": BadRequest, "logs *": NoSuch,
	} {
		err := readAnswer(m.Serve(t.Context(), line, "1.0"), nil)
		var told *Error
		if !errors.As(err, &told) || told.Code != want {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
}

func TestALogThatIsNotThereIsNoEmptyLog(t *testing.T) {
	m := machine(t, t.TempDir())
	m.Config = Config{Logs: []Log{{Name: "syslog", Path: "/no/such/folder.log"}}}
	if err := readAnswer(m.Serve(t.Context(), "logs syslog", "1.0"), nil); err == nil {
		t.Error("a log in a folder that is not there was counted")
	}
}

func TestMistakesInALogOfTheConfigurationAreSaid(t *testing.T) {
	for doc, want := range map[string]string{
		"[[log]]\npath = '/x'":                                             "needs a name",
		"[[log]]\nname = 'a b'\npath = '/x'":                               "needs a name",
		"[[log]]\nname = 'a'":                                              "either a path or a unit",
		"[[log]]\nname = 'a'\npath='/x'\nunit='u'":                         "either a path or a unit",
		"[[log]]\nname = 'a'\npath = 'x'":                                  "begin with /",
		"[[log]]\nname = 'a'\nunit = '--root=/'":                           "no unit",
		"[[log]]\nname = 'a'\nunit = 'u'\nformat = 'x'":                    "no format",
		"[[log]]\nname = 'a'\nunit = 'u'\n[[log]]\nname = 'a'\nunit = 'v'": "two of that name",
	} {
		if _, err := ReadConfig([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", doc, err, want)
		}
	}
	c, err := ReadConfig([]byte("[[log]]\nname = 'a'\nunit = 'ssh.service'\nformat = 'plain'"))
	if want := (Config{Logs: []Log{{Name: "a", Unit: "ssh.service", Format: logs.Plain}}}); err != nil || !cmp.Equal(want, c) {
		t.Errorf("got %+v, %v", c, err)
	}
}

// Docker's tag is the id of the container, and another one with each new version.
func TestServicesThatHaveTheIDOfAContainerGetItsName(t *testing.T) {
	got := renamed(
		[]logs.Service{{Name: "7c71187fad11", Lines: 2}, {Name: "aaaaaaaaaaaa", Lines: 1}, {Name: "nextcloud", Lines: 5}},
		[]hosts.Container{{ID: "7c71187fad11" + strings.Repeat("0", 52), Name: "nextcloud"}},
	)
	if want := []logs.Service{{Name: "aaaaaaaaaaaa", Lines: 1}, {Name: "nextcloud", Lines: 7}}; !cmp.Equal(want, got) {
		t.Errorf("got %+v", got)
	}
}

func localMachine(t *testing.T, root, file string) *Machine {
	t.Helper()
	h, err := hosts.New(hosts.Config{Name: "antigone", Local: true, Root: root, ProbeFile: file})
	if err != nil {
		t.Fatal(err)
	}
	m, err := machineOf(h)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

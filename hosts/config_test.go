package hosts

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckNamesTheSettingThatIsWrong(t *testing.T) {
	files := TLS{CA: "ca.pem", Cert: "cert.pem", Key: "key.pem"}
	tests := []struct {
		name string
		c    Config
		keys string // of the mistakes, in order
	}{
		{"a local socket", Config{Name: "antigone", Docker: "unix:///var/run/docker.sock"}, ""},
		{"TCP with TLS", Config{Name: "antigone", Docker: "tcp://antigone.example.org:2376", TLS: files}, ""},
		{"TLS without a client certificate", Config{Name: "antigone", Docker: "tcp://192.0.2.1:2376", TLS: TLS{CA: "ca.pem"}}, ""},
		{"this machine by address", Config{Name: "antigone", Docker: "tcp://127.0.0.1:2375"}, ""},
		{"this machine by IPv6 address", Config{Name: "antigone", Docker: "tcp://[::1]:2375"}, ""},
		{"this machine by name", Config{Name: "antigone", Docker: "tcp://localhost:2375"}, ""},
		{"no engine", Config{Name: "antigone"}, ""},
		{"this machine", Config{Name: "antigone", Local: true}, ""},
		{"this machine, from a container", Config{Name: "antigone", Local: true, Root: "/host"}, ""},

		{"TCP without TLS", Config{Name: "antigone", Docker: "tcp://antigone.example.org:2375"}, "docker"},
		{"a name that only looks like this machine", Config{Name: "antigone", Docker: "tcp://127.0.0.1.example.org:2375"}, "docker"},
		{"no port", Config{Name: "antigone", Docker: "tcp://antigone.example.org", TLS: files}, "docker"},
		{"a password in the address", Config{Name: "antigone", Docker: "tcp://me:secret@127.0.0.1:2375"}, "docker"},
		{"a path after the port", Config{Name: "antigone", Docker: "tcp://127.0.0.1:2375/x"}, "docker"},
		{"a relative socket", Config{Name: "antigone", Docker: "unix://docker.sock"}, "docker"},
		{"a socket with too long a path", Config{Name: "antigone", Docker: "unix:///" + strings.Repeat("x", 107)}, "docker"},
		{"a socket with TLS", Config{Name: "antigone", Docker: "unix:///run/docker.sock", TLS: files}, "docker"},
		{"ssh", Config{Name: "antigone", Docker: "ssh://antigone"}, "docker"},
		{"a bare path", Config{Name: "antigone", Docker: "/run/docker.sock"}, "docker"},
		{"not an address", Config{Name: "antigone", Docker: "tcp://%zz"}, "docker"},
		{"TLS without an engine", Config{Name: "antigone", TLS: files}, "docker"},
		{"a certificate without its key", Config{Name: "a", Docker: "tcp://127.0.0.1:1", TLS: TLS{Cert: "c"}}, "tls"},
		{"the root of another machine", Config{Name: "a", Root: "/host"}, "root"},
		{"a relative root", Config{Name: "a", Local: true, Root: "host"}, "root"},
		{"a name of two words", Config{Name: "anti gone"}, "name"},
		{"all at once", Config{Docker: "ssh://x", TLS: TLS{Key: "k"}}, "name docker tls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(wrongKeys(t, tt.c.Check()), " "); got != tt.keys {
				t.Errorf("mistakes in %q, want %q", got, tt.keys)
			}
		})
	}
}

func wrongKeys(t *testing.T, err error) (keys []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var wrong *SettingError
		if !errors.As(e, &wrong) || strings.Contains(e.Error(), "secret") {
			t.Fatalf("%v is not a SettingError, or says too much", e)
		}
		keys = append(keys, wrong.Key)
	}
	return keys
}

func TestNewReadsTheCertificatesButNeverDials(t *testing.T) {
	missing := Config{Name: "antigone", Docker: "tcp://192.0.2.1:2376", TLS: TLS{CA: "/nowhere/ca.pem"}}
	var wrong *SettingError
	if _, err := New(missing); !errors.As(err, &wrong) || wrong.Key != "tls" {
		t.Errorf("got %v, want a mistake in tls", err)
	}
	if _, err := New(Config{Name: "antigone", Docker: "unix:///nowhere/docker.sock"}); err != nil {
		t.Errorf("an engine that is away is no mistake: %v", err)
	}
}

func TestASetFindsHostsWhateverTheirCapitals(t *testing.T) {
	set, err := NewSet([]Config{{Name: "antigone"}, {Name: "Balearica"}})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for _, name := range []string{"antigone", "Antigone", "balearica"} {
		if h, err := set.Find(name); err != nil || !strings.EqualFold(h.Name(), name) {
			t.Errorf("Find(%q) = %v, %v", name, h, err)
		}
	}
	_, err = set.Find("antigon")
	var unknown *UnknownHostError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v, want an UnknownHostError", err)
	}
	want := &UnknownHostError{Name: "antigon", Known: []string{"antigone", "Balearica"}}
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if len(set.All()) != 2 {
		t.Errorf("All has %d hosts, want 2", len(set.All()))
	}
}

func TestASetTellsEveryMistake(t *testing.T) {
	_, err := NewSet([]Config{{Name: "antigone"}, {Name: "Antigone"}, {Docker: "ssh://x"}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`host "Antigone": name: is already`, `host "": name: is missing`, `docker: must begin with`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

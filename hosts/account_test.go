package hosts

import (
	"strings"
	"testing"
)

func TestAnAccountIsAUserAndAServer(t *testing.T) {
	for written, want := range map[string]string{
		"ronde@antigone.example.org":      "ronde antigone.example.org:22",
		"ronde@antigone.example.org:2222": "ronde antigone.example.org:2222",
		"ronde@192.0.2.1":                 "ronde 192.0.2.1:22",
		"ronde@[2001:db8::1]:2222":        "ronde [2001:db8::1]:2222",
		"ronde@2001:db8::1":               "ronde [2001:db8::1]:22",
		"ronde@[2001:db8::1]":             "ronde [2001:db8::1]:22",
		"antigone":                        "",
		"@antigone":                       "",
		"ronde@":                          "",
		"ronde@antigone:":                 "",
		"ronde@antigone:ssh":              "",
		"ronde@a,b":                       "",
		"ronde@*.example.org":             "",
		"ronde@antigone ssh-rsa":          "",
		"ssh://ronde@antigone":            "",
		"-oProxyCommand=x@antigone":       "",
		"ronde:secret@antigone":           "",
	} {
		a, ok := parseAccount(written)
		if got := strings.TrimSpace(a.user + " " + a.server); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", written, got, want)
		}
	}
}

func FuzzParseAccount(f *testing.F) {
	f.Add("ronde@antigone.example.org:2222")
	f.Add("a@[::1]:22")
	f.Fuzz(func(t *testing.T, written string) {
		a, ok := parseAccount(written)
		if ok && strings.ContainsAny(a.user+a.server, " \t\r\n,*?!|#\"") {
			t.Errorf("%q gives %+v, which would mean something in a file of keys", written, a)
		}
	})
}

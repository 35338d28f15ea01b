package checks

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// webServer is a server over TLS that answers as the test says, and the file with whoever
// signed its certificate.
func webServer(t *testing.T, answer http.HandlerFunc) (address, caFile string) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	doc := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(caFile, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, caFile
}

// pages answers with a file below testdata for each path.
func pages(t *testing.T, files map[string]string) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		file, known := files[r.URL.Path]
		if !known {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(fixture(t, file))
	}
}

func fixture(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAKeyGoesNowhereElse(t *testing.T) {
	followed := false
	var address string
	address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	with := webRequest{address: address, caFile: ca, follows: 5, key: func(r *http.Request) { r.Header.Set("X-Api-Key", "hunter2") }}
	if _, err := with.get(t.Context()); err == nil || followed {
		t.Errorf("a redirect was followed with a key (%v)", err)
	}
	if _, err := (webRequest{address: address, caFile: ca, follows: 5}).get(t.Context()); err != nil || !followed {
		t.Errorf("a redirect was not followed without one: %v", err)
	}
}

func TestNoRedirectLeavesTLSOrGoesInCircles(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	for _, to := range []string{plain.URL, "/again"} {
		address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
		if _, err := (webRequest{address: address, caFile: ca, follows: 3}).ask(t.Context()); !errors.Is(err, errRedirect) {
			t.Errorf("to %s: got %v", to, err)
		}
	}
}

func TestAnErrorRepeatsNoAddressAndNoAnswer(t *testing.T) {
	const secret = "hunter2"
	answers := map[string]http.HandlerFunc{
		"refused":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, http.StatusUnauthorized) },
		"broken":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, http.StatusInternalServerError) },
		"too long": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, maxAnswer+10) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, secret)
		},
	}
	for name, answer := range answers {
		address, ca := webServer(t, answer)
		_, err := webRequest{address: address + "/ping/" + secret, caFile: ca}.get(t.Context())
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "/ping") {
			t.Errorf("%s: got %v", name, err)
		}
		if denied := errors.Is(err, errDenied); denied != (name == "refused") {
			t.Errorf("%s: got %v, denied %v", name, err, denied)
		}
	}
	address, _ := webServer(t, answers["refused"])
	if _, err := (webRequest{address: address + "/" + secret}).get(t.Context()); !errors.Is(err, errAway) || strings.Contains(err.Error(), secret) {
		t.Errorf("of a certificate that nobody signed got %v", err)
	}
	if _, err := (webRequest{address: "http://127.0.0.1:1/" + secret}).get(t.Context()); !errors.Is(err, errAway) || strings.Contains(err.Error(), secret) {
		t.Errorf("of nobody got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestNobodyWaitsForAServerThatSaysNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	hang := make(chan struct{})
	address, ca := webServer(t, func(http.ResponseWriter, *http.Request) { <-hang })
	defer close(hang)
	if _, err := (webRequest{address: address, caFile: ca}).get(ctx); faultOf(err) != FaultLate {
		t.Errorf("got %v", err)
	}
}

func TestAnAddressThatWouldShowAKeyIsRefused(t *testing.T) {
	for address, want := range map[string]string{
		"":                           "",
		"https://kuma.example.org":   "",
		"http://127.0.0.1:3001":      "",
		"http://[::1]:3001":          "",
		"http://localhost":           "",
		"http://uptime-kuma:3001":    "",
		"http://kuma.example.org":    "readable",
		"http://192.0.2.1":           "readable",
		"http://[2001:db8::1]":       "readable",
		"https://a:b@kuma.example":   "no user name",
		"kuma.example.org":           "is not an address",
		"ftp://kuma.example.org":     "is not an address",
		"https:///api":               "is not an address",
		"http://127.0.0.1.evil.org/": "readable",
	} {
		if got := wrongAddress(address, true); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

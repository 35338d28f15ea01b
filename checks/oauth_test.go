package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	secretWord = "s-s4t2ud-hunter2"
	tokenWord  = "f00dfeedf00dfeed"
)

// provider is an OAuth provider over TLS that answers as the test says, with the
// configuration of a secret there.
func provider(t *testing.T, answer http.HandlerFunc) (*httptest.Server, OAuthConfig) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, OAuthConfig{Name: "intra", TokenURL: server.URL + "/oauth/token", ClientID: "u-s4t2ud-1", ClientSecret: secretWord}
}

// says answers with a status and a body of JSON.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// grant is what the intra answers, with one more field.
func grant(field string) string {
	return `{"access_token":"` + tokenWord + `","token_type":"bearer","expires_in":7200,"scope":"public","created_at":1795226400` + field + `}`
}

func validFor(d time.Duration) string {
	return grant(fmt.Sprintf(`,"secret_valid_until":%d`, time.Now().Add(d).Unix()))
}

func TestWhatAProviderSaysIsTheVerdictOfOAuth(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   Status
		fault  Fault // "" for none
		until  bool  // whether a date is known
	}{
		{"far ahead", says(200, validFor(15*day)), OK, "", true},
		{"two weeks ahead", says(200, validFor(14*day)), Warning, FaultExpiring, true},
		{"tomorrow", says(200, validFor(day)), Warning, FaultExpiring, true},
		{"past", says(200, validFor(-time.Hour)), Critical, FaultExpired, true},
		{"refused", says(401, `{"error":"invalid_client","error_description":"Client authentication failed due to unknown client."}`), Critical, FaultRefused, false},
		{"another 401", says(401, `{"error":"invalid_grant"}`), Unknown, FaultFailed, false},
		{"a 401 that is no JSON", says(401, `invalid_client`), Unknown, FaultFailed, false},
		{"invalid_client with another status", says(400, `{"error":"invalid_client"}`), Unknown, FaultFailed, false},
		{"an outage", says(502, `<html>Bad Gateway</html>`), Unknown, FaultFailed, false},
		{"too many requests", says(429, `{}`), Unknown, FaultFailed, false},
		{"no date", says(200, grant("")), Unknown, FaultNoDate, false},
		{"a date of null", says(200, grant(`,"secret_valid_until":null`)), Unknown, FaultNoDate, false},
		{"a date in words", says(200, grant(`,"secret_valid_until":"2026-12-31"`)), Unknown, FaultNoDate, false},
		{"a date of zero", says(200, grant(`,"secret_valid_until":0`)), Unknown, FaultNoDate, false},
		{"a date in milliseconds", says(200, grant(`,"secret_valid_until":1797120000000`)), Unknown, FaultNoDate, false},
		{"a date that is no whole number", says(200, grant(`,"secret_valid_until":1.5`)), Unknown, FaultNoDate, false},
		{"a date without a token", says(200, `{"secret_valid_until":4102444800}`), Unknown, FaultFailed, false},
		{"an error with status 200", says(200, `{"error":"invalid_client"}`), Unknown, FaultFailed, false},
		{"wrong JSON", says(200, `{"access_token":`), Unknown, FaultFailed, false},
		{"a list", says(200, `[]`), Unknown, FaultFailed, false},
		{"nothing", says(200, ``), Unknown, FaultFailed, false},
		{"a huge body", says(200, grant(`,"padding":"`+strings.Repeat("x", 2<<20)+`","secret_valid_until":4102444800`)), Unknown, FaultFailed, false},
		{"a huge header", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Padding", strings.Repeat("x", 1<<20))
			_, _ = io.WriteString(w, validFor(99*day))
		}, Unknown, FaultFailed, false},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org/?secret="+secretWord, http.StatusTemporaryRedirect)
		}, Unknown, FaultFailed, false},
		{"the secret, as an error", says(400, `{"error":"`+secretWord+`","error_description":"`+secretWord+`"}`), Unknown, FaultFailed, false},
		{"the secret, as wrong JSON", says(200, secretWord), Unknown, FaultFailed, false},
		{"the secret, as the status line", raw("HTTP/1.1 " + secretWord + "\r\n\r\n"), Unknown, FaultFailed, false},
		{"the secret, as a date", says(200, grant(`,"secret_valid_until":"`+secretWord+`"`)), Unknown, FaultNoDate, false},
		{"a connection that breaks", raw(""), Unknown, FaultFailed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, c := provider(t, tt.answer)
			transport := server.Client().Transport.(*http.Transport)
			transport.MaxResponseHeaderBytes = maxHeader
			report, err := askOAuth(t.Context(), transport, c)
			r := report.(SecretReport)
			if r.Status != tt.want || (r.ValidUntil != nil) != tt.until {
				t.Errorf("status %s, until %v, want %s; error %v", r.Status, r.ValidUntil, tt.want, err)
			}
			if len(r.Findings) != min(1, len(tt.fault)) || tt.fault != "" && r.Findings[0].Fault != tt.fault {
				t.Errorf("findings %+v, want %q", r.Findings, tt.fault)
			}
			keepsQuiet(t, r, err)
		})
	}
}

// raw answers with bytes of its own, and ends the connection.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(buffered, r.ContentLength))
		_, _ = buffered.WriteString(answer)
		_ = buffered.Flush()
	}
}

// keepsQuiet looks for the secret and the token in all that can leave the check.
func keepsQuiet(t *testing.T, r SecretReport, err error) {
	t.Helper()
	var said strings.Builder
	if err := r.Print(&said); err != nil {
		t.Error(err)
	}
	encoded, errJSON := json.Marshal(r)
	fmt.Fprintf(&said, "%s %v %+v", encoded, err, r)
	for _, word := range []string{secretWord, tokenWord} {
		if errJSON != nil || strings.Contains(said.String(), word) {
			t.Errorf("it tells %s: %s (%v)", word, said.String(), errJSON)
		}
	}
}

func TestTheSecretIsSentOnceAndInTheBodyOnly(t *testing.T) {
	requests := 0
	server, c := provider(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s with header %v", r.Method, r.URL, r.Header)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		want := map[string][]string{"grant_type": {"client_credentials"}, "client_id": {"u-s4t2ud-1"}, "client_secret": {secretWord}}
		if diff := cmp.Diff(want, map[string][]string(r.PostForm)); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
		says(500, "")(w, r)
	})
	_, _ = askOAuth(t.Context(), server.Client().Transport, c)
	if requests != 1 {
		t.Errorf("%d requests for one question", requests)
	}
}

func TestASlowProviderIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	server, c := provider(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	report, err := askOAuth(ctx, server.Client().Transport, c)
	r := report.(SecretReport)
	if r.Status != Unknown || r.Findings[0].Fault != FaultLate {
		t.Errorf("%+v, %v", r, err)
	}
	keepsQuiet(t, r, err)
}

func TestAProviderThatCannotBeTrustedGetsNoSecret(t *testing.T) {
	server, c := provider(t, func(w http.ResponseWriter, r *http.Request) { t.Error("it was asked") })
	report, err := measureOAuth(t.Context(), c) // which does not know the test's authority
	if r := report.(SecretReport); r.Status != Unknown || r.Findings[0].Fault != FaultAway || !strings.Contains(fmt.Sprint(err), "not trusted") {
		t.Errorf("%+v, %v", r, err)
	}
	server.Close()
	report, err = askOAuth(t.Context(), server.Client().Transport, c)
	if r := report.(SecretReport); r.Status != Unknown || r.Findings[0].Fault != FaultAway {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestASecretThatIsNotThereIsUnknown(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, file := range map[string]string{
		"no file": "", "gone": dir + "/" + secretWord, "a folder": dir, "empty": write("empty", "\n"), "two lines": write("two", secretWord+"\n"+secretWord),
	} {
		report, err := measureOAuth(t.Context(), OAuthConfig{Name: "intra", TokenURL: "https://127.0.0.1:1", SecretFile: file})
		if err == nil || report.Verdict().Status != Unknown {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		keepsQuiet(t, report.(SecretReport), err)
	}
}

func TestAConfigurationIsPrintedWithoutItsSecret(t *testing.T) {
	c := OAuthConfig{Name: "intra", ClientSecret: secretWord}
	encoded, err := json.Marshal(c)
	if said := fmt.Sprintf("%v %+v %s %s", c, []OAuthConfig{c}, c, encoded); err != nil || strings.Contains(said, secretWord) {
		t.Errorf("%s, %v", said, err)
	}
}

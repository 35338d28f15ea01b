package checks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

func TestWhatAPageAnswersIsItsVerdict(t *testing.T) {
	base := httpSettings{Redirects: 5, Warning: 3 * time.Second, Critical: 10 * time.Second}
	with := func(change func(*httpSettings)) httpSettings { s := base; change(&s); return s }
	ok := webAnswer{status: 200, body: []byte(`{"maintenance":false}`), took: time.Second}
	of := func(status int) webAnswer { return webAnswer{status: status, took: time.Second} }
	for _, tt := range []struct {
		name   string
		answer webAnswer
		s      httpSettings
		want   Status
		fault  Fault
	}{
		{"all is well", ok, base, OK, ""},
		{"the text is there", ok, with(func(s *httpSettings) { s.Text = `"maintenance":false` }), OK, ""},
		{"the text is not there", ok, with(func(s *httpSettings) { s.Text = "Bienvenue" }), Critical, FaultPageText},
		{"an error", of(502), base, Critical, FaultPageStatus},
		{"an error that is expected", of(401), with(func(s *httpSettings) { s.Status = 401 }), OK, ""},
		{"a redirect that was not followed", of(301), with(func(s *httpSettings) { s.Redirects = 0 }), Critical, FaultPageStatus},
		{"a redirect that is expected", of(301), with(func(s *httpSettings) { s.Redirects, s.Status = 0, 301 }), OK, ""},
		{"slow", webAnswer{status: 200, took: 3 * time.Second}, base, Warning, FaultPageSlow},
		{"very slow", webAnswer{status: 200, took: 11 * time.Second}, base, Critical, FaultPageSlow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newHTTPReport("nuage", tt.answer, nil, tt.s, now)
			if r.Status != tt.want || tt.fault != "" && r.Findings[0].Fault != tt.fault {
				t.Errorf("got %v with %+v", r.Status, r.Findings)
			}
		})
	}
}

func TestAPageThatIsGoneIsToldFromANetworkThatIs(t *testing.T) {
	for want, err := range map[Fault]error{
		FaultPageAway:     fmt.Errorf("it %w: %w", errAway, syscall.ECONNREFUSED),
		FaultPageLate:     fmt.Errorf("no answer in time: %w", context.DeadlineExceeded),
		FaultPageRedirect: errRedirect,
	} {
		if got := pageFault(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	for _, err := range []error{
		errors.New("the file of its authority cannot be read"),
		fmt.Errorf("it %w: %w", errAway, &net.DNSError{Err: "server misbehaving", IsTemporary: true}),
		fmt.Errorf("it %w: %w", errAway, syscall.ENETUNREACH),
	} {
		if got := pageFault(err); got != "" {
			t.Errorf("%v: got %q, want that nobody can tell", err, got)
		}
	}
	if got := pageFault(fmt.Errorf("it %w: %w", errAway, &net.DNSError{IsNotFound: true})); got != FaultPageAway {
		t.Errorf("a name that there is not: got %q", got)
	}
}

func TestAPageIsMeasuredOverTLS(t *testing.T) {
	address, ca := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.Redirect(w, r, "/there", http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, "Bienvenue")
	})
	s := httpSettings{URL: address, Text: "Bienvenue", Redirects: 5, Warning: 10 * time.Second, Critical: 12 * time.Second, CAFile: ca}
	r, err := measureHTTP(t.Context(), Asked{Name: "nuage", Settings: s})
	if err != nil || r.Verdict().Status != OK || len(r.Verdict().Metrics) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	s.CAFile = ""
	r, err = measureHTTP(t.Context(), Asked{Name: "nuage", Settings: s})
	if err != nil || r.Verdict().Findings[0].Fault != FaultCertAuthority && r.Verdict().Findings[0].Fault != FaultCertSelf {
		t.Errorf("of a certificate that nobody trusts got %+v, %v", r, err)
	}
	s.URL = "http://127.0.0.1:1/"
	r, err = measureHTTP(t.Context(), Asked{Name: "nuage", Settings: s})
	if err != nil || r.Verdict().Status != Critical || r.Verdict().Findings[0].Thing != "nuage" {
		t.Errorf("of nobody got %+v, %v", r, err)
	}
}

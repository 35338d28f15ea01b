package pager

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ronde/alerts"
	"ronde/e2e/peers"
	"ronde/e2e/postbox"
)

var test = message{ID: "ronde-x-1-down", Title: "🔴 Panne · Nuage « été » · 502 · depuis 03:02", Body: "Nuage\n\n.\nÀ bientôt"}

// outcome says what is known of an attempt.
func outcome(err error) string {
	switch {
	case err == nil:
		return "sent"
	case errors.Is(err, errDoubt):
		return "in doubt"
	}
	return "not sent"
}

// TestWhatNtfyAnswers: only what certainly did not arrive is tried again without a mark.
func TestWhatNtfyAnswers(t *testing.T) {
	const published = `{"id":"hwQ2YpKdmg","time":1,"event":"message","topic":"ronde"}`
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}
	for _, tt := range []struct {
		name, want string
		answer     http.HandlerFunc
	}{
		{"published", "sent", answers(200, published)},
		{"a web site that answers everything", "not sent", answers(200, "<html>Welcome</html>")},
		{"JSON of something else", "not sent", answers(200, `{"ok":true}`)},
		{"forbidden", "not sent", answers(403, `{"code":40301,"http":403}`)},
		{"a redirect, which would take the token along", "not sent", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }},
		{"too many", "not sent", answers(429, `{}`)},
		{"ntfy failed", "not sent", answers(500, `{}`)},
		{"a proxy that got no answer", "in doubt", answers(502, "")},
		{"a proxy that waited in vain", "in doubt", answers(504, "")},
		{"no answer", "in doubt", hangUp},
		{"half an answer", "in doubt", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(published[:10]))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				tt.answer(w, r)
			}))
			defer server.Close()
			err := Ntfy{Server: server.URL, Topic: "ronde-secret", Token: "tk_secret", Priority: 5}.sender(nil, "ronde/test")(t.Context(), test)
			if got := outcome(err); got != tt.want || calls.Load() != 1 {
				t.Errorf("%s after %d calls, want %s: %v", got, calls.Load(), tt.want, err)
			}
			tellsNothing(t, err, "secret", strings.TrimPrefix(server.URL, "http://"))
		})
	}
}

func TestAnAnswerThatIsTooLateProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		ctx, stop := context.WithTimeout(t.Context(), attemptTime)
		defer stop()
		if err := (Ntfy{Server: "https://ntfy.example.org", Priority: 5}).sender(silent, "")(ctx, test); outcome(err) != "in doubt" {
			t.Error(err)
		}
	})
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func tellsNothing(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func TestAServerThatIsNotThereGetsNothing(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	_ = gone.Close()
	untrusted := httptest.NewTLSServer(answers(200, ""))
	defer untrusted.Close()
	for name, send := range map[string]func(context.Context, message) error{
		"ntfy refuses the connection":        Ntfy{Server: "http://" + address, Priority: 5}.sender(nil, ""),
		"ntfy has a name that nobody has":    Ntfy{Server: "http://ntfy.invalid", Priority: 5}.sender(nil, ""),
		"ntfy has a certificate of somebody": Ntfy{Server: untrusted.URL, Priority: 5}.sender(nil, ""),
		"mail refuses the connection":        Mail{Address: address, TLS: alerts.TLSNone, From: "a@b.org"}.sender(nil, "c@d.org", ""),
		"mail has a certificate of somebody": Mail{Address: strings.TrimPrefix(untrusted.URL, "https://"), TLS: alerts.TLSImplicit, From: "a@b.org"}.sender(nil, "c@d.org", ""),
	} {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		if got := outcome(send(ctx, test)); got != "not sent" {
			t.Errorf("%s: %s", name, got)
		}
		stop()
	}
}

// TestAPageReachesARealMailServer hands a mail in at Dovecot, which hands it on.
func TestAPageReachesARealMailServer(t *testing.T) {
	dovecot := peers.NeedDovecot(t)
	box := relay(t, dovecot.Relay)
	good := Mail{CAFile: dovecot.CAFile, User: dovecot.User, Password: dovecot.Password, From: "ronde <ronde@example.net>"}
	for _, tt := range []struct {
		name, address, tls string
		change             func(m *Mail)
		to, want           string
	}{
		{name: "TLS from the first byte", address: dovecot.SubmissionTLSAddr, tls: alerts.TLSImplicit, want: "sent"},
		{name: "STARTTLS", address: dovecot.SubmissionAddr, tls: alerts.TLSStart, want: "sent"},
		{name: "in clear on this machine", address: dovecot.SubmissionAddr, tls: alerts.TLSNone, want: "sent"},
		{name: "a wrong password", address: dovecot.SubmissionTLSAddr, tls: alerts.TLSImplicit, change: func(m *Mail) { m.Password = "hunter2" }, want: "not sent"},
		{name: "another authority", address: dovecot.SubmissionTLSAddr, tls: alerts.TLSImplicit, change: func(m *Mail) { m.CAFile = "" }, want: "not sent"},
		{name: "TLS where there is none", address: dovecot.SubmissionAddr, tls: alerts.TLSImplicit, want: "not sent"},
		{name: "nobody's address", address: dovecot.SubmissionTLSAddr, tls: alerts.TLSImplicit, to: "nobody@example.com", want: "not sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(box.Posts())
			m, to := good, "ana@example.com"
			m.Address, m.TLS = tt.address, tt.tls
			if tt.change != nil {
				tt.change(&m)
			}
			if tt.to != "" {
				to = tt.to
			}
			ctx, stop := context.WithTimeout(t.Context(), attemptTime)
			defer stop()
			err := m.sender(nil, to, "ronde/test")(ctx, test)
			if got := outcome(err); got != tt.want {
				t.Fatalf("%s, want %s: %v", got, tt.want, err)
			}
			tellsNothing(t, err, m.Password)
			posts := box.Posts()[before:]
			switch {
			case tt.want != "sent" && len(posts) > 0:
				t.Errorf("it arrived: %+v", posts)
			case tt.want == "sent" && (len(posts) != 1 || posts[0] != (postbox.Post{Road: postbox.Email, To: to, ID: "<ronde-x-1-down@example.net>", Title: test.Title, Body: test.Body, Rings: true})):
				t.Errorf("what arrived is %+v", posts)
			}
		})
	}
	if err := box.Err(); err != nil {
		t.Error(err)
	}
}

// relay takes what a mail server hands on, from anybody.
func relay(t *testing.T, address string) *postbox.Box {
	t.Helper()
	box := postbox.New()
	t.Cleanup(func() { _ = box.Close() })
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = box.ServeMail(l) }()
	return box
}

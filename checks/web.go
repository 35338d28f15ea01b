package checks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ronde/text"
)

const (
	webTimeout = 12 * time.Second
	// maxAnswer bounds the body of an answer, in bytes: of Uptime Kuma's metrics of a
	// thousand monitors, a tenth.
	maxAnswer = 4 << 20
)

// webRequest is what is asked of a server over HTTP.
type webRequest struct {
	address string
	key     func(*http.Request) // adds the credential; nil for none
	caFile  string              // who signs the server's certificate; "" trusts the system's
	// follows is how many redirects are followed, never with a credential and never
	// from https to http.
	follows int
}

// webAnswer is what a server answered, whatever its status.
type webAnswer struct {
	status  int
	body    []byte // at most maxAnswer
	cut     bool   // there was more
	to      string // where a redirect that was not followed leads; "" for none
	took    time.Duration
	expires time.Time // of its certificate; zero without TLS
}

var (
	// errDenied is for a server that does not take our key.
	errDenied   = errors.New("refuses the key")
	errRedirect = errors.New("it redirects from https to http, or too often")
	errAnswer   = errors.New("its answer cannot be understood")
)

// ask sends one GET request. Its error never repeats the address, which may hold a
// secret, nor what was answered.
func (r webRequest) ask(ctx context.Context) (a webAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, webTimeout)
	defer cancel()
	transport, err := webTransport(r.caFile)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return a, errors.New("its address cannot be read")
	}
	req.Header.Set("User-Agent", "ronde")
	if r.key != nil {
		r.key(req)
	}
	began := time.Now()
	res, err := (&http.Client{Transport: transport, CheckRedirect: r.redirect}).Do(req)
	if err != nil {
		return a, webError(ctx, err)
	}
	defer res.Body.Close()
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return a, webError(ctx, err)
	}
	a.took, a.status, a.to = time.Since(began), res.StatusCode, res.Header.Get("Location")
	if a.cut = len(a.body) > maxAnswer; a.cut {
		a.body = a.body[:maxAnswer]
	}
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		a.expires = res.TLS.PeerCertificates[0].NotAfter
	}
	return a, nil
}

// redirect allows only what [webRequest.follows] does. A redirect that is not followed is
// the answer.
func (r webRequest) redirect(next *http.Request, before []*http.Request) error {
	switch {
	case r.follows == 0 || r.key != nil:
		return http.ErrUseLastResponse
	case len(before) > r.follows || next.URL.Scheme != "https" && before[len(before)-1].URL.Scheme == "https":
		return errRedirect
	}
	return nil
}

// get returns the body of an answer with the status 200.
func (r webRequest) get(ctx context.Context) ([]byte, error) {
	a, err := r.ask(ctx)
	switch {
	case err != nil:
		return nil, err
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return nil, fmt.Errorf("it %w: HTTP status %d", errDenied, a.status)
	case a.status != http.StatusOK:
		return nil, fmt.Errorf("it answered with HTTP status %d", a.status)
	case a.cut:
		return nil, fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	}
	return a.body, nil
}

// webTransport makes one request and keeps no connection.
func webTransport(caFile string) (*http.Transport, error) {
	roots, err := rootsIn(caFile)
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	t.MaxResponseHeaderBytes = maxHeader
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// rootsIn reads who may sign certificates; nil, which is whom the system trusts, for "".
func rootsIn(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	doc, err := readSecret(file)
	if err != nil {
		return nil, errors.New("the file of its authority (ca_file) cannot be read")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(doc) {
		return nil, errors.New("the file of its authority (ca_file) holds no certificate")
	}
	return roots, nil
}

// webError says in our words why there is no answer: errors of net/http repeat the
// address.
func webError(ctx context.Context, err error) error {
	var network *net.OpError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errRedirect):
		return errRedirect
	case ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	case os.IsTimeout(err):
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case errors.As(err, &certificate):
		return fmt.Errorf("it %w: its certificate is not trusted: %w", errAway, certificate.Err)
	case errors.As(err, &name):
		return fmt.Errorf("it %w: %w", errAway, name)
	case errors.As(err, &network):
		return fmt.Errorf("it %w: %w", errAway, network)
	}
	return fmt.Errorf("it %w: the connection broke before its answer", errAway)
}

// decode reads a JSON answer. Its error repeats nothing of it.
func decode(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return errAnswer
	}
	return nil
}

// outside cleans what a server says of itself: one line of at most so many characters,
// without secrets.
func outside(s string, most int) string {
	return text.OneLine(text.Mask(text.Printed(s)), most)
}

// wrongAddress says why a setting is no address of a server; "" when it is one. With a
// secret, plain HTTP is for this machine and for names without a dot, which are those of
// containers beside the bot.
func wrongAddress(address string, secret bool) string {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return "" // which is noted as missing
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return `is not an address such as "https://status.example.org"`
	case u.User != nil:
		return "takes no user name and no password"
	case secret && u.Scheme == "http" && !stays(u.Hostname()):
		return "would send the secret readable over the network; write https://"
	}
	return ""
}

func stays(host string) bool {
	return host == "localhost" || !strings.ContainsAny(host, ".:") || net.ParseIP(host).IsLoopback()
}

// below returns the address of a page below that of a server.
func below(address, page string) string {
	base, query, _ := strings.Cut(address, "?")
	if address = strings.TrimRight(base, "/") + page; query != "" {
		address += "?" + query
	}
	return address
}

// wrongFile says why a setting is not the name of a file of this machine.
func wrongFile(file string) string {
	if file != "" && !filepath.IsAbs(file) {
		return "must begin with a slash"
	}
	return ""
}

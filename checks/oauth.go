package checks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"ronde/text"
)

// What is found about a secret; the thing is its name.
const (
	FaultExpiring Fault = "secret-expiring" // within two weeks
	FaultExpired  Fault = "secret-expired"
	FaultRefused  Fault = "secret-refused" // expired or wrong: the provider does not tell which
	FaultNoDate   Fault = "secret-no-date" // the provider does not say how long it is valid
)

const (
	// expiresSoon leaves a weekend and a holiday to renew a secret in: 42's own staff
	// warn so long ahead.
	expiresSoon  = 14 * 24 * time.Hour
	oauthTimeout = 10 * time.Second
	maxSecret    = 64 << 10 // bytes of a file that holds a secret
	maxHeader    = 64 << 10 // bytes of an answer's header; the library cuts its body at 1 MiB
)

// OAuthConfig is a secret of an application at an OAuth provider that says until
// when it is valid, as 42's intra does.
type OAuthConfig struct {
	Name           string // what people type: "intra"
	TokenURL       string // "https://api.intra.42.fr/oauth/token"
	ClientID       string
	ClientSecret   string `json:"-"` // "" when it is in SecretFile
	SecretFile     string // read anew each time, so that a renewed secret counts at once
	ApplicationURL string // the page where people renew it; "" when not known
}

// String is the name alone, so that a secret is not printed by accident.
func (c OAuthConfig) String() string { return c.Name }

// secret returns the secret. Its error never names the file: some people write the
// secret itself in its place.
func (c OAuthConfig) secret() (string, error) {
	if c.SecretFile == "" {
		if c.ClientSecret == "" {
			return "", errors.New("its secret is not there")
		}
		return c.ClientSecret, nil
	}
	doc, err := readSecret(c.SecretFile)
	secret := strings.TrimRight(string(doc), "\r\n")
	switch {
	case err != nil:
		return "", errors.New("the file of its secret cannot be read")
	case secret == "" || strings.ContainsAny(secret, "\r\n"):
		return "", errors.New("the file of its secret must hold the secret and nothing else")
	}
	return secret, nil
}

// readSecret never opens a pipe, which could block for ever.
func readSecret(file string) ([]byte, error) {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, os.ErrInvalid)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSecret))
}

// SecretReport is the result of the check called oauth.
type SecretReport struct {
	Result
	ValidUntil *time.Time `json:"valid_until"` // nil when unknown
	Page       string     `json:"page,omitempty"`
}

func oauthKind() Kind {
	return Kind{Name: "oauth", Help: "Until when a secret of an OAuth application is valid; see [[oauth]].", Hostless: true, Until: true, MeasureOAuth: measureOAuth, Calm: sayUntil}
}

func measureOAuth(ctx context.Context, c OAuthConfig) (Report, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // one request an hour at most
	transport.MaxResponseHeaderBytes = maxHeader
	return askOAuth(ctx, transport, c)
}

func askOAuth(ctx context.Context, transport http.RoundTripper, c OAuthConfig) (Report, error) {
	at := time.Now()
	until, err := validUntil(ctx, transport, c)
	if err != nil && !errors.Is(err, errRefused) && !errors.Is(err, errNoDate) {
		err = fmt.Errorf("ask about the secret of %s: %w", c.Name, err)
		return SecretReport{Result: failed("oauth", c.Name, at, err), Page: c.ApplicationURL}, err
	}
	return newSecretReport(c, until, err, at), nil
}

// newSecretReport judges what a provider said.
func newSecretReport(c OAuthConfig, until time.Time, said error, at time.Time) SecretReport {
	r := SecretReport{Result: Result{Check: "oauth", Host: c.Name, At: at, Findings: []Finding{}}, Page: c.ApplicationURL}
	found := func(status Status, fault Fault) {
		r.Findings = append(r.Findings, Finding{Status: status, Thing: c.Name, Fault: fault})
	}
	if said == nil {
		r.ValidUntil = &until
	}
	switch {
	case errors.Is(said, errRefused):
		found(Critical, FaultRefused)
	case said != nil:
		found(Unknown, FaultNoDate)
	case !until.After(at):
		found(Critical, FaultExpired)
	case until.Sub(at) <= expiresSoon:
		found(Warning, FaultExpiring)
	}
	r.Status = worst(r.Findings)
	return r
}

var (
	errRefused = errors.New("the secret is refused")
	errNoDate  = errors.New("the answer does not say until when the secret is valid")
)

// validUntil asks for a token, only for the date that comes with it. The errors are
// in words of our own: what came back may repeat the secret.
func validUntil(ctx context.Context, transport http.RoundTripper, c OAuthConfig) (time.Time, error) {
	secret, err := c.secret()
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
	defer cancel()
	asking := clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: secret, TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInParams,
	}
	// A redirect would take the secret along.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	token, err := asking.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return time.Time{}, inOurWords(ctx, err)
	}
	return dateIn(token.Extra("secret_valid_until"))
}

func inOurWords(ctx context.Context, err error) error {
	var answered *oauth2.RetrieveError
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answered) && answered.Response.StatusCode == http.StatusUnauthorized && answered.ErrorCode == "invalid_client":
		return errRefused
	case errors.As(err, &answered):
		return fmt.Errorf("it answered with HTTP status %d", answered.Response.StatusCode)
	case ctx.Err() != nil:
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	case errors.As(err, &certificate):
		return fmt.Errorf("it %w: its certificate is not trusted", errAway)
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("it %w: %w", errAway, network)
	}
	return errors.New("its answer cannot be understood")
}

// dateIn reads seconds since 1970, of any year that has four digits.
func dateIn(extra any) (time.Time, error) {
	seconds, ok := extra.(float64)
	if whole, isWhole := extra.(int64); isWhole {
		seconds, ok = float64(whole), true
	}
	if !ok || seconds < 1 || seconds >= 253402300800 || seconds != math.Trunc(seconds) {
		return time.Time{}, errNoDate
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// Print writes r for a terminal.
func (r SecretReport) Print(w io.Writer) error {
	said := r.Error
	switch {
	case said != "":
	case r.ValidUntil != nil:
		said = "the secret is valid until " + r.ValidUntil.Format(time.RFC3339)
	case r.Status == Critical:
		said = errRefused.Error() + ": expired or wrong"
	default:
		said = errNoDate.Error()
	}
	_, err := fmt.Fprintf(w, "%s: %s: %s\n", r.Host, r.Status, said)
	return err
}

// tell adds the date, and where to renew the secret.
func (r SecretReport) tell(o *Outcome, _ *text.Language) { o.Until, o.Page = r.ValidUntil, r.Page }

func sayUntil(l *text.Language, o Outcome, now time.Time) string {
	return l.Say("checks.outcome.secret-valid", dates(l, o.Until, now)...)
}

package checks

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"ronde/text"
)

// Faults of a certificate; the thing is the name that it is for.
const (
	FaultCertExpiring  Fault = "certificate-expiring"   // Value and Limit in days
	FaultCertExpired   Fault = "certificate-expired"    // Value is how many days ago
	FaultCertEarly     Fault = "certificate-early"      // not valid yet
	FaultCertName      Fault = "certificate-name"       // for other names; Note has the first of them
	FaultCertSelf      Fault = "certificate-self"       // signed by itself
	FaultCertAuthority Fault = "certificate-authority"  // by nobody who is trusted, or an intermediate is missing
	FaultCertChain     Fault = "certificate-chain"      // an intermediate is wrong, such as expired
	FaultCertAway      Fault = "certificate-away"       // nothing answers there
	FaultCertLate      Fault = "certificate-late"       // nothing answers in time
	FaultCertHandshake Fault = "certificate-no-tls"     // what answers does not speak TLS
	FaultCertStartTLS  Fault = "certificate-no-upgrade" // it does not offer STARTTLS
)

type certificateSettings struct {
	Address  string        `set:"address" needed:"yes" example:"\"mail.example.org:993\"" help:"Where it is shown: a name, and a port if that is not 443."`
	Name     string        `set:"server_name" example:"\"example.org\"" help:"The name that it must be for, if not that of the address."`
	StartTLS string        `set:"starttls" oneof:"no|smtp|imap" help:"How TLS begins on a port that is in clear before."`
	Warning  time.Duration `set:"warning" least:"1h" most:"52w" help:"Time left from which it warns."`
	Critical time.Duration `set:"critical" least:"1h" most:"52w" help:"Time left from which it is critical."`
	CAFile   string        `set:"ca_file" example:"\"/etc/ronde/ca.pem\"" help:"Who signs it, if not one that the system trusts."`
}

// Judge says what does not go together.
func (s certificateSettings) Judge() (setting, reason string) {
	host, _, err := net.SplitHostPort(s.dial())
	switch {
	case s.Address != "" && (err != nil || host == "" || strings.ContainsAny(s.Address, "/@ ")):
		return "address", `is not a name and a port, such as "mail.example.org:993"`
	case s.Critical > s.Warning:
		return "critical", "is above warning"
	}
	if reason := wrongFile(s.CAFile); reason != "" {
		return "ca_file", reason
	}
	return "", ""
}

// dial is where to connect.
func (s certificateSettings) dial() string {
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return net.JoinHostPort(strings.Trim(s.Address, "[]"), "443")
	}
	return s.Address
}

// name is what the certificate must be for.
func (s certificateSettings) name() string {
	if s.Name != "" {
		return s.Name
	}
	host, _, _ := net.SplitHostPort(s.dial())
	return host
}

// CertificateReport is the result of the check called certificate.
type CertificateReport struct {
	Result
	ValidUntil *time.Time `json:"valid_until"` // nil when there was none
	Issuer     string     `json:"issuer,omitempty"`
	Names      []string   `json:"names,omitempty"`
}

func certificateKind() Kind {
	return Kind{
		Name: "certificate", Help: "How long a certificate is valid, and whether its name and its chain are right.", Hostless: true, Until: true,
		Settings: certificateSettings{StartTLS: "no", Warning: 21 * 24 * time.Hour, Critical: 7 * 24 * time.Hour},
		Measure:  measureCertificate, Calm: calmCertificate,
	}
}

func measureCertificate(ctx context.Context, a Asked) (Report, error) {
	s := settings[certificateSettings](a)
	roots, err := rootsIn(s.CAFile)
	var shown []*x509.Certificate
	if err == nil {
		shown, err = certificates(ctx, s)
	}
	fault := awayFault(err)
	if err != nil && fault == "" {
		return CertificateReport{Result: failed("certificate", a.Name, time.Now(), err)}, err
	}
	if err != nil {
		return CertificateReport{Result: newResult("certificate", a.Name, time.Now(), []Finding{{Status: Critical, Thing: s.name(), Fault: fault}})}, nil
	}
	return newCertificateReport(a.Name, shown, roots, s, time.Now()), nil
}

// awayFault says why no certificate was shown; "" when that may be for a reason on this
// side.
func awayFault(err error) Fault {
	switch {
	case errors.Is(err, errNoTLS):
		return FaultCertHandshake
	case errors.Is(err, errNoUpgrade):
		return FaultCertStartTLS
	}
	switch pageFault(err) {
	case FaultPageLate:
		return FaultCertLate
	case FaultPageAway:
		return FaultCertAway
	}
	return ""
}

// newCertificateReport judges a chain as a server shows it, its own certificate first.
// roots is who may sign it; nil for whom the system trusts.
func newCertificateReport(name string, shown []*x509.Certificate, roots *x509.CertPool, s certificateSettings, at time.Time) CertificateReport {
	leaf := shown[0]
	left := leaf.NotAfter.Sub(at)
	days := left.Hours() / 24
	var findings []Finding
	found := func(status Status, fault Fault, value, limit float64, note string) {
		findings = append(findings, Finding{Status: status, Thing: s.name(), Fault: fault, Value: value, Limit: limit, Unit: Days, Note: note})
	}
	switch {
	case left <= 0:
		found(Critical, FaultCertExpired, -days, 0, "")
	case at.Before(leaf.NotBefore):
		found(Critical, FaultCertEarly, leaf.NotBefore.Sub(at).Hours()/24, 0, "")
	case left <= s.Critical:
		found(Critical, FaultCertExpiring, days, s.Critical.Hours()/24, "")
	case left <= s.Warning:
		found(Warning, FaultCertExpiring, days, s.Warning.Hours()/24, "")
	}
	if err := leaf.VerifyHostname(s.name()); err != nil {
		found(Critical, FaultCertName, 0, 0, firstName(leaf))
	}
	if fault := chainFault(shown, roots, at); fault != "" {
		found(Critical, fault, 0, 0, outside(leaf.Issuer.CommonName, 60))
	}
	r := CertificateReport{Result: newResult("certificate", name, at, findings), ValidUntil: &leaf.NotAfter, Issuer: outside(leaf.Issuer.CommonName, 80)}
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), 20)] {
		r.Names = append(r.Names, outside(n, 80))
	}
	r.Metrics = []Metric{{"days", "", days, Days}}
	return r
}

func firstName(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return outside(c.DNSNames[0], 60)
	}
	return outside(c.Subject.CommonName, 60)
}

// chainFault says what is wrong with who signed a certificate; when that is expired,
// what was wrong while it was valid.
func chainFault(shown []*x509.Certificate, roots *x509.CertPool, at time.Time) Fault {
	leaf := shown[0]
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter
	}
	if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore
	}
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unknown) && bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return FaultCertSelf
	case errors.As(err, &unknown):
		return FaultCertAuthority
	}
	return FaultCertChain
}

// certificateFault says what net/http did not accept about a certificate; "" when it was
// something else.
func certificateFault(err error) Fault {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return FaultCertName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return FaultCertExpired
	case errors.As(err, &invalid):
		return FaultCertChain
	case errors.As(err, &unknown) && unknown.Cert != nil && bytes.Equal(unknown.Cert.RawIssuer, unknown.Cert.RawSubject):
		return FaultCertSelf
	case errors.As(err, &unknown):
		return FaultCertAuthority
	}
	return ""
}

func (r CertificateReport) tell(o *Outcome, _ *text.Language) { o.Until = r.ValidUntil }

func calmCertificate(l *text.Language, o Outcome, now time.Time) string {
	return l.Say("checks.certificate.calm", dates(l, o.Until, now)...)
}

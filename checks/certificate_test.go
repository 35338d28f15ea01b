package checks

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// signer is who signs certificates: an authority, or one below it.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate for a name that is valid for so long from now; by itself
// without a signer.
func issue(t *testing.T, by *signer, name string, from, until time.Time) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	isCA := !strings.Contains(name, ".")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if !isCA {
		template.DNSNames = []string{name}
	}
	parent, signing := template, key
	if by != nil {
		parent, signing = by.cert, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signing)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{cert, key}
}

func TestWhatIsWrongWithACertificateIsToldApart(t *testing.T) {
	const day = 24 * time.Hour
	ago, later := now.Add(-100*day), now.Add(100*day)
	root := issue(t, nil, "Root", ago, now.Add(1000*day))
	between := issue(t, root, "Between", ago, later)
	stale := issue(t, root, "Stale", ago, now.Add(-day))
	leaf := func(by *signer, from, until time.Time) *x509.Certificate {
		return issue(t, by, "mail.example.org", from, until).cert
	}
	good := leaf(between, ago, now.Add(60*day))
	self := leaf(nil, ago, now.Add(60*day))
	trusted, selfTrusted := x509.NewCertPool(), x509.NewCertPool()
	trusted.AddCert(root.cert)
	selfTrusted.AddCert(self)
	base := certificateSettings{Address: "mail.example.org:993", Warning: 21 * day, Critical: 7 * day}
	other := base
	other.Name = "example.org"
	for _, tt := range []struct {
		name  string
		shown []*x509.Certificate
		roots *x509.CertPool
		s     certificateSettings
		want  Status
		fault []Fault
	}{
		{"all is well", []*x509.Certificate{good, between.cert}, trusted, base, OK, nil},
		{"it expires soon", []*x509.Certificate{leaf(between, ago, now.Add(21*day)), between.cert}, trusted, base, Warning, []Fault{FaultCertExpiring}},
		{"it expires very soon", []*x509.Certificate{leaf(between, ago, now.Add(6*day)), between.cert}, trusted, base, Critical, []Fault{FaultCertExpiring}},
		{"it has expired", []*x509.Certificate{leaf(between, ago, now.Add(-day)), between.cert}, trusted, base, Critical, []Fault{FaultCertExpired}},
		{"it is not valid yet", []*x509.Certificate{leaf(between, now.Add(day), now.Add(60*day)), between.cert}, trusted, base, Critical, []Fault{FaultCertEarly}},
		{"it is for another name", []*x509.Certificate{good, between.cert}, trusted, other, Critical, []Fault{FaultCertName}},
		{"the intermediate is missing", []*x509.Certificate{good}, trusted, base, Critical, []Fault{FaultCertAuthority}},
		{"nobody knows the authority", []*x509.Certificate{good, between.cert}, x509.NewCertPool(), base, Critical, []Fault{FaultCertAuthority}},
		{"it is signed by itself", []*x509.Certificate{self}, trusted, base, Critical, []Fault{FaultCertSelf}},
		{"it is signed by itself, and known", []*x509.Certificate{self}, selfTrusted, base, OK, nil},
		{"the intermediate has expired", []*x509.Certificate{leaf(stale, ago, now.Add(60*day)), stale.cert}, trusted, base, Critical, []Fault{FaultCertChain}},
		{"all of it", []*x509.Certificate{leaf(nil, ago, now.Add(-day))}, trusted, other, Critical, []Fault{FaultCertExpired, FaultCertName, FaultCertSelf}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newCertificateReport("mail", tt.shown, tt.roots, tt.s, now)
			var faults []Fault
			for _, f := range r.Findings {
				faults = append(faults, f.Fault)
			}
			if r.Status != tt.want || fmt.Sprint(faults) != fmt.Sprint(tt.fault) {
				t.Errorf("got %v with %v, want %v with %v", r.Status, faults, tt.want, tt.fault)
			}
			if !r.ValidUntil.Equal(tt.shown[0].NotAfter) || r.Metrics[0].Name != "days" {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// shows listens and shows a certificate for localhost to whoever connects, after a talk in
// clear.
func shows(t *testing.T, talk func(conn net.Conn) bool) (address, caFile string) {
	t.Helper()
	s := issue(t, nil, "mail.test", time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour))
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{s.cert.Raw}, PrivateKey: s.key}}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if talk == nil || talk(conn) {
					_ = tls.Server(conn, config).Handshake()
				}
			}()
		}
	}()
	return listener.Addr().String(), caFile
}

// lines answers each line that begins as said with another, after a greeting.
func lines(greeting string, answers ...string) func(net.Conn) bool {
	return func(conn net.Conn) bool {
		fmt.Fprint(conn, greeting)
		said := bufio.NewReader(conn)
		for i := 0; i < len(answers); i += 2 {
			if line, err := said.ReadString('\n'); err != nil || !strings.HasPrefix(line, answers[i]) {
				return false
			}
			fmt.Fprint(conn, answers[i+1])
		}
		return len(answers) > 0
	}
}

func TestACertificateIsSeenHoweverTLSBegins(t *testing.T) {
	for _, tt := range []struct {
		name, starttls string
		talk           func(net.Conn) bool
		fault          Fault // "" for a certificate
	}{
		{"at once", "no", nil, ""},
		{"smtp", "smtp", lines("220-hello\r\n220 mail.test\r\n", "EHLO", "250-mail.test\r\n250-SIZE 100\r\n250 STARTTLS\r\n", "STARTTLS", "220 go on\r\n"), ""},
		{"imap", "imap", lines("* OK ready\r\n", "r1 STARTTLS", "* CAPABILITY IMAP4rev1\r\nr1 OK begin\r\n"), ""},
		{"smtp without", "smtp", lines("220 mail.test\r\n", "EHLO", "250 mail.test\r\n"), FaultCertStartTLS},
		{"smtp that refuses", "smtp", lines("220 mail.test\r\n", "EHLO", "250-x\r\n250 STARTTLS\r\n", "STARTTLS", "454 not now\r\n"), FaultCertStartTLS},
		{"imap without", "imap", lines("* OK ready\r\n", "r1 STARTTLS", "r1 BAD what\r\n"), FaultCertStartTLS},
		{"imap that talks for ever", "imap", lines("* OK ready\r\n", "r1", strings.Repeat("* x\r\n", 4000)), FaultCertStartTLS},
		{"not imap", "imap", lines("220 mail.test\r\n"), FaultCertStartTLS},
		{"not tls", "no", lines("220 mail.test\r\n"), FaultCertHandshake},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, ca := shows(t, tt.talk)
			s := certificateSettings{Address: address, Name: "mail.test", StartTLS: tt.starttls, Warning: 48 * time.Hour, Critical: time.Hour, CAFile: ca}
			r, err := measureCertificate(t.Context(), Asked{Name: "mail", Settings: s})
			if err != nil {
				t.Fatal(err)
			}
			switch v := r.Verdict(); {
			case tt.fault == "" && v.Status != OK:
				t.Errorf("got %+v", v)
			case tt.fault != "" && (v.Status != Critical || v.Findings[0].Fault != tt.fault):
				t.Errorf("got %+v, want %s", v, tt.fault)
			}
		})
	}
}

func TestNobodyWaitsForAHandshake(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, starttls := range []string{"no", "smtp", "imap"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		r, err := measureCertificate(ctx, Asked{Name: "mail", Settings: certificateSettings{Address: listener.Addr().String(), StartTLS: starttls}})
		cancel()
		if err != nil || r.Verdict().Findings[0].Fault != FaultCertLate {
			t.Errorf("%s: got %+v, %v", starttls, r, err)
		}
	}
}

func TestTheAddressOfACertificateIsJudged(t *testing.T) {
	for address, want := range map[string]string{
		"mail.example.org": "mail.example.org:443", "mail.example.org:993": "mail.example.org:993", "[2001:db8::1]": "[2001:db8::1]:443", "[2001:db8::1]:25": "[2001:db8::1]:25",
	} {
		s := certificateSettings{Address: address}
		if setting, reason := s.Judge(); s.dial() != want || setting != "" {
			t.Errorf("%s: got %s, %s %s", address, s.dial(), setting, reason)
		}
	}
	for _, address := range []string{"https://mail.example.org", ":443", "a b", "ana@mail"} {
		if setting, _ := (certificateSettings{Address: address}).Judge(); setting != "address" {
			t.Errorf("%q was taken", address)
		}
	}
}

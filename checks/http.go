package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"syscall"
	"time"

	"ronde/text"
)

// Faults of a page; the thing is the name of its check, or its server for what is wrong with
// the certificate.
const (
	FaultPageAway     Fault = "http-away"     // it cannot be reached
	FaultPageLate     Fault = "http-late"     // it does not answer in time
	FaultPageStatus   Fault = "http-status"   // Value is its HTTP status
	FaultPageText     Fault = "http-text"     // the expected text is not there
	FaultPageSlow     Fault = "http-slow"     // Value and Limit in milliseconds
	FaultPageRedirect Fault = "http-redirect" // it leads from https to http, or in circles
)

type httpSettings struct {
	URL       string        `set:"url" needed:"yes" example:"\"https://cloud.example.org/status.php\"" help:"The page that is fetched."`
	Text      string        `set:"text" example:"\"maintenance\\\":false\"" help:"What the page must hold, as its source has it."`
	Status    int           `set:"status" least:"0" most:"599" help:"The status that it must answer with; 0 for any from 200 to 299, after redirects."`
	Redirects int           `set:"redirects" least:"0" most:"10" help:"How many redirects are followed, never from https to http; 0 judges the redirect itself."`
	Warning   time.Duration `set:"warning" least:"10ms" most:"12s" help:"Time for the whole answer from which it warns."`
	Critical  time.Duration `set:"critical" least:"10ms" most:"12s" help:"Time for the whole answer from which it is critical; after 12 seconds nobody waits for it."`
	CAFile    string        `set:"ca_file" example:"\"/etc/ronde/ca.pem\"" help:"Who signs its certificate, if not one that the system trusts."`
}

// Judge says what does not go together.
func (s httpSettings) Judge() (setting, reason string) {
	if reason := wrongAddress(s.URL, false); reason != "" {
		return "url", reason
	}
	if s.Critical < s.Warning {
		return "critical", "is below warning"
	}
	if reason := wrongFile(s.CAFile); reason != "" {
		return "ca_file", reason
	}
	return "", ""
}

// HTTPReport is the result of the check called http.
type HTTPReport struct {
	Result
	HTTPStatus   int     `json:"http_status,omitempty"` // 0 when there was no answer
	Milliseconds float64 `json:"milliseconds,omitempty"`
}

func httpKind() Kind {
	return Kind{
		Name: "http", Help: "Whether a page answers: its status, its time, a text in it, and its certificate.", Hostless: true,
		Settings: httpSettings{Redirects: 5, Warning: 3 * time.Second, Critical: 10 * time.Second}, Measure: measureHTTP, Calm: calmHTTP,
	}
}

func measureHTTP(ctx context.Context, a Asked) (Report, error) {
	s := settings[httpSettings](a)
	answer, err := webRequest{address: s.URL, caFile: s.CAFile, follows: s.Redirects}.ask(ctx)
	if err != nil && pageFault(err) == "" {
		return HTTPReport{Result: failed("http", a.Name, time.Now(), err)}, err
	}
	return newHTTPReport(a.Name, answer, err, s, time.Now()), nil
}

// newHTTPReport judges what a page answered, or why it did not.
func newHTTPReport(name string, answer webAnswer, err error, s httpSettings, at time.Time) HTTPReport {
	if err != nil {
		return HTTPReport{Result: newResult("http", name, at, []Finding{{Status: Critical, Thing: s.about(name, pageFault(err)), Fault: pageFault(err)}})}
	}
	ms := float64(answer.took.Microseconds()) / 1000
	slow := limits{float64(s.Warning.Milliseconds()), float64(s.Critical.Milliseconds())}
	findings := slow.above(Finding{Thing: name, Fault: FaultPageSlow, Value: ms, Unit: Milliseconds})
	right := answer.status == s.Status || s.Status == 0 && answer.status >= 200 && answer.status < 300
	switch {
	case !right:
		findings = append(findings, Finding{Status: Critical, Thing: name, Fault: FaultPageStatus, Value: float64(answer.status), Limit: float64(s.Status)})
	case s.Text != "" && !bytes.Contains(answer.body, []byte(s.Text)):
		findings = append(findings, Finding{Status: Critical, Thing: name, Fault: FaultPageText})
	}
	r := HTTPReport{Result: newResult("http", name, at, findings), HTTPStatus: answer.status, Milliseconds: ms}
	r.Metrics = []Metric{{"time", "", ms, Milliseconds}}
	return r
}

// about is the thing of a fault, one for all of the page, so that it stays one incident.
func (s httpSettings) about(name string, f Fault) string {
	if slices.Contains([]Fault{FaultPageAway, FaultPageLate, FaultPageRedirect}, f) {
		return name
	}
	return s.host()
}

// host is whom the page is asked of.
func (s httpSettings) host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// pageFault says in one word why a page is not there; "" when that may be for a reason on
// this side, such as a name server or a network that is away.
func pageFault(err error) Fault {
	var name *net.DNSError
	switch {
	case errors.Is(err, errRedirect):
		return FaultPageRedirect
	case errors.Is(err, context.DeadlineExceeded):
		return FaultPageLate
	case certificateFault(err) != "":
		return certificateFault(err)
	case errors.As(err, &name) && !name.IsNotFound, errors.Is(err, syscall.ENETUNREACH), !errors.Is(err, errAway):
		return ""
	}
	return FaultPageAway
}

func (r HTTPReport) tell(o *Outcome, _ *text.Language) { o.Count = r.HTTPStatus }

func calmHTTP(l *text.Language, o Outcome, _ time.Time) string {
	took := 0.0
	for _, m := range o.Metrics {
		took = m.Value
	}
	return l.Say("checks.http.calm", "Status", fmt.Sprint(o.Count), "Took", sayValue(l, took, Milliseconds))
}

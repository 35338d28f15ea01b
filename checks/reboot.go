package checks

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ronde/hosts"
	"ronde/text"
)

// FaultReboot says that something that was upgraded works only after a reboot. The
// thing is the packages that asked for it, "" when it is not known.
const FaultReboot Fault = "reboot-required"

// mostPackages is how many packages a phone shows.
const mostPackages = 10

// RebootReport is the result of the check called reboot.
type RebootReport struct {
	Result
	Required *bool    `json:"required"` // nil when unknown
	Packages []string `json:"packages"` // that asked for it, a kernel first; never nil
}

func rebootKind() Kind {
	return Kind{Name: "reboot", Needs: NeedsProbe, Help: "Whether something that was upgraded works only after a reboot.", Holds: true, Measure: measureReboot, Calm: calmReboot}
}

func measureReboot(_ context.Context, a Asked) (Report, error) {
	h := a.Host
	notice, err := h.Reboot()
	if err != nil {
		return RebootReport{Result: failed("reboot", h.Name(), time.Now(), err), Packages: []string{}}, err
	}
	return newRebootReport(h.Name(), notice, time.Now()), nil
}

func newRebootReport(host string, notice hosts.RebootNotice, at time.Time) RebootReport {
	r := RebootReport{
		Result:   Result{Check: "reboot", Host: host, At: at, Findings: []Finding{}},
		Required: &notice.Required, Packages: kernelFirst(notice.Packages),
	}
	if notice.Required {
		r.Findings = append(r.Findings, Finding{Status: Warning, Thing: strings.Join(r.Packages, ", "), Fault: FaultReboot})
	}
	r.Status = worst(r.Findings)
	return r
}

// kernelFirst puts the package that most reboots are for where it is not cut off.
func kernelFirst(packages []string) []string {
	sorted := append([]string{}, packages...)
	slices.SortStableFunc(sorted, func(a, b string) int { return kernelRank(a) - kernelRank(b) })
	return sorted
}

func kernelRank(name string) int {
	if strings.HasPrefix(name, "linux-image-") {
		return 0
	}
	return 1
}

// Print writes r for a terminal.
func (r RebootReport) Print(w io.Writer) error {
	said := "no reboot is required"
	switch {
	case r.Error != "":
		said = r.Error
	case r.Status != OK && len(r.Packages) == 0:
		said = "a reboot is required"
	case r.Status != OK:
		said = "a reboot is required by " + strings.Join(r.Packages, ", ")
	}
	_, err := fmt.Fprintf(w, "%s: %s: %s\n", r.Host, r.Status, said)
	return err
}

// tell lists the packages where there are several.
func (r RebootReport) tell(o *Outcome, _ *text.Language) {
	o.Holds = r.Required
	if len(r.Packages) < 2 {
		return
	}
	var lines []string
	for _, name := range r.Packages {
		lines = append(lines, middle(name, detailColumns))
	}
	if more := len(lines) - mostPackages; more > 0 {
		lines = append(lines[:mostPackages-1], fmt.Sprintf("+ %d", more+1))
	}
	o.Detail = strings.Join(lines, "\n")
}

func calmReboot(l *text.Language, _ Outcome, _ time.Time) string {
	return l.Say("checks.outcome.no-reboot")
}

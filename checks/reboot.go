package checks

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// Faults of a machine that has to be rebooted; the thing is the machine, so that it stays the
// same when one more package asks for it.
const (
	// FaultReboot says that something that was upgraded works only after a reboot. The
	// note is the packages that asked for it, "" when it is not known.
	FaultReboot Fault = "reboot-required"
	// FaultKernel says that a newer kernel is installed than the one that runs, which
	// no package said. The note is the one that runs and the newer one.
	FaultKernel Fault = "kernel-old"
)

// mostPackages is how many packages a phone shows.
const mostPackages = 10

// RebootReport is the result of the check called reboot.
type RebootReport struct {
	Result
	Required *bool    `json:"required"` // nil when unknown
	Packages []string `json:"packages"` // that asked for it, a kernel first; never nil
	// Kernel is the one that runs beside the newest; nil when it is not known.
	Kernel *probe.Kernel `json:"kernel,omitempty"`
}

func rebootKind() Kind {
	return Kind{Name: "reboot", Needs: NeedsProbe, Help: "Whether something that was upgraded works only after a reboot: a package says so, or a newer kernel is installed than the one that runs.", Holds: true, Measure: measureReboot, Calm: calmReboot}
}

func measureReboot(ctx context.Context, a Asked) (Report, error) {
	said, err := probe.Ask(ctx, a.Host, probe.RebootNotice())
	if err != nil {
		return RebootReport{Result: failed("reboot", a.Name, time.Now(), err), Packages: []string{}}, err
	}
	return newRebootReport(a.Name, said, time.Now()), nil
}

func newRebootReport(name string, said probe.Reboot, at time.Time) RebootReport {
	required := said.Required()
	return RebootReport{
		Result:   newResult("reboot", name, at, rebootFindings(name, said)),
		Required: &required, Packages: kernelFirst(said.Packages), Kernel: said.Kernel,
	}
}

// rebootFindings says why a reboot is required: what packages noted, else the kernel.
func rebootFindings(name string, said probe.Reboot) []Finding {
	switch {
	case said.Noted:
		return []Finding{{Status: Warning, Thing: name, Fault: FaultReboot, Note: listed(kernelFirst(said.Packages))}}
	case said.Kernel != nil && said.Kernel.Old:
		return []Finding{{Status: Warning, Thing: name, Fault: FaultKernel, Note: outside(said.Kernel.RunningVersion+" → "+said.Kernel.NewestVersion, shownNames)}}
	}
	return nil
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
	case r.Status != OK && len(r.Packages) == 0 && r.Kernel != nil && r.Kernel.Old:
		said = fmt.Sprintf("a reboot is required: the kernel %s is installed, %s runs", r.Kernel.NewestVersion, r.Kernel.RunningVersion)
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
		lines = append(lines, middle(oneWord(name), detailColumns))
	}
	if more := len(lines) - mostPackages; more > 0 {
		lines = append(lines[:mostPackages-1], fmt.Sprintf("+ %d", more+1))
	}
	o.Detail = strings.Join(lines, "\n")
}

func calmReboot(l *text.Language, _ Outcome, _ time.Time) string {
	return l.Say("checks.outcome.no-reboot")
}

package checks

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/probe"
)

// Faults of a Debian's packages; the thing is the machine, so that it stays the same when one
// more package waits.
const (
	FaultSecurity      Fault = "security-waiting"    // the note is their names; Value and Limit in days
	FaultUpgrades      Fault = "upgrades-waiting"    // the same
	FaultLists         Fault = "package-lists-old"   // Value and Limit in days: what waits is not known
	FaultNoLists       Fault = "package-lists-none"  // they were never fetched
	FaultUnattended    Fault = "unattended-failed"   // the note is its first error
	FaultUnattendedOld Fault = "unattended-old"      // Value and Limit in days
	FaultNeverRan      Fault = "unattended-never"    // it is installed, and did not run yet
	FaultUnattendedLog Fault = "unattended-unread"   // its log may not be read
	FaultServices      Fault = "services-to-restart" // the note is their names
)

type packageSettings struct {
	SecurityWait  time.Duration `set:"security_wait" help:"How long a security update may wait; the history of the check says since when some do."`
	Wait          time.Duration `set:"wait" help:"How long other updates may wait; those of packages that are held may do so for ever."`
	ListsAge      time.Duration `set:"lists_age" least:"1h" help:"How old apt's lists may be; with older ones nobody knows what waits."`
	UnattendedAge time.Duration `set:"unattended_age" least:"1h" help:"How long ago unattended-upgrades may have run, where it is installed."`
	Ignore        []string      `set:"ignore" example:"[\"docker-ce\"]" help:"Packages whose updates do not count."`
	// IgnoreServices are those that only a reboot restarts.
	IgnoreServices []string `set:"ignore_services" help:"Services that need not be restarted after an update."`
}

// PackagesReport is the result of the check called packages.
type PackagesReport struct {
	Result
	Packages *probe.Packages `json:"packages"` // nil when unknown
}

const day = 24 * time.Hour

func packagesKind() Kind {
	return Kind{
		Name: "packages", Needs: NeedsProbe,
		Help: "Which packages wait for an update, how the last unattended-upgrades went, and whether a reboot or a restart of services is due.",
		Settings: packageSettings{
			SecurityWait: 2 * day, Wait: 14 * day, ListsAge: 4 * day, UnattendedAge: 3 * day,
			IgnoreServices: []string{"dbus.service", "systemd-logind.service", "getty@tty1.service"},
		},
		Measure: measurePackages, Calm: calmPackages,
	}
}

func measurePackages(ctx context.Context, a Asked) (Report, error) {
	said, err := probe.Ask(ctx, a.Host, probe.PackageState())
	if err != nil {
		return PackagesReport{Result: failed("packages", a.Name, time.Now(), err)}, err
	}
	now := time.Now()
	waits, err := waitsOf(ctx, a, now)
	if err != nil {
		return PackagesReport{Result: failed("packages", a.Name, now, err)}, err
	}
	return newPackagesReport(a.Name, said, settings[packageSettings](a), waits, now), nil
}

// waits is for how long there were always some updates waiting.
type waits struct{ security, others time.Duration }

// watched is how far back the history is read.
const watched = 60 * day

func waitsOf(ctx context.Context, a Asked, now time.Time) (w waits, err error) {
	if w.security, err = waiting(ctx, a, "security", now); err != nil {
		return w, err
	}
	w.others, err = waiting(ctx, a, "others", now)
	return w, err
}

// waiting is how long ago a metric was first more than none, without having been none
// since; 0 without a history.
func waiting(ctx context.Context, a Asked, metric string, now time.Time) (time.Duration, error) {
	points, err := a.History.Points(ctx, Series{Check: "packages", Name: a.Name, Metric: metric}, now.Add(-watched))
	if err != nil {
		return 0, err
	}
	since := now
	for _, p := range slices.Backward(points) {
		if p.Value <= 0 {
			break
		}
		since = p.At
	}
	return now.Sub(since), nil
}

func newPackagesReport(name string, p probe.Packages, s packageSettings, w waits, at time.Time) PackagesReport {
	p.Upgrades = slices.DeleteFunc(slices.Clone(p.Upgrades), func(u probe.Upgrade) bool { return slices.Contains(s.Ignore, u.Name) })
	p.Services = slices.DeleteFunc(slices.Clone(p.Services), func(name string) bool { return slices.Contains(s.IgnoreServices, name) })
	security := slices.DeleteFunc(slices.Clone(p.Upgrades), func(u probe.Upgrade) bool { return !u.Security })
	// Whoever holds a package knows that its updates wait.
	others := slices.DeleteFunc(slices.Clone(p.Upgrades), func(u probe.Upgrade) bool { return u.Security || slices.Contains(p.Held, u.Name) })
	findings := slices.Concat(
		listFindings(p, s, at, name), waitFindings(name, FaultSecurity, security, waited{w.security, s.SecurityWait}),
		waitFindings(name, FaultUpgrades, others, waited{w.others, s.Wait}), unattendedFindings(p.Unattended, s.UnattendedAge, at, name),
		rebootFindings(name, p.Reboot), serviceFindings(name, p.Services),
	)
	r := PackagesReport{Result: newResult("packages", name, at, findings), Packages: &p}
	r.Metrics = []Metric{
		{"upgrades", "", float64(len(p.Upgrades)), Count}, {"security", "", float64(len(security)), Count}, {"others", "", float64(len(others)), Count},
		{"held", "", float64(len(p.Held)), Count},
	}
	if p.NoServices == "" {
		r.Metrics = append(r.Metrics, Metric{"services", "", float64(len(p.Services)), Count})
	}
	return r
}

// listFindings says when the lists are too old to know what waits.
func listFindings(p probe.Packages, s packageSettings, at time.Time, name string) []Finding {
	age := at.Sub(p.Lists)
	switch {
	case p.Lists.IsZero():
		return []Finding{{Status: Unknown, Thing: name, Fault: FaultNoLists}}
	case age > s.ListsAge:
		return []Finding{{Status: Unknown, Thing: name, Fault: FaultLists, Value: daysOf(age), Limit: daysOf(s.ListsAge), Unit: Days}}
	}
	return nil
}

// waited is for how long some updates waited, and how long they may.
type waited struct{ since, limit time.Duration }

func waitFindings(name string, fault Fault, waiting []probe.Upgrade, w waited) []Finding {
	if len(waiting) == 0 || w.since < w.limit {
		return nil
	}
	var names []string
	for _, u := range waiting {
		names = append(names, u.Name)
	}
	return []Finding{{Status: Warning, Thing: name, Fault: fault, Value: daysOf(w.since), Limit: daysOf(w.limit), Unit: Days, Note: listed(names)}}
}

func unattendedFindings(u *probe.Unattended, limit time.Duration, at time.Time, name string) (all []Finding) {
	if u == nil {
		return nil
	}
	if u.Unread {
		all = append(all, Finding{Status: Unknown, Thing: name, Fault: FaultUnattendedLog})
	}
	if len(u.Errors) > 0 {
		all = append(all, Finding{Status: Warning, Thing: name, Fault: FaultUnattended, Note: outside(u.Errors[0], longestNote)})
	}
	switch age := at.Sub(u.Last); {
	case u.Last.IsZero() && !u.Unread:
		all = append(all, Finding{Status: Warning, Thing: name, Fault: FaultNeverRan})
	case !u.Last.IsZero() && age > limit:
		all = append(all, Finding{Status: Warning, Thing: name, Fault: FaultUnattendedOld, Value: daysOf(age), Limit: daysOf(limit), Unit: Days})
	}
	return all
}

func serviceFindings(name string, services []string) []Finding {
	if len(services) == 0 {
		return nil
	}
	var names []string
	for _, s := range services {
		names = append(names, strings.TrimSuffix(s, ".service"))
	}
	return []Finding{{Status: Warning, Thing: name, Fault: FaultServices, Note: listed(names)}}
}

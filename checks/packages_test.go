package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/probe"
	"ronde/text"
)

// hourly is a history with one series, whose values are an hour apart and end now.
type hourly struct {
	series Series
	values []float64
}

func (p hourly) Points(_ context.Context, s Series, _ time.Time) (points []Point, err error) {
	if s != p.series {
		return nil, nil
	}
	for i, v := range p.values {
		points = append(points, Point{At: now.Add(-time.Duration(len(p.values)-i) * time.Hour), Value: v})
	}
	return points, nil
}

var errPast = errors.New("the database is away")

type noPast struct{}

func (noPast) Points(context.Context, Series, time.Time) ([]Point, error) { return nil, errPast }

// debian is a host on which all is well, with what makes it otherwise.
func debian(change func(p *probe.Packages)) probe.Packages {
	p := probe.Packages{
		Upgrades: []probe.Upgrade{}, Held: []string{}, Lists: now.Add(-3 * time.Hour),
		Unattended: &probe.Unattended{Last: now.Add(-9 * time.Hour), Errors: []string{}}, Services: []string{},
	}
	if change != nil {
		change(&p)
	}
	return p
}

func packageDefaults() packageSettings { return packagesKind().Settings.(packageSettings) }

var (
	openssl = probe.Upgrade{Name: "openssl", From: "3.5.7-1~deb13u2", To: "3.5.7-1~deb13u3", Security: true}
	tzdata  = probe.Upgrade{Name: "tzdata", From: "2026c-0+deb13u1", To: "2026f-0+deb13u1"}
)

func packageStories() map[string]PackagesReport {
	story := func(w waits, change func(p *probe.Packages)) PackagesReport {
		return newPackagesReport("antigone", debian(change), packageDefaults(), w, now)
	}
	waiting := func(all ...probe.Upgrade) func(p *probe.Packages) {
		return func(p *probe.Packages) { p.Upgrades = all }
	}
	var many []probe.Upgrade
	for i := range 14 {
		many = append(many, probe.Upgrade{Name: fmt.Sprintf("a-package-with-a-long-name-%02d", i), To: strings.Repeat("1.", 20), Security: i > 10, Kept: i%2 == 0})
	}
	return map[string]PackagesReport{
		"all is well":           story(waits{}, nil),
		"some wait since today": story(waits{day, day}, waiting(openssl, tzdata)),
		"one waits, not urgent": story(waits{0, day}, waiting(tzdata)),
		"security waits":        story(waits{3 * day, 3 * day}, waiting(openssl, tzdata)),
		"all waits":             story(waits{20 * day, 20 * day}, waiting(openssl, tzdata)),
		"one is held": story(waits{0, 20 * day}, func(p *probe.Packages) {
			p.Upgrades, p.Held = []probe.Upgrade{{Name: "tzdata", To: "2026f", Kept: true}}, []string{"tzdata"}
		}),
		"a held one is urgent": story(waits{3 * day, 0}, func(p *probe.Packages) {
			p.Upgrades, p.Held = []probe.Upgrade{{Name: "rsync", To: "3.5.0", Kept: true, Security: true}}, []string{"rsync"}
		}),
		"too many for a phone": story(waits{3 * day, 3 * day}, waiting(many...)),
		"old lists":            story(waits{}, func(p *probe.Packages) { p.Lists = now.Add(-40 * day) }),
		"no lists":             story(waits{}, func(p *probe.Packages) { p.Lists = time.Time{} }),
		"unattended failed": story(waits{}, func(p *probe.Packages) {
			p.Unattended.Errors = []string{"Lock could not be acquired (another package manager running?)", "x"}
		}),
		"unattended says a secret": story(waits{}, func(p *probe.Packages) {
			p.Unattended.Errors = []string{"fetch https://bob:hunter2@deb.example.org/x <b>@room</b>\x1b[31m"}
		}),
		"unattended is old":     story(waits{}, func(p *probe.Packages) { p.Unattended.Last = now.Add(-5 * day) }),
		"unattended never ran":  story(waits{}, func(p *probe.Packages) { p.Unattended.Last = time.Time{} }),
		"unattended is unread":  story(waits{}, func(p *probe.Packages) { p.Unattended.Unread = true }),
		"no unattended":         story(waits{}, func(p *probe.Packages) { p.Unattended = nil }),
		"a reboot":              story(waits{}, func(p *probe.Packages) { p.Reboot = probe.Reboot{Noted: true, Packages: []string{"libc6"}} }),
		"services":              story(waits{}, func(p *probe.Packages) { p.Services = []string{"cron.service", "dbus.service", "ssh.service"} }),
		"services are unknown":  story(waits{}, func(p *probe.Packages) { p.Services, p.NoServices = nil, "needrestart is not installed" }),
		"only what must reboot": story(waits{}, func(p *probe.Packages) { p.Services = []string{"dbus.service"} }),
	}
}

func TestPackagesAreJudged(t *testing.T) {
	type verdict struct {
		status Status
		faults string
	}
	want := map[string]verdict{
		"all is well": {OK, ""}, "some wait since today": {OK, ""}, "one waits, not urgent": {OK, ""},
		"security waits": {Warning, "security-waiting"}, "all waits": {Warning, "security-waiting upgrades-waiting"},
		"one is held": {OK, ""}, "a held one is urgent": {Warning, "security-waiting"},
		"too many for a phone": {Warning, "security-waiting"},
		"old lists":            {Unknown, "package-lists-old"}, "no lists": {Unknown, "package-lists-none"},
		"unattended failed": {Warning, "unattended-failed"}, "unattended says a secret": {Warning, "unattended-failed"},
		"unattended is old": {Warning, "unattended-old"}, "unattended never ran": {Warning, "unattended-never"},
		"unattended is unread": {Unknown, "unattended-unread"}, "no unattended": {OK, ""}, "a reboot": {Warning, "reboot-required"},
		"services": {Warning, "services-to-restart"}, "services are unknown": {OK, ""}, "only what must reboot": {OK, ""},
	}
	got := map[string]verdict{}
	for name, r := range packageStories() {
		var faults []string
		for _, f := range r.Findings {
			faults = append(faults, string(f.Fault))
		}
		got[name] = verdict{r.Status, strings.Join(faults, " ")}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(verdict{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSinceWhenUpdatesWaitIsInTheHistory(t *testing.T) {
	at := Series{Check: "packages", Name: "antigone", Metric: "security"}
	for name, tt := range map[string]struct {
		history History
		want    time.Duration
	}{
		"for the first time":    {noHistory{}, 0},
		"since there was none":  {hourly{at, []float64{4, 2, 0, 1, 3, 2}}, 3 * time.Hour},
		"for as long as known":  {hourly{at, []float64{1, 1}}, 2 * time.Hour},
		"none until now":        {hourly{at, []float64{1, 1, 0}}, 0},
		"a part of an old hour": {hourly{at, []float64{0, .25, 1}}, 2 * time.Hour},
	} {
		w, err := waitsOf(t.Context(), Asked{Name: "antigone", History: tt.history}, now)
		if err != nil || w.security != tt.want || w.others != 0 {
			t.Errorf("%s: got %+v, %v, want %s", name, w, err, tt.want)
		}
	}
	if _, err := waitsOf(t.Context(), Asked{Name: "antigone", History: noPast{}}, now); !errors.Is(err, errPast) {
		t.Errorf("got %v", err)
	}
}

func TestPackagesThatDoNotCountAreLeftOut(t *testing.T) {
	s := packageDefaults()
	s.Ignore = []string{"openssl"}
	r := newPackagesReport("antigone", debian(func(p *probe.Packages) { p.Upgrades = []probe.Upgrade{openssl, tzdata} }), s, waits{9 * day, 9 * day}, now)
	if r.Status != OK || r.Metrics[0].Value != 1 || r.Metrics[1].Value != 0 {
		t.Errorf("got %+v", r)
	}
}

// phone is how reports look in a room, by the name of their story.
func phone[R Report](t *testing.T, stories map[string]R, code string) string {
	t.Helper()
	var all []string
	for name, r := range stories {
		var m text.Message
		o := told(r, speak(code))
		WriteOutcome(&m, speak(code), o, now)
		line := m.Plain()
		if strings.ContainsAny(line, "\n\x1b") || strings.Contains(line, "checks.") || strings.Contains(line, "<no value>") || strings.Contains(line+o.Detail, "hunter2") {
			t.Errorf("%s: %s is not one whole sentence", name, line)
		}
		checkDetail(t, o.Detail)
		all = append(all, "# "+name+"\n"+line+"\n"+o.Detail+"\n")
	}
	return sorted(all)
}

func TestPackagesOnAPhone(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		golden(t, "packages."+code+".txt", phone(t, packageStories(), code))
	}
}

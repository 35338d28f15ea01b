package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ronde/hosts"
	"ronde/probe"
	"ronde/text"
)

// checkDetail checks that details fit on a phone.
func checkDetail(t *testing.T, detail string) {
	t.Helper()
	lines := strings.Split(detail, "\n")
	if len(lines) > 10 {
		t.Errorf("%d lines of details", len(lines))
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > detailColumns {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// told is the outcome of a report.
func told(r Report, l *text.Language) Outcome {
	o := Outcome{Ref: r.Verdict().Check + " " + r.Verdict().Host, Result: r.Verdict()}
	if t, ok := r.(teller); ok {
		t.tell(&o, l)
	}
	return o
}

// stories are reports of every kind, by what they are about.
func stories() []Report {
	full := crowd(27)
	secret := func(until time.Time, said error) SecretReport {
		return newSecretReport(OAuthConfig{Name: "intra", ApplicationURL: "https://profile.example.org/1"}, until, said, now)
	}
	reboot := func(packages ...string) RebootReport {
		return newRebootReport("antigone", probe.Reboot{Noted: true, Packages: packages}, now)
	}
	failure := func(check, host string, err error) Report { return Measurement{Result: failed(check, host, now, err)} }
	return []Report{
		NewMeasurement("antigone", crowd(29), now),
		NewMeasurement("antigone", crowd(1), now),
		NewMeasurement("antigone", nil, now),
		NewMeasurement("antigone", append(full, sample("nextcloud", 50, 10, 100, 1)), now),
		NewMeasurement("antigone", append(full, sample("nextcloud", 50, 93, 100, 1), sample("mail", 0, 91, 100, 950)), now),
		NewMeasurement("antigone", append(full, sample("<b>@room</b>\n"+strings.Repeat("x", 80), 0, 1, 100, 950)), now),
		NewMeasurement("antigone", append(full, hosts.ContainerSample{Name: "gitea", Err: errLater}), now),
		NewMeasurement("antigone", append(full, hosts.ContainerSample{Name: "gitea", State: "running", Err: hosts.ErrNotRunning}), now),
		NewMeasurement("antigone", append(full, hosts.ContainerSample{Name: "gitea", State: "restarting"}), now),
		failure("containers", "balearica", &hosts.UnreachableError{Host: "balearica", Err: fmt.Errorf("dial 192.0.2.1: refused")}),
		failure("containers", "balearica", hosts.ErrNoEngine),
		failure("disk", "balearica", &hosts.RefusedError{Host: "balearica", Server: "192.0.2.1:22", Err: errLater}),
		failure("disk", "nuage", &hosts.UnknownKeyError{Host: "antigone", Server: "192.0.2.1:22", Trust: "balearica"}),
		failure("disk", "balearica", &hosts.ChangedKeyError{Host: "balearica", Server: "192.0.2.1:22", File: "/hunter2", Line: 1}),
		failure("disk", "balearica", &probe.VersionError{}),
		failure("containers", "antigon", &hosts.UnknownHostError{Name: "antigon"}),
		failure("reboot", "balearica", hosts.ErrNotLocal),
		failure("reboot", "antigone", errLater),
		failure("containers", "antigone", context.DeadlineExceeded),
		failure("dance", "antigone", errNoSuch),
		failure("oauth", "intra", fmt.Errorf("it %w: dial 192.0.2.1", errAway)),
		newRebootReport("antigone", probe.Reboot{}, now),
		logStory(2), logStory(40), logStory(0),
		failure("logs", "antigone", errLater),
		reboot(), reboot("linux-image-6.1.0-28-amd64"), reboot("libc6", "libssl3", "linux-image-6.1.0-28-amd64", "dbus"),
		secret(time.Date(2027, 2, 10, 12, 0, 0, 0, time.UTC), nil),
		secret(time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), nil), // tomorrow, here
		secret(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), nil),
		secret(time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC), nil),
		secret(time.Time{}, errRefused), secret(time.Time{}, errNoDate),
	}
}

var errLater = fmt.Errorf("no time at 192.0.2.1: %w", errNoSuchTime)

var errNoSuchTime = fmt.Errorf("hunter2")

func TestOutcomesOnACard(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		var all strings.Builder
		for _, r := range stories() {
			var m text.Message
			WriteOutcome(&m, speak(code), told(r, speak(code)), now)
			line := m.Plain()
			if strings.Contains(line, "\n") || strings.Contains(line, "checks.") || strings.Contains(line, "<no value>") {
				t.Errorf("%s is not one whole sentence", line)
			}
			if strings.Contains(line, "192.0.2.1") || strings.Contains(line, "hunter2") || strings.Contains(m.HTML(), "<b>") {
				t.Errorf("%s tells more than people may read", m.HTML())
			}
			fmt.Fprintln(&all, line)
		}
		golden(t, "outcomes."+code+".txt", all.String())
	}
}

// TestAKindIsSaidOnce: where the line begins with it, what could not be measured does not
// name it again; the rest of the line is as it is anywhere else.
func TestAKindIsSaidOnce(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		l := speak(code)
		for _, r := range stories() {
			o := told(r, l)
			kind := sayKind(l, o)
			var once, twice text.Message
			WriteOutcomeOfKind(&once, l, kind, o, now)
			WriteOutcomeAs(&twice, l, kind, o, now)
			if o.Status == Unknown && strings.Count(once.Plain(), kind) != 1 {
				t.Errorf("%s says %q more than once", once.Plain(), kind)
			}
			if got, want := once.Plain(), strings.Replace(twice.Plain(), " ("+kind+")", "", 1); got != want {
				t.Errorf("it says %s instead of %s", got, want)
			}
		}
	}
}

// TestEveryKindSpeaks: no kind of check and no fault is without its words.
func TestEveryKindSpeaks(t *testing.T) {
	for _, code := range []string{"fr", "en"} {
		for _, k := range Kinds() {
			if said := sayKind(speak(code), Outcome{Result: Result{Check: k.Name}}); strings.HasPrefix(said, "checks.") {
				t.Errorf("add kind.%s to text/catalogue/checks.%s.toml", k.Name, code)
			}
		}
	}
}

func TestDetailsFitOnAPhone(t *testing.T) {
	var samples []hosts.ContainerSample
	for i := range 14 {
		samples = append(samples, sample(fmt.Sprintf("a-long-name-of-a-container-%02d", i), float64(100-i), 500, 512, 3))
	}
	o := told(NewMeasurement("antigone", samples, now), speak("fr"))
	checkDetail(t, o.Detail)
	if o.Count != 14 || o.Busy != 14 || strings.Count(o.Detail, "\n") != 9 {
		t.Errorf("%d containers, %d busy, details\n%s", o.Count, o.Busy, o.Detail)
	}
	if o := told(away("antigone", errLater), speak("fr")); o.Detail != "" {
		t.Errorf("details of nothing: %q", o.Detail)
	}
}

func TestOutcomesCanBeKept(t *testing.T) {
	for _, r := range stories() {
		o := told(r, speak("fr"))
		kept, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var back Outcome
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatal(err)
		}
		o.Containers = nil // which are not kept
		if diff := cmp.Diff(o, back); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
}

func TestDaysAreCountedByTheCalendar(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, paris)
	}
	for _, tt := range []struct {
		from, to time.Time
		want     int
	}{
		{at(3, 28, 23), at(3, 29, 1), 1}, {at(3, 28, 0), at(3, 30, 0), 2}, {at(10, 24, 12), at(10, 26, 1), 2}, {at(3, 3, 9), at(3, 3, 23), 0}, {at(3, 3, 9), at(3, 1, 9), -2},
	} {
		if got := daysBetween(tt.from, tt.to); got != tt.want {
			t.Errorf("from %s to %s: %d days, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

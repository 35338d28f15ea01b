package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ronde/checks"
	"ronde/routines"
	"ronde/text"
)

const (
	example = "../config.example.toml"
	pings   = "https://hc.example.org/ping/5b9d5b0a" // what variables that end in _URL hold
)

// parseExample reads the example as it is shipped, with the variables that it
// names. What it names outside of itself is not there on most machines.
func parseExample(t *testing.T) Config {
	t.Helper()
	c, mistakes := Parse(example, readFile(t, example), environment)
	if wrong := mistakes.In(Always); len(wrong) > 0 {
		t.Fatalf("the example has mistakes:\n%v", wrong)
	}
	return c
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// environment has every variable of the bot.
func environment(name string) (string, bool) {
	if strings.HasSuffix(name, "_URL") {
		return pings, true
	}
	return "the secret of " + name, strings.HasPrefix(name, "RONDE_")
}

func TestExampleParses(t *testing.T) {
	c := parseExample(t)
	if c.Language != "fr" || c.Location.String() != "Europe/Paris" {
		t.Errorf("language %q, time zone %s", c.Language, c.Location)
	}
	if c.Mailbox == nil || c.Mailbox.Password != "the secret of RONDE_MAILBOX_PASSWORD" {
		t.Errorf("mailbox %+v", c.Mailbox)
	}
	if err := c.Mailbox.Check(); err != nil {
		t.Errorf("the mailbox cannot work: %v", err)
	}
	var names []string
	for _, h := range c.Hosts {
		names = append(names, h.Name)
		if err := h.Check(); err != nil {
			t.Errorf("host %s cannot work: %v", h.Name, err)
		}
	}
	if diff := cmp.Diff([]string{"antigone", "balearica", "sarus"}, names); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{
		"antigone": {"containers antigone"}, "balearica": {"containers balearica"}, "sarus": {"containers sarus"},
	}, c.Incidents.Checks); diff != "" {
		t.Errorf("checks when something breaks (-want +got):\n%s", diff)
	}
	if len(c.Heartbeats) != 1 || c.Heartbeats[0].Every != 5*time.Minute || c.Heartbeats[0].URL != pings {
		t.Errorf("heartbeats %+v", c.Heartbeats)
	}
	if s := c.Incidents.Steps; len(c.Prompting.Watch.People) != 2 || len(s) != 3 || !s[0].Turn || len(s[1].People) != 2 || !s[2].Room {
		t.Errorf("turns %+v, steps %+v", c.Prompting.Watch, s)
	}
	if c.Pager == nil || c.Pager.After != 5*time.Minute || c.Pager.Outage || c.Pager.Ntfy.Priority != 5 || c.Pager.Mail.Password != "the secret of RONDE_SMTP_PASSWORD" || len(c.Pager.Mail.To) != 2 {
		t.Errorf("pager %+v", c.Pager)
	}
	if len(c.Incidents.Same) != 1 || c.Incidents.Same[0].Name != "Nuage" || len(c.Incidents.Same[0].Things) != 2 {
		t.Errorf("ties %+v", c.Incidents.Same)
	}
	if len(c.OAuth) != 1 || c.OAuth[0].Name != "intra" || c.OAuth[0].ClientSecret != "the secret of RONDE_INTRA_SECRET" {
		t.Errorf("oauth %+v", c.OAuth)
	}
}

// TestExampleHasEveryChore holds the list of what the people of such a host do by
// hand, with how often they do it.
func TestExampleHasEveryChore(t *testing.T) {
	want := map[string]string{
		"containers": "1d", "processes": "1d", "netdata": "1d", "security": "1d", "links": "1d", "busy-logs": "1d",
		"updates": "3d..4d", "logs": "3d..4d", "disks": "3d..4d",
		"mail-report": "weekly", "host-updates": "weekly", "backups": "weekly",
		"oauth": "monthly", "reboots": "30d", "nitter": "45d", "gitea": "30d",
	}
	got := map[string]string{}
	for _, r := range parseExample(t).Routines {
		got[r.Key] = cadenceWord(r.Cadence)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routines (-want +got):\n%s", diff)
	}
}

func cadenceWord(c routines.Cadence) string {
	switch {
	case len(c.Weekly) > 0:
		return "weekly"
	case c.Monthly != (routines.MonthDay{}):
		return "monthly"
	}
	return c.Every.String()
}

// TestExampleHasTheDeadlineOfTheSecret: it lapses on the 25th.
func TestExampleHasTheDeadlineOfTheSecret(t *testing.T) {
	for _, r := range parseExample(t).Routines {
		if r.Key == "oauth" && (r.By.String() != "25" || len(r.Warn) != 2) {
			t.Errorf("oauth is due %s", r.Cadence)
		}
	}
}

// TestExampleIsWholeInBothLanguages: each routine has two titles, a runbook, and
// names in French and English, and typographic spaces where French wants them.
func TestExampleIsWholeInBothLanguages(t *testing.T) {
	plainSpace := regexp.MustCompile(` [:;!?%]`)
	for _, r := range parseExample(t).Routines {
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", r.Key, err)
		}
		if r.Title.FR == "" || r.Title.EN == "" || r.Runbook == "" || len(r.Aliases) == 0 {
			t.Errorf("%s lacks a title, a runbook or an alias: %+v", r.Key, r)
		}
		if plainSpace.MatchString(r.Title.FR) {
			t.Errorf("%s: the French title breaks before its punctuation: %q", r.Key, r.Title.FR)
		}
	}
}

var settingLine = regexp.MustCompile(`^(# )?([a-z_]+) = (.*)$`)

// documented returns the paragraph of the example that explains each setting, by
// the setting's full name: all comment lines of the paragraph that it stands in and
// of the one right above its first settings.
func documented(doc string) map[string]string {
	explained := map[string]string{}
	header := ""
	for paragraph := range strings.SplitSeq(doc, "\n\n") {
		for line := range strings.Lines(paragraph) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "[") {
				header = strings.Trim(line, "[]") + "."
			}
			m := settingLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			explained[header+m[2]] += paragraph
			for _, inner := range regexp.MustCompile(`([a-z_]+) = "`).FindAllStringSubmatch(m[3], -1) {
				explained[header+m[2]+"."+inner[1]] += paragraph
			}
		}
	}
	return explained
}

// settings returns every setting that the program knows: the defaults of those that
// have one, and the names of those that must be given.
func settings() (defaults map[string]string, required []string) {
	r := &reader{file: "none", lookup: environment, defaults: map[string]string{}}
	r.config(r.section(newTable(place{1, 1}, headed), "", ""))
	for _, s := range r.sections {
		for _, name := range s.asked {
			if _, known := r.defaults[s.setting(name)]; !known {
				r.defaults[s.setting(name)] = `""`
			}
		}
	}
	for _, tableName := range []string{"matrix", "rooms", "rights", "prompts", "people", "incidents", "same", "oncall", "escalation", "digest", "mailbox", "mail", "board", "webhook", "heartbeat", "pager", "pager.ntfy", "pager.mail", "host", "check", "oauth", "routine"} {
		delete(r.defaults, tableName)
	}
	return r.defaults, r.required
}

// TestExampleNamesEverySetting: whatever the program reads stands in the example,
// commented out or not, with its default or the word Required; and nothing else
// does.
func TestExampleNamesEverySetting(t *testing.T) {
	explained := documented(string(readFile(t, example)))
	defaults, required := settings()
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		paragraph, named := explained[name]
		words := "Default: " + defaults[name] + "."
		if defaults[name] == `""` || defaults[name] == "[]" {
			words = "Default: none"
		}
		switch {
		case strings.HasPrefix(name, "routine.title.") || strings.HasPrefix(name, "mailbox.password_"), strings.HasPrefix(name, "oauth.client_secret_"), strings.HasPrefix(name, "heartbeat.url_"), strings.HasPrefix(name, "webhook.secret_"):
			words = "Required" // in one of two ways
		case slices.Contains(required, name):
			words = "Required"
		}
		if !named {
			t.Errorf("the example does not name %s", name)
		} else if !strings.Contains(strings.ReplaceAll(paragraph, "\n# ", " "), words) {
			t.Errorf("the example does not say of %s: %s", name, words)
		}
	}
	for name := range explained {
		if _, known := defaults[name]; !known && !ofSomeKind(name) {
			t.Errorf("the example names %s, which the program does not know", name)
		}
	}
}

// ofSomeKind tells whether a setting is one that a kind of check has; docs/checks.md
// explains these.
func ofSomeKind(name string) bool {
	setting, ofCheck := strings.CutPrefix(name, "check.")
	return ofCheck && slices.ContainsFunc(checks.Kinds(), func(k checks.Kind) bool {
		return slices.ContainsFunc(checks.SettingsOf(k.Settings), func(s checks.Setting) bool { return s.Name == setting })
	})
}

// TestCommentedSettingsAreValid takes the "# " away from every setting of the example
// that may stand beside the others.
func TestCommentedSettingsAreValid(t *testing.T) {
	exclusive := regexp.MustCompile(`^# (password_file|access_token_file|access_token_env|recovery_key_file|client_secret_file|secret_file|token_file|url_file|thing|weekly|monthly|rrule|when|expires|ca_file|cert_file|key_file) = `)
	var doc strings.Builder
	for line := range strings.Lines(string(readFile(t, example))) {
		if settingLine.MatchString(strings.TrimSuffix(line, "\n")) && !exclusive.MatchString(line) {
			line = strings.TrimPrefix(line, "# ")
		}
		doc.WriteString(line)
	}
	c, mistakes := Parse("config.toml", []byte(doc.String()), environment)
	if wrong := mistakes.In(Always); len(wrong) > 0 {
		t.Fatalf("the settings that are commented out have mistakes:\n%v", wrong)
	}
	if c.Mailbox.Poll != 5*time.Minute || len(c.Trust.Unchecked) != 1 || c.Routines[0].Start == (routines.Date{}) ||
		len(c.Routines[0].Days) != 5 || c.Routines[0].Quiet == (routines.Quiet{}) || c.Routines[0].By == (routines.By{}) ||
		len(c.Incidents.Checks["antigone"]) != 2 {
		t.Errorf("settings were lost: %+v", c)
	}
}

func TestTitlesFallBackToTheOtherLanguage(t *testing.T) {
	english, err := text.In("en")
	if err != nil {
		t.Skip(err) // the catalogues have their own tests
	}
	c, mistakes := parse(`
		[[routine]]
		key = "a"
		title = { fr = "Sauvegardes" }
		every = "1d"`)
	if len(mistakes) > 0 || c.Routines[0].Title.In(english) != "Sauvegardes" {
		t.Errorf("title %+v, mistakes %v", c.Routines, mistakes)
	}
}

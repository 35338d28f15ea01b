package checks

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"ronde/hosts"
	"ronde/text"
)

// Kind is one check that can be made: of a host, of something that a [[check]] of the
// configuration names, or of a secret of [[oauth]]. One of Measure and MeasureOAuth is
// set. With an error the report still has its verdict, [Unknown].
type Kind struct {
	Name         string // what people type: "disk"
	Measure      func(ctx context.Context, a Asked) (Report, error)
	MeasureOAuth func(ctx context.Context, c OAuthConfig) (Report, error)
	// Named says that it needs a [[check]] that says what it is about. Otherwise it can
	// be made of every host that has what it needs, with the settings of a [[check]]
	// where there is one.
	Named bool
	// Hostless says that it is about no host: its [[check]] names none.
	Hostless bool
	// Needs is what a host must have for it.
	Needs Need
	// Help says in one sentence what it measures, for the documentation.
	Help string
	// Settings are what can be set in a [[check]]: a struct with the defaults, whose
	// fields have tags; see [SettingsOf]. nil for none.
	Settings any
	// Holds and Until say which facts its outcomes read, for whoever depends on one.
	Holds, Until bool
	// Calm says that all is well, in a few words that follow the name of the host;
	// nil for "nothing to report".
	Calm func(l *text.Language, o Outcome, now time.Time) string
}

// Asked is what a check is made of.
type Asked struct {
	Kind string      // the name of the kind
	Name string      // of the host, or of the [[check]] where it has one of its own
	Host *hosts.Host // nil for a kind that is about no host
	// Settings has the type of the kind's Settings.
	Settings any
	// History is what was measured before; never nil.
	History History
	// Mails has the reports of mail servers; nil without a running bot.
	Mails MailReports
	// Location is where people's clocks are; nil for UTC.
	Location *time.Location
	// Memory keeps what the check has to know the next time; never nil.
	Memory Memory
}

// settings returns the settings of a check as the type that its kind declares.
func settings[S any](a Asked) S {
	s, _ := a.Settings.(S) // the suite gives each kind its own
	return s
}

// Need is a setting of a host without which a kind of check knows nothing about it.
type Need string

// What a kind may need of a host.
const (
	NeedsNothing Need = ""
	NeedsDocker  Need = "docker or ssh" // an engine that can be asked, here or through its probe
	NeedsProbe   Need = "local or ssh"
)

// MetBy tells whether a host has what the kind needs of it.
func (n Need) MetBy(c hosts.Config) bool {
	probe := c.Local || c.Remote()
	switch n {
	case NeedsDocker:
		return c.Docker != "" || c.Remote()
	case NeedsProbe:
		return probe
	}
	return true
}

// Config is one [[check]].
type Config struct {
	Kind string
	Name string // what people call it: that of its host unless it has its own
	Host string // "" for a kind that is about none
	// Settings has the type of the kind's Settings.
	Settings any
	// Work is how it is made by itself.
	Work Work
}

// Report is what a kind measured. It can be encoded as JSON, as an object that
// has at least the fields of [Result].
type Report interface {
	Verdict() Result
}

// A printer is a report that has a form of its own for a terminal.
type printer interface {
	Print(w io.Writer) error
}

// A teller is a report that knows more of an [Outcome] than its result.
type teller interface {
	// tell sets what the report knows beyond the result, its details in language l.
	tell(o *Outcome, l *text.Language)
}

// Kinds lists every kind of check.
func Kinds() []Kind {
	return []Kind{
		containersKind(),
		diskKind(),
		backupsKind(),
		packagesKind(),
		pluginKind(),
		logsKind(),
		loadKind(),
		processesKind(),
		rebootKind(),
		oauthKind(),
		certificateKind(),
		httpKind(),
		kumaKind(),
		healthchecksKind(),
		prometheusKind(),
		netdataKind(),
		redisKind(),
		mailReportKind(),
	}
}

// Find returns the kind called name. Its error names those that there are.
func Find(name string) (Kind, error) { return find(Kinds(), name) }

func find(kinds []Kind, name string) (Kind, error) {
	var known []string
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return Kind{}, fmt.Errorf("no check %q: there are %s: %w", name, strings.Join(known, ", "), errNoSuch)
}

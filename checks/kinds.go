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

// Kind is one check that can be made, of a host or of a secret of [[oauth]]: one of
// Measure and MeasureOAuth is set. With an error the report still has its verdict,
// [Unknown].
type Kind struct {
	Name         string // what people type: "stats"
	Measure      func(ctx context.Context, h *hosts.Host) (Report, error)
	MeasureOAuth func(ctx context.Context, c OAuthConfig) (Report, error)
	// Needs is what a host must have for it.
	Needs Need
	// Holds and Until say which facts its outcomes read, for whoever depends on one.
	Holds, Until bool
	// Calm says that all is well, in a few words that follow the name of the host;
	// nil for "nothing to report".
	Calm func(l *text.Language, o Outcome, now time.Time) string
}

// Need is a setting of a host without which a kind of check knows nothing about it.
type Need string

// What a kind may need of a host.
const (
	NeedsNothing Need = ""
	NeedsDocker  Need = "docker" // the address of an engine
	NeedsLocal   Need = "local"  // it is this machine
)

// MetBy tells whether a host has what the kind needs of it.
func (n Need) MetBy(c hosts.Config) bool {
	switch n {
	case NeedsDocker:
		return c.Docker != ""
	case NeedsLocal:
		return c.Local
	}
	return true
}

// Report is what a kind measured. It can be encoded as JSON, as an object that
// has at least the fields of [Result].
type Report interface {
	Verdict() Result
	Print(w io.Writer) error // for a terminal
}

// A teller is a report that knows more of an [Outcome] than its result.
type teller interface {
	// tell sets what the report knows beyond the result, its details in language l.
	tell(o *Outcome, l *text.Language)
}

// Kinds lists every kind of check.
func Kinds() []Kind {
	return []Kind{
		statsKind(),
		rebootKind(),
		oauthKind(),
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

package checks

import (
	"context"
	"fmt"
	"io"

	"ronde/hosts"
)

// Kind is one check that can be made of a host.
type Kind struct {
	Name string // what people type: "stats"
	// Measure measures now. With an error the report still has its verdict,
	// [Unknown].
	Measure func(ctx context.Context, h *hosts.Host) (Report, error)
}

// Report is what a kind measured. It can be encoded as JSON, as an object that
// has at least the fields of [Result].
type Report interface {
	Verdict() Result
	Print(w io.Writer) error // for a terminal
}

// Kinds lists every kind of check.
func Kinds() []Kind {
	return []Kind{
		statsKind(),
	}
}

// Find returns the kind called name.
func Find(name string) (Kind, error) {
	var known []string
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return Kind{}, fmt.Errorf("no check %q: there are %v", name, known)
}

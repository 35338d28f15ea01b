package checks

import (
	"slices"
	"strings"

	"ronde/hosts"
)

// Target is something that a kind of check can be made of.
type Target struct {
	Name string // what people call it: the second word of a reference
	Host string // "" for a kind that is about none
}

// Targets lists what a kind of check can be made of: its [[check]]s, then the hosts that
// have what it needs, in the order of the configuration. Its error is that of [Find].
func (s *Suite) Targets(kind string) ([]Target, error) {
	k, err := find(s.kinds, kind)
	if err != nil {
		return nil, err
	}
	var all []Target
	for _, c := range s.checks {
		if c.Kind == k.Name {
			all = append(all, Target{c.Name, c.Host})
		}
	}
	if k.Named || k.Hostless || k.MeasureOAuth != nil {
		return all, nil
	}
	for _, h := range s.set.All() {
		named := slices.ContainsFunc(all, func(t Target) bool { return strings.EqualFold(t.Name, h.Name()) })
		if !named && k.Needs.has(h) {
			all = append(all, Target{h.Name(), h.Name()})
		}
	}
	return all, nil
}

// has tells whether a host has what a kind needs of it.
func (n Need) has(h *hosts.Host) bool {
	probe := h.IsRemote() || h.Root() != ""
	switch n {
	case NeedsDocker:
		return h.HasEngine() || h.IsRemote()
	case NeedsProbe:
		return probe
	}
	return true
}

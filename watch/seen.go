package watch

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"ronde/checks"
	"ronde/hosts"
	"ronde/store"
	"ronde/text"
)

// fresh is for how long what a check said is good enough for whoever asks, unless it is
// at work: then until it is due again.
const fresh = time.Minute

// Seen is a check, and what it said last.
type Seen struct {
	checks.Config
	Made    bool // it was made before; without that there is nothing of what follows
	Outcome checks.Outcome
	Ran     time.Time
	Since   time.Time // since when its status is that
	Own     bool      // the configuration asks for it, and does not only allow it
}

// Fresh reports whether what it said is good enough for whoever asks now.
func (s Seen) Fresh(now time.Time) bool {
	good := fresh
	if s.Work.Every > 0 {
		good = s.Work.Every + fresh
	}
	return s.Made && now.Sub(s.Ran).Abs() <= good
}

// Moot reports whether nobody asked for it and it cannot be made: there is nothing to see.
func (s Seen) Moot() bool {
	if s.Own || !s.Made || s.Outcome.Status != checks.Unknown || len(s.Outcome.Findings) == 0 {
		return false
	}
	return slices.Contains([]checks.Fault{checks.FaultNotOffered, checks.FaultNoEngine, checks.FaultNotLocal}, s.Outcome.Findings[0].Fault)
}

// Seen returns every [[check]] and what it said last, the worst first.
func (w *Watch) Seen(tx *store.Tx) ([]Seen, error) {
	var all []Seen
	for _, c := range w.Checks {
		all = append(all, Seen{Config: c, Own: true})
	}
	return fill(tx, all)
}

// OfHost returns every check that can be made of a host, and what it said last, the worst
// first.
func (w *Watch) OfHost(tx *store.Tx, host string) ([]Seen, error) {
	return fill(tx, w.ofHost(host))
}

func (w *Watch) ofHost(host string) (all []Seen) {
	for _, c := range w.Checks {
		if c.Host == host {
			all = append(all, Seen{Config: c, Own: true})
		}
	}
	n := slices.IndexFunc(w.Hosts, func(h hosts.Config) bool { return h.Name == host })
	for _, k := range checks.Kinds() {
		c := checks.Config{Kind: k.Name, Name: host, Host: host}
		known := slices.ContainsFunc(all, func(s Seen) bool { return s.Kind == k.Name })
		if n >= 0 && !known && ofHosts(k) && k.Needs.MetBy(w.Hosts[n]) {
			all = append(all, Seen{Config: c})
		}
	}
	return all
}

// ofHosts tells whether a kind of check can be made of a host that no [[check]] names.
func ofHosts(k checks.Kind) bool { return k.MeasureOAuth == nil && !k.Named && !k.Hostless }

// fill adds what the checks said last.
func fill(tx *store.Tx, all []Seen) ([]Seen, error) {
	for n := range all {
		look, known, err := tx.Look(key(all[n].Ref()))
		if err != nil {
			return nil, err
		}
		var said checks.Outcome
		if !known || json.Unmarshal(look.Outcome, &said) != nil { // another version of the bot wrote it otherwise
			continue
		}
		all[n].Outcome, all[n].Made, all[n].Ran, all[n].Since = said, true, look.Ran, look.Since
	}
	slices.SortStableFunc(all, worstFirst)
	return all, nil
}

// worstFirst puts what was never made last.
func worstFirst(a, b Seen) int {
	if a.Made != b.Made {
		return rank(a.Made) - rank(b.Made)
	}
	return checks.WorstFirst(a.Outcome, b.Outcome)
}

// Names returns what a kind of check can be made of, by the names that people type.
func (w *Watch) Names(kind checks.Kind) (names []string) {
	if kind.MeasureOAuth != nil {
		return w.Secrets
	}
	for _, c := range w.Checks {
		if c.Kind == kind.Name {
			names = append(names, c.Name)
		}
	}
	for _, h := range w.Hosts {
		if ofHosts(kind) && kind.Needs.MetBy(h) && !slices.Contains(names, h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}

// Called returns every [[check]] of a name.
func (w *Watch) Called(name string) (all []checks.Config) {
	for _, c := range w.Checks {
		if text.Fold(c.Name) == text.Fold(name) {
			all = append(all, c)
		}
	}
	return all
}

// HostNames returns the names of the hosts.
func (w *Watch) HostNames() (names []string) {
	for _, h := range w.Hosts {
		names = append(names, h.Name)
	}
	return names
}

// Host returns the name of a host as it is configured.
func (w *Watch) Host(typed string) (name string, known bool) {
	for _, h := range w.Hosts {
		if strings.EqualFold(h.Name, typed) {
			return h.Name, true
		}
	}
	return "", false
}

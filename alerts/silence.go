package alerts

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"ronde/store"
	"ronde/text"
)

// steps are for how long a tap on the button silences an incident: the first, the
// second, and each further one.
var steps = []time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour}

// NextStep is for how long the next tap on its button silences an incident. A tap that
// was taken back before its time was over is as if it had never been.
func (d *Desk) NextStep(tx *store.Tx, id int64) (time.Duration, error) {
	marks, err := tx.IncidentMarks(id)
	if err != nil {
		return 0, err
	}
	return nextStep(id, marks), nil
}

func nextStep(id int64, marks []store.IncidentMark) time.Duration {
	taps := 0
	for _, m := range marks {
		if m.IncidentID == id && m.Kind == store.Silence && m.How == "reaction" && (m.UndoneAt.IsZero() || m.UndoneAt.After(m.Until)) {
			taps++
		}
	}
	return steps[min(taps, len(steps)-1)]
}

// Silence keeps some things quiet until a time, and returns the silence's number and
// which open incidents it covers.
func (d *Desk) Silence(tx *store.Tx, r store.SilenceRule) (id int64, covered []store.Incident, err error) {
	r.At = earlier(r.At, tx.Now)
	if id, err = tx.AddSilence(r); err != nil {
		return 0, nil, err
	}
	open, err := tx.OpenIncidents()
	if err != nil {
		return 0, nil, err
	}
	for _, i := range open {
		if d.covers(r, i) {
			covered = append(covered, i)
		}
	}
	_, err = d.bringUp(tx)
	return id, covered, err
}

// EndSilence ends a silence before its time. What it covered and still fires rings.
func (d *Desk) EndSilence(tx *store.Tx, id int64, who string) error {
	if err := tx.EndSilence(id, who); err != nil {
		return err
	}
	_, err := d.bringUp(tx)
	return err
}

// Silences returns the silences that last, the first to end first.
func (d *Desk) Silences(tx *store.Tx) ([]store.SilenceRule, error) {
	rules, err := tx.SilencesUntil(tx.Now)
	return slices.DeleteFunc(rules, func(r store.SilenceRule) bool { return !end(r).After(tx.Now) }), err
}

// covers reports whether a silence is about an incident: one of a thing when its words
// stand in the thing's name, one of a host also when the host's settings name it.
func (d *Desk) covers(r store.SilenceRule, i store.Incident) bool {
	switch r.Scope {
	case store.AllScope:
		return true
	case store.HostScope:
		return d.Settings.On(r.Name, i)
	}
	return d.Settings.Called(i, r.Name)
}

// On reports whether an incident is about a host or something that runs there.
func (s Settings) On(host string, i store.Incident) bool {
	named := func(name string) bool { return s.Called(i, name) }
	return named(host) || slices.ContainsFunc(s.Hosts[host], named)
}

// HostsOf returns the hosts that an incident is about, by their names in order.
func (s Settings) HostsOf(i store.Incident) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.Hosts)), func(host string) bool { return !s.On(host, i) })
}

// IsCritical reports whether an incident cannot wait until the morning: its source says
// so, or the settings name its thing or its host.
func (s Settings) IsCritical(i store.Incident) bool {
	return i.Critical || slices.ContainsFunc(s.Critical, func(name string) bool { return s.On(name, i) })
}

// Names reports whether some words stand in a row in the name of a thing, however they
// are written: "nuage" does in "Nuage (Nextcloud)".
func Names(thing, words string) bool {
	all, some := wordsOf(thing), wordsOf(words)
	for i := 0; len(some) > 0 && i+len(some) <= len(all); i++ {
		if slices.Equal(all[i:i+len(some)], some) {
			return true
		}
	}
	return text.Fold(thing) == text.Fold(words)
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(text.Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// Target finds what somebody means by a name: everything, a host or a thing. known is
// false when nothing of that name ever broke; then near is what was probably meant, or
// "".
func (d *Desk) Target(tx *store.Tx, name string) (r store.SilenceRule, near string, known bool, err error) {
	folded := strings.Join(wordsOf(name), " ")
	if slices.Contains([]string{"tout", "all", "everything"}, folded) {
		return store.SilenceRule{Scope: store.AllScope}, "", true, nil
	}
	r = store.SilenceRule{Scope: store.ThingScope, Name: text.OneLine(name, maxThing)}
	var candidates []string
	for host := range d.Settings.Hosts {
		if text.Fold(host) == text.Fold(name) {
			return store.SilenceRule{Scope: store.HostScope, Name: host}, "", true, nil
		}
		candidates = append(candidates, host)
	}
	for _, t := range d.Settings.Same {
		if t.called(name) {
			return r, "", true, nil
		}
		candidates = append(append(candidates, t.Name), t.Things...)
	}
	recent, err := tx.RecentIncidents(remembered)
	for _, i := range recent {
		if d.Settings.Called(i, name) {
			return r, "", true, err
		}
		candidates = append(candidates, i.Thing)
		for _, word := range wordsOf(i.Thing) {
			if len([]rune(word)) > 3 {
				candidates = append(candidates, word)
			}
		}
	}
	return r, text.Nearest(name, candidates), false, err
}

// remembered is how many incidents back a name is known.
const remembered = 500

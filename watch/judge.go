package watch

import (
	"slices"
	"strings"

	"ronde/alerts"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

const (
	// unchecked is how it is kept that a check says nothing, and others how that there are
	// more things than are kept apart. No check calls a thing so.
	unchecked = "\x00unchecked"
	others    = "\x00others"
	// mostThings is how many things of one check are bad apart; the rest of them is one.
	mostThings = 20
)

// sight is what one look says of one thing.
type sight struct {
	thing string // as the check calls it
	alerts.Found
	level checks.Status // OK for what is not bad enough
}

// judge has an outcome change what is known of the things that a check looks at.
func (w *Watch) judge(tx *store.Tx, c checks.Config, before store.Look, o checks.Outcome) error {
	known, err := tx.WatchedBy(key(c.Ref()))
	if err != nil {
		return err
	}
	follows := tx.Now.Sub(before.Ran) <= gap(c.Work.Every)
	answers := tx.Now.Sub(before.Answered) <= gap(c.Work.Every)
	sights, err := w.sights(tx, c, o, known)
	if err != nil {
		return err
	}
	for _, s := range sights {
		followed := answers
		if s.thing == unchecked {
			followed = follows
		}
		n := slices.IndexFunc(known, func(k store.Watched) bool { return k.Thing == s.thing })
		k := store.Watched{Ref: key(c.Ref()), Thing: s.thing, Source: s.Source(), Name: s.Name()}
		if n >= 0 {
			k = known[n]
		}
		if err := w.apply(tx, c, k, s, followed); err != nil {
			return err
		}
	}
	return nil
}

// sights is what an outcome says of each thing: of those that are bad, and of those that
// were. A check that says nothing says nothing of its things either.
func (w *Watch) sights(tx *store.Tx, c checks.Config, o checks.Outcome, known []store.Watched) ([]sight, error) {
	if o.Status == checks.Unknown {
		s, err := w.unknown(tx, c, o)
		return []sight{s}, err
	}
	all := w.bad(c, o, known)
	for _, k := range known {
		if !slices.ContainsFunc(all, func(s sight) bool { return s.thing == k.Thing }) {
			all = append(all, sight{thing: k.Thing, level: checks.OK, Found: alerts.Found{
				Ref: c.Ref(), Kind: kindOf(k), Thing: k.Name, Over: true, Said: text.OneLine(checks.Say(w.Language, o), 400),
			}})
		}
	}
	return all, nil
}

func kindOf(k store.Watched) string {
	_, kind, _ := strings.Cut(k.Source, "/")
	return kind
}

// unknown is that a check says nothing. All checks of a host that cannot be made are one
// incident.
func (w *Watch) unknown(tx *store.Tx, c checks.Config, o checks.Outcome) (sight, error) {
	said, level := checks.Say(w.Language, o), checks.Unknown
	f := alerts.Found{Ref: c.Ref(), Kind: alerts.Unchecked, Thing: orElse(c.Host, c.Name), Fault: said, Said: said}
	if away(o) {
		engine, err := w.onlyEngine(tx, c)
		if err != nil {
			return sight{}, err
		}
		f.Critical, level = true, checks.Critical
		f.Fault = w.Language.Say("watch.away")
		if engine {
			f.Fault = w.Language.Say("watch.engine")
		}
	}
	if !c.Work.Bad(checks.Unknown) {
		level = checks.OK
	}
	return sight{thing: unchecked, Found: f, level: level}, nil
}

func away(o checks.Outcome) bool {
	return o.Status == checks.Unknown && len(o.Findings) > 0 && o.Findings[0].Fault == checks.FaultAway
}

// onlyEngine tells whether it is a Docker engine that is away, and not the host, of which
// other checks know something.
func (w *Watch) onlyEngine(tx *store.Tx, c checks.Config) (bool, error) {
	if !w.byEngine(c) {
		return false, nil
	}
	all, err := w.OfHost(tx, c.Host)
	return !slices.ContainsFunc(all, func(s Seen) bool { return s.Made && away(s.Outcome) && !w.byEngine(s.Config) }), err
}

// byEngine tells whether a check asks a Docker engine on a way of its own, so that this
// may be away while the host is not.
func (w *Watch) byEngine(c checks.Config) bool {
	kind, err := checks.Find(c.Kind)
	for _, h := range w.Hosts {
		if h.Name == c.Host {
			return err == nil && kind.Needs == checks.NeedsDocker && h.Docker != ""
		}
	}
	return false
}

func (w *Watch) level(c checks.Config, s checks.Status) checks.Status {
	if c.Work.Bad(s) {
		return s
	}
	return checks.OK
}

// bad returns the things that an outcome finds bad. Of too many, those that were known as
// such come first, and the rest is one.
func (w *Watch) bad(c checks.Config, o checks.Outcome, known []store.Watched) (all []sight) {
	for _, f := range o.Findings { // the worst first
		if w.level(c, f.Status) == checks.OK {
			continue
		}
		if n := slices.IndexFunc(all, func(s sight) bool { return s.thing == f.Thing }); n >= 0 {
			all[n].Said += "\n" + checks.SayOne(w.Language, o, f)
			continue
		}
		said := checks.SayOne(w.Language, o, f)
		all = append(all, sight{thing: f.Thing, level: f.Status, Found: alerts.Found{
			Ref: c.Ref(), Kind: c.Kind, Thing: nameOf(c, f.Thing), Fault: without(said, f.Thing), Said: said, Critical: f.Status == checks.Critical,
		}})
	}
	isKnown := func(s sight) bool {
		return slices.ContainsFunc(known, func(k store.Watched) bool { return k.Thing == s.thing })
	}
	slices.SortStableFunc(all, func(a, b sight) int { return rank(isKnown(a)) - rank(isKnown(b)) })
	return w.few(c, all)
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// few makes what is too much one thing.
func (w *Watch) few(c checks.Config, all []sight) []sight {
	if len(all) <= mostThings {
		return all
	}
	rest := sight{thing: others, level: checks.Unknown, Found: alerts.Found{Ref: c.Ref(), Kind: c.Kind, Thing: nameOf(c, "…")}}
	for _, s := range all[mostThings:] {
		rest.level, rest.Critical = max(rest.level, s.level), rest.Critical || s.Critical
		rest.Said += s.Said + "\n"
	}
	rest.Fault = w.Language.Say("watch.more", "Count", len(all)-mostThings)
	return append(all[:mostThings:mostThings], rest)
}

// nameOf is what people call a thing of a check: "antigone · /srv". It never changes with
// the language.
func nameOf(c checks.Config, thing string) string {
	var parts []string
	for _, part := range []string{c.Host, c.Name, thing} {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return text.OneLine(strings.Join(parts, " · "), 200)
}

// without takes the name of a thing away from the beginning of what is said of it.
func without(said, thing string) string {
	rest, found := strings.CutPrefix(said, text.OneLine(thing, 40))
	if rest = strings.TrimLeft(rest, " :\u00a0\u202f"); !found || thing == "" || rest == "" {
		return said
	}
	return rest
}

// atWork tells whether a check is made by itself, and not only was.
func (w *Watch) atWork(ref string) bool {
	c, known := w.find(ref)
	return known && c.Work.Every > 0
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// apply has one look at a thing change what is known of it, and says so.
func (w *Watch) apply(tx *store.Tx, c checks.Config, k store.Watched, s sight, followed bool) error {
	now, word, since := decide(c.Work, conditionOf(k), s.level, followed, tx.Now)
	if now == (condition{}) {
		if err := tx.ForgetWatched(k.Ref, k.Thing); err != nil {
			return err
		}
	} else {
		if err := tx.SaveWatched(now.watched(k)); err != nil {
			return err
		}
	}
	if s.Since, s.Thing = since, k.Name; word != nothing {
		return w.tell(tx, k, s, word)
	}
	if !now.open || !now.calm.IsZero() {
		return nil
	}
	forgotten, err := w.Incidents.Forgotten(tx, k.Source, k.Name)
	if err == nil && forgotten {
		_, err = w.Incidents.Tell(tx, s.Found)
	}
	return err
}

// tell says it of the incident. Where several checks hold one open, only the first that
// says so and the last that no longer does are heard, and whichever finds it worse.
func (w *Watch) tell(tx *store.Tx, k store.Watched, s sight, said word) error {
	same, err := tx.WatchedAs(k.Source, k.Name)
	if err != nil {
		return err
	}
	for _, other := range same {
		itself := other.Ref == k.Ref && other.Thing == k.Thing
		if !itself && w.atWork(other.Ref) && (said == ends || !worse(s.level, conditionOf(other).level)) {
			return nil
		}
	}
	_, err = w.Incidents.Tell(tx, s.Found)
	return err
}

package history

import (
	"slices"

	"ronde/store"
	"ronde/text"
)

// Asked is a curve that somebody wants to see.
type Asked struct {
	Place  string // a host, a [[check]], or a thing such as a container
	Metric string // as the checks call it: "cpu"
}

// Found is what is kept of what was asked for.
type Found struct {
	// Series are all of one check and one metric; none when Places or Metrics say why.
	Series []store.Series
	// Place and Metric are as they are kept.
	Place, Metric string
	// IsThing tells that the place is a thing, on whichever hosts it is.
	IsThing bool
	// Places are all that can be asked for, set when there is no such place; Near is the
	// one that was probably meant, or "".
	Places []string
	Near   string
	// Metrics are those of the place, set when it has no such metric.
	Metrics []string
}

// Find looks for a curve among all that is kept. A host comes before a thing of the same
// name, and what is measured of a host as a whole before what is measured of its things.
func Find(all []store.Series, asked Asked) Found {
	f, here := place(all, asked.Place)
	if len(here) == 0 {
		return f
	}
	for _, s := range here {
		if text.Fold(s.Metric) == text.Fold(asked.Metric) {
			f.Metric, f.Series = s.Metric, append(f.Series, s)
		}
	}
	if len(f.Series) == 0 {
		f.Metrics = distinct(here, func(s store.Series) string { return s.Metric })
		return f
	}
	f.Series = oneCheck(f.Series)
	return f
}

// place finds what is kept of a host, a [[check]] or a thing.
func place(all []store.Series, called string) (f Found, here []store.Series) {
	hosts := distinct(all, func(s store.Series) string { return s.Name })
	things := distinct(all, func(s store.Series) string { return s.Thing })
	for _, name := range hosts {
		if text.Fold(name) == text.Fold(called) {
			f.Place = name
			return f, only(all, func(s store.Series) bool { return s.Name == name })
		}
	}
	for _, thing := range things {
		if text.Fold(thing) == text.Fold(called) {
			f.Place, f.IsThing = thing, true
			return f, only(all, func(s store.Series) bool { return s.Thing == thing })
		}
	}
	f.Places = append(hosts, things...)
	f.Near = text.Nearest(called, f.Places)
	return f, nil
}

// oneCheck keeps the series of one kind of check: of one that measures the place as a
// whole, or else of the one that measures most things.
func oneCheck(all []store.Series) []store.Series {
	count, best := map[string]int{}, all[0]
	for _, s := range all {
		count[s.Check]++
	}
	for _, s := range all {
		if whole(s) && !whole(best) || whole(s) == whole(best) && count[s.Check] > count[best.Check] {
			best = s
		}
	}
	return only(all, func(s store.Series) bool { return s.Check == best.Check && whole(s) == whole(best) })
}

func whole(s store.Series) bool { return s.Thing == "" }

func only(all []store.Series, want func(store.Series) bool) []store.Series {
	return slices.DeleteFunc(slices.Clone(all), func(s store.Series) bool { return !want(s) })
}

// distinct are the names that series have, sorted, without "".
func distinct(all []store.Series, nameOf func(store.Series) string) (names []string) {
	for _, s := range all {
		if name := nameOf(s); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

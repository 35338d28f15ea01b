package watch

import (
	"time"

	"ronde/checks"
	"ronde/store"
)

// condition is what is remembered of one thing that a check looks at. The zero condition
// is that of one that is well.
type condition struct {
	bad   time.Time     // since when it is bad without a break; zero while it is not
	calm  time.Time     // of one with an incident: since when it is not bad; zero while it is
	open  bool          // there is an incident
	level checks.Status // the worst that was said of it
}

// word is what has to be said of a thing.
type word int

// The words. A thing fires once, may worsen after that, and then ends.
const (
	nothing word = iota
	fires
	worsens
	ends
)

// decide says how a thing stands after a look at it, what has to be said of it, and since
// when that is so. level is what was seen, OK for what is not bad enough; followed says
// that the look before was not so long ago that nobody knows what was between.
//
// An incident opens when a thing was bad in all looks for as long as w.For says, and ends
// when it was well in all looks for as long as w.Calm says. A clock that was set back makes
// neither shorter.
func decide(w checks.Work, c condition, level checks.Status, followed bool, now time.Time) (condition, word, time.Time) {
	if level == checks.OK {
		return c.isWell(w, followed, now)
	}
	c.calm = time.Time{}
	switch {
	case c.open && worse(level, c.level):
		c.level = level
		return c, worsens, now
	case c.open:
		return c, nothing, now
	}
	c.bad, c.level = since(c.bad, followed, now), level
	if now.Sub(c.bad) < w.For {
		return c, nothing, now
	}
	c.open = true
	return c, fires, c.bad
}

func (c condition) isWell(w checks.Work, followed bool, now time.Time) (condition, word, time.Time) {
	if !c.open {
		return condition{}, nothing, now
	}
	c.calm = since(c.calm, followed, now)
	if now.Sub(c.calm) < w.Calm {
		return c, nothing, now
	}
	return condition{}, ends, c.calm
}

// since returns since when something is so that is so now.
func since(known time.Time, followed bool, now time.Time) time.Time {
	if known.IsZero() || !followed || known.After(now) {
		return now
	}
	return known
}

// worse reports whether of two statuses that are bad one is worse. That nothing is known is
// the least.
func worse(a, b checks.Status) bool { return a > b }

// decided returns when the next look at a thing can change something, if it stays as it
// is; zero for never.
func (c condition) decided(w checks.Work) time.Time {
	switch {
	case c.open && !c.calm.IsZero():
		return c.calm.Add(w.Calm)
	case !c.open && !c.bad.IsZero():
		return c.bad.Add(w.For)
	}
	return time.Time{}
}

// conditionOf reads what is stored of a thing.
func conditionOf(k store.Watched) (c condition) {
	c = condition{bad: k.Bad, calm: k.Calm, open: k.Open}
	_ = c.level.UnmarshalText([]byte(k.Level)) // unknown otherwise, the least
	return c
}

// watched is what is stored of a thing.
func (c condition) watched(k store.Watched) store.Watched {
	k.Bad, k.Calm, k.Open, k.Level = c.bad, c.calm, c.open, c.level.String()
	return k
}

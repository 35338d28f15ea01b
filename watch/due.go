package watch

import (
	"hash/fnv"
	"time"

	"ronde/checks"
)

const (
	// spread is how long after a start the first looks are spread over.
	spread = time.Minute
	// soonest is how soon after a look another one is made to decide something.
	soonest = 15 * time.Second
	// again is how long after a look that said nothing there is another one, of an incident:
	// a host that is back must not count as away until its slowest check is due.
	again = 10 * time.Minute
)

// due returns when a check has to be made next. last is when it was made last, zero for
// never; decided when it may decide something, zero for never.
//
// Each check has its own points in time, as far apart as it is to be made and shifted by
// its name, so that many do not meet at one, and a restart moves none. Those that passed
// unused are not made up for.
func due(c checks.Config, last, decided time.Time) time.Time {
	if last.IsZero() {
		return last
	}
	next := after(last, c.Work.Every, phase(c.Ref(), c.Work.Every))
	if !decided.IsZero() {
		next = earlier(next, later(decided, last.Add(soonest)))
	}
	return next
}

// after returns the first of a check's points in time that comes after another.
func after(t time.Time, every, shift time.Duration) time.Time {
	shifted := t.Add(-shift)
	return shifted.Truncate(every).Add(every + shift)
}

// phase is how far a check is shifted by its name: less than its interval, and in whole
// seconds, since the store keeps no parts of a millisecond and a look must be after its
// point in time.
func phase(ref string, every time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(ref)) // it never fails
	return time.Duration(h.Sum64() % uint64(every)).Truncate(time.Second)
}

// gap is how long after a look another one still follows it: one may fail or be late.
func gap(every time.Duration) time.Duration { return 2*every + time.Minute }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

package checks

import (
	"slices"
	"strings"
	"time"

	"ronde/text"
)

// How much of one outcome [WriteEvidence] shows: further findings, and containers that
// are about the thing in question.
const (
	moreFindings = 3
	mostAbout    = 4
)

// WriteEvidence writes what one check says about a thing that broke: the line of
// [WriteOutcome] with the time at which it was measured, further findings, and the
// details. What is about that thing comes first, of a measurement of containers also
// those that are calm. about tells by its name what is. Times are in the time zone of
// now.
func WriteEvidence(m *text.Message, l *text.Language, o Outcome, about func(name string) bool, now time.Time) {
	o.Findings = firstAbout(o.Findings, func(f Finding) bool { return about(f.Thing) })
	WriteOutcome(m, l, o, now)
	m.Text(" · " + l.Clock(o.At, now)).Line()
	for n := 1; n < min(len(o.Findings), 1+moreFindings); n++ {
		more := o
		more.Findings = o.Findings[n : n+1]
		m.Text(mark(more.Findings[0].Status) + " " + sayFinding(l, more, now)).Line()
	}
	if detail := detailAbout(l, o, about); detail != "" {
		m.Pre(detail)
	}
}

// firstAbout puts first what is about the thing in question.
func firstAbout[T any](all []T, is func(T) bool) []T {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b T) int { return rank(is(a)) - rank(is(b)) })
	return sorted
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// detailAbout is the detail of an outcome, of containers with those in question first.
func detailAbout(l *text.Language, o Outcome, about func(name string) bool) string {
	is := func(c Container) bool { return about(c.Name) && c.Fault == "" }
	asked := slices.DeleteFunc(slices.Clone(o.Containers), func(c Container) bool { return !is(c) })
	if len(asked) == 0 {
		return o.Detail
	}
	shown, _, _ := oneBlock(o.Containers)
	rows := slices.Concat(asked[:min(len(asked), mostAbout)], slices.DeleteFunc(slices.Clone(shown), is))
	return strings.Join(table(l, rows[:min(len(rows), blockLines-1)]), "\n")
}

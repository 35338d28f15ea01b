package checks

import (
	"time"

	"ronde/text"
)

// WriteAnswer writes what a check says to somebody who asked: the line of [WriteOutcome]
// with its age, further findings, and the details. Times are in the time zone of now.
func WriteAnswer(m *text.Message, l *text.Language, o Outcome, now time.Time) {
	writeAged(m, l, o, now, mostFindings)
	if o.Detail != "" {
		m.Pre(o.Detail)
	}
}

// WriteShort is [WriteAnswer] for one of several checks: with fewer findings, and with the
// details only where there is one.
func WriteShort(m *text.Message, l *text.Language, o Outcome, now time.Time) {
	writeAged(m, l, o, now, 1+moreFindings)
	if o.Detail != "" && len(o.Findings) > 0 {
		m.Pre(o.Detail)
	}
}

func writeAged(m *text.Message, l *text.Language, o Outcome, now time.Time, most int) {
	WriteOutcome(m, l, o, now)
	age := l.Say("checks.now")
	if o.Age(now) >= time.Second {
		age = l.Say("checks.age", "Age", l.Duration(o.Age(now)))
	}
	m.Text(" · " + age).Line()
	for n := 1; n < min(len(o.Findings), most); n++ {
		more := o
		more.Findings = o.Findings[n : n+1]
		m.Text(mark(more.Findings[0].Status) + " " + sayFinding(l, more, now)).Line()
	}
}

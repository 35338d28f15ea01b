package checks

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ronde/text"
)

// detailColumns is how wide the details of an outcome may be.
const detailColumns = 36

// Outcome is what one check said, in a form that can be kept.
type Outcome struct {
	Ref string `json:"ref"` // as configured: "containers antigone"
	Result
	// Holds is what a check such as reboot says; nil for others and when unknown.
	Holds *bool `json:"holds,omitempty"`
	// Until is the date that a check such as oauth reads; nil for others and when unknown.
	Until *time.Time `json:"until,omitempty"`
	// Count is how many things were looked at, such as containers, and Busy how many of
	// them stand out without being a finding for it; both 0 where nothing is counted.
	Count int `json:"count,omitempty"`
	Busy  int `json:"busy,omitempty"`
	// Page is where people put it right, from the configuration; "" when not known.
	Page string `json:"page,omitempty"`
	// Detail is for people who want more, in the language of whoever asked: at most
	// ten lines of fixed-width text, of at most 36 columns. "" when there is no more.
	Detail string `json:"detail,omitempty"`
	// Containers are what a measurement of containers found, busiest first. They are
	// not kept; nil for other checks.
	Containers []Container `json:"-"`
}

// WorstFirst orders outcomes by how soon they need a look. Unknown may hide anything.
func WorstFirst(a, b Outcome) int { return b.Status.severity() - a.Status.severity() }

// WriteOutcome adds one line about an outcome: its status, what it is about, and the
// worst that was found or that all is well. Dates are in the time zone of now.
func WriteOutcome(m *text.Message, l *text.Language, o Outcome, now time.Time) {
	WriteOutcomeAs(m, l, o.Host, o, now)
}

// WriteOutcomeAs is WriteOutcome with another name for what it is about.
func WriteOutcomeAs(m *text.Message, l *text.Language, name string, o Outcome, now time.Time) {
	writeOutcome(m, l, name, sayOutcome(l, o, now), o)
}

// WriteOutcomeOfKind is WriteOutcomeAs with a name that says the kind of the check: then
// what could not be measured does not say it once more.
func WriteOutcomeOfKind(m *text.Message, l *text.Language, name string, o Outcome, now time.Time) {
	said := strings.Replace(sayOutcome(l, o, now), " ("+sayKind(l, o)+")", "", 1)
	writeOutcome(m, l, name, said, o)
}

func writeOutcome(m *text.Message, l *text.Language, name, said string, o Outcome) {
	m.Text(mark(o.Status) + " ").Bold(text.OneLine(name, 40))
	m.Text(l.Say("checks.outcome.says", "What", said))
	if o.Page != "" && (o.Status == Warning || o.Status == Critical) {
		m.Text(" · " + o.Page)
	}
}

// Mark is the emoji of a status.
func Mark(s Status) string { return mark(s) }

func mark(s Status) string {
	if s == OK {
		return "✅"
	}
	return emoji(s)
}

// sayOutcome says what was found, or that all is well and that what is usual is not known
// yet.
func sayOutcome(l *text.Language, o Outcome, now time.Time) string {
	said := sayVerdict(l, o, now)
	if o.Learning != nil && len(o.Findings) == 0 {
		said += " " + sayLearning(l, *o.Learning)
	}
	return said
}

func sayLearning(l *text.Language, how Learning) string {
	return l.Say("checks.usual.cold", "Days", how.Days, "Of", how.Of)
}

func sayVerdict(l *text.Language, o Outcome, now time.Time) string {
	switch {
	case len(o.Findings) > 0:
		said := sayFinding(l, o, now)
		if more := len(o.Findings) - 1; more > 0 {
			said += " " + l.Say("checks.outcome.more", "Count", more)
		}
		return said
	case o.Status != OK:
		return l.Say("checks.outcome."+string(FaultFailed), "Kind", sayKind(l, o))
	}
	if kind, err := Find(o.Check); err == nil && kind.Calm != nil {
		return kind.Calm(l, o, now)
	}
	return l.Say("checks.outcome.calm")
}

// sayFinding says the worst that was found, shorter than where there is room for all.
func sayFinding(l *text.Language, o Outcome, now time.Time) string {
	f := o.Findings[0]
	share := 0.0
	if f.Limit > 0 {
		share = f.Value / f.Limit * 100
	}
	until := o.Until
	if until == nil && f.Unit == Days { // which says the day itself
		day := o.At.Add(time.Duration(f.Value * 24 * float64(time.Hour)))
		until = &day
	}
	args := []any{
		"Thing", text.OneLine(f.Thing, 40), "Metric", sayMetric(l, f), "Share", fmt.Sprintf("%.0f", share), "Kind", sayKind(l, o),
		"Value", sayValue(l, f.Value, f.Unit), "Count", int(f.Value), "Limit", sayValue(l, f.Limit, f.Unit), "Note", text.OneLine(f.Note, 120),
	}
	return l.Say("checks.outcome."+string(f.Fault), append(args, dates(l, until, now)...)...) + sayUsual(l, f)
}

// sayValue writes a figure in its unit.
func sayValue(l *text.Language, v float64, u Unit) string {
	switch u {
	case Bytes:
		return inBytes(l, v)
	case Seconds:
		return l.Duration(time.Duration(v * float64(time.Second)))
	case Days:
		return l.Duration(time.Duration(v * 24 * float64(time.Hour)))
	case Percent:
		if l.Code() == "fr" {
			return decimal(l, v) + "\u00a0%"
		}
		return decimal(l, v) + "%"
	case Milliseconds:
		if v >= 1000 {
			return decimal(l, v/1000) + "\u00a0s"
		}
		return decimal(l, v) + "\u00a0ms"
	case PerSecond, PerHour:
		return decimal(l, v) + string(u)
	}
	if v != math.Trunc(v) && math.Abs(v) < 1000 {
		return comma(l, strconv.FormatFloat(v, 'g', 3, 64))
	}
	return fmt.Sprintf("%.0f", v)
}

// sayKind names a kind of check in words; one that is not known, as it was typed.
func sayKind(l *text.Language, o Outcome) string {
	if _, err := Find(o.Check); err != nil {
		return text.OneLine(o.Check, 20)
	}
	return l.Say("checks.kind." + o.Check)
}

// dates are the arguments of a sentence about a date: its day, and how far it is.
func dates(l *text.Language, at *time.Time, now time.Time) []any {
	if at == nil {
		return nil
	}
	local := at.In(now.Location())
	return []any{"Day", l.Date(local), "In", sayDays(l, daysBetween(now, local))}
}

func sayDays(l *text.Language, days int) string {
	switch {
	case days <= 0:
		return l.Say("checks.outcome.today")
	case days == 1:
		return l.Say("checks.outcome.tomorrow")
	}
	return l.Say("checks.outcome.days", "Count", days)
}

// daysBetween counts the midnights between two instants, in the location of each.
func daysBetween(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from)).Hours()) / 24
}

// Say says in a sentence the worst that a check found, or that all is well.
func Say(l *text.Language, o Outcome) string { return sayOutcome(l, o, o.At) }

// SayOne says one of the findings of a check in a sentence.
func SayOne(l *text.Language, o Outcome, f Finding) string {
	o.Findings = []Finding{f}
	return sayFinding(l, o, o.At)
}

// SayKind says what a check is called by its kind: "disk space"; a kind that is not known,
// as it was typed.
func SayKind(l *text.Language, kind string) string {
	return sayKind(l, Outcome{Result: Result{Check: kind}})
}

package routines

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/teambition/rrule-go"
)

// Rule is a recurrence rule as calendars write it (RFC 5545, "RRULE"), of days and
// up. It says on which dates, never at what time, so it is worked out in days
// without a zone. The zero Rule is none.
//
// Copies of a Rule share what they have worked out, and may be used from several
// goroutines. Compare two with Equal.
type Rule struct {
	text  string // as the library writes it, so that equal rules have equal texts
	dates *expansion
}

const ruleExample = `write it as calendars do (RFC 5545), such as "FREQ=MONTHLY;BYDAY=1MO,3MO"`

// ParseRule reads "FREQ=MONTHLY;BYDAY=1MO,3MO", with or without "RRULE:" before it.
// Times of day and the start are settings of their own, so it takes no parts for
// them; of an UNTIL with a time, only the date counts.
func ParseRule(s string) (Rule, error) {
	written := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "RRULE:")
	written = strings.TrimSuffix(written, ";")
	if fault := faultyParts(written); fault != "" {
		return Rule{}, fmt.Errorf("%q %s", s, fault)
	}
	option, err := rrule.StrToROption(written)
	if err == nil {
		_, err = rrule.NewRRule(*option) // which looks at the ranges
	}
	if err != nil {
		return Rule{}, fmt.Errorf("%q is not a recurrence rule (%w); %s", s, err, ruleExample)
	}
	if fault := faultyOption(option, written); fault != "" {
		return Rule{}, fmt.Errorf("%q %s", s, fault)
	}
	if option.Interval == 1 {
		option.Interval = 0 // which is the same
	}
	if !option.Until.IsZero() {
		option.Until = DateOf(option.Until).midnight()
	}
	return Rule{option.RRuleString(), &expansion{option: *option}}, nil
}

// takenParts are the parts of a rule that mean something for dates.
var takenParts = []string{
	"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS",
}

// faultyParts says what is wrong with the names of a rule's parts, or nothing.
func faultyParts(written string) string {
	var seen []string
	for part := range strings.SplitSeq(written, ";") {
		name, _, _ := strings.Cut(part, "=")
		switch {
		case strings.HasPrefix(name, "DTSTART"):
			return `has a DTSTART; write the setting start = "2026-01-31" instead`
		case name == "BYHOUR" || name == "BYMINUTE" || name == "BYSECOND":
			return "has a " + name + `; write the setting at = "09:00" instead`
		case !slices.Contains(takenParts, name):
			return fmt.Sprintf("has an unknown part %q; %s", name, ruleExample)
		case slices.Contains(seen, name):
			return "has " + name + " twice; keep one"
		}
		seen = append(seen, name)
	}
	return ""
}

// maxInterval is the longest INTERVAL: a century of months.
const maxInterval = 1200

// faultyOption says what the library lets through and what could not be worked out.
func faultyOption(o *rrule.ROption, written string) string {
	has := func(name string) bool { return strings.Contains(";"+written, ";"+name+"=") }
	switch {
	case o.Freq > rrule.DAILY:
		return "is finer than a day; the finest is FREQ=DAILY"
	case has("INTERVAL") && (o.Interval < 1 || o.Interval > maxInterval):
		return fmt.Sprintf("has INTERVAL=%d; it goes from 1 to %d", o.Interval, maxInterval)
	case has("COUNT") && o.Count < 1:
		return fmt.Sprintf("has COUNT=%d; it goes from 1 on", o.Count)
	case has("COUNT") && has("UNTIL"):
		return "has COUNT and UNTIL; keep one"
	case has("UNTIL") && o.Until.Year() < 1970:
		return "ends before 1970"
	case o.Wkst.N() != 0:
		return "has a number in WKST; write a day alone, such as WKST=MO"
	}
	return faultyWeekdays(o)
}

// faultyWeekdays looks at the numbers in BYDAY, such as 2MO. The library ignores
// them or fails where a period has not so many weeks.
func faultyWeekdays(o *rrule.ROption) string {
	most := 0
	switch {
	case o.Freq == rrule.MONTHLY || o.Freq == rrule.YEARLY && len(o.Bymonth) > 0:
		most = 5
	case o.Freq == rrule.YEARLY && len(o.Byweekno) == 0:
		most = 53
	}
	for _, day := range o.Byweekday {
		n := max(day.N(), -day.N())
		switch {
		case n > 0 && most == 0:
			return fmt.Sprintf("has BYDAY=%s; a number there needs FREQ=MONTHLY or FREQ=YEARLY without BYWEEKNO", day)
		case n > most:
			return fmt.Sprintf("has BYDAY=%s; a number there goes up to %d with this FREQ", day, most)
		}
	}
	if len(o.Byweekno) > 0 && len(o.Byweekday) == 0 {
		return "has a BYWEEKNO, but no day of that week; add BYDAY=MO"
	}
	return ""
}

func (r Rule) isSet() bool { return r.text != "" }

// Equal reports whether both are the same rule.
func (r Rule) Equal(s Rule) bool { return r.text == s.text }

// String writes the rule without "RRULE:", and none as "".
func (r Rule) String() string { return r.text }

// UnmarshalText is ParseRule.
func (r *Rule) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRule(string(b))
	return err
}

// check looks at the rule together with its start.
func (r Rule) check(start Date) string {
	if start == (Date{}) && r.needsStart() {
		return fmt.Sprintf(`%s counts from a first day; write it too: start = "2026-01-31"`, r)
	}
	from := r.dates.anchor(start)
	if first, ok := r.onOrAfter(start, from); !ok || first.Sub(from) > 30*366 {
		return fmt.Sprintf("%s has no date in the 30 years after %s; look at its months, its days and its UNTIL", r, from)
	}
	return ""
}

// needsStart reports whether the dates depend on when the rule begins: by a phase,
// by a number of times, or because nothing else says on which day.
func (r Rule) needsStart() bool {
	o := r.dates.option
	day := len(o.Byweekday) + len(o.Bymonthday) + len(o.Byyearday)
	return o.Interval > 1 || o.Count > 0 || day == 0 && o.Freq != rrule.DAILY
}

// onOrAfter returns the rule's first date from d on, when it began at start.
func (r Rule) onOrAfter(start, d Date) (Date, bool) {
	dates := r.dates.upTo(start, d)
	i := sort.Search(len(dates), func(i int) bool { return !dates[i].Before(d) })
	if i == len(dates) {
		return Date{}, false
	}
	return dates[i], true
}

// onOrBefore returns the rule's last date up to d.
func (r Rule) onOrBefore(start, d Date) (Date, bool) {
	dates := r.dates.upTo(start, d)
	i := sort.Search(len(dates), func(i int) bool { return d.Before(dates[i]) })
	if i == 0 {
		return Date{}, false
	}
	return dates[i-1], true
}

// horizon is how many years after its start a rule is worked out at most.
const horizon = 200

// expansion is what is known of a rule's dates: from its start up to the latest
// that was asked for. Working them out again for each question would be slow.
type expansion struct {
	option rrule.ROption // without a start

	mu    sync.Mutex
	start Date
	more  rrule.Next
	dates []Date
	ended bool
}

// upTo returns all dates from start to d, and perhaps some after d: at least one if
// there is any.
func (e *expansion) upTo(start, d Date) []Date {
	e.mu.Lock()
	defer e.mu.Unlock()
	if from := e.anchor(start); e.more == nil || e.start != from {
		e.begin(from)
	}
	for !e.ended && (len(e.dates) == 0 || e.dates[len(e.dates)-1].Before(d)) {
		e.pull()
	}
	return e.dates
}

// anchor is where a rule without a start is worked out from. Any day would do, for
// such a rule has no phase.
func (e *expansion) anchor(start Date) Date {
	if start == (Date{}) {
		return Date{2000, 1, 1}
	}
	return start
}

func (e *expansion) begin(start Date) {
	o := e.option
	o.Dtstart = start.midnight()
	e.start, e.dates, e.ended, e.more = start, nil, true, nil
	if r, err := rrule.NewRRule(o); err == nil { // ParseRule has seen that it does
		e.ended, e.more = false, r.Iterator()
	}
}

func (e *expansion) pull() {
	next, ok := e.more()
	if !ok || next.Year() > e.start.Year+horizon {
		e.ended = true
		return
	}
	e.dates = append(e.dates, DateOf(next))
}

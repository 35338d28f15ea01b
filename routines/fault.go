package routines

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a cadence.
type Fault struct {
	Setting string // the setting to look at, such as "rrule"; "" for all together
	Text    string // what was understood and what to write
}

// Error writes the setting and the text.
func (f Fault) Error() string {
	if f.Setting == "" {
		return f.Text
	}
	return f.Setting + ": " + f.Text
}

// Validate returns all that is wrong with the cadence, joined, or nil.
func (c Cadence) Validate() error {
	var wrong []error
	for _, fault := range c.Faults() {
		wrong = append(wrong, fault)
	}
	return errors.Join(wrong...)
}

// Faults returns all that is wrong with the cadence.
func (c Cadence) Faults() []Fault {
	f := faults{}
	f.kinds(c)
	if c.Every != (Window{}) {
		f.add("every", c.Every.check())
	}
	f.weekdays("weekly", c.Weekly)
	if c.Monthly != (MonthDay{}) {
		f.add("monthly", c.Monthly.check())
	}
	if c.Rule.isSet() {
		f.say("rrule", c.Rule.check(c.Start))
	}
	f.reference("when", c.When)
	f.reference("expires", c.Expires)
	f.weekdays("days", c.Days)
	f.add("quiet", c.Quiet.check())
	f.deadline(c)
	return f.all
}

type faults struct{ all []Fault }

func (f *faults) say(setting, text string) {
	if text != "" {
		f.all = append(f.all, Fault{setting, text})
	}
}

func (f *faults) add(setting string, err error) {
	if err != nil {
		f.say(setting, err.Error())
	}
}

// Kinds are the settings of which a routine has exactly one.
func Kinds() []string { return []string{"every", "weekly", "monthly", "rrule", "when", "expires"} }

// KindsExample says what to write for each of them.
const KindsExample = `write one of every = "3d", weekly = ["monday"], monthly = 15, rrule = "FREQ=…", when = "…" and expires = "…"`

func (f *faults) kinds(c Cadence) {
	n := 0
	set := []bool{c.Every != (Window{}), len(c.Weekly) > 0, c.Monthly != (MonthDay{}), c.Rule.isSet(), c.When != "", c.Expires != ""}
	for _, is := range set {
		if is {
			n++
		}
	}
	switch {
	case n == 0:
		f.say("", "no cadence: "+KindsExample)
	case n > 1:
		f.say("", fmt.Sprintf("%d cadences: keep only one of %s", n, strings.Join(Kinds(), ", ")))
	}
}

func (f *faults) weekdays(setting string, days []Weekday) {
	for i, day := range days {
		f.add(setting, day.check())
		if slices.Contains(days[:i], day) {
			f.say(setting, fmt.Sprintf("%s is there twice", day))
		}
	}
}

// reference looks at the form of a reference only: which checks there are is for
// the whole configuration to tell.
func (f *faults) reference(setting, s string) {
	if s != "" && len(strings.Fields(s)) != 2 {
		f.say(setting, fmt.Sprintf(`%q is not a check; write its kind and a host, such as "reboot antigone"`, s))
	}
}

func (f *faults) deadline(c Cadence) {
	if c.By != (By{}) && c.Expires != "" {
		f.say("by", "the deadline is the date that expires reads; take by away")
	}
	if len(c.Warn) > 0 && c.By == (By{}) && c.Expires == "" {
		f.say("warn", `there is no deadline to warn of; add one, such as by = "25th", or take warn away`)
	}
	for i, ahead := range c.Warn {
		f.add("warn", ahead.check())
		if slices.Contains(c.Warn[:i], ahead) {
			f.say("warn", fmt.Sprintf("%s is there twice", ahead))
		}
	}
}

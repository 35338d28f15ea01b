package alerts

import (
	"regexp"
	"slices"
	"strings"

	"ronde/text"
)

// As says what becomes of the mails that a [Rule] takes.
type As string

// What a rule makes of a mail: an incident, a card that rings nobody, or nothing
// that people see.
const (
	AsAlert  As = "alert"
	AsNote   As = "note"
	AsIgnore As = "ignore"
)

// Rule says what the mails of some sender or subject are, for programs that no
// [Format] knows.
type Rule struct {
	Name string // whose mails these are, as people read it; one line
	// From is an address, or "@" and a domain, in lower case; "" for any sender.
	From string
	// Subject finds the mails; nil for any subject. The text of its groups, joined by
	// a space, names the thing.
	Subject *regexp.Regexp
	// Recovery finds the mails that end an incident, before Subject is asked. Its
	// groups name the thing as those of Subject do. nil for none.
	Recovery *regexp.Regexp
	Thing    string // names the thing instead of any group, if it is not ""
	As       As
	// First lets the rule also take what a format reads as an alert.
	First bool
}

// Equal tells whether two rules say the same.
func (r Rule) Equal(other Rule) bool {
	same := pattern(r.Subject) == pattern(other.Subject) && pattern(r.Recovery) == pattern(other.Recovery)
	r.Subject, r.Recovery, other.Subject, other.Recovery = nil, nil, nil, nil
	return same && r == other
}

func pattern(re *regexp.Regexp) string {
	if re == nil {
		return ""
	}
	return re.String()
}

// rule lets the first rule that takes a mail say what it is. Those that are not
// First leave an alert that a format understands alone, so that a rule for all of a
// domain hides none by mistake.
func (r *Reading) rule(m mail, rules []Rule) {
	understood := r.State != Note
	for _, rule := range rules {
		if understood && !rule.First {
			continue
		}
		s, ok := rule.read(m)
		if !ok {
			continue
		}
		r.Rule = rule.Name
		if rule.As == AsIgnore {
			r.State = Ignored // the rest stays, for those who wonder what was ignored
			return
		}
		r.Kind = Ruled
		s.thing = text.Mask(oneLine(s.thing, 4*maxThing))
		r.say(s)
		return
	}
}

// read says what a mail is by this rule, or false when it is not one of its mails.
func (r Rule) read(m mail) (said, bool) {
	if r.From != "" && !sentBy(m.addr, r.From) || r.As == AsAlert && replySubject.MatchString(m.subject) {
		return said{}, false
	}
	if f := match(r.Recovery, m.subject); f != nil {
		return r.about(Resolved, f, m)
	}
	f := match(r.Subject, m.subject)
	switch {
	case r.Subject != nil && f == nil:
		return said{}, false
	case r.As == AsAlert:
		return r.about(Firing, f, m)
	}
	return r.about(Note, f, m)
}

// about says what a mail is about. An alert about nothing is none.
func (r Rule) about(state State, groups []string, m mail) (said, bool) {
	s := said{state: state, thing: r.Thing, fault: m.subject}
	if s.thing == "" && len(groups) > 1 {
		s.thing = strings.Join(slices.DeleteFunc(groups[1:], func(g string) bool { return g == "" }), " ")
	}
	if s.thing == "" && state == Note {
		s.thing, s.fault = m.subject, ""
	}
	return s, state == Note || strings.TrimSpace(s.thing) != ""
}

func match(re *regexp.Regexp, subject string) []string {
	if re == nil {
		return nil
	}
	return re.FindStringSubmatch(subject)
}

// sentBy tells whether an address is the one given, or in the domain given as "@"
// and its name.
func sentBy(addr, who string) bool {
	return strings.EqualFold(who, addr) || strings.EqualFold(who, "@"+domainOf(addr))
}

// rulePrefix stands before a rule's name where an incident has its source.
const rulePrefix = "rule:"

// source names the system whose alerts are about the same things.
func (r Reading) source() string {
	if r.Kind == Ruled {
		return rulePrefix + r.Rule
	}
	return string(r.Kind)
}

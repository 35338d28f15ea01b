package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"ronde/alerts"
)

// Examples of the settings of a [[mail]], as mistakes show them.
const (
	ruleFrom     = `"netdata@example.org"`
	ruleSubject  = `'^(\S+) is critical'`
	ruleRecovery = `'^(\S+) has recovered'`
)

// mailRules reads every [[mail]].
func (r *reader) mailRules(root *section) []alerts.Rule {
	var all []alerts.Rule
	taken := namesakes{}
	for i, s := range root.each("mail", "name") {
		s.need("as", `"alert", "note" or "ignore"`)
		one := alerts.Rule{
			Name:     parsed(s, "name", `"Netdata"`, parseSource),
			From:     parsed(s, "from", ruleFrom, parseSender),
			Subject:  parsed(s, "subject", ruleSubject, parsePattern),
			Recovery: parsed(s, "resolved_subject", ruleRecovery, parsePattern),
			Thing:    parsed(s, "thing", `"antigone"`, parseSource),
			As:       parsed(s, "as", `"note"`, parseAs),
			First:    s.truth("first"),
		}
		if s.table == nil {
			continue
		}
		if one.Name == "" {
			one.Name = ruleName(one, i+1)
		}
		if s.judgeRule(one) {
			s.onlyRule(one, taken)
		}
		all = append(all, one)
	}
	return all
}

// ruleName names a rule that has no name by its sender, else by its number.
func ruleName(r alerts.Rule, number int) string {
	if r.From != "" {
		return r.From
	}
	return fmt.Sprintf("[[mail]] %d", number)
}

// parseSource checks a short text that people are to see.
func parseSource(s string) (string, error) {
	if s == "" || s != strings.TrimSpace(s) || len([]rune(s)) > 40 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%s is not one line of 1 to 40 characters without spaces around it", shown(s))
	}
	return s, nil
}

func parseAs(s string) (alerts.As, error) {
	valid := []string{string(alerts.AsAlert), string(alerts.AsNote), string(alerts.AsIgnore)}
	if slices.Contains(valid, s) {
		return alerts.As(s), nil
	}
	text := fmt.Sprintf("%s is none of %s", shown(s), quoted(valid))
	if near := nearest(s, valid); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return "", errors.New(text)
}

// maxPattern is the longest pattern, in bytes.
const maxPattern = 1000

// parsePattern reads a pattern for subjects.
func parsePattern(s string) (*regexp.Regexp, error) {
	if s == "" || len(s) > maxPattern {
		return nil, fmt.Errorf("is a pattern of %d bytes; it has 1 to %d, such as %s", len(s), maxPattern, ruleSubject)
	}
	re, err := regexp.Compile(s)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		return nil, fmt.Errorf(`is not a pattern: %s; put a \ before one of . * + ? ( ) [ ] { } | ^ $ that stands for itself, and the whole between single quotes`, clip(why))
	}
	return re, nil
}

// judgeRule notes what is missing in a rule, or has no effect in it. It is false
// when something is.
func (s *section) judgeRule(r alerts.Rule) bool {
	before := len(s.mistakes)
	if !s.has("from") && !s.has("subject") && !s.misspelt("from") && !s.misspelt("subject") {
		s.note(s.table.at, s.name, "would take every mail; write from = "+ruleFrom+", subject = "+ruleSubject+", or both")
	}
	switch r.As {
	case alerts.AsAlert:
		s.judgeAlert(r)
	case alerts.AsNote:
		s.idle(r, "resolved_subject")
	case alerts.AsIgnore:
		s.idle(r, "resolved_subject", "thing")
	}
	return len(s.mistakes) == before
}

// idle notes settings that mean nothing for what a rule makes of its mails.
func (s *section) idle(r alerts.Rule, names ...string) {
	for _, name := range names {
		if s.has(name) {
			s.wrong(name, fmt.Sprintf(`has no effect where as = %q; take it away, or write as = "alert"`, r.As))
		}
	}
}

// judgeAlert demands a name for what an alert is about.
func (s *section) judgeAlert(r alerts.Rule) {
	named := s.has("thing") || s.misspelt("thing")
	switch {
	case named:
		for name, re := range map[string]*regexp.Regexp{"subject": r.Subject, "resolved_subject": r.Recovery} {
			if s.has("thing") && re != nil && re.NumSubexp() > 0 {
				s.wrong(name, `has a group in ( ), but thing says already what it is about; write (?: ), or take thing away`)
			}
		}
	case !s.has("subject") && !s.misspelt("subject"):
		s.note(s.table.at, s.key("subject"), "is missing, and so is what the alert is about; write subject = "+ruleSubject+`, whose group in ( ) names it, or thing = "antigone"`)
	case r.Subject != nil && r.Subject.NumSubexp() == 0:
		s.wrong("subject", "does not say what the alert is about; put ( ) around the part that names it, such as "+ruleSubject+`, or write thing = "antigone"`)
	}
	if !named && r.Recovery != nil && r.Recovery.NumSubexp() == 0 {
		s.wrong("resolved_subject", "does not say what is well again; put ( ) around the part that names it as in subject, such as "+ruleRecovery)
	}
}

// onlyRule notes a rule that never gets a mail, because one above takes the same.
func (s *section) onlyRule(r alerts.Rule, taken namesakes) {
	key := fmt.Sprint(r.From, "\n", r.Subject)
	if first, known := taken[key]; known && !r.First {
		s.note(s.table.at, s.name, fmt.Sprintf("takes the same mails as the rule on line %d, which comes first; keep one", first.line))
		return
	}
	taken[key] = s.table.at
}

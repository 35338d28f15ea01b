package config

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/xhit/go-str2duration/v2"

	"ronde/checks"
	"ronde/hosts"
)

// checkDocs is where the settings of each kind of check are documented.
const checkDocs = "docs/checks.md"

// checksAtWork reads every [[check]].
func (r *reader) checksAtWork(root *section, known []hosts.Config) []checks.Config {
	var all []checks.Config
	taken := map[string]namesakes{}
	for _, s := range root.each("check", "kind") {
		s.need("kind", `"disk"`)
		one := checks.Config{
			Kind: s.text("kind", "", `"disk"`),
			Name: parsed(s, "name", `"nuage"`, parseOwnName),
			Host: s.text("host", "", `"antigone"`),
			Work: s.work(),
		}
		if s.table == nil {
			continue
		}
		kind, err := checks.Find(one.Kind)
		if err != nil || kind.MeasureOAuth != nil {
			s.asked = append(s.asked, s.table.keys...) // nobody knows what it may hold
			s.strangeKind(one.Kind)
			continue
		}
		s.name = "check[" + shownKey(one.Kind) + "]"
		s.about(kind, &one, known)
		one.Settings = s.settingsOf(kind)
		if taken[kind.Name] == nil {
			taken[kind.Name] = namesakes{}
		}
		taken[kind.Name].take(s, s.firstOf("name", "host"), one.Name, s.at(s.firstOf("name", "host")))
		all = append(all, one)
	}
	return all
}

// parseOwnName checks a name that people type behind the kind of a check.
func parseOwnName(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	return parseName(name)
}

// strangeKind notes a kind of check that there is not.
func (s *section) strangeKind(name string) {
	switch {
	case name == "oauth":
		s.wrong("kind", `"oauth" is set up in [[oauth]]`)
	case name != "":
		s.known(s.at("kind"), "kind", name, "kind of check", kindsOfChecks())
	}
}

// about reads what a check is about: a host, or what its own settings say.
func (s *section) about(kind checks.Kind, one *checks.Config, known []hosts.Config) {
	t := targets{hosts: known}
	switch {
	case kind.Hostless && one.Host != "":
		s.wrong("host", "a check of the kind "+kind.Name+" is about no host; take it away")
	case !kind.Hostless && one.Host == "":
		s.need("host", `"antigone"`)
	case !kind.Hostless && s.known(s.at("host"), "host", one.Host, "host", t.servers()):
		s.meets("host", item{one.Host, s.at("host")}, kind, t.host(one.Host))
	}
	if one.Name == "" {
		one.Name = one.Host
		if kind.Named || kind.Hostless {
			s.need("name", `"nuage"`)
		}
	}
}

// work reads how a check is made by itself, and what becomes of what it finds.
func (s *section) work() checks.Work {
	opens := map[string]checks.Status{"warning": checks.Warning, "critical": checks.Critical, "never": checks.OK}
	return checks.Work{
		Every: s.pace("every"),
		For:   s.duration("for", "10m", "0s", "7d"),
		Calm:  s.duration("calm_for", "5m", "0s", "7d"),
		Opens: opens[s.oneOf("opens", "warning", "critical", "never")],
	}
}

// pace reads how often something is done; the word "none", which is the default, is never.
func (s *section) pace(name string) (every time.Duration) {
	if !s.has(name) || s.table.values[name].text == "none" {
		s.asked = append(s.asked, name)
	} else {
		every = s.duration(name, "5m", "30s", "30d")
	}
	s.byDefault(name, `"none"`)
	return every
}

// settingsOf reads the settings that a kind of check declares.
func (s *section) settingsOf(kind checks.Kind) any {
	s.elsewhere = checkDocs
	defer func() { s.elsewhere = "" }()
	filled := checks.With(kind.Settings, s.setOne)
	if setting, reason := checks.Judge(filled); setting != "" {
		s.wrong(setting, reason)
	}
	return filled
}

// setOne reads one setting of a kind of check.
func (s *section) setOne(one checks.Setting) any {
	_, secret := one.Default.(checks.Secret)
	switch {
	case one.Needed && !secret:
		s.need(one.Name, one.Example)
	case one.Needed && !s.has(one.Name+"_env"):
		s.need(one.Name+"_file", one.Example)
	}
	switch byDefault := one.Default.(type) {
	case float64:
		return s.between(one, byDefault)
	case int:
		return s.number(one.Name, byDefault, whole(one.Least, 0), whole(one.Most, 1<<40))
	case bool:
		return s.truth(one.Name)
	case time.Duration:
		return s.duration(one.Name, written(byDefault), orElse(one.Least, "0s"), orElse(one.Most, "52w"))
	case checks.Secret:
		return checks.Secret(s.secret(one.Name, Running))
	case []string:
		return s.listOr(one, byDefault)
	}
	return s.choice(one)
}

// choice reads a text, which may have to be one of a few.
func (s *section) choice(one checks.Setting) string {
	if one.OneOf != nil {
		return s.oneOf(one.Name, one.OneOf...)
	}
	return s.text(one.Name, one.Default.(string), orElse(one.Example, strconv.Quote("…")))
}

// listOr reads a list of texts, or its default.
func (s *section) listOr(one checks.Setting, byDefault []string) []string {
	if !s.has(one.Name) {
		s.asked = append(s.asked, one.Name)
		return byDefault
	}
	all := []string{}
	for _, i := range s.texts(one.Name, one.Example) {
		all = append(all, i.text)
	}
	return all
}

// between reads a number that may have decimals, between those that a kind declares.
func (s *section) between(one checks.Setting, byDefault float64) float64 {
	least, _ := strconv.ParseFloat(orElse(one.Least, "0"), 64)
	most, _ := strconv.ParseFloat(orElse(one.Most, "1e15"), 64)
	n := s.amount(one.Name, byDefault, most)
	if n < least {
		s.wrong(one.Name, fmt.Sprintf("%g is out of range; it goes from %g to %g", n, least, most))
		return byDefault
	}
	return n
}

func whole(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// written is how a length of time stands in a file.
func written(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	return str2duration.String(d)
}

// namedChecks returns the names of the checks of one kind that have one.
func namedChecks(all []checks.Config, kind string) (names []string) {
	for _, c := range all {
		if c.Kind == kind && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

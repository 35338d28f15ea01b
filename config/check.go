package config

import (
	"fmt"
	"slices"
	"strings"

	"ronde/checks"
	"ronde/hosts"
)

// targets are what a check can be made of.
type targets struct {
	hosts  []hosts.Config
	oauth  []checks.OAuthConfig
	checks []checks.Config
}

// checks reads the list of checks that give a routine its evidence.
func (s *section) checks(known targets) []string {
	var all []string
	for _, i := range s.texts("checks", `["containers antigone"]`) {
		if _, ok := s.checkRef("checks", i, known); ok {
			all = append(all, i.text)
		}
	}
	return all
}

// checkRef notes what is wrong with a reference such as "containers antigone" in a
// setting: it names a kind of check, and a host or secret that this kind can be made
// of. It returns the kind when nothing is, for those who need one with a certain
// fact.
func (s *section) checkRef(setting string, i item, known targets) (checks.Kind, bool) {
	name, target, _ := strings.Cut(i.text, " ")
	target = strings.TrimSpace(target)
	if target == "" || strings.Contains(target, " ") {
		s.note(i.at, s.key(setting), fmt.Sprintf(`%s is not a check; write its kind and a name, such as "containers antigone" or "oauth intra"`, shown(i.text)))
		return checks.Kind{}, false
	}
	if !s.known(i.at, setting, name, "kind of check", kindsOfChecks()) {
		return checks.Kind{}, false
	}
	kind, err := checks.Find(name)
	if err != nil || kind.MeasureOAuth != nil {
		return kind, err == nil && s.known(i.at, setting, target, "[[oauth]]", known.secrets())
	}
	own := namedChecks(known.checks, kind.Name)
	switch {
	case slices.Contains(own, target):
		return kind, true
	case kind.Named || kind.Hostless:
		return kind, s.known(i.at, setting, target, "[[check]] of the kind "+kind.Name, own)
	}
	return kind, s.known(i.at, setting, target, "host", append(known.servers(), own...)) && s.meets(setting, i, kind, known.host(target))
}

// fact reads the one check that a routine's dates depend on: of a kind that tells the
// fact in question.
func (s *section) fact(name string, known targets, tells func(checks.Kind) bool) string {
	v := s.get(name, `"reboot antigone"`, words)
	if v == nil {
		return ""
	}
	kind, ok := s.checkRef(name, item{v.text, v.at}, known)
	if !ok {
		return ""
	}
	if !tells(kind) {
		var fit []string
		for _, k := range checks.Kinds() {
			if tells(k) {
				fit = append(fit, k.Name)
			}
		}
		s.note(v.at, s.key(name), fmt.Sprintf("a check of the kind %s says nothing of that sort; kinds that do: %s", kind.Name, quoted(fit)))
		return ""
	}
	return v.text
}

// meets notes a host without the setting that a kind of check needs.
func (s *section) meets(setting string, i item, kind checks.Kind, host hosts.Config) bool {
	if kind.Needs.MetBy(host) {
		return true
	}
	s.note(i.at, s.key(setting), fmt.Sprintf("%s has no %s setting, which %s needs", shown(host.Name), kind.Needs, kind.Name))
	return false
}

func kindsOfChecks() []string {
	var all []string
	for _, k := range checks.Kinds() {
		all = append(all, k.Name)
	}
	return all
}

// secrets returns the names of all [[oauth]] that have one.
func (t targets) secrets() []string {
	var all []string
	for _, c := range t.oauth {
		all = appendNew(all, c.Name)
	}
	return all
}

// servers returns the names of all hosts that have one.
func (t targets) servers() []string {
	var all []string
	for _, h := range t.hosts {
		all = appendNew(all, h.Name)
	}
	return all
}

func appendNew(all []string, name string) []string {
	if name == "" || slices.Contains(all, name) {
		return all
	}
	return append(all, name)
}

// host returns the host with a name that is known.
func (t targets) host(name string) hosts.Config {
	i := slices.IndexFunc(t.hosts, func(h hosts.Config) bool { return h.Name == name })
	return t.hosts[i]
}

// known notes a reference to something that does not exist.
func (s *section) known(at place, setting, name, what string, all []string) bool {
	if slices.Contains(all, name) {
		return true
	}
	message := fmt.Sprintf("there is no %s %s", what, shown(name))
	switch near := nearest(name, all); {
	case near != "":
		message += fmt.Sprintf("; did you mean %q?", near)
	case len(all) > 0:
		message += "; known: " + quoted(all)
	default:
		message += "; none is configured"
	}
	s.note(at, s.key(setting), message)
	return false
}

package config

import (
	"errors"
	"fmt"
	"strings"

	"ronde/checks"
	"ronde/hosts"
)

// hosts reads every [[host]].
func (r *reader) hosts(root *section) []hosts.Config {
	var all []hosts.Config
	taken, here := namesakes{}, namesakes{}
	for _, s := range root.each("host", "name") {
		s.need("name", `"antigone"`)
		one := hosts.Config{
			Name:   s.text("name", "", `"antigone"`),
			Docker: s.text("docker", "", `"unix:///var/run/docker.sock"`),
			TLS:    hosts.TLS{CA: s.file("ca_file"), Cert: s.file("cert_file"), Key: s.file("key_file")},
			Local:  s.truth("local"),
			Root:   s.root(),

			ProbeFile: s.probeFile(),
		}
		things := s.texts("things", `["Nuage", "Forge"]`)
		onAlert := s.texts("on_alert", `["containers antigone"]`)
		if s.table == nil {
			continue
		}
		r.onAlert = append(r.onAlert, alertChecks{s, one.Name, onAlert})
		r.things[one.Name] = nil
		for _, t := range things {
			r.things[one.Name] = append(r.things[one.Name], t.text)
		}
		taken.take(s, "name", one.Name, s.at("name"))
		s.onlyHere(one, here)
		s.judge(one)
		all = append(all, one)
	}
	return all
}

// root reads where a host's files begin; "" stands for the default, which is no
// mistake without local.
func (s *section) root() string {
	if root := s.text("root", "/", `"/host"`); root != "/" {
		return root
	}
	return ""
}

// probeFile reads where the machine's own probe.toml is.
func (s *section) probeFile() string {
	file := s.text("probe_file", "", `"/etc/ronde/probe.toml"`)
	if file == "" {
		return ""
	}
	return s.path(file)
}

// onlyHere notes a second host that is this machine: what was copied from one host
// to the next would be said about the wrong one.
func (s *section) onlyHere(c hosts.Config, here namesakes) {
	if !c.Local {
		return
	}
	if first, taken := here[""]; taken {
		s.wrong("local", fmt.Sprintf("only one host can be this machine, and that on line %d is; take one away", first.line))
		return
	}
	here[""] = s.at("local")
}

// judge notes what the package hosts finds wrong with a host, at its setting.
func (s *section) judge(c hosts.Config) {
	var joined interface{ Unwrap() []error }
	if !errors.As(c.Check(), &joined) {
		return
	}
	for _, err := range joined.Unwrap() {
		var wrong *hosts.SettingError
		if !errors.As(err, &wrong) || wrong.Key == "name" && c.Name == "" && s.dealtWith("name") {
			continue
		}
		key := wrong.Key
		if strings.HasPrefix(key, "tls") {
			key = s.firstOf("cert_file", "key_file", "ca_file")
		}
		s.wrong(key, strings.TrimPrefix(s.showing(key)+wrong.Reason, "tls: "))
	}
}

// dealtWith reports whether a missing or unreadable setting is a mistake already.
func (s *section) dealtWith(name string) bool {
	return !s.has(name) || s.table.values[name].kind != words
}

// firstOf returns the first of some settings that is given.
func (s *section) firstOf(names ...string) string {
	for _, name := range names {
		if s.has(name) {
			return name
		}
	}
	return names[0]
}

// showing begins a sentence with the text of a setting, where it has one.
func (s *section) showing(name string) string {
	if !s.has(name) || s.table.values[name].kind != words || strings.HasSuffix(name, "_file") {
		return ""
	}
	return shown(s.table.values[name].text) + " "
}

// alertChecks are the checks to be made when something on a host breaks, as they are
// written. They may name what stands further down in the file.
type alertChecks struct {
	*section
	host string
	refs []item
}

// evidence reads which checks are made when something on each host breaks: without a
// setting its own "containers", if it has those.
func (r *reader) evidence(known targets) map[string][]string {
	all := map[string][]string{}
	for _, s := range r.onAlert {
		if !s.has("on_alert") && s.host != "" && checks.NeedsDocker.MetBy(known.host(s.host)) {
			all[s.host] = []string{"containers " + s.host}
		}
		for _, i := range s.refs {
			if _, ok := s.checkRef("on_alert", i, known); ok {
				all[s.host] = append(all[s.host], i.text)
			}
		}
	}
	return all
}

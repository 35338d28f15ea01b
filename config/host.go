package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"ronde/checks"
	"ronde/hosts"
)

// hosts reads every [[host]].
func (r *reader) hosts(root *section) []hosts.Config {
	var all []hosts.Config
	var sections []*section
	pins := r.pins(root)
	taken, here := namesakes{}, namesakes{}
	for _, s := range root.each("host", "name") {
		s.need("name", `"antigone"`)
		one := hosts.Config{
			Name:   s.text("name", "", `"antigone"`),
			Docker: s.text("docker", "", `"unix:///var/run/docker.sock"`),
			TLS:    hosts.TLS{CA: s.file("ca_file"), Cert: s.file("cert_file"), Key: s.file("key_file")},
			Local:  s.truth("local"),
			Root:   s.root(),

			ProbeFile:  s.probeFile(),
			SSH:        s.text("ssh", "", `"ronde@antigone.example.org"`),
			SSHKeyFile: s.keyFile("ssh_key_file"),
			Jump:       s.text("jump", "", `"balearica"`),
		}
		if one.Remote() {
			one.KnownHosts = pins
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
		all, sections = append(all, one), append(sections, s)
	}
	for i, s := range sections {
		s.judgeJump(all[i], all)
	}
	return all
}

// pins reads where the host keys are pinned: beside the database unless it says where.
func (r *reader) pins(root *section) string {
	file := root.text("known_hosts", "/var/lib/ronde/known_hosts", `"/var/lib/ronde/known_hosts"`)
	if root.has("known_hosts") || !root.has("database") {
		return r.path(file)
	}
	database := root.table.values["database"]
	return r.path(filepath.Join(filepath.Dir(database.text), "known_hosts"))
}

// keyFile reads the name of a file with a private key, which is read when it is used.
func (s *section) keyFile(name string) string {
	file := s.text(name, "", `"/etc/ronde/id_ed25519"`)
	if file == "" {
		return ""
	}
	if wrong, ok := errors.AsType[*hosts.KeyFileError](hosts.CheckKeyFile(s.path(file))); ok {
		s.noteFor(Running, s.at(name), s.key(name), "the file that it names "+wrong.Reason+s.whereFrom(file))
	}
	return s.path(file)
}

// judgeJump notes what is wrong with the host that another is reached through.
func (s *section) judgeJump(c hosts.Config, all []hosts.Config) {
	var wrong *hosts.SettingError
	if c.Remote() && errors.As(c.CheckJump(all), &wrong) {
		s.wrong(wrong.Key, s.showing(wrong.Key)+wrong.Reason)
	}
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

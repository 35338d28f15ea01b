package config

import (
	"errors"
	"strings"

	"ronde/hosts"
)

// hosts reads every [[host]].
func (r *reader) hosts(root *section) []hosts.Config {
	var all []hosts.Config
	taken := namesakes{}
	for _, s := range root.each("host", "name") {
		s.need("name", `"antigone"`)
		one := hosts.Config{
			Name:   s.text("name", "", `"antigone"`),
			Docker: s.text("docker", "", `"unix:///var/run/docker.sock"`),
			TLS:    hosts.TLS{CA: s.file("ca_file"), Cert: s.file("cert_file"), Key: s.file("key_file")},
		}
		if s.table == nil {
			continue
		}
		taken.take(s, "name", one.Name, s.at("name"))
		s.judge(one)
		all = append(all, one)
	}
	return all
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

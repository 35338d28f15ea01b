package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// secretWord is in the name of a setting that people would put a secret under.
var secretWord = regexp.MustCompile(`(?i)pass(word|phrase|wd)?$|token$|secret|(recovery|api|private)_?key$|mot_?de_?passe`)

// noteUnknown notes every setting that no section asked for.
func (r *reader) noteUnknown() {
	for _, s := range r.sections {
		if s.table == nil {
			continue
		}
		for _, name := range s.strangers() {
			v := s.table.values[name]
			r.note(v.key, s.key(shownKey(name)), s.unknown(name, v.kind == group || v.sections))
		}
	}
}

// strangers returns the settings that nobody asked for.
func (s *section) strangers() []string {
	var all []string
	for _, name := range s.table.keys {
		if !slices.Contains(s.asked, name) && s.table.values[name].kind != broken {
			all = append(all, name)
		}
	}
	return all
}

// unknown says about a setting that is not known what was probably meant. It
// never repeats the value.
func (s *section) unknown(name string, table bool) string {
	what := "unknown setting"
	if table {
		what = "unknown table"
	}
	near := nearest(name, s.asked)
	if near == "" && secretWord.MatchString(name) && !table {
		return s.secretHint(name)
	}
	if slices.Contains(s.asked, name+"_env") {
		return s.secretHint(name)
	}
	if slices.Contains(s.asked, name+"_file") {
		near = name + "_file"
	}
	if near != "" {
		return fmt.Sprintf("%s; did you mean %q?", what, near)
	}
	if homes := s.homes(name); len(homes) > 0 {
		return fmt.Sprintf("%s here; it belongs to %s", what, strings.Join(homes, " or "))
	}
	return fmt.Sprintf("%s; known here are %s", what, strings.Join(slices.Sorted(slices.Values(s.asked)), ", "))
}

// secretHint says where a secret goes instead.
func (s *section) secretHint(name string) string {
	if slices.Contains(s.asked, name+"_env") {
		return fmt.Sprintf("a secret does not stand in this file; put it in a file of its own and name that with %[1]s_file, or name an environment variable with %[1]s_env", name)
	}
	return "unknown setting; and a secret does not stand in this file: settings that end in _file and _env say where it is"
}

// homes returns the other tables that know a setting, as people write them.
func (s *section) homes(name string) []string {
	var all []string
	for _, other := range s.sections {
		if !slices.Contains(other.asked, name) || other.group == s.group {
			continue
		}
		if home := headerOf(other.group); !slices.Contains(all, home) {
			all = append(all, home)
		}
	}
	return all
}

// headerOf writes the header of a kind of table.
func headerOf(group string) string {
	switch {
	case group == "":
		return "the top of the file, above the first [table]"
	case slices.Contains(several, group):
		return "[[" + group + "]]"
	}
	return "[" + group + "]"
}

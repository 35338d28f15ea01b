package config

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xhit/go-str2duration/v2"
)

// reader turns the tree of one file into a [Config] and collects the mistakes.
type reader struct {
	file     string
	lookup   func(string) (string, bool) // the environment
	mistakes Mistakes
	sections []*section
	files    map[string][sha256.Size]byte // fingerprints, by setting
	defaults map[string]string            // by setting, as written in a file; for the tests
	things   map[string][]string          // by host, words of the names of what runs there
	onAlert  []alertChecks                // of each host
	required []string                     // settings without a default, also for the tests
}

// note adds a mistake about the file itself.
func (r *reader) note(at place, key, text string) { r.noteFor(Always, at, key, text) }

func (r *reader) noteFor(scope Scope, at place, key, text string) {
	r.mistakes = append(r.mistakes, Mistake{
		File: r.file, Line: at.line, Column: at.column, Key: key, Text: text, Scope: scope,
	})
}

// hasLine reports whether something is wrong with a line already.
func (r *reader) hasLine(line int) bool {
	return slices.ContainsFunc(r.mistakes, func(m Mistake) bool { return m.Line == line })
}

// path returns a file name of the configuration, which is relative to its folder.
func (r *reader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.file), name)
}

// section is one table of the file while its settings are read. Every setting is
// asked for once; what nobody asked for is unknown.
type section struct {
	*reader
	name  string // as shown in mistakes: "mailbox", "routine[backups]"
	group string // the same for all tables of one kind: "routine"
	table *table // nil when it is not in the file: all settings have their default
	asked []string
	// elsewhere is where its settings are documented; "" for config.example.toml.
	elsewhere string
}

// section starts to read a table. group is its name without any index.
func (r *reader) section(t *table, name, group string) *section {
	s := &section{reader: r, name: name, group: group, table: t}
	r.sections = append(r.sections, s)
	return s
}

// key returns the full name of a setting, as shown in mistakes.
func (s *section) key(name string) string {
	if s.name == "" {
		return name
	}
	return s.name + "." + name
}

// at returns where a setting stands, or the table where it is not given.
func (s *section) at(name string) place {
	switch {
	case s.table == nil:
		return place{1, 1}
	case s.table.values[name] == nil:
		return s.table.at
	}
	return s.table.values[name].at
}

// wrong notes a mistake at a setting.
func (s *section) wrong(name, text string) { s.note(s.at(name), s.key(name), text) }

// has reports whether a setting is in the file, readable or not.
func (s *section) has(name string) bool {
	return s.table != nil && s.table.values[name] != nil
}

// need notes a setting that is missing. valid is an example of it.
func (s *section) need(name, valid string) {
	if s.elsewhere == "" {
		s.required = append(s.required, s.setting(name))
	}
	if s.table != nil && !s.has(name) && !s.misspelt(name) {
		s.note(s.table.at, s.key(name), "missing; write "+name+" = "+valid)
	}
}

// misspelt reports whether a setting that is not given is there under a name like
// its own, which will be noted as unknown: that is one mistake, not two.
func (s *section) misspelt(name string) bool {
	return slices.ContainsFunc(s.table.keys, func(key string) bool {
		return nearest(key, []string{name}) != ""
	})
}

// get returns the value of a setting, nil when it is not given. A value of another
// kind than those wanted is noted and counts as not given; valid is an example.
func (s *section) get(name, valid string, wanted ...kind) *value {
	s.asked = append(s.asked, name)
	if !s.has(name) {
		return nil
	}
	v := s.table.values[name]
	if v.kind == broken {
		return nil
	}
	if !slices.Contains(wanted, v.kind) {
		s.note(v.at, s.key(name), misfit(v, !strings.Contains(name, "_file") && !strings.Contains(name, "_env"), wanted, name+" = "+valid))
		return nil
	}
	return v
}

// text returns a text, or its default. The empty text counts as given only where
// it is the default.
func (s *section) text(name, byDefault, valid string) string {
	s.byDefault(name, strconv.Quote(byDefault))
	v := s.get(name, valid, words)
	if v == nil {
		return byDefault
	}
	if v.text == "" && byDefault != "" {
		s.wrong(name, "is empty; write "+name+" = "+valid+", or leave it out")
		return byDefault
	}
	return v.text
}

// byDefault notes what a setting is when it is not given, for the documentation.
func (s *section) byDefault(name, written string) {
	if s.elsewhere == "" {
		s.defaults[s.setting(name)] = written
	}
}

// setting returns the name of a setting as the documentation knows it.
func (s *section) setting(name string) string { return strings.TrimPrefix(s.group+"."+name, ".") }

// oneOf returns one of the given texts, the first when there is none.
func (s *section) oneOf(name string, valid ...string) string {
	choice := s.text(name, valid[0], strconv.Quote(valid[0]))
	if slices.Contains(valid, choice) {
		return choice
	}
	text := fmt.Sprintf("%s is none of %s", shown(choice), quoted(valid))
	if near := nearest(choice, valid); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	s.wrong(name, text)
	return valid[0]
}

// truth returns a setting that is on or off; off when it is not given.
func (s *section) truth(name string) bool {
	s.byDefault(name, "false")
	v := s.get(name, "true", boolean)
	return v != nil && v.text == "true"
}

// number returns a whole number between two others.
func (s *section) number(name string, byDefault, least, most int) int {
	s.byDefault(name, strconv.Itoa(byDefault))
	v := s.get(name, strconv.Itoa(byDefault), integer)
	if v == nil {
		return byDefault
	}
	n, err := strconv.ParseInt(v.text, 0, 64)
	if err != nil || n < int64(least) || n > int64(most) {
		s.wrong(name, fmt.Sprintf("%s is out of range; it goes from %d to %d", clip(v.text), least, most))
		return byDefault
	}
	return int(n)
}

// amount returns a number that may have decimals.
func (s *section) amount(name string, byDefault, most float64) float64 {
	s.byDefault(name, strconv.FormatFloat(byDefault, 'g', -1, 64))
	v := s.get(name, strconv.FormatFloat(byDefault, 'g', -1, 64), integer, decimal)
	if v == nil {
		return byDefault
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	if err != nil || !(n >= 0 && n <= most) {
		s.wrong(name, fmt.Sprintf("%s is out of range; it goes from 0 to %g", clip(v.text), most))
		return byDefault
	}
	return n
}

// duration returns a length of time between two others. All three are written as
// in the file.
func (s *section) duration(name, byDefault, least, most string) time.Duration {
	written := s.text(name, byDefault, strconv.Quote(byDefault))
	d, err := str2duration.ParseDuration(written)
	if err != nil {
		s.wrong(name, fmt.Sprintf(`%s is not a length of time; write a number and a unit (s, m, h, d, w) without a space, such as %q`, shown(written), byDefault))
		return length(byDefault)
	}
	if d < length(least) || d > length(most) {
		s.wrong(name, fmt.Sprintf("%s is out of range; it goes from %q to %q", shown(written), least, most))
		return length(byDefault)
	}
	return d
}

// length parses a duration that stands in this program.
func length(s string) time.Duration {
	d, err := str2duration.ParseDuration(s)
	if err != nil {
		panic(err) // a literal of ours
	}
	return d
}

// item is one text of a list.
type item struct {
	text string
	at   place
}

// texts returns the texts of a list. Two that are the same are noted.
func (s *section) texts(name, valid string) []item {
	s.byDefault(name, "[]")
	v := s.get(name, valid, list)
	if v == nil {
		return nil
	}
	return s.items(name, valid, v)
}

// items returns the texts among the items of a list and notes the others.
func (s *section) items(name, valid string, v *value) []item {
	var all []item
	for _, one := range v.items {
		switch {
		case one.kind != words:
			s.note(one.at, s.key(name), misfit(one, true, []kind{words}, name+" = "+valid))
		case slices.ContainsFunc(all, func(i item) bool { return i.text == one.text }):
			s.note(one.at, s.key(name), shown(one.text)+" is in the list twice; keep one")
		default:
			all = append(all, item{one.text, one.at})
		}
	}
	return all
}

// parsed reads a text in the form that parse knows, whose errors say what is
// valid. It returns the zero value for a text that is missing or wrong.
func parsed[T any](s *section, name, valid string, parse func(string) (T, error)) T {
	var none T
	v := s.get(name, valid, words)
	if v == nil {
		return none
	}
	got, err := parse(v.text)
	if err != nil {
		s.note(v.at, s.key(name), err.Error())
		return none
	}
	return got
}

// parsedList is parsed for the texts of a list; wrong ones are left out.
func parsedList[T any](s *section, name, valid string, parse func(string) (T, error)) []T {
	var all []T
	for _, i := range s.texts(name, valid) {
		got, err := parse(i.text)
		if err != nil {
			s.note(i.at, s.key(name), err.Error())
			continue
		}
		all = append(all, got)
	}
	return all
}

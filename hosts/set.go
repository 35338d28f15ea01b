package hosts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Set is the hosts that ronde knows, in the order of the configuration.
type Set struct {
	hosts []*Host
}

// UnknownHostError says that nobody configured a host of that name.
type UnknownHostError struct {
	Name  string   // what was asked for, as typed
	Known []string // the names that there are
}

func (e *UnknownHostError) Error() string {
	return fmt.Sprintf("no host %q: there are %s", e.Name, strings.Join(e.Known, ", "))
}

// NewSet makes a host of each configuration. Its error joins every mistake, so
// that all are mended at once.
func NewSet(configs []Config) (*Set, error) {
	set := &Set{}
	var wrong []error
	for _, c := range configs {
		if _, err := set.Find(c.Name); err == nil {
			wrong = append(wrong, &SettingError{Host: c.Name, Key: "name", Reason: "is already the name of another host"})
			continue
		}
		h, err := makeHost(c, configs)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		set.hosts = append(set.hosts, h)
	}
	return set, errors.Join(wrong...)
}

// Find returns the host called name, or an [*UnknownHostError]. Capitals do not
// count: phones put one at the start of a word.
func (s *Set) Find(name string) (*Host, error) {
	for _, h := range s.hosts {
		if strings.EqualFold(h.name, name) {
			return h, nil
		}
	}
	return nil, &UnknownHostError{Name: name, Known: s.Names()}
}

// All returns the hosts in the order of the configuration.
func (s *Set) All() []*Host { return slices.Clone(s.hosts) }

// Names returns the names in the order of the configuration.
func (s *Set) Names() []string {
	names := make([]string, len(s.hosts))
	for i, h := range s.hosts {
		names[i] = h.name
	}
	return names
}

// Close lets go of the idle connections to all hosts.
func (s *Set) Close() {
	for _, h := range s.hosts {
		h.Close()
	}
}

package checks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"ronde/logs"
	"ronde/probe"
)

// How counts are kept: by the quarter of an hour in which they came, those of earlier
// hours by the hour.
const (
	logQuarter = 15 * time.Minute
	logFine    = 2 * time.Hour       // so long by the quarter
	logKept    = 48 * time.Hour      // so long at all
	logKnown   = 14 * 24 * time.Hour // so long is a service known that writes no more
	logWindow  = time.Hour           // at least so much is judged at once
	mostKnown  = 500                 // services
	partForm   = "2006-01-02T15:04"  // of the name of a part, in UTC
)

// logHead is where the reading of a log stopped, and what is known of it.
type logHead struct {
	Log    string    `json:"log"` // by its name in the probe.toml
	Cursor string    `json:"cursor"`
	Since  time.Time `json:"since"` // from then on everything was counted
	At     time.Time `json:"at"`    // until then
	// New and Last are when a service wrote for the first time since Since, and last.
	New  map[string]time.Time `json:"new"`
	Last map[string]time.Time `json:"last"`
}

// logPart is what came into a log in a while.
type logPart struct {
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Gap      bool           `json:"gap,omitempty"`
	More     bool           `json:"more,omitempty"` // and there was more to read then
	Services []logs.Service `json:"services"`
}

// logMemory is what is kept of one log.
type logMemory struct {
	head  logHead
	parts map[string][]byte // by the time at which they begin, and the head as ""
}

// readLogMemory reads what is kept. Of another log, or when it makes no sense, nothing
// is: it begins anew.
func readLogMemory(parts map[string][]byte, log string) logMemory {
	m := logMemory{parts: parts}
	if json.Unmarshal(parts[""], &m.head) != nil || m.head.Log != log {
		m.head = logHead{Log: log}
	}
	return m
}

// take adds what was read until a time, and returns the parts that changed. What was read
// the very first time is of nobody knows when, and is only where it all begins.
func (m *logMemory) take(got probe.LogCounts, at time.Time) (changed map[string][]byte, err error) {
	changed = map[string][]byte{}
	from := m.head.At
	m.head.Cursor, m.head.At = got.Cursor, at
	if got.First || from.IsZero() {
		m.head.Since, from = at, at
		m.head.New, m.head.Last = map[string]time.Time{}, map[string]time.Time{}
		for name := range m.parts {
			changed[name] = nil
		}
		m.parts = nil
	} else {
		part := logPart{From: from, To: at, Gap: got.Gap, More: got.More, Services: got.Services}
		if err := m.add(changed, at.UTC().Truncate(logQuarter), part); err != nil {
			return nil, err
		}
	}
	m.meet(got.Services, at)
	if err := m.condense(changed, at); err != nil {
		return nil, err
	}
	changed[""], err = json.Marshal(m.head)
	return changed, err
}

// meet notes who wrote.
func (m *logMemory) meet(services []logs.Service, at time.Time) {
	for _, s := range services {
		if _, known := m.head.New[s.Name]; !known && len(m.head.New) < mostKnown {
			m.head.New[s.Name] = at
		}
		if _, known := m.head.New[s.Name]; known {
			m.head.Last[s.Name] = at
		}
	}
	maps.DeleteFunc(m.head.New, func(name string, _ time.Time) bool { return at.Sub(m.head.Last[name]) > logKnown })
	maps.DeleteFunc(m.head.Last, func(name string, last time.Time) bool { return at.Sub(last) > logKnown })
}

// add adds to the part that begins at a time.
func (m *logMemory) add(changed map[string][]byte, begins time.Time, more logPart) error {
	name := begins.Format(partForm)
	raw, known := changed[name]
	if !known {
		raw = m.parts[name]
	}
	part := more
	var before logPart
	if raw != nil && json.Unmarshal(raw, &before) == nil {
		part = before.and(more)
	}
	raw, err := json.Marshal(part)
	if err != nil {
		return fmt.Errorf("keep what was counted: %w", err)
	}
	changed[name] = raw
	return nil
}

// condense makes hours of quarters, and drops what is too old.
func (m *logMemory) condense(changed map[string][]byte, at time.Time) error {
	for name, raw := range m.parts {
		begins, err := time.Parse(partForm, name)
		age := at.Sub(begins)
		if name == "" || changed[name] != nil || err == nil && age <= logFine {
			continue
		}
		hour := begins.Truncate(time.Hour)
		if err == nil && age <= logKept && hour.Equal(begins) {
			continue
		}
		var part logPart
		changed[name] = nil
		if err != nil || age > logKept || json.Unmarshal(raw, &part) != nil {
			continue
		}
		if err := m.add(changed, hour, part); err != nil {
			return err
		}
	}
	return nil
}

// and joins two parts.
func (p logPart) and(q logPart) logPart {
	if q.From.Before(p.From) {
		p.From = q.From
	}
	if q.To.After(p.To) {
		p.To, p.More = q.To, q.More
	}
	p.Gap = p.Gap || q.Gap
	sums := map[string]logs.Service{}
	for _, s := range slices.Concat(p.Services, q.Services) {
		sums[s.Name] = logs.Add(sums[s.Name], s)
	}
	p.Services = byName(sums)
	return p
}

func byName(services map[string]logs.Service) []logs.Service {
	all := append([]logs.Service{}, slices.Collect(maps.Values(services))...)
	slices.SortFunc(all, func(a, b logs.Service) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// since joins the newest parts, back to at least a time; nothing without any.
func (m *logMemory) since(t time.Time) (joined logPart) {
	names := slices.Sorted(maps.Keys(m.parts))
	for _, name := range slices.Backward(names) {
		var part logPart
		if name == "" || json.Unmarshal(m.parts[name], &part) != nil {
			continue
		}
		if joined.From.IsZero() {
			joined = part
		} else {
			joined = joined.and(part)
		}
		if !joined.From.After(t) {
			break
		}
	}
	return joined
}

// patch puts changed parts in their places.
func (m *logMemory) patch(changed map[string][]byte) {
	next := map[string][]byte{}
	maps.Copy(next, m.parts)
	maps.Copy(next, changed)
	maps.DeleteFunc(next, func(_ string, raw []byte) bool { return raw == nil })
	m.parts = next
}

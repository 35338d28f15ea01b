package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ronde/hosts"
	"ronde/logs"
)

// Log is one log that may be counted.
type Log struct {
	Name string `toml:"name"` // by which it is asked for
	// Path is where it is: "/var/lib/docker/volumes/local-syslog/_data/*.log". With a
	// star it may be several, at most [logs.MostLogs].
	Path string `toml:"path"`
	// Unit is a unit of systemd whose journal is counted, instead of Path.
	Unit string `toml:"unit"`
	// Format is auto, syslog or plain; "" for auto.
	Format logs.Format `toml:"format"`
	// WholeAddresses lets the addresses of visitors leave the machine. Otherwise only
	// their networks do.
	WholeAddresses bool `toml:"whole_addresses"`
}

const (
	// logPatience is how long a log is read: of a flood, what is read in that time.
	logPatience = 10 * time.Second
	mostRead    = 8 << 30  // bytes of a log that are read at once
	firstRead   = 64 << 20 // bytes of a log that was never read
)

// LogCounts is what came into a log since a cursor.
type LogCounts struct {
	Cursor string `json:"cursor"` // to go on from
	// First says that nothing was read before: what was counted is the end of the log,
	// from an unknown time on.
	First bool `json:"first,omitempty"`
	More  bool `json:"more,omitempty"` // there was no time for the rest
	// Gap says that something was truncated or deleted before it was read.
	Gap      bool           `json:"gap,omitempty"`
	Lines    uint64         `json:"lines"`
	Bytes    uint64         `json:"bytes"`
	Services []logs.Service `json:"services"` // by name; never nil
}

// Logs asks what came into a log since a cursor; "" for the first time. The machine keeps
// nothing of it: whoever asks keeps the cursor of the answer.
func Logs(name, cursor string) Question[LogCounts] {
	return Question[LogCounts]{Name: "logs", Args: []string{name, cursor}, answer: func(ctx context.Context, m *Machine) (LogCounts, error) {
		i := slices.IndexFunc(m.Config.Logs, func(l Log) bool { return l.Name == name })
		if i < 0 {
			return LogCounts{}, &Error{Code: NoSuch, Text: fmt.Sprintf("no [[log]] is called %q here", name)}
		}
		return m.count(ctx, m.Config.Logs[i], cursor)
	}}
}

// logsRequest reads the arguments of Logs; the cursor may be left out.
func logsRequest() Request {
	return Request{Name: "logs", Usage: "NAME [CURSOR]", parse: func(args []string) (asked, error) {
		switch len(args) {
		case 1:
			return Logs(args[0], ""), nil
		case 2:
			return Logs(args[0], args[1]), nil
		}
		return nil, badRequest("logs takes a name and a cursor")
	}}
}

func (m *Machine) count(ctx context.Context, l Log, cursor string) (answer LogCounts, err error) {
	root, err := m.files()
	if err != nil {
		return answer, err
	}
	reading, stop := context.WithTimeout(ctx, logPatience)
	defer stop()
	tally := logs.NewTally(l.Format, l.Name)
	tally.Whole = l.WholeAddresses
	if l.Unit != "" {
		answer, err = readJournal(reading, root, l.Unit, cursor, tally)
	} else {
		answer, err = follow(reading, filepath.Join(root, l.Path), cursor, tally)
	}
	if err != nil {
		return LogCounts{}, fmt.Errorf("count %s: %w", l.Name, err)
	}
	answer.Lines, answer.Bytes, answer.Services = tally.Lines, tally.Bytes, m.named(ctx, tally.Services())
	return answer, nil
}

func follow(ctx context.Context, pattern, cursor string, tally *logs.Tally) (answer LogCounts, err error) {
	c, err := logs.ParseCursor(cursor)
	if err != nil {
		return answer, badRequest("the cursor is not understood")
	}
	paths, err := logs.Find(pattern)
	if err != nil {
		return answer, err
	}
	r, err := logs.Follow(ctx, paths, c, logs.Limits{Bytes: mostRead, First: firstRead}, tally)
	return LogCounts{Cursor: r.Cursor.String(), First: r.First, More: r.More, Gap: r.Gap}, err
}

// named calls the services by the names of their containers that only have the id of one,
// as far as the engine knows it: another id comes with each new version.
func (m *Machine) named(ctx context.Context, services []logs.Service) []logs.Service {
	isID := func(s logs.Service) bool { return logs.IsID(s.Name) }
	if !m.Host.HasEngine() || !slices.ContainsFunc(services, isID) {
		return services
	}
	known, err := m.Host.Listed(ctx)
	if err != nil {
		return services // the ids are better than nothing
	}
	return renamed(services, known)
}

func renamed(services []logs.Service, known []hosts.Container) []logs.Service {
	merged := map[string]logs.Service{}
	for _, s := range services {
		for _, c := range known {
			if logs.IsID(s.Name) && strings.HasPrefix(c.ID, s.Name) {
				s.Name = c.Name
			}
		}
		merged[s.Name] = logs.Add(merged[s.Name], s)
	}
	all := make([]logs.Service, 0, len(merged))
	for _, s := range merged {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b logs.Service) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// checkLogs says what is wrong with a [[log]].
func (c Config) checkLogs() error {
	names := map[string]bool{}
	for i, l := range c.Logs {
		wrong := func(reason string) error { return fmt.Errorf("[[log]] %d, %q: %s", i+1, l.Name, reason) }
		switch {
		case l.Name == "" || strings.ContainsAny(l.Name, " \t\n"):
			return wrong("it needs a name without spaces")
		case names[l.Name]:
			return wrong("there are two of that name")
		case (l.Path == "") == (l.Unit == ""):
			return wrong("it needs either a path or a unit")
		case l.Path != "" && !filepath.IsAbs(l.Path):
			return wrong("its path must begin with /")
		case l.Unit != "" && (strings.HasPrefix(l.Unit, "-") || strings.ContainsAny(l.Unit, " \t\n/")):
			return wrong("that is no unit of systemd")
		case l.Format != "" && !slices.Contains(logs.Formats(), l.Format):
			return wrong(fmt.Sprintf("there is no format %q: there are %v", l.Format, logs.Formats()))
		}
		names[l.Name] = true
	}
	return nil
}

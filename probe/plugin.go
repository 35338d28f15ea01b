package probe

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// PluginConfig is a Monitoring or Nagios plugin that a machine lets be run: a [[plugin]]
// of its probe.toml.
type PluginConfig struct {
	Name string `toml:"name"` // by which it is asked for
	// Command is its absolute path and its arguments. No shell reads them.
	Command []string `toml:"command"`
	// Timeout bounds it; 10 seconds when not set, and never more than 20.
	Timeout Length `toml:"timeout"`
}

const (
	pluginTime     = 10 * time.Second
	longestPlugin  = 20 * time.Second
	mostPluginSaid = 64 << 10 // bytes
	longestSaid    = 300      // bytes of its first line
)

func (p PluginConfig) check() error {
	switch {
	case len(p.Command) == 0 || !filepath.IsAbs(p.Command[0]):
		return fmt.Errorf("[[plugin]] %q: command must be a list that begins with an absolute path", p.Name)
	case time.Duration(p.Timeout) > longestPlugin:
		return fmt.Errorf("[[plugin]] %q: timeout is more than %s", p.Name, longestPlugin)
	}
	return nil
}

// PluginSaid is what a plugin said.
type PluginSaid struct {
	// Code is its exit code: 0 for ok, 1 for warning, 2 for critical; anything else is
	// unknown, -1 when a signal ended it.
	Code int `json:"code"`
	// Line is its first line, without the figures; any text.
	Line    string   `json:"line"`
	Figures []Figure `json:"figures"` // never nil
	// Late says that it was ended since it took too long.
	Late bool `json:"late,omitempty"`
}

// Plugin asks for a run of the plugin that the machine's configuration calls name.
func Plugin(name string) Question[PluginSaid] {
	return Question[PluginSaid]{Name: "plugin", Args: []string{name}, answer: func(ctx context.Context, m *Machine) (PluginSaid, error) {
		root, err := m.files()
		if err != nil {
			return PluginSaid{}, err
		}
		for _, p := range m.Config.Plugins {
			if p.Name == name {
				return p.run(ctx, filepath.Clean(root))
			}
		}
		return PluginSaid{}, &Error{Code: NoSuch, Text: "probe.toml has no [[plugin]] of that name"}
	}}
}

// pluginRequest is "plugin NAME".
func pluginRequest() Request {
	return Request{Name: "plugin", Usage: "NAME", parse: func(args []string) (asked, error) {
		if len(args) != 1 || !configName.MatchString(args[0]) {
			return nil, badRequest("plugin takes the name of a [[plugin]]")
		}
		return Plugin(args[0]), nil
	}}
}

func (p PluginConfig) run(ctx context.Context, root string) (PluginSaid, error) {
	own, cancel := context.WithTimeout(ctx, cmp.Or(time.Duration(p.Timeout), pluginTime))
	defer cancel()
	s, err := program{path: p.Command[0], args: p.Command[1:], root: root, most: mostPluginSaid}.run(own)
	switch {
	case err != nil && ctx.Err() == nil && own.Err() != nil:
		return PluginSaid{Code: -1, Late: true, Figures: []Figure{}}, nil
	case err != nil:
		return PluginSaid{}, err
	}
	return readPlugin(s.code, s.out), nil
}

// readPlugin reads what a plugin wrote: a line with figures behind a bar, then lines of
// which the rest may have figures behind another bar.
func readPlugin(code int, out []byte) PluginSaid {
	first, rest, _ := bytes.Cut(out, []byte("\n"))
	line, figures, _ := strings.Cut(string(first), "|")
	_, more, _ := strings.Cut(string(rest), "|")
	return PluginSaid{
		Code: code, Line: strings.TrimSpace(cutBytes(strings.ToValidUTF8(line, "?"), longestSaid)),
		Figures: ParseFigures(figures + " " + more),
	}
}

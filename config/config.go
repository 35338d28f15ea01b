// Package config reads config.toml into one struct per package and finds every
// mistake in it at once, each with its file, line, column and setting.
//
// A file is read in two steps. The first (syntax.go, document.go) makes a tree of
// its values, in which each remembers where it stands; it goes on behind a syntax
// error. The second (section.go and one file per table) asks the tree for each
// setting by name, so a setting, its default, its limits and its example are one
// line, and whatever nobody asked for is unknown. No mistake shows a neighbouring
// line or a secret.
package config

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"time"

	"ronde/alerts"
	"ronde/board"
	"ronde/bot"
	"ronde/cards"
	"ronde/checks"
	"ronde/commands"
	"ronde/hosts"
	"ronde/pager"
	"ronde/pulse"
	"ronde/routines"
)

// maxFile is the longest configuration read, in bytes.
const maxFile = 4 << 20

// Config is everything that config.toml says.
type Config struct {
	Language string         // "fr" or "en"
	Location *time.Location // the time zone of all dates and times of day
	Database string         // the path of the SQLite file
	LogLevel slog.Level

	Bot bot.Config
	// Credentials are for the log-in only; each is "" when it is not configured or
	// not there.
	Credentials bot.Credentials
	Outbox      cards.Config
	Rights      commands.Rights
	Mailbox     *alerts.MailboxConfig // nil when no mailbox is followed
	Trust       alerts.Trust          // which mails of the mailbox count
	MailRules   []alerts.Rule         // what mails of other kinds are, in the order of the file
	Incidents   alerts.Settings       // how incidents are followed
	Heartbeats  []pulse.Heartbeat     // who hears that the bot lives, in the order of the file
	Pager       *pager.Config         // how people are reached without the homeserver; nil for not at all
	KumaUser    string                // whose messages in the rooms are Uptime Kuma's alerts; "" for nobody
	Board       board.Config          // what is served over HTTP; without a Listen, nothing
	Hosts       []hosts.Config        // in the order of the file
	Checks      []checks.Config       // in the order of the file
	OAuth       []checks.OAuthConfig  // secrets whose end a check reads, in the order of the file
	Routines    []routines.Routine    // in the order of the file
	Prompting   routines.Settings     // how all of them are asked for

	// Files has a fingerprint of each PEM file that a setting names, by that setting,
	// so that a renewed certificate counts as a change.
	Files map[string][sha256.Size]byte
}

// Load reads a configuration for a bot that runs. Its error is a [Mistakes] when
// the file can be read; then the Config holds what could be understood. Secrets
// that only the log-in needs may be missing.
func Load(path string) (Config, error) { return load(path, Always, Running) }

// LoadForLogin is Load for the log-in: it demands the password or the access token
// that [matrix] names, and nothing else from outside the file.
func LoadForLogin(path string) (Config, error) { return load(path, Always, LoggingIn) }

// LoadOffline is Load for commands that only look at the configuration and talk to
// nobody: the files and variables that it names need not be there, and secrets
// that are not are empty.
func LoadOffline(path string) (Config, error) { return load(path, Always) }

// UnreadableError says that there is no configuration to look for mistakes in.
type UnreadableError struct {
	Path string
	Err  error // continues a sentence about the file, and does not name it
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("read configuration: %s %v", e.Path, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

func load(path string, scopes ...Scope) (Config, error) {
	doc, err := readRegular(path, maxFile)
	if err != nil {
		return Config{}, &UnreadableError{Path: path, Err: err}
	}
	c, mistakes := Parse(path, doc, os.LookupEnv)
	return c, mistakes.In(scopes...).orNil()
}

// Parse reads the text of the configuration file called name. Names of files in it
// are relative to the folder of name; lookup finds variables of the environment.
//
// The mistakes are of all scopes, in the order of the file. The Config holds what
// could be understood, with defaults for the rest.
func Parse(name string, doc []byte, lookup func(string) (string, bool)) (Config, Mistakes) {
	r := &reader{file: name, lookup: lookup, defaults: make(map[string]string), things: make(map[string][]string)}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	root, clean := read(doc, r.note)
	c := r.config(r.section(root, "", ""))
	r.noteUnknown()
	if at, text := doubleCheck(doc); clean && text != "" && !r.hasLine(at.line) {
		r.note(at, "", text)
	}
	r.mistakes.sort()
	return c, r.mistakes
}

// several are the tables of which there may be any number.
var several = []string{"check", "escalation", "heartbeat", "host", "mail", "oauth", "routine", "same", "webhook"}

// config reads all settings.
func (r *reader) config(s *section) Config {
	c := Config{
		Language: s.oneOf("language", "fr", "en"),
		Location: s.zone("timezone", "Europe/Paris"),
		Database: r.path(s.text("database", "/var/lib/ronde/ronde.db", `"/var/lib/ronde/ronde.db"`)),
		LogLevel: s.level("log_level"),
	}
	r.matrix(&c, s)
	c.Rights = r.rights(s)
	c.Prompting = r.prompting(s)
	r.mailbox(&c, s)
	c.MailRules = r.mailRules(s)
	c.Heartbeats = r.heartbeats(s)
	c.Pager = r.pager(s)
	c.Board = r.board(s)
	c.Hosts = r.hosts(s)
	c.Incidents = r.incidents(s, c.Prompting.Lease)
	c.Prompting.Watch = r.watch(s)
	c.Incidents.Steps = r.escalation(s, c.Prompting.Watch)
	c.OAuth = r.oauth(s)
	c.Checks = r.checksAtWork(s, c.Hosts)
	known := targets{c.Hosts, c.OAuth, c.Checks}
	c.Incidents.Checks = r.evidence(known)
	c.Routines = r.routines(s, known)
	c.Files = r.files
	return c
}

// zone reads the name of a time zone.
func (s *section) zone(name, byDefault string) *time.Location {
	zone := s.text(name, byDefault, `"Europe/Paris"`)
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" || zone == "" {
		s.wrong(name, shown(zone)+` is not a time zone; write a name of the IANA list, such as "Europe/Paris" or "UTC"`)
		return time.UTC
	}
	return loc
}

// level reads how much is logged.
func (s *section) level(name string) slog.Level {
	var level slog.Level
	// oneOf lets only names through that UnmarshalText knows.
	_ = level.UnmarshalText([]byte(s.oneOf(name, "info", "debug", "warn", "error")))
	return level
}

// only starts to read a table that is there once. When it must be there and is
// not, or is something else, that is noted.
func (s *section) only(name string, needed bool) *section {
	if !s.has(name) {
		s.asked = append(s.asked, name)
		if needed && !s.misspelt(name) {
			s.note(place{1, 1}, name, "the table ["+name+"] is missing")
		}
		return s.section(nil, name, name)
	}
	v := s.table.values[name]
	if v.sections {
		s.asked = append(s.asked, name)
		s.note(v.at, name, "is there once only; write ["+name+"], with one bracket on each side")
		return s.section(v.items[0].table, name, name)
	}
	if v = s.get(name, "…; its settings stand below ["+name+"]", group); v == nil {
		return s.section(nil, name, name)
	}
	return s.section(v.table, name, name)
}

// each starts to read each table of a list. They are called after their setting
// id where they have it, else after their number. When there is none, it returns
// one that is not in the file, so that its settings are known all the same.
func (s *section) each(name, id string) []*section {
	v := s.oneAsList(name)
	if v == nil {
		return []*section{s.section(nil, name, name)}
	}
	var all []*section
	for i, one := range v.items {
		if one.kind != group {
			s.note(one.at, name, misfit(one, true, []kind{group}, "[["+name+"]]"))
			continue
		}
		called := fmt.Sprint(i + 1)
		if n := one.table.values[id]; n != nil && n.kind == words && n.text != "" {
			called = shownKey(n.text)
		}
		all = append(all, s.section(one.table, name+"["+called+"]", name))
	}
	if len(all) == 0 {
		all = append(all, s.section(nil, name, name))
	}
	return all
}

// oneAsList returns the list called name; a single table in its place is noted
// and read as a list of one.
func (s *section) oneAsList(name string) *value {
	v := s.get(name, "…; write one [["+name+"]] for each", list, group)
	if v != nil && v.kind == group {
		s.note(v.at, name, "there can be several; write [["+name+"]], with two brackets on each side")
		v = &value{kind: list, at: v.at, items: []*value{v}}
	}
	return v
}

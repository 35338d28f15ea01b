package commands

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/hosts"
	"ronde/store"
	"ronde/text"
)

// What a phone has room for.
const (
	shownLogs    = 2   // containers
	shownLines   = 10  // of each
	logColumns   = 36  // of a line, which then goes on below
	logLine      = 108 // runes of a line, three times that
	namedOthers  = 5   // containers that are only named
	logsPatience = 25 * time.Second
)

// Engines list the containers of a host, also those that stopped, and read what one
// wrote last.
type Engines interface {
	Listed(ctx context.Context, host string) ([]hosts.Container, error)
	Tail(ctx context.Context, host, id string) ([]hosts.LogLine, error)
}

// Logs shows what the containers wrote last that an incident is about: "!logs 12", and
// under its card "logs". Of a host it shows what was counted in its logs: "!logs antigone
// [nextcloud] [6h]".
var Logs = Command{Name: "logs", French: "journaux", Args: true, Ask: func(ctx context.Context, c *Call) error {
	if checks, service, since := c.asksForCounts(); len(checks) > 0 {
		return c.writeCounts(ctx, checks, service, since)
	}
	b, ok, err := c.whatBroke(ctx)
	if err != nil || !ok {
		return err
	}
	if b.host == "" {
		c.Reply.Text(c.Say("logs.no-host", "Thing", b.thing()))
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, logsPatience)
	defer cancel()
	all, err := c.Desk.Engines.Listed(ctx, b.host)
	if err != nil {
		return c.noLogs(ctx, b.host, err)
	}
	slices.SortStableFunc(all, brokenFirst)
	c.writeLogs(ctx, b, all)
	return nil
}}

// broken is what broke: by all names that it has, and on which host it runs; "" when that
// is none that is known, or not only one.
type broken struct {
	things []string
	host   string
}

func (b broken) thing() string { return text.OneLine(b.things[0], 60) }

func (b broken) is(container string) bool {
	return slices.ContainsFunc(b.things, func(thing string) bool { return alerts.IsOf(thing, container) })
}

// whatBroke tells of which incident somebody asks. ok is false when the reply says why
// there is none, or not only one.
func (c *Call) whatBroke(ctx context.Context) (b broken, ok bool, err error) {
	err = c.Desk.Store.View(ctx, func(tx *store.Tx) error {
		i, _, known, err := c.incident(tx, "logs")
		if err != nil || !known {
			return err
		}
		if alerts.IsStorm(i) {
			return c.askForOne(tx, i)
		}
		b.things, ok = []string{i.Thing}, true
		if on := c.Desk.Alerts.Settings.HostsOf(i); len(on) == 1 {
			b.host = on[0]
		}
		seen, err := tx.Witnesses(i.ID)
		for _, w := range seen {
			b.things = append(b.things, w.Thing)
		}
		return err
	})
	return b, ok, err
}

// askForOne says that a storm has too many parts for a phone, and which there are.
func (c *Call) askForOne(tx *store.Tx, storm store.Incident) error {
	parts, err := tx.StormMembers(storm.ID)
	parts = slices.DeleteFunc(parts, func(i store.Incident) bool { return i.State == store.Resolved })
	c.Reply.Text(c.Say("logs.storm"))
	logs, _, _ := c.Desk.find("logs")
	for _, i := range parts[:min(len(parts), namedOthers)] {
		c.Reply.Line().Code("!" + c.Desk.callName(logs) + " " + strconv.FormatInt(i.ID, 10)).Text(" · " + c.Desk.Alerts.NameOf(i))
	}
	if more := len(parts) - namedOthers; more > 0 {
		c.Reply.Line().Text(c.Say("incidents.more", "Count", more))
	}
	return err
}

// writeLogs writes what those of a host's containers wrote last that are what broke.
func (c *Call) writeLogs(ctx context.Context, b broken, all []hosts.Container) {
	meant := slices.DeleteFunc(slices.Clone(all), func(o hosts.Container) bool { return !b.is(o.Name) })
	if len(meant) == 0 {
		c.writeNoneMeant(b, all)
		return
	}
	for _, one := range meant[:min(len(meant), shownLogs)] {
		c.writeLog(ctx, b.host, one)
	}
	if others := meant[min(len(meant), shownLogs):]; len(others) > 0 {
		c.Reply.Text(c.Say("logs.others", "Names", namesOf(others)))
	}
}

// brokenFirst sorts those that do not run first, and then by name.
func brokenFirst(a, b hosts.Container) int {
	runs := func(o hosts.Container) int {
		if o.State == running {
			return 1
		}
		return 0
	}
	return cmp.Or(runs(a)-runs(b), cmp.Compare(a.Name, b.Name))
}

// running is the state of a container that does, as engines call it.
const running = "running"

// noLogs says why there are none of a host.
func (c *Call) noLogs(ctx context.Context, host string, err error) error {
	c.Desk.Log.WarnContext(ctx, "no logs", "host", host, "err", err)
	if _, away := errors.AsType[*hosts.UnreachableError](err); away || errors.Is(err, context.DeadlineExceeded) {
		c.Reply.Text(c.Say("logs.away", "Host", host))
		return nil
	}
	if errors.Is(err, hosts.ErrNoEngine) {
		c.Reply.Text(c.Say("logs.no-engine", "Host", host))
		return nil
	}
	return err
}

// writeNoneMeant says that no container is called as what broke is, and which there are.
func (c *Call) writeNoneMeant(b broken, all []hosts.Container) {
	c.Reply.Text(c.Say("logs.none", "Host", b.host, "Thing", b.thing()))
	if len(all) > 0 {
		c.Reply.Line().Text(c.Say("logs.there", "Names", namesOf(nearestFirst(b.things[0], all))))
	}
}

// nearestFirst puts the container first whose name is nearly that of a thing.
func nearestFirst(thing string, all []hosts.Container) []hosts.Container {
	var names []string
	for _, o := range all {
		names = append(names, o.Name)
	}
	near := text.Nearest(thing, names)
	sorted := slices.Clone(all)
	if at := slices.Index(names, near); at >= 0 {
		sorted = slices.Insert(slices.Delete(sorted, at, at+1), 0, all[at])
	}
	return sorted
}

func namesOf(all []hosts.Container) string {
	var names []string
	for _, o := range all[:min(len(all), namedOthers)] {
		names = append(names, text.OneLine(text.Printed(o.Name), 40))
	}
	if len(all) > namedOthers {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// writeLog writes the last lines of a container. One whose lines cannot be read keeps no
// other from being shown.
func (c *Call) writeLog(ctx context.Context, host string, one hosts.Container) {
	c.Reply.Text("📜 ").Bold(text.OneLine(text.Printed(one.Name), 40))
	if one.State != running {
		c.Reply.Text(" · " + c.state(one.State))
	}
	written, err := c.Desk.Engines.Tail(ctx, host, one.ID)
	if err != nil {
		c.Desk.Log.WarnContext(ctx, "no logs", "host", host, "container", one.Name, "err", err)
		c.Reply.Text(" · ❔ " + c.Say("logs.unread")).Line()
		return
	}
	lines := legible(written, func(string) bool { return true })
	if len(lines) == 0 {
		c.Reply.Text(" · " + c.Say("logs.empty")).Line()
		return
	}
	if at := written[len(written)-1].At; !at.IsZero() {
		c.Reply.Text(" · " + c.Say("logs.age", "Age", c.Desk.Language.Duration(time.Since(at))))
	}
	c.Reply.Pre(strings.Join(lines, "\n"))
}

// state is how people call what a container does that does not run.
func (c *Call) state(state string) string {
	if slices.Contains([]string{"restarting", "paused", "exited", "dead", "created"}, state) {
		return c.Say("logs.state." + state)
	}
	return text.OneLine(text.Printed(state), 20)
}

// legible returns for a phone the last lines of those that are meant. They are masked with
// all that was read before them, since a key is known by its first line.
func legible(written []hosts.LogLine, meant func(line string) bool) (shown []string) {
	var all []string
	for _, w := range written {
		if line := strings.TrimSpace(text.Printed(w.Text)); line != "" {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return nil
	}
	masked := strings.Split(text.Mask(strings.Join(all, "\n")), "\n")
	masked = slices.DeleteFunc(masked, func(line string) bool { return !meant(line) })
	for _, line := range masked[max(0, len(masked)-shownLines):] {
		shown = append(shown, text.Wrap(text.OneLine(line, logLine), logColumns)...)
	}
	return shown
}

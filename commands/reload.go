package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ronde/cards"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// Configuration reads the bot's configuration again.
type Configuration interface {
	// Read reads it and prepares the bot that it describes; nothing changes before
	// Reading.Use is called. It logs what it finds.
	Read() Reading
}

// Reading is what came of reading the configuration again.
type Reading struct {
	Routines                int                // how many there are now
	Added, Changed, Removed []routines.Routine // in the order of the file
	Settings                []string           // what else changed, as it is called in the file: "log_level", "[rights]"
	Refused                 []Refusal          // why it cannot be used; nil when it can
	// Use puts it to use, and returns at once: the desk that calls it is stopped soon
	// after. It is nil when there is nothing to use.
	Use func()
}

// Differs reports whether anything is not as it was.
func (r Reading) Differs() bool {
	return len(r.Added)+len(r.Changed)+len(r.Removed)+len(r.Settings) > 0
}

// Refusal is one reason why a configuration cannot be used.
type Refusal struct {
	Line    int    // in the file; 0 when it stands in no line
	Setting string // "routine[backups].every"; "" for the whole
	Text    string // what is wrong with it, in English
	Say     string // instead of Text: a sentence of the catalogue
}

// The sentences for what no line of the file is wrong with.
const (
	NeedsRestart = "reload.restart"  // the setting is for the start only
	Unusable     = "reload.unusable" // the reason is for the log
)

// Reload reads the configuration again and puts it to use.
var Reload = Command{Name: "reload", French: "recharger", Acts: true, Listed: true, Ask: func(_ context.Context, c *Call) error {
	r := c.Desk.Config.Read()
	c.Desk.writeReading(&c.Reply, r)
	c.mistake, c.after = len(r.Refused) > 0, r.Use
	return nil
}}

// Reload does what !reload does for whoever runs the process: Technique is told
// what changes, or why nothing does. When nothing is to change, only the log says
// so. The audit log is for what people do in the rooms.
func (d *Desk) Reload(ctx context.Context) error {
	r := d.Config.Read()
	if r.Use == nil && len(r.Refused) == 0 {
		return nil
	}
	if err := d.Store.Update(ctx, func(tx *store.Tx) error { return d.announce(tx, r) }); err != nil {
		return fmt.Errorf("announce a new configuration: %w", err)
	}
	d.Outbox.Wake()
	if r.Use != nil {
		r.Use()
	}
	return nil
}

func (d *Desk) announce(tx *store.Tx, r Reading) error {
	var m text.Message
	d.writeReading(&m, r)
	key := "reload-" + strconv.FormatInt(tx.Now.UnixMilli(), 10)
	return d.Outbox.AddNotice(tx, key, routines.DefaultRoom, cards.Message{Plain: m.Plain(), HTML: m.HTML()})
}

func (d *Desk) writeReading(m *text.Message, r Reading) {
	switch {
	case len(r.Refused) > 0:
		d.writeRefused(m, r.Refused)
	case r.Use == nil:
		m.Text("✅ " + d.Language.Say("reload.same"))
	default:
		d.writeChanges(m, r)
	}
}

// writeChanges says how many routines there are and what changed, by name.
func (d *Desk) writeChanges(m *text.Message, r Reading) {
	l := d.Language
	m.Text("✅ ").Bold(l.Say("reload.done")).Text(l.Say("reload.colon") + l.Say("reload.routines", "Count", r.Routines))
	var counts []string
	if n := len(r.Added); n > 0 {
		counts = append(counts, l.Say("reload.added", "N", n))
	}
	if n := len(r.Changed); n > 0 {
		counts = append(counts, l.Say("reload.changed", "Count", n))
	}
	if n := len(r.Removed); n > 0 {
		counts = append(counts, l.Say("reload.removed", "N", n))
	}
	if len(counts) > 0 {
		m.Text(" (" + strings.Join(counts, ", ") + ")")
	}
	d.writeNames(m, "reload.names-added", d.callNames(r.Added))
	d.writeNames(m, "reload.names-changed", d.callNames(r.Changed))
	d.writeNames(m, "reload.names-removed", d.callNames(r.Removed))
	d.writeNames(m, "reload.settings", r.Settings)
}

func (d *Desk) callNames(all []routines.Routine) (names []string) {
	for _, r := range all {
		names = append(names, d.Routines.CallName(r))
	}
	return names
}

// maxNames is how many names a phone shows on two lines.
const maxNames = 5

func (d *Desk) writeNames(m *text.Message, id string, names []string) {
	switch {
	case len(names) == 0:
		return
	case len(names) > maxNames:
		names = append(names[:maxNames:maxNames], "…")
	}
	m.Line().Text(d.Language.Say(id, "Names", strings.Join(names, ", ")))
}

// maxRefusals is how many mistakes are worth reading in a room.
const maxRefusals = 10

func (d *Desk) writeRefused(m *text.Message, all []Refusal) {
	m.Text("⛔ ").Bold(d.Language.Say("reload.refused", "Count", len(all)))
	for i, r := range all {
		if i == maxRefusals {
			m.Line().Text(d.Language.Say("reload.more", "Count", len(all)-maxRefusals))
			return
		}
		d.writeRefusal(m, r)
	}
}

func (d *Desk) writeRefusal(m *text.Message, r Refusal) {
	m.Line().Text("• ")
	if r.Line > 0 {
		m.Text(d.Language.Say("reload.line", "N", r.Line) + " · ")
	}
	if r.Setting != "" {
		m.Code(r.Setting).Text(d.Language.Say("reload.colon"))
	}
	why := r.Text
	if r.Say != "" {
		why = d.Language.Say(r.Say)
	}
	m.Text(text.OneLine(text.Mask(why), 200))
}

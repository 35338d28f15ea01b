package routines

import (
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// write writes an occurrence's card: first the state, the chore and since when,
// which is all that a phone shows of it, then what helps to do it.
func (d *Desk) write(o store.Occurrence, done []store.Completion, last store.Completion, now time.Time) cards.Content {
	r, configured := d.byKey(o.Routine)
	title := o.Routine
	if configured {
		title = r.Title.In(d.Language)
	}
	var m text.Message
	d.writeState(&m, o, text.OneLine(title, 60), done, now)
	if o.State == store.OccurrenceOpen {
		d.writeHelp(&m, r, last, now)
	}
	content := cards.Content{Message: cards.Message{Plain: m.Plain(), HTML: m.HTML(), Rings: o.State == store.OccurrenceOpen}}
	if o.State == store.OccurrenceOpen {
		content.Seeds = []string{DoneEmoji}
	}
	return content
}

func (d *Desk) writeState(m *text.Message, o store.Occurrence, title string, done []store.Completion, now time.Time) {
	l := d.Language
	due := l.Moment(o.Due.In(d.Location))
	switch {
	case len(done) > 0:
		who, when := text.Person(done[0].Who), l.Clock(done[0].At, now.In(d.Location))
		m.Text("✅ ").Bold(l.Say("routine.done", "Title", title)).Text(" · " + l.Say("routine.by", "Who", who, "When", when))
		for _, c := range done {
			if c.Note != "" {
				m.Line().Text("📝 " + text.OneLine(text.Mask(c.Note), 300))
			}
		}
	case o.State == store.OccurrenceMissed:
		m.Text("⚪ ").Bold(l.Say("routine.missed", "Title", title)).Text(" · " + due)
	case o.Late > 0:
		m.Text("⏰ ").Bold(l.Say("routine.late", "Title", title)).Text(" · " + l.Say("routine.days", "Count", o.Late) + " · " + due)
	default:
		m.Text("🔔 ").Bold(l.Say("routine.open", "Title", title)).Text(" · " + due)
	}
}

// writeHelp adds where the chore is explained, when it was last done, and how to
// say that it is done.
func (d *Desk) writeHelp(m *text.Message, r Routine, last store.Completion, now time.Time) {
	l := d.Language
	if r.Runbook != "" {
		m.Line().Text("📖 " + r.Runbook)
	}
	if last.ID != 0 {
		m.Line().Text(l.Say("routine.last", "When", l.Clock(last.At, now.In(d.Location)), "Who", text.Person(last.Who)))
	}
	m.Line().Text(DoneEmoji + " " + l.Say("routine.how") + " ").Code(l.Say("routine.command", "Key", d.CallName(r)))
}

// CallName is the name of a routine that people of the rooms' language type.
func (d *Desk) CallName(r Routine) string {
	if d.Language.Code() == "fr" && len(r.Aliases) > 0 {
		return r.Aliases[0]
	}
	return r.Key
}

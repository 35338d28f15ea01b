package routines

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/cards"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
)

// Render writes the card of an occurrence.
func (d *Desk) Render(tx *store.Tx, id int64) (cards.Content, error) {
	o, known, err := tx.Occurrence(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no occurrence %d", id)
	}
	s, err := stands(tx, o)
	if err != nil {
		return cards.Content{}, err
	}
	var previous store.Completion // of a card that still asks
	if o.Open() {
		if previous, _, err = tx.LastCompletion(o.Routine); err != nil {
			return cards.Content{}, err
		}
	}
	return d.write(s, previous, tx.Now), nil
}

// write writes an occurrence's card: first the state, the chore and since when,
// which is all that a phone shows of it, then what helps to do it.
func (d *Desk) write(s standing, previous store.Completion, now time.Time) cards.Content {
	var m text.Message
	d.writeState(&m, s, now)
	var content cards.Content
	if s.Open() {
		d.writeEvidence(&m, evidenceOf(s.Occurrence), now)
		d.writeHelp(&m, s, previous, now)
		content.Seeds = []string{DoneEmoji, ClaimEmoji, SnoozeEmoji, SkipEmoji}
		content.Message.Rings = !s.early(now)
		if s.Turn != "" && content.Message.Rings && !d.Settings.Quiet.Holds(now, d.Location) {
			content.Message.Mentions = []string{s.Turn}
		}
	}
	content.Message.Plain, content.Message.HTML = m.Plain(), m.HTML()
	return content
}

func (d *Desk) writeState(m *text.Message, s standing, now time.Time) {
	l, title, here := d.Language, d.title(s.Occurrence), now.In(d.Location)
	due := l.Moment(s.Due.In(d.Location))
	if s.Deadline != "" {
		due = d.before(s.Deadline)
	}
	skip, skipped := s.skip()
	claim, claimed := s.claim(now)
	snooze, snoozed := s.snooze(now)
	head := func(emoji, id string, rest string) {
		m.Text(emoji + " ").Bold(l.Say(id, "Title", title)).Text(" · " + rest)
	}
	switch {
	case len(s.done) > 0:
		head("✅", "routine.done", l.Say("routine.by", "Who", d.whoDid(s.done[0]), "When", l.Clock(s.done[0].At, here)))
		d.writeNotes(m, s.done)
	case skipped && skip.Who == "":
		head(stateEmoji(s), "routine.gone."+skip.Note, due)
	case skipped:
		head(SkipEmoji, "routine.skipped", l.Say("routine.by", "Who", text.Person(skip.Who), "When", l.Clock(skip.At, here)))
		d.writeReason(m, s, skip)
	case s.State == store.OccurrenceMissed:
		head("⚪", "routine.missed", due)
	case snoozed:
		head("💤", "routine.snoozed", l.Say("routine.until", "When", l.Moment(snooze.Until.In(d.Location)), "Who", text.Person(snooze.Who)))
	case claimed:
		head("👀", "routine.claimed", d.claimedBy(claim, here))
	case s.early(now):
		head("🔵", "routine.possible", l.Say("routine.not-yet", "When", due))
	case s.Late > 0:
		head("⏰", "routine.late", l.Say("routine.days", "Count", s.Late)+" · "+due)
	default:
		head("🔔", "routine.open", due)
	}
}

// claimedBy says who is on it and, unless that is open, until when.
func (d *Desk) claimedBy(m store.Mark, now time.Time) string {
	if Endless(m.Until, now) {
		return text.Person(m.Who)
	}
	return d.Language.Say("routine.lease", "When", d.Language.Clock(m.Until, now), "Who", text.Person(m.Who))
}

// whoDid names who did it, alone or with others.
func (d *Desk) whoDid(c store.Completion) string {
	if c.How == "check" {
		return d.Language.Say("routine.by-check")
	}
	var names []string
	for _, who := range c.People() {
		names = append(names, text.Person(who))
	}
	return strings.Join(names, " + ")
}

func (d *Desk) writeNotes(m *text.Message, done []store.Completion) {
	for _, c := range done {
		if c.Note != "" {
			m.Line().Text("📝 " + text.OneLine(text.Mask(c.Note), 300))
		}
	}
}

// writeReason adds why an occurrence was skipped, or how to say it.
func (d *Desk) writeReason(m *text.Message, s standing, skip store.Mark) {
	if skip.Note != "" {
		m.Line().Text("📝 " + text.OneLine(text.Mask(skip.Note), 300))
		return
	}
	r, _ := d.byKey(s.Routine)
	m.Line().Text(d.Language.Say("routine.why") + " ").Code(d.Language.Say("routine.skip-command", "Key", d.CallName(r)))
}

// mostEvidence is how many checks a card shows; the thread has the rest.
const mostEvidence = 4

// writeEvidence adds what the checks said, what needs a look first.
func (d *Desk) writeEvidence(m *text.Message, outcomes []checks.Outcome, now time.Time) {
	sorted := slices.Clone(outcomes)
	slices.SortStableFunc(sorted, checks.WorstFirst)
	for _, o := range sorted[:min(mostEvidence, len(sorted))] {
		m.Line()
		checks.WriteOutcome(m, d.Language, o, now.In(d.Location))
	}
	if more := len(sorted) - mostEvidence; more > 0 {
		m.Line().Text(d.Language.Say("routine.more-evidence", "Count", more))
	}
}

func isWell(o checks.Outcome) bool { return o.Status == checks.OK }

// writeHelp adds where the chore is explained, whose turn it is, when it was last done, and how to say that it is done.
func (d *Desk) writeHelp(m *text.Message, s standing, last store.Completion, now time.Time) {
	l := d.Language
	r, _ := d.byKey(s.Routine)
	if r.Runbook != "" {
		m.Line().Text("📖 " + r.Runbook)
	}
	if s.Turn != "" {
		m.Line().Text("👤 " + l.Say("routine.turn", "Who", text.Person(s.Turn)))
	}
	if last.ID != 0 {
		m.Line().Text(l.Say("routine.last", "When", l.Clock(last.At, now.In(d.Location)), "Who", d.whoDid(last)))
	}
	m.Line().Text(DoneEmoji + " " + l.Say("routine.how") + " ").Code(l.Say("routine.command", "Key", d.CallName(r)))
	m.Line().Text(l.Say("routine.buttons"))
}

// CallName is the name of a routine that people of the rooms' language type.
func (d *Desk) CallName(r Routine) string {
	if d.Language.Code() == "fr" && len(r.Aliases) > 0 {
		return r.Aliases[0]
	}
	return r.Key
}

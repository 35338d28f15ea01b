package routines

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// mostNumbers is how many lines of a round have a number to tap: there is no emoji
// for eleven.
const mostNumbers = 10

// NumberEmoji is the button of a line of a round, "" from the eleventh on.
func NumberEmoji(n int) string {
	switch {
	case n < 1 || n > mostNumbers:
		return ""
	case n == mostNumbers:
		return "🔟"
	}
	return strconv.Itoa(n) + "\ufe0f\u20e3"
}

// goRound posts, in each room that has rounds, the one card of the day for all that
// is due, from the configured hour on and as soon as something is. What falls due
// later that day is added to it; what is still open moves into the next one.
func (d *Desk) goRound(tx *store.Tx) (changed bool, err error) {
	today := DateOf(tx.Now.In(d.Location))
	if tx.Now.Before(today.at(d.Settings.RoundAt, d.Location)) {
		return false, nil
	}
	for room, on := range d.Settings.Rounds {
		if !on {
			continue
		}
		did, err := d.goRoundIn(tx, room, today)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	return changed, nil
}

func (d *Desk) goRoundIn(tx *store.Tx, room string, today Date) (changed bool, err error) {
	last, known, err := tx.LastRound(room)
	if err != nil {
		return false, err
	}
	begun := known && last.Day >= today.String() // later: the clock was set back
	missing, asks, err := d.missing(tx, room, last, begun)
	if err != nil || len(missing) == 0 || !begun && !asks {
		return false, err
	}
	round := last
	if !begun {
		if round, err = tx.OpenRound(room, today.String()); err != nil {
			return false, err
		}
	}
	if err := tx.ShowCard(store.Card{Kind: RoundKind, Subject: round.ID, Room: room}); err != nil {
		return false, err
	}
	for _, s := range missing {
		if err := d.takeUp(tx, round, s, begun); err != nil {
			return false, err
		}
	}
	return true, nil
}

// missing returns what is open in a room and not put off, and not in the round of the
// day; asks reports whether any of it is due.
func (d *Desk) missing(tx *store.Tx, room string, round store.Round, begun bool) (missing []standing, asks bool, err error) {
	_, err = eachOpen(tx, func(s standing) (bool, error) {
		r, configured := d.byKey(s.Routine)
		if !configured || r.room() != room {
			return false, nil
		}
		items, err := tx.RoundsOf(s.ID)
		listed := begun && slices.ContainsFunc(items, func(i store.RoundItem) bool { return i.RoundID == round.ID })
		if _, snoozed := s.snooze(tx.Now); err != nil || listed || snoozed {
			return false, err
		}
		_, claimed := s.claim(tx.Now)
		missing = append(missing, s)
		asks = asks || !s.early(tx.Now) && !claimed
		return false, nil
	})
	return missing, asks, err
}

// takeUp puts an occurrence into a round. One that comes into a round that stands
// already is an edit, which rings nobody: whose turn it is is told.
func (d *Desk) takeUp(tx *store.Tx, round store.Round, s standing, late bool) error {
	before, err := tx.RoundsOf(s.ID)
	if err != nil {
		return err
	}
	if err := tx.AddRoundItem(round.ID, s.ID); err != nil {
		return err
	}
	for _, i := range before { // they say that it moved
		if err := tx.ShowCard(store.Card{Kind: RoundKind, Subject: i.RoundID, Room: round.Room}); err != nil {
			return err
		}
	}
	if len(before) == 0 { // what was said of it yesterday is old
		outcomes := slices.DeleteFunc(evidenceOf(s.Occurrence), isWell)
		if err := d.showDetails(tx, s.Occurrence, RoundKind, round.ID, outcomes); err != nil {
			return err
		}
	}
	if !late || s.Turn == "" || d.Settings.Quiet.Holds(tx.Now, d.Location) {
		return nil
	}
	var words text.Message
	words.Text("🔔 ").Bold(d.Language.Say("routine.open", "Title", d.title(s.Occurrence)))
	words.Text(" · " + d.Language.Say("routine.turn", "Who", text.Person(s.Turn)))
	return d.under(tx, fmt.Sprintf("round-%d-%d", round.ID, s.ID), s.Occurrence, words, []string{s.Turn})
}

// RoundLine returns the occurrence at a number of a round.
func RoundLine(tx *store.Tx, round int64, number int) (occurrence int64, known bool, err error) {
	items, err := tx.RoundItems(round)
	if err != nil {
		return 0, false, err
	}
	for _, i := range items {
		if i.Number == number {
			return i.OccurrenceID, true, nil
		}
	}
	return 0, false, nil
}

// RenderRound writes the card of a round.
func (d *Desk) RenderRound(tx *store.Tx, id int64) (cards.Content, error) {
	round, known, err := tx.Round(id)
	if err != nil {
		return cards.Content{}, err
	}
	if !known {
		return cards.Content{}, fmt.Errorf("no round %d", id)
	}
	lines, err := d.lines(tx, round)
	if err != nil {
		return cards.Content{}, err
	}
	return d.writeRound(round, lines, tx.Now), nil
}

// line is one line of a round as it stands.
type line struct {
	standing
	number int
	moved  bool // it is open, and in a newer round
	first  bool // it was in no round before
}

// open reports whether the line still asks.
func (l line) open() bool { return l.Open() && !l.moved }

func (d *Desk) lines(tx *store.Tx, round store.Round) ([]line, error) {
	items, err := tx.RoundItems(round.ID)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, i := range items {
		o, _, err := tx.Occurrence(i.OccurrenceID)
		if err != nil {
			return nil, err
		}
		s, err := stands(tx, o)
		if err != nil {
			return nil, err
		}
		all, err := tx.RoundsOf(o.ID)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{
			standing: s, number: i.Number, first: all[0].RoundID == round.ID,
			moved: o.Open() && all[len(all)-1].RoundID != round.ID,
		})
	}
	return lines, nil
}

// writeRound writes first how many of the round's chores are to do and which, which
// is all that a phone shows of it, then a line for each.
func (d *Desk) writeRound(round store.Round, lines []line, now time.Time) cards.Content {
	day, _ := ParseDate(round.Day) // written by us
	var m text.Message
	content := cards.Content{}
	open := 0
	for _, l := range lines {
		if !l.open() {
			continue
		}
		open++
		if emoji := NumberEmoji(l.number); emoji != "" {
			content.Seeds = append(content.Seeds, emoji)
		}
		if who := l.Turn; d.names(l, now) && !slices.Contains(content.Message.Mentions, who) {
			content.Message.Mentions = append(content.Message.Mentions, who)
		}
	}
	d.writeRoundHead(&m, d.Language.Day(day.midnight()), open, lines)
	for _, l := range lines {
		d.writeLine(&m, l, now)
	}
	if open > 0 {
		m.Line().Text(d.Language.Say("round.how"))
		content.Seeds = append(content.Seeds, ClaimEmoji)
	}
	content.Message.Plain, content.Message.HTML, content.Message.Rings = m.Plain(), m.HTML(), open > 0
	return content
}

// names reports whether a new round mentions whose turn a line is: the first time only,
// not at night, and not while somebody else is on it or nobody has to be yet.
func (d *Desk) names(l line, now time.Time) bool {
	_, claimed := l.claim(now)
	return l.Turn != "" && l.first && !claimed && !l.early(now) && !d.Settings.Quiet.Holds(now, d.Location)
}

func (d *Desk) writeRoundHead(m *text.Message, day string, open int, lines []line) {
	l := d.Language
	switch {
	case open > 0:
		m.Text("🔔 ").Bold(l.Say("round.open", "Day", day, "Count", open))
		return
	case slices.ContainsFunc(lines, func(l line) bool { return l.moved }):
		m.Text("➡️ ").Bold(l.Say("round.moved", "Day", day))
		return
	}
	m.Text("✅ ").Bold(l.Say("round.done", "Day", day))
}

func (d *Desk) writeLine(m *text.Message, l line, now time.Time) {
	mark := NumberEmoji(l.number)
	if mark == "" {
		mark = "•"
	}
	m.Line()
	title := d.title(l.Occurrence)
	switch who := d.roundWho(l, now); {
	case l.moved:
		m.Text("➡️ " + title)
	case l.open() && l.Late > 0:
		m.Text(mark + " ⏰ " + title + " · " + d.Language.Say("routine.days", "Count", l.Late) + who)
	case l.open():
		m.Text(mark + " " + title + who)
	default:
		m.Text(stateEmoji(l.standing) + " " + title + who)
	}
	if l.open() && l.Deadline != "" {
		m.Text(" · 📅 " + d.before(l.Deadline))
	}
	if l.open() && l.Deadline != "" {
		m.Text(" · 📅 " + d.before(l.Deadline))
	}
	if l.open() {
		d.writeEvidence(m, slices.DeleteFunc(evidenceOf(l.Occurrence), isWell), now)
	}
}

// roundWho says who did a line of a round, is on it, or has the turn.
func (d *Desk) roundWho(l line, now time.Time) string {
	claim, claimed := l.claim(now)
	snooze, snoozed := l.snooze(now)
	skip, _ := l.skip()
	here := now.In(d.Location)
	switch {
	case len(l.done) > 0:
		return " · " + d.Language.Say("routine.by", "Who", d.whoDid(l.done[0]), "When", d.Language.Clock(l.done[0].At, here))
	case l.State == store.OccurrenceSkipped && skip.Who != "":
		return " · " + d.Language.Say("routine.by", "Who", text.Person(skip.Who), "When", d.Language.Clock(skip.At, here))
	case !l.open():
		return ""
	case snoozed:
		return " · 💤 " + d.Language.Moment(snooze.Until.In(d.Location))
	case claimed:
		return " · 👀 " + text.Person(claim.Who)
	case l.early(now):
		return " · " + d.Language.Say("routine.not-yet", "When", d.Language.Moment(l.Due.In(d.Location)))
	case l.Turn != "":
		return " · 👤 " + text.Person(l.Turn)
	}
	return ""
}

// stateEmoji is the emoji of an occurrence that no longer asks.
func stateEmoji(s standing) string {
	skip, skipped := s.skip()
	switch {
	case s.State == store.OccurrenceDone, skipped && skip.Note == goneSettled && skip.Who == "":
		return "✅"
	case skipped && skip.Who != "":
		return SkipEmoji
	}
	return "⚪"
}

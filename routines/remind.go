package routines

import (
	"fmt"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// grace is how long after the end of a claim the room is told, who claimed it having
// been told at the end.
const grace = time.Hour

// endClaims reopens what somebody claimed and did not finish in time: who claimed it
// is told first, and an hour later the room.
func (d *Desk) endClaims(tx *store.Tx) (changed bool, err error) {
	open, err := tx.OpenOccurrences()
	if err != nil {
		return false, err
	}
	for _, o := range open {
		s, err := stands(tx, o)
		if err != nil {
			return false, err
		}
		did, err := d.endClaimsOf(tx, s)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	return changed, nil
}

func (d *Desk) endClaimsOf(tx *store.Tx, s standing) (changed bool, err error) {
	_, claimed := s.claim(tx.Now)
	if !claimed && s.State == store.OccurrenceClaimed {
		if err := d.settle(tx, s.ID); err != nil {
			return false, err
		}
		changed = true
	}
	if d.Settings.Quiet.Holds(tx.Now, d.Location) {
		return changed, nil
	}
	for _, m := range s.marks {
		told := toTell(m, tx.Now, d.Settings.Quiet.End(m.Until, d.Location), claimed)
		if told == m.Told {
			continue
		}
		if err := d.tellEnd(tx, s, m, told, claimed); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// Who is to be told that a claim ended.
const (
	toldClaimer = 1
	toldRoom    = 2
)

// toTell returns whom the end of a claim is told to by now; ended is when it can be told
// first. Nobody has to hear of it while somebody else is on it.
func toTell(m store.Mark, now, ended time.Time, claimed bool) int {
	switch {
	case m.Kind != store.Claim || m.Until.After(now):
		return m.Told
	case claimed || !ended.Add(grace).After(now) && m.Told >= toldClaimer:
		return toldRoom
	}
	return max(m.Told, toldClaimer)
}

func (d *Desk) tellEnd(tx *store.Tx, s standing, m store.Mark, told int, silently bool) error {
	if err := tx.MarkTold(m.ID, told); err != nil || silently {
		return err
	}
	var words text.Message
	var mentions []string
	title := d.title(s.Occurrence)
	if told == toldClaimer {
		mentions = []string{m.Who}
		words.Text("⏳ ").Bold(d.Language.Say("routine.lease-ended", "Who", text.Person(m.Who), "Title", title))
		words.Line().Text(d.Language.Say("routine.lease-how"))
	} else {
		words.Text("🔔 ").Bold(d.Language.Say("routine.open", "Title", title))
		words.Text(" · " + d.Language.Say("routine.given-up", "Who", text.Person(m.Who)))
	}
	return d.under(tx, fmt.Sprintf("claim-%d-%d", m.ID, told), s.Occurrence, words, mentions)
}

// under says something that rings as a reply to the card on which an occurrence
// stands.
func (d *Desk) under(tx *store.Tx, key string, o store.Occurrence, words text.Message, mentions []string) error {
	message := cards.Message{Plain: words.Plain(), HTML: words.HTML(), Rings: true, Mentions: mentions, ReplyTo: cards.TheCard}
	card, known, err := d.cardOf(tx, o)
	if err != nil {
		return err
	}
	if known {
		return d.Notices.AddUnder(tx, key, card, message)
	}
	r, _ := d.byKey(o.Routine)
	message.ReplyTo = ""
	return d.Notices.AddNotice(tx, key, r.room(), message)
}

// cardOf returns the card that shows an occurrence: its own, or its newest round's.
func (d *Desk) cardOf(tx *store.Tx, o store.Occurrence) (store.Card, bool, error) {
	card, known, err := tx.CardOf(CardKind, o.ID)
	if err != nil || known {
		return card, known, err
	}
	items, err := tx.RoundsOf(o.ID)
	if err != nil || len(items) == 0 {
		return card, false, err
	}
	return tx.CardOf(RoundKind, items[len(items)-1].RoundID)
}

// remind says again, once each and never in quiet hours, what was put off until now,
// what could be done since a while and is due now, and what nears its deadline. An
// edit of the card would ring nobody. In a room with rounds the next round does it.
func (d *Desk) remind(tx *store.Tx) (changed bool, err error) {
	if d.Settings.Quiet.Holds(tx.Now, d.Location) {
		return false, nil
	}
	open, err := tx.OpenOccurrences()
	if err != nil {
		return false, err
	}
	for _, o := range open {
		s, err := stands(tx, o)
		if err != nil {
			return false, err
		}
		at, why := d.reminder(s, tx.Now)
		if why == "" {
			continue
		}
		if err := d.say(tx, s, at, why); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// reminder returns the latest instant up to now at which an occurrence was to be said
// again and was not, and the sentence for it; "" when there is none.
func (d *Desk) reminder(s standing, now time.Time) (at time.Time, why string) {
	passed := func(t time.Time, sentence string) {
		if t.After(later(s.Nudged, s.OpenedAt)) && !t.After(now) && t.After(at) {
			at, why = t, sentence
		}
	}
	r, _ := d.byKey(s.Routine)
	_, snoozed := s.snooze(now)
	_, claimed := s.claim(now)
	if !snoozed && !claimed {
		passed(s.Due, "routine.open")
		if m, ok := s.last(store.Snooze, func(store.Mark) bool { return true }); ok {
			passed(m.Until, "routine.open")
		}
	}
	deadline, _ := ParseDate(s.Deadline) // "" is none, and what else is there was written by us
	for _, t := range r.Warnings(s.Due, deadline, d.Location) {
		passed(t, "routine.deadline-near")
	}
	return at, why
}

func (d *Desk) say(tx *store.Tx, s standing, at time.Time, sentence string) error {
	if err := tx.Nudged(s.ID); err != nil {
		return err
	}
	if err := d.show(tx, s.Occurrence); err != nil {
		return err
	}
	r, _ := d.byKey(s.Routine)
	if d.Settings.Rounds[r.room()] {
		return nil
	}
	var words text.Message
	words.Text("🔔 ").Bold(d.Language.Say("routine.open", "Title", d.title(s.Occurrence)))
	if sentence == "routine.deadline-near" {
		words.Text(" · " + d.before(s.Deadline))
	} else {
		words.Text(" · " + d.Language.Moment(s.Due.In(d.Location)))
	}
	return d.under(tx, fmt.Sprintf("again-%d-%d", s.ID, at.Unix()), s.Occurrence, words, s.whoActs(tx.Now))
}

// whoActs is who has to act on an occurrence now: whoever claimed it, else whose turn
// it is, else nobody in person.
func (s standing) whoActs(now time.Time) []string {
	if m, claimed := s.claim(now); claimed {
		return []string{m.Who}
	}
	if s.Turn != "" {
		return []string{s.Turn}
	}
	return nil
}

// before says until which day an occurrence should be done.
func (d *Desk) before(deadline string) string {
	day, err := ParseDate(deadline)
	if err != nil {
		return ""
	}
	return d.Language.Say("routine.before", "Day", d.Language.Day(day.midnight()))
}

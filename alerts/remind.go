package alerts

import (
	"fmt"
	"slices"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// grace is how long after the end of an ack the room is told, who made it having been
// told at the end.
const grace = time.Hour

// Who is to be told that an ack ended.
const (
	toldAcker = 1
	toldRoom  = 2
)

// endAcks tells that somebody took the incident on and did not end it in time: them
// first, and an hour later the room; in quiet hours only of what cannot wait.
func (d *Desk) endAcks(tx *store.Tx, s *standing) (changed bool, err error) {
	if d.holds(s.Incident, tx.Now) {
		return false, nil
	}
	_, hushed := s.hush(tx.Now)
	cared := hushed || len(s.acks(tx.Now)) > 0
	for _, m := range s.said(store.Ack) {
		if m.IncidentID != s.ID && s.Storm != 0 {
			continue // the storm asks whoever took all of it
		}
		silently := cared || m.Until.Before(s.RefiredAt)
		told := toTell(m, tx.Now, silently)
		if told == m.Told || silently && m.IncidentID != s.ID { // that is for what else was part of the storm to say
			continue
		}
		if err := tx.IncidentMarkTold(m.ID, told); err != nil {
			return false, err
		}
		if changed = true; silently {
			continue
		}
		if err := d.tellEnd(tx, s, m, told); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// toTell returns whom the end of an ack is told to by now. Nobody has to hear of it
// while somebody else is on it or it is silent.
func toTell(m store.IncidentMark, now time.Time, silently bool) int {
	switch {
	case !ranOut(m, now):
		return m.Told
	case silently || m.Told >= toldAcker && now.Sub(m.ToldAt) >= grace:
		return toldRoom
	}
	return max(m.Told, toldAcker)
}

func (d *Desk) tellEnd(tx *store.Tx, s *standing, m store.IncidentMark, told int) error {
	l := d.Language
	thing, err := d.takenBy(tx, *s, m)
	if err != nil {
		return err
	}
	var words text.Message
	var mentions []string
	if told == toldAcker {
		mentions = []string{m.Who}
		words.Text("⏳ ").Bold(l.Say("incident.lease-ended", "Who", text.Person(m.Who), "Thing", thing))
		words.Line().Text(l.Say("incident.lease-how"))
	} else {
		mark, word := s.firing().face()
		words.Text(mark + " ").Bold(l.Say(word) + " · " + thing).Text(" · " + l.Say("incident.given-up", "Who", text.Person(m.Who)))
	}
	if err := d.rang(tx, s); err != nil {
		return err
	}
	key, message := fmt.Sprintf("ack-%d-%d", m.ID, told), cards.Message{LetsSleep: !d.Settings.IsCritical(s.Incident), Mentions: mentions}
	if err := d.mention(tx, key, s.ID, message); err != nil {
		return err
	}
	return d.under(tx, key, s, words, message)
}

// takenBy names what an ack on an incident was for: of a storm that has fallen apart, all
// that it was for, that is still down and that nobody else is on.
func (d *Desk) takenBy(tx *store.Tx, s standing, ack store.IncidentMark) (string, error) {
	if ack.IncidentID == s.ID {
		return d.title(s), nil
	}
	left, err := tx.LeftOfStorm(ack.IncidentID)
	if err != nil {
		return "", err
	}
	var down []store.Incident
	for _, i := range left {
		one, err := d.stands(tx, i)
		if err != nil {
			return "", err
		}
		if one.state(tx.Now) == store.Firing && slices.ContainsFunc(one.said(store.Ack), func(m store.IncidentMark) bool { return m.ID == ack.ID }) {
			down = append(down, i)
		}
	}
	return d.listNames(down, shownBroken), nil
}

// ring says, so that phones ring, that an incident fires again, or still after a
// silence: an edit of its card would ring nobody.
func (d *Desk) ring(tx *store.Tx, s *standing) (changed bool, err error) {
	why, err := d.whyRing(tx, *s)
	if why == nothingRang || err != nil {
		return false, err
	}
	if held, changed, err := d.holdBack(tx, s.Incident); held || err != nil {
		return changed, err
	}
	if err := d.wantEvidence(tx, *s); err != nil {
		return false, err
	}
	return true, d.ringFor(tx, s, why)
}

// whyRing returns why a phone must ring now for an incident.
func (d *Desk) whyRing(tx *store.Tx, s standing) (why string, err error) {
	if why = s.toRing(tx.Now, d.Settings.Reopen); why != nothingRang || s.tally == nil {
		return why, nil
	}
	if stirs, err := d.stirs(tx, s); !stirs || err != nil {
		return nothingRang, err
	}
	return firesMore, nil
}

func (d *Desk) ringFor(tx *store.Tx, s *standing, why string, more ...string) error {
	var words text.Message
	mark, _ := s.firing().face()
	words.Text(mark + " ").Bold(d.Language.Say(wordOf(why, s.mild())) + " · " + d.title(*s))
	told := s.Incident
	if why == firesAgain {
		told.Since = s.RefiredAt // it was back in between
	}
	d.writeFault(&words, told, tx.Now.In(d.Location))
	for _, line := range more {
		words.Line().Text(line)
	}
	if err := d.rang(tx, s); err != nil {
		return err
	}
	key, m := ringKey(s.Incident)+"-"+why, cards.Message{LetsSleep: !d.Settings.IsCritical(s.Incident)}
	if err := d.mention(tx, key, s.ID, m); err != nil {
		return err
	}
	return d.under(tx, key, s, words, m)
}

// ringKey tells the message that rang last for an incident apart from all others; behind it
// stands why it rang.
func ringKey(i store.Incident) string { return fmt.Sprintf("ring-%d-%d", i.ID, i.RangAt.UnixMilli()) }

// wordOf returns by which word of the catalogue a phone rings again, or the room is asked,
// of what is down or only a warning.
func wordOf(why string, mild bool) string {
	if mild {
		return "incident.mild." + why
	}
	return "incident." + why
}

// ask asks the room whether an incident is over of which nobody heard for long, once
// each time: Kuma, for one, says nothing when an outage ends under a maintenance. About what
// a check found that nobody makes any more it asks at once.
func (d *Desk) ask(tx *store.Tx, s *standing) (changed bool, err error) {
	look, err := d.lastLook(tx, *s)
	if err != nil {
		return false, err
	}
	last, alone := later(s.lastWord(), look), IsOwn(s.Incident) && look.IsZero()
	due := d.Settings.Age > 0 && !tx.Now.Before(last.Add(d.Settings.Age)) && !s.AskedAt.After(last)
	if alone { // the check that found it is not at work any more, so nothing but people will end it
		due = !s.AskedAt.After(s.OpenedAt)
	}
	if !due || d.sleeps(tx.Now) {
		return false, nil
	}
	l := d.Language
	var words text.Message
	words.Text("❓ ").Bold(l.Say(wordOf("over", s.mild()), "Thing", d.title(*s)))
	if alone {
		words.Text(" · " + l.Say("incident.unwatched"))
	} else {
		words.Text(" · " + l.Say("incident.no-word", "Time", l.Duration(tx.Now.Sub(last))))
	}
	words.Line().Text(l.Say("incident.over-how"))
	s.AskedAt = tx.Now
	if err := d.rang(tx, s); err != nil {
		return false, err
	}
	key, m := fmt.Sprintf("over-%d-%d", s.ID, tx.Now.UnixMilli()), cards.Message{LetsSleep: true}
	if err := d.mention(tx, key, s.ID, m); err != nil {
		return false, err
	}
	return true, d.under(tx, key, s, words, m)
}

// rang notes that phones ring for an incident now.
func (d *Desk) rang(tx *store.Tx, s *standing) error {
	s.RangAt = tx.Now
	return tx.SaveIncident(s.Incident)
}

// under says something that rings as a reply to the card of an incident.
func (d *Desk) under(tx *store.Tx, key string, s *standing, words text.Message, m cards.Message) error {
	card, known, err := tx.CardOf(IncidentCard, s.ID)
	if err == nil && !known && s.Storm != 0 {
		card, known, err = tx.CardOf(IncidentCard, s.Storm)
	}
	if err != nil || !known {
		return err
	}
	m.Plain, m.HTML, m.Rings, m.ReplyTo = words.Plain(), words.HTML(), true, cards.TheCard
	return d.Notices.AddUnder(tx, key, card, m)
}

func (d *Desk) sleeps(now time.Time) bool { return d.Quiet != nil && d.Quiet(now).After(now) }

package alerts

import (
	"fmt"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// holds reports whether what is to be said of an incident can wait until quiet hours end.
func (d *Desk) holds(i store.Incident, now time.Time) bool {
	return d.sleeps(now) && !d.Settings.IsCritical(i)
}

// hold has the morning tell of an incident.
func (d *Desk) hold(tx *store.Tx, v store.Vigil) (changed bool, err error) {
	if v.Waits {
		return false, nil
	}
	v.HeldAt, v.Waits = tx.Now, true
	return true, tx.SaveVigil(v)
}

// holdBack keeps an incident from ringing that can wait until the morning, and reports
// whether it does.
func (d *Desk) holdBack(tx *store.Tx, i store.Incident) (held, changed bool, err error) {
	v, err := tx.Vigil(i.ID)
	switch {
	case err != nil:
		return false, false, err
	case d.Settings.IsCritical(i):
		if v.Waits { // it has become so, and rings now
			v.Waits, v.Since, v.Said = false, tx.Now, 0
			err = tx.SaveVigil(v)
		}
		return false, false, err
	case v.Waits || d.sleeps(tx.Now):
		changed, err = d.hold(tx, v)
		return true, changed, err
	}
	return false, false, nil
}

// holdLate leaves to the morning what was to ring by day and had not gone out when the quiet
// hours began, because the homeserver was away.
func (d *Desk) holdLate(tx *store.Tx, s *standing) (changed bool, err error) {
	state := s.state(tx.Now)
	if !d.holds(s.Incident, tx.Now) || state != store.Firing && state != store.Acknowledged {
		return false, nil
	}
	v, err := tx.Vigil(s.ID)
	if err != nil || v.Waits {
		return false, err
	}
	card, known, err := tx.CardOf(IncidentCard, s.ID)
	if err != nil {
		return false, err
	}
	ring, step, err := d.takeBack(tx, v, s.Incident)
	late := ring || step || known && card.EventID == "" && v.HeldAt.IsZero()
	if err != nil || !late {
		return false, err
	}
	return d.hold(tx, v)
}

// ringsByCard notes that the new card of an incident rings, unless quiet hours keep it
// from that.
func (d *Desk) ringsByCard(tx *store.Tx, i *store.Incident) error {
	held, _, err := d.holdBack(tx, *i)
	if err == nil && !held {
		i.RangAt = tx.Now
	}
	return err
}

// wasHeld reports whether quiet hours held an incident back: then another message rings
// for it than its card.
func wasHeld(tx *store.Tx, id int64) (bool, error) {
	v, err := tx.Vigil(id)
	return !v.HeldAt.IsZero(), err
}

// morning tells in one message what quiet hours held back, once they are over. It rings
// when somebody still has to look, and from then on it counts how long nobody does.
func (d *Desk) morning(tx *store.Tx) (changed bool, err error) {
	if d.sleeps(tx.Now) {
		return false, nil
	}
	waiting, err := tx.WaitingVigils()
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	var n night
	for _, v := range waiting {
		if err := d.tellNightly(tx, v, &n); err != nil {
			return false, err
		}
	}
	words := d.writeNight(n, tx.Now.In(d.Location))
	m := cards.Message{Plain: words.Plain(), HTML: words.HTML(), Rings: n.rings, LetsSleep: true}
	return true, d.Notices.AddNotice(tx, morningKey(tx.Now), room, m)
}

func morningKey(now time.Time) string { return fmt.Sprintf("morning-%d", now.UnixMilli()) }

// night is what quiet hours held back.
type night struct {
	open, over []standing // with the state that they have now
	first      time.Time  // when the first of it was held back
	rings      bool       // some of it needs somebody
}

// tellNightly adds an incident that waited to what the morning tells.
func (d *Desk) tellNightly(tx *store.Tx, v store.Vigil, n *night) error {
	i, known, err := tx.Incident(v.IncidentID)
	if err != nil || !known {
		return err
	}
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	v.Waits, v.Since, v.Said = false, time.Time{}, 0
	state := s.state(tx.Now)
	if state == store.Firing {
		n.rings = true
		v.Since = tx.Now
		if err := d.rang(tx, &s); err != nil {
			return err
		}
		if err := d.mention(tx, morningKey(tx.Now), s.ID, cards.Message{}); err != nil {
			return err
		}
	}
	n.add(s, state, v.HeldAt)
	return tx.SaveVigil(v)
}

func (n *night) add(s standing, state store.IncidentState, held time.Time) {
	s.State = state
	if n.first.IsZero() || held.Before(n.first) {
		n.first = held
	}
	if state == store.Resolved {
		n.over = append(n.over, s)
	} else {
		n.open = append(n.open, s)
	}
}

// shownAtNight is how many incidents of a night are listed.
const shownAtNight = 10

// writeNight writes how many incidents there were, and lists them, what goes on first.
func (d *Desk) writeNight(n night, now time.Time) text.Message {
	l, all := d.Language, append(n.open, n.over...)
	title := l.Say("night.title")
	if now.Sub(n.first) >= 24*time.Hour { // the bot was away meanwhile
		title = l.Say("night.since", "When", l.Clock(n.first, now))
	}
	var counts []string
	if len(n.over) > 0 {
		counts = append(counts, l.Say("night.over", "Count", len(n.over)))
	}
	if len(n.open) > 0 {
		counts = append(counts, l.Say("night.open", "Count", len(n.open)))
	}
	var m text.Message
	m.Text("☀️ ").Bold(l.Say("night.incidents", "Title", title, "Count", len(all))).Text(" · " + strings.Join(counts, ", "))
	for _, s := range all[:min(len(all), shownAtNight)] {
		m.Line()
		d.writeNightly(&m, s, now)
	}
	if more := len(all) - shownAtNight; more > 0 {
		m.Line().Text(l.Say("night.more", "Count", more))
	}
	return m
}

// writeNightly writes one incident of a night on a line.
func (d *Desk) writeNightly(m *text.Message, s standing, now time.Time) {
	l := d.Language
	thing := d.title(s)
	handled, byHand := s.byHand()
	switch {
	case byHand:
		m.Text("✅ ").Bold(thing).Text(" · " + l.Say("incident.by", "Who", text.Person(handled.Who), "When", l.Clock(handled.At, now)))
	case s.State == store.Resolved && (s.ResolvedAt.IsZero() || s.ResolvedAt.Equal(expires(s.Incident))):
		m.Text("⚪ ").Bold(thing)
	case s.State == store.Resolved:
		m.Text("🟢 ").Bold(thing).Text(" · " + l.Clock(s.ResolvedAt, now) + " · " + l.Say("incident.lasted", "Time", l.Duration(s.ResolvedAt.Sub(s.Since))))
	default:
		mark, _ := s.face()
		m.Text(mark + " ").Bold(thing)
		d.writeFault(m, s.Incident, now)
	}
	if acks := s.acks(now); s.State != store.Resolved && len(acks) > 0 {
		m.Text(" · " + AckEmoji + " " + text.Person(acks[0].Who))
	}
	m.Text(fmt.Sprintf(" · #%d", s.ID))
}

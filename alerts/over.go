package alerts

import (
	"fmt"
	"slices"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// ended is an incident that is over, and who has to hear of it.
type ended struct {
	standing
	people []string // Matrix user ids, or store.RoomMention
}

// tellOver tells those who were mentioned for an incident that it is over; an edit of its
// card would ring nobody. At night it tells those whom that same night woke, and leaves
// the others to the morning.
func (d *Desk) tellOver(tx *store.Tx) (changed bool, err error) {
	told, err := tx.MentionsOver()
	if err != nil || len(told) == 0 {
		return false, err
	}
	var all []ended
	for len(told) > 0 {
		id := told[0].IncidentID
		n := slices.IndexFunc(told, func(m store.Mention) bool { return m.IncidentID != id })
		if n < 0 {
			n = len(told)
		}
		e, err := d.ends(tx, id, told[:n])
		if err != nil {
			return false, err
		}
		if told = told[n:]; len(e.people) > 0 {
			all = append(all, e)
		}
	}
	return true, d.sayOver(tx, all)
}

// ends notes that whoever was mentioned for an incident knows of its end, and returns who
// has to be told now.
func (d *Desk) ends(tx *store.Tx, id int64, told []store.Mention) (e ended, err error) {
	i, _, err := tx.Incident(id)
	if err != nil {
		return e, err
	}
	if e.standing, err = d.stands(tx, i); err != nil {
		return e, err
	}
	handled, _ := e.byHand()
	asleep := false
	for _, m := range told {
		switch {
		case m.Who == handled.Who: // they know
		case d.woken(m.At, tx.Now):
			e.people = append(e.people, m.Who)
		default:
			asleep = true
		}
	}
	if asleep {
		v, err := tx.Vigil(id)
		if err != nil {
			return e, err
		}
		if _, err := d.hold(tx, v); err != nil {
			return e, err
		}
	}
	slices.Sort(e.people)
	e.people = slices.Compact(e.people)
	return e, tx.MentionsTold(id)
}

// woken reports whether somebody who was mentioned at a time may hear of it now: by day,
// and in the quiet hours in which that was.
func (d *Desk) woken(at, now time.Time) bool {
	return !d.sleeps(now) || d.sleeps(at) && d.Quiet(at).Equal(d.Quiet(now))
}

// sayOver says that incidents are over: under the card of each, or of many at once.
func (d *Desk) sayOver(tx *store.Tx, all []ended) error {
	if len(all) > together {
		return d.sayAllOver(tx, all)
	}
	for _, e := range all {
		e.State = e.state(tx.Now)
		var words text.Message
		d.writeHead(&words, e.standing, tx.Now.In(d.Location))
		key := fmt.Sprintf("recovery-%d-%d", e.ID, tx.Now.UnixMilli())
		if err := e.toldBy(tx, key); err != nil {
			return err
		}
		if err := d.under(tx, key, &e.standing, words, d.mentioning(e.people, tx.Now)); err != nil {
			return err
		}
	}
	return nil
}

// toldBy records whom a message tells that an incident is over.
func (e ended) toldBy(tx *store.Tx, notice string) error {
	for _, who := range e.people {
		if err := tx.AddRing(store.Mention{Notice: notice, IncidentID: e.ID, Who: who}); err != nil {
			return err
		}
	}
	return nil
}

// mentioning returns a message that mentions some people.
func (d *Desk) mentioning(people []string, now time.Time) cards.Message {
	m := cards.Message{LetsSleep: !d.sleeps(now)}
	for _, who := range people {
		if who == store.RoomMention {
			m.MentionsRoom = true
		} else {
			m.Mentions = append(m.Mentions, who)
		}
	}
	return m
}

func (d *Desk) sayAllOver(tx *store.Tx, all []ended) error {
	var people []string
	var over []standing
	key := fmt.Sprintf("recoveries-%d", tx.Now.UnixMilli())
	for _, e := range all {
		if err := e.toldBy(tx, key); err != nil {
			return err
		}
		people = append(people, e.people...)
		over = append(over, e.standing)
	}
	slices.Sort(people)
	m := d.mentioning(slices.Compact(people), tx.Now)
	var words text.Message
	words.Text("🟢 ").Bold(d.Language.Say("escalation.ended", "Count", len(all)))
	words.Line().Text(d.thingsOf(over))
	m.Plain, m.HTML, m.Rings = words.Plain(), words.HTML(), true
	return d.Notices.AddNotice(tx, key, room, m)
}

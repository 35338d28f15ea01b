package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ronde/cards"
	"ronde/store"
	"ronde/text"
)

// Step is whom a message mentions once nobody has been on an incident for some time.
type Step struct {
	After time.Duration // since it fires, or fires again, with nobody on it
	// Turn mentions whoever is on turn; where nobody is, it mentions People.
	Turn   bool
	People []string // Matrix user ids; whoever is away is left out while somebody is there
	Room   bool     // everybody in the room
}

// Turns knows who is on turn for what breaks, and who is away.
type Turns interface {
	// OnTurn returns the Matrix user id of whoever is on turn, "" for nobody.
	OnTurn(tx *store.Tx, now time.Time) (who string, err error)
	// There returns those of some people who are there, all of them when nobody is.
	There(tx *store.Tx, people []string, now time.Time) ([]string, error)
}

// together is how many incidents are spoken of one by one at a time. Of more there is
// one message: a hundred would ring no better.
const together = 3

// escalate returns the step that is due for an incident now and was not said yet. After
// a time in which nothing could be said it is the last one, without those before it.
// What runs out in days mentions nobody.
func (s standing) escalate(v store.Vigil, steps []Step, now time.Time) (due Step, is bool) {
	if v.Since.IsZero() || s.state(now) != store.Firing || s.asking(now) || s.Source == string(KumaExpiry) {
		return Step{}, false
	}
	for _, one := range steps {
		if one.After > v.Said && !now.Before(v.Since.Add(one.After)) {
			due, is = one, true
		}
	}
	return due, is
}

// passTime is Tick within one transaction.
func (d *Desk) passTime(tx *store.Tx) (changed bool, err error) {
	for _, step := range []func(*store.Tx) (bool, error){d.morning, d.bringUp, d.escalate, d.tellOver} {
		did, err := step(tx)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	return changed, nil
}

// follow notes since when an incident fires with nobody on it. Whoever is being asked
// whether they still are counts as being on it. Of what is part of a storm, the storm
// speaks. What was to be said or to ring because nobody was, and did not go out, is taken
// back when somebody is.
func (d *Desk) follow(tx *store.Tx, s *standing) (changed bool, err error) {
	v, err := tx.Vigil(s.ID)
	if err != nil {
		return false, err
	}
	alone := s.Storm == 0 && s.state(tx.Now) == store.Firing && !s.asking(tx.Now)
	switch {
	case alone && (v.Since.IsZero() || v.Since.After(tx.Now)): // the latter when the clock was set back
		v.Since = tx.Now
	case !alone && !v.Since.IsZero():
		_, step, err := d.takeBack(tx, v, s.Incident)
		if err != nil {
			return false, err
		}
		if step {
			v.Said = 0
		}
		v = d.pause(v, s)
	default:
		return false, nil
	}
	return false, tx.SaveVigil(v)
}

// pause is the vigil of an incident that does not fire any more, or that somebody is on.
// What is over by itself may fire again soon: then it goes on, lest what flaps faster than
// the first step never be escalated. Once all was said, it begins anew.
func (d *Desk) pause(v store.Vigil, s *standing) store.Vigil {
	_, handled := s.handled()
	left := slices.ContainsFunc(d.Settings.Steps, func(one Step) bool { return one.After > v.Said })
	if handled || !left || IsStorm(s.Incident) || s.ResolvedAt.IsZero() {
		v.Since, v.Said = time.Time{}, 0
	}
	return v
}

// takeBack takes back what rang last for an incident, and the step that was said last, if
// they did not go out, and reports which did not.
func (d *Desk) takeBack(tx *store.Tx, v store.Vigil, i store.Incident) (ring, step bool, err error) {
	notice, known, err := tx.MentioningNotice(ringKey(i))
	if known {
		ring, err = d.withdraw(tx, notice)
	}
	if err != nil || v.Said == 0 {
		return ring, false, err
	}
	step, err = d.withdraw(tx, stepKey(v))
	return ring, step, err
}

// withdraw takes back a message about an incident, and reports whether it did: if it did
// not go out.
func (d *Desk) withdraw(tx *store.Tx, key string) (withdrawn bool, err error) {
	withdrawn, err = d.Notices.Withdraw(tx, key)
	if err != nil || !withdrawn {
		return false, err
	}
	return true, tx.ForgetMentions(key)
}

// stepKey tells a step of an incident apart from all others.
func stepKey(v store.Vigil) string {
	return fmt.Sprintf("step-%d-%d-%d", v.IncidentID, v.Since.UnixMilli(), v.Said.Milliseconds())
}

// escalate says which incidents nobody is on, each step of the policy once.
func (d *Desk) escalate(tx *store.Tx) (changed bool, err error) {
	if len(d.Settings.Steps) == 0 {
		return false, nil
	}
	open, err := tx.OpenIncidents()
	if err != nil {
		return false, err
	}
	due := map[time.Duration][]standing{}
	for _, i := range open {
		s, step, did, err := d.stepOf(tx, i)
		if err != nil {
			return false, err
		}
		if changed = changed || did; step > 0 {
			due[step] = append(due[step], s)
		}
	}
	for _, step := range d.Settings.Steps {
		if err := d.sayStep(tx, step, due[step.After]); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// stepOf notes that the step of an incident that is due is said, or in quiet hours that
// it waits, and returns after how long it was due; 0 for nothing to say.
func (d *Desk) stepOf(tx *store.Tx, i store.Incident) (s standing, after time.Duration, changed bool, err error) {
	if s, err = d.stands(tx, i); err != nil {
		return s, 0, false, err
	}
	v, err := tx.Vigil(i.ID)
	if err != nil {
		return s, 0, false, err
	}
	step, due := s.escalate(v, d.Settings.Steps, tx.Now)
	if !due || s.mild() && !d.Settings.IsCritical(i) { // a warning mentions nobody
		return s, 0, false, nil
	}
	if d.holds(i, tx.Now) {
		changed, err = d.hold(tx, v)
		return s, 0, changed, err
	}
	if _, _, err := d.takeBack(tx, v, i); err != nil { // this says more
		return s, 0, false, err
	}
	v.Said = step.After
	if err := tx.SaveVigil(v); err != nil {
		return s, 0, false, err
	}
	return s, step.After, true, d.rang(tx, &s)
}

// sayStep says a step of some incidents: under the card of each, or of many at once.
func (d *Desk) sayStep(tx *store.Tx, step Step, all []standing) error {
	if len(all) == 0 {
		return nil
	}
	m, call, err := d.call(tx, step)
	if err != nil {
		return err
	}
	m.LetsSleep = !slices.ContainsFunc(all, func(s standing) bool { return d.Settings.IsCritical(s.Incident) })
	if len(all) > together {
		return d.sayMany(tx, step, all, m, call)
	}
	for _, s := range all {
		v, err := tx.Vigil(s.ID)
		if err != nil {
			return err
		}
		if err := d.mention(tx, stepKey(v), s.ID, m); err != nil {
			return err
		}
		if err := d.under(tx, stepKey(v), &s, d.writeAlone(s, call, tx.Now), m); err != nil {
			return err
		}
	}
	return nil
}

// call returns a message that mentions whom a step does, and the line that names them.
func (d *Desk) call(tx *store.Tx, step Step) (m cards.Message, line string, err error) {
	if step.Room {
		m.MentionsRoom = true
		return m, "📣 " + d.Language.Say("escalation.room"), nil
	}
	if step.Turn {
		who, err := d.Turns.OnTurn(tx, tx.Now)
		if err != nil {
			return m, "", err
		}
		if who != "" {
			m.Mentions = []string{who}
			return m, "👤 " + d.Language.Say("escalation.turn", "Who", text.Person(who)), nil
		}
	}
	m.Mentions, err = d.Turns.There(tx, step.People, tx.Now)
	return m, "👤 " + d.Language.Say("escalation.people", "Who", persons(m.Mentions)), err
}

func persons(ids []string) string {
	var names []string
	for _, id := range ids {
		names = append(names, text.Person(id))
	}
	return strings.Join(names, ", ")
}

// mention records that a message about an incident rings, and whom it mentions.
func (d *Desk) mention(tx *store.Tx, notice string, incident int64, m cards.Message) error {
	all := m.Mentions
	if m.MentionsRoom {
		all = append(slices.Clone(all), store.RoomMention)
	}
	if len(all) == 0 {
		return tx.AddRing(store.Mention{Notice: notice, IncidentID: incident})
	}
	for _, who := range all {
		if err := tx.AddMention(store.Mention{Notice: notice, IncidentID: incident, Who: who}); err != nil {
			return err
		}
	}
	return nil
}

// writeAlone writes that nobody is on an incident.
func (d *Desk) writeAlone(s standing, call string, now time.Time) text.Message {
	l := d.Language
	var words text.Message
	words.Text("🔴 ").Bold(l.Say("escalation.nobody") + " · " + d.title(s))
	words.Text(" · " + l.Say("incident.since", "When", l.Clock(s.Since, now.In(d.Location))))
	if s.Fault != "" {
		words.Text(" · " + text.OneLine(s.Fault, 40))
	}
	words.Line().Text(call)
	return words
}

// sayMany says in one message that nobody is on many incidents.
func (d *Desk) sayMany(tx *store.Tx, step Step, all []standing, m cards.Message, call string) error {
	key := fmt.Sprintf("steps-%d-%d", step.After.Milliseconds(), tx.Now.UnixMilli())
	first := all[0].Since
	for _, s := range all {
		first = earlier(first, s.Since)
		if err := d.mention(tx, key, s.ID, m); err != nil {
			return err
		}
	}
	l := d.Language
	var words text.Message
	words.Text("🔴 ").Bold(l.Say("escalation.many", "Count", len(all)))
	words.Text(" · " + l.Say("incident.since", "When", l.Clock(first, tx.Now.In(d.Location))))
	words.Line().Text(d.thingsOf(all))
	words.Line().Text(call)
	m.Plain, m.HTML, m.Rings = words.Plain(), words.HTML(), true
	return d.Notices.AddNotice(tx, key, room, m)
}

// thingsOf names what some incidents are about, as many as a line holds.
func (d *Desk) thingsOf(all []standing) string {
	const shown = 5
	var names []string
	for _, s := range all[:min(len(all), shown)] {
		names = append(names, d.title(s))
	}
	if len(all) > shown {
		names = append(names, fmt.Sprintf("… (+%d)", len(all)-shown))
	}
	return strings.Join(names, ", ")
}

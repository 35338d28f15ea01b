package commands

import (
	"strconv"
	"strings"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// DoneCommand records that a routine was done: "!done backups yesterday 18:00 with
// @bob all green".
var DoneCommand = Command{Name: "done", French: "fait", Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	if c.aboutIncident() {
		return resolve(tx, c)
	}
	r, rest, ok := c.routine(tx, "done")
	if !ok {
		return nil
	}
	before, again, err := tx.LastCompletion(r.Key)
	if err != nil {
		return err
	}
	_, asked, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil {
		return err
	}
	did := readDeed(rest, c.Event.At, c.when(tx), c.person(tx))
	completion := store.Completion{
		At: did.at, Who: c.Event.Sender, Helpers: without(did.helpers, c.Event.Sender), How: "command", EventID: c.Event.EventID, Note: text.OneLine(did.note, 500),
	}
	if err := c.Desk.Routines.CompleteRoutine(tx, r.Key, completion); err != nil {
		return err
	}
	c.subject = r.Key
	c.Reply.Text("✅ ").Bold(c.Say("routine.done", "Title", r.Title.In(c.Desk.Language)))
	if !did.at.Equal(c.Event.At) || len(did.helpers) > 0 {
		c.sayHow(tx, completion)
	}
	if !asked && again {
		c.Reply.Line().Text(c.Say("done.again", "Who", c.whoDid(before), "When", c.clock(tx, before.At)))
	}
	return c.sayNext(tx, r)
}}

// sayHow says when and by whom it was done, as it was understood.
func (c *Call) sayHow(tx *store.Tx, done store.Completion) {
	c.Reply.Text(" · " + c.Say("routine.by", "Who", c.whoDid(done), "When", c.clock(tx, done.At)))
}

func (c *Call) whoDid(done store.Completion) string {
	var names []string
	for _, who := range done.People() {
		names = append(names, text.Person(who))
	}
	if len(names) == 0 {
		return c.Say("routine.by-check")
	}
	return strings.Join(names, " + ")
}

func without(people []string, one string) (others []string) {
	for _, who := range people {
		if who != one {
			others = append(others, who)
		}
	}
	return others
}

// sayNext adds that a routine is still to be done, or when it is due next.
func (c *Call) sayNext(tx *store.Tx, r routines.Routine) error {
	if o, isOpen, err := tx.OpenOccurrenceOf(r.Key); err != nil {
		return err
	} else if isOpen {
		c.Reply.Line().Text(c.Say("done.still", "When", c.Desk.Language.Moment(o.Due.In(c.Desk.Location))))
		return nil
	}
	facts, err := c.Desk.Routines.Facts(tx)
	if err != nil {
		return err
	}
	if next, ok := routines.Next(r.Cadence, facts[r.Key], c.Desk.Location); ok {
		c.Reply.Line().Text(c.Say("done.next", "When", c.Desk.Language.Moment(next)))
	}
	return nil
}

// routine returns the routine that the first argument names, else the one whose card
// the thread is about, and what follows. Otherwise it replies which there are.
func (c *Call) routine(tx *store.Tx, command string) (r routines.Routine, rest string, ok bool) {
	typed := ""
	if len(c.Args) > 0 {
		typed = strings.TrimRight(c.Args[0], ".,;:!") // as one ends a sentence
		if r, _, found := c.Desk.Routines.Find(typed); found {
			return r, c.Rest, true
		}
	}
	if r, rest, ok := c.ofCard(tx, typed); ok {
		return r, rest, true
	}
	if typed == "" {
		_ = c.Mistake(command, c.Say("done.which", "Known", c.known()))
		return r, "", false
	}
	_, near, _ := c.Desk.Routines.Find(typed)
	name := text.OneLine(typed, 40)
	explanation := c.Say("done.unknown", "Name", name, "Known", c.known())
	if near != "" {
		explanation = c.Say("done.near", "Name", name, "Near", near)
	}
	_ = c.Mistake(command, explanation)
	return r, "", false
}

// ofCard returns the routine of the card under which somebody writes: of a round, the
// one at the number that they wrote.
func (c *Call) ofCard(tx *store.Tx, typed string) (r routines.Routine, rest string, ok bool) {
	occurrence, rest := c.card.Subject, c.Tail
	switch c.card.Kind {
	case routines.CardKind:
	case routines.RoundKind:
		number, err := strconv.Atoi(typed)
		if err != nil {
			return r, "", false
		}
		rest = c.Rest
		if occurrence, ok, err = routines.RoundLine(tx, c.card.Subject, number); err != nil || !ok {
			return r, "", false
		}
	default:
		return r, "", false
	}
	o, known, err := tx.Occurrence(occurrence)
	if err != nil || !known {
		return r, "", false
	}
	r, _, ok = c.Desk.Routines.Find(o.Routine)
	return r, rest, ok
}

// known lists the routines by the names that people of the room's language type.
func (c *Call) known() string {
	var names []string
	for _, r := range c.Desk.Routines.Routines {
		names = append(names, c.Desk.Routines.CallName(r))
	}
	return strings.Join(names, ", ")
}

// open returns the open occurrence of the routine that is meant, and what follows the
// routine's name; or it replies that nothing is asked for.
func (c *Call) open(tx *store.Tx, command string) (r routines.Routine, o store.Occurrence, rest string, err error) {
	r, rest, ok := c.routine(tx, command)
	if !ok {
		return r, o, "", nil
	}
	c.subject = r.Key
	o, isOpen, err := tx.OpenOccurrenceOf(r.Key)
	if err != nil || isOpen {
		return r, o, rest, err
	}
	c.mistake = true
	c.Reply.Text(c.Say("open.nothing", "Title", r.Title.In(c.Desk.Language)))
	return r, o, rest, c.sayNext(tx, r)
}

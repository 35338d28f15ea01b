package commands

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/store"
	"ronde/text"
)

// IncidentCommand tells all about one incident: "!incident 12".
var IncidentCommand = Command{Name: "incident", Aliases: []string{"panne"}, Args: true, Do: func(tx *store.Tx, c *Call) error {
	i, _, ok, err := c.incident(tx, "incident")
	if err != nil || !ok {
		return err
	}
	return c.Desk.Alerts.Describe(tx, &c.Reply, i)
}}

// incident returns the incident that is meant, and what follows its name: the one that
// the first argument names by its number or by a word of its thing, else the one under
// whose card it was said, else the only one that is open. Otherwise it replies which
// there are.
func (c *Call) incident(tx *store.Tx, command string) (i store.Incident, rest string, ok bool, err error) {
	open, err := tx.OpenIncidents()
	if err != nil {
		return i, "", false, err
	}
	under := c.card.Kind == alerts.IncidentCard
	typed := ""
	if len(c.Args) > 0 {
		typed = strings.TrimRight(c.Args[0], ".,;:!")
	}
	if id, isNumber := numberIn(typed, !under || len(c.Args) == 1); isNumber {
		i, known, err := tx.Incident(id)
		if err != nil || known {
			return i, c.Rest, known, c.about(i, err)
		}
		return i, "", false, c.Mistake(command, c.Say("triage.unknown", "ID", id)+c.openOnes(open))
	}
	if under {
		i, ok, err = tx.Incident(c.card.Subject)
		return i, c.Tail, ok, c.about(i, err)
	}
	if i, ok, err = c.named(tx, typed, open); err != nil || !ok {
		_ = c.Mistake(command, c.Say("triage.which")+c.openOnes(open))
		return i, "", false, err
	}
	return i, c.Rest, true, c.about(i, nil)
}

// named returns the one open incident of a name, else the last that was; without a name
// the only one that is open.
func (c *Call) named(tx *store.Tx, name string, open []store.Incident) (i store.Incident, ok bool, err error) {
	is := func(i store.Incident) bool { return name == "" || c.Desk.Alerts.Settings.Called(i, name) }
	meant := alerts.Heads(slices.DeleteFunc(slices.Clone(open), func(i store.Incident) bool { return !is(i) }))
	switch {
	case len(meant) == 1:
		return meant[0], true, nil
	case len(meant) > 1 || name == "":
		return i, false, nil
	}
	recent, err := tx.RecentIncidents(500)
	at := slices.IndexFunc(recent, is)
	if err != nil || at < 0 {
		return i, false, err
	}
	return recent[at], true, nil
}

// numberIn reads "#12", or "12" where a bare number can be meant.
func numberIn(word string, bare bool) (id int64, ok bool) {
	digits, marked := strings.CutPrefix(word, "#")
	if !marked && !bare {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0
}

// about notes what a command was about, for the audit log.
func (c *Call) about(i store.Incident, err error) error {
	c.subject = alerts.IncidentCard + " " + strconv.FormatInt(i.ID, 10)
	return err
}

// openOnes lists the open incidents, for who has to choose one.
func (c *Call) openOnes(open []store.Incident) string {
	if len(open) == 0 {
		return " " + c.Say("incidents.none") + "."
	}
	var names []string
	open = alerts.Heads(open)
	for _, i := range open[:min(len(open), 8)] {
		names = append(names, c.nameOf(i))
	}
	return " " + c.Say("triage.open", "Known", strings.Join(names, ", "))
}

// nameOf is how people call an incident: "#12 Nuage".
func (c *Call) nameOf(i store.Incident) string {
	return "#" + strconv.FormatInt(i.ID, 10) + " " + c.Desk.Alerts.NameOf(i)
}

// mark records what somebody says of an incident by a command. taken is false, and the
// reply says why, when it is over.
func (c *Call) mark(tx *store.Tx, i store.Incident, m store.IncidentMark) (taken bool, err error) {
	m.At, m.Who, m.EventID, m.How = c.Event.At, c.Event.Sender, c.Event.EventID, "command"
	m.Note = text.OneLine(m.Note, 500)
	taken, err = c.Desk.Alerts.Mark(tx, i.ID, m)
	if err == nil && !taken {
		c.mistake = true
		c.Reply.Text(c.Say("triage.over", "Name", c.nameOf(i)))
	}
	return taken, err
}

// until writes until when something holds.
func (c *Call) until(tx *store.Tx, t time.Time) string {
	return c.Say("claim.until", "When", c.clock(tx, t))
}

// aboutIncident reports whether a command that is a routine's in the first place is
// about an incident: it names one by "#12", or nothing under an incident's card.
func (c *Call) aboutIncident() bool {
	if len(c.Args) == 0 {
		return c.card.Kind == alerts.IncidentCard
	}
	_, named := numberIn(strings.TrimRight(c.Args[0], ".,;:!"), false)
	return named
}

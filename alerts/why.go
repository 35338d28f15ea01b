package alerts

import (
	"slices"
	"strings"
	"time"

	"ronde/store"
	"ronde/text"
)

// Triage is what people said of an incident that counts now.
type Triage struct {
	Title string               // what people call it; of a storm, with how many are down
	Over  bool                 // it is resolved, or was closed by hand
	Acks  []store.IncidentMark // who is on it; the first leads
	Until time.Time            // until when it is silent; zero when it is not
	By    string               // who asked for that: a Matrix user id
}

// Triage returns what people said of an incident.
func (d *Desk) Triage(tx *store.Tx, i store.Incident) (Triage, error) {
	s, err := d.stands(tx, i)
	if err != nil {
		return Triage{}, err
	}
	h, _ := s.hush(tx.Now)
	return Triage{Title: d.title(s), Over: s.state(tx.Now) == store.Resolved, Acks: s.acks(tx.Now), Until: h.until, By: h.who}, nil
}

// Describe writes all that the card of an incident shows into m, but for its buttons.
func (d *Desk) Describe(tx *store.Tx, m *text.Message, i store.Incident) error {
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	now := tx.Now.In(d.Location)
	s.State = s.state(now)
	if IsStorm(i) {
		return d.describeStorm(tx, m, s)
	}
	d.writeHead(m, s, now)
	d.writeDetails(m, s)
	d.writeSightings(m, s, now)
	d.writeWords(m, s, now)
	if s.Storm != 0 {
		m.Line().Text(d.partOf(s))
	}
	return nil
}

// Heard is one message that an incident is made of.
type Heard struct {
	At       time.Time // by the sender's clock
	Received time.Time
	Source   string // whose words these are, as people call it
	Rule     string // the [Rule] that made an alert of a mail; "" for none
	State    State
	InRoom   bool   // it is a message of Uptime Kuma's in a room, which has no text here
	Hook     string // the webhook that brought it, "" for a mail
	Check    string // the check of the bot's own that said so: "disk antigone"
	Subject  string // masked; of a webhook, the fault
	Verified bool
	Gone     bool // its text is no longer kept: State may be "", Subject and Text are
	// Text is its beginning as it came, decoded and masked, for a phone: at most 20
	// lines of 36 columns.
	Text string
}

// The size of a message as a phone shows it.
const (
	phoneLines   = 20
	phoneColumns = 36
)

// Heard returns the newest messages that an incident is made of, newest first.
func (d *Desk) Heard(tx *store.Tx, i store.Incident, limit int) ([]Heard, error) {
	mails, err := tx.MailsOfIncident(i.ID, limit)
	if err != nil {
		return nil, err
	}
	seen, err := tx.Sightings(i.ID)
	if err != nil {
		return nil, err
	}
	hooks, err := d.heardByHook(tx, i, seen, limit)
	if err != nil {
		return nil, err
	}
	own, err := d.heardByCheck(tx, i, limit)
	if err != nil {
		return nil, err
	}
	heard := append(hooks, own...)
	for _, w := range seen {
		if w.Channel == store.InRoom { // the message itself stands there
			heard = append(heard, Heard{At: w.At, Received: w.Received, Source: d.source(w.Source), State: stateOf(w.What), InRoom: true, Verified: true})
		}
	}
	for _, m := range mails {
		if m.Emptied {
			heard = append(heard, d.gone(i, seen, store.ByMail, m.Received))
			continue
		}
		r := Read(m.Raw, d.Trust, d.Rules...)
		if r.Since.IsZero() {
			r.Since = m.Received
		}
		raw := "From: " + r.From + "\nDate: " + r.Since.In(d.Location).Format(time.RFC1123Z) + "\nSubject: " + r.Subject + "\n\n" + cutBytes(r.Text, 16<<10)
		source, state := taken(seen, r, m.Received)
		heard = append(heard, Heard{
			At: r.Since, Received: m.Received, Source: d.source(source), Rule: ruleIn(source), State: state, Subject: d.subject(r, 100), Verified: r.Verified, Text: forPhone(text.Mask(raw)),
		})
	}
	slices.SortStableFunc(heard, func(a, b Heard) int { return b.Received.Compare(a.Received) })
	return heard[:min(len(heard), limit)], nil
}

// taken returns as whose words a mail was taken when it came in, and what it said then:
// the rules may be others by now. Its state is "" when mails of the same second said both.
func taken(seen []store.Sighting, r Reading, received time.Time) (source string, state State) {
	same := func(s store.Sighting) bool {
		return s.Channel == store.ByMail && s.At.Equal(r.Since) && s.Received.Equal(received)
	}
	first := slices.IndexFunc(seen, same)
	if first < 0 {
		return r.source(), r.State
	}
	source, state = seen[first].Source, stateOf(seen[first].What)
	for _, s := range seen {
		switch {
		case !same(s):
		case s.Source == r.source() && stateOf(s.What) == r.State:
			return r.source(), r.State
		case stateOf(s.What) != state:
			state = ""
		}
	}
	return source, state
}

// ruleIn returns the rule that a source is, as people call it; "" for another.
func ruleIn(source string) string {
	name, _ := strings.CutPrefix(source, rulePrefix)
	if name == source {
		return ""
	}
	return text.OneLine(name, 40)
}

// Tied is a thing as one of several systems calls it.
type Tied struct{ Source, Thing string }

// Tied returns under which names the systems that speak of it know what an incident is
// about, when a [Tie] joined them; nil for any other.
func (d *Desk) Tied(tx *store.Tx, i store.Incident) (all []Tied, err error) {
	if !IsTie(i) {
		return nil, nil
	}
	witnesses, err := tx.Witnesses(i.ID)
	for _, w := range witnesses {
		all = append(all, Tied{d.source(w.Source), text.OneLine(text.Mask(w.Thing), shownThing)})
	}
	return all, err
}

func stateOf(what store.Direction) State {
	if what == store.Up {
		return Resolved
	}
	return Firing
}

// heardByHook returns the newest of what webhooks brought of an incident, newest first.
func (d *Desk) heardByHook(tx *store.Tx, i store.Incident, seen []store.Sighting, limit int) (heard []Heard, err error) {
	hooks, err := tx.HooksOfIncident(i.ID, limit)
	if err != nil {
		return nil, err
	}
	names, err := namesIn(tx, i)
	if err != nil {
		return nil, err
	}
	for _, h := range hooks {
		if h.Emptied {
			g := d.gone(i, seen, store.Webhook, h.Received)
			g.Hook = h.Name
			heard = append(heard, g)
			continue
		}
		readings, _ := ReadHook(Kind(h.Kind), h.Type, h.Raw)
		for _, name := range names { // none is there of what is read in another way by now
			about := func(r Reading) bool { return r.source() == name.Source && r.Thing == name.Thing && r.State != Note }
			if n := slices.IndexFunc(readings, about); n >= 0 {
				heard = append(heard, d.heardOf(readings[n], h))
			}
		}
	}
	return heard, nil
}

func (d *Desk) heardOf(r Reading, h store.Hook) Heard {
	if r.Since.IsZero() {
		r.Since = h.Received
	}
	return Heard{
		At: r.Since, Received: h.Received, Source: d.source(r.source()), State: r.State, Hook: h.Name, Subject: text.OneLine(r.Fault, 100),
		Verified: true, Text: forPhone(text.Mask(string(cutRaw(h.Raw)))),
	}
}

// namesIn returns which sources speak of an incident, and of which thing each.
func namesIn(tx *store.Tx, i store.Incident) ([]store.Witness, error) {
	if IsTie(i) {
		return tx.Witnesses(i.ID)
	}
	return []store.Witness{{Source: i.Source, Thing: i.Thing}}, nil
}

// forPhone breaks lines that are too long, and leaves out those that are too many.
func forPhone(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, text.Wrap(text.OneLine(strings.TrimRight(line, " \t\n"), phoneColumns*phoneLines), phoneColumns)...)
		if len(lines) > phoneLines {
			lines = append(lines[:phoneLines-1], "…")
			break
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

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
	return Triage{Over: s.state(tx.Now) == store.Resolved, Acks: s.acks(tx.Now), Until: h.until, By: h.who}, nil
}

// Describe writes all that the card of an incident shows into m, but for its buttons.
func (d *Desk) Describe(tx *store.Tx, m *text.Message, i store.Incident) error {
	s, err := d.stands(tx, i)
	if err != nil {
		return err
	}
	now := tx.Now.In(d.Location)
	s.State = s.state(now)
	d.writeHead(m, s, now)
	d.writeDetails(m, s.Incident)
	d.writeWords(m, s, now)
	return nil
}

// Heard is one message that an incident is made of.
type Heard struct {
	At       time.Time
	Kind     Kind // which rule read it
	State    State
	Subject  string // masked
	Verified bool
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
func (d *Desk) Heard(tx *store.Tx, incident int64, limit int) ([]Heard, error) {
	mails, err := tx.MailsOfIncident(incident, limit)
	if err != nil {
		return nil, err
	}
	var heard []Heard
	for _, m := range mails {
		r := Read(m.Raw, d.Trust)
		if r.Since.IsZero() {
			r.Since = m.Received
		}
		raw := "From: " + r.From + "\nDate: " + r.Since.In(d.Location).Format(time.RFC1123Z) + "\nSubject: " + r.Subject + "\n\n" + cutBytes(r.Text, 16<<10)
		heard = append(heard, Heard{
			At: r.Since, Kind: r.Kind, State: r.State, Subject: d.subject(r, 100), Verified: r.Verified, Text: forPhone(text.Mask(raw)),
		})
	}
	return heard, nil
}

// forPhone breaks lines that are too long, and leaves out those that are too many.
func forPhone(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, folded(text.OneLine(strings.TrimRight(line, " \t\n"), phoneColumns*phoneLines))...)
		if len(lines) > phoneLines {
			lines = append(lines[:phoneLines-1], "…")
			break
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// folded breaks a line where it is too long, at a space if there is one.
func folded(line string) (parts []string) {
	runes := []rune(line)
	for len(runes) > phoneColumns {
		at := phoneColumns
		if i := lastSpace(runes[:phoneColumns+1]); i > phoneColumns/2 {
			at = i
		}
		parts = append(parts, strings.TrimRight(string(runes[:at]), " "))
		runes = []rune(strings.TrimLeft(string(runes[at:]), " "))
	}
	return append(parts, string(runes))
}

func lastSpace(runes []rune) int {
	for i, r := range slices.Backward(runes) {
		if r == ' ' {
			return i
		}
	}
	return -1
}

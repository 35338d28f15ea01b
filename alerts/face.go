package alerts

import "ronde/store"

// face is how an open incident is shown wherever it is: the mark that is its colour, and
// the word for how it stands, by its name in the catalogue.
func (s standing) face() (mark, word string) {
	switch {
	case s.State == store.Acknowledged:
		return "🟠", "incident.acknowledged"
	case s.State == store.Silenced:
		return SilenceEmoji, "incident.silenced"
	case s.Source == string(KumaExpiry): // what runs out is not down
		return "🟡", "incident.expiring"
	case isUnchecked(s.Incident) && s.Critical:
		return "🔴", "incident.unreachable"
	case isUnchecked(s.Incident):
		return "❔", "incident.unchecked"
	case s.mild():
		return "🟡", "incident.warning"
	case IsOwn(s.Incident):
		return "🔴", "incident.critical"
	}
	return "🔴", "incident.firing"
}

// firing is how it would stand if nobody had said anything of it.
func (s standing) firing() standing { s.State = store.Firing; return s }

// mild tells whether an incident is no more than a warning, whoever is on it: of a check,
// or that something runs out; of a storm, whether all that is open of it is.
func (s standing) mild() bool {
	return s.warns || s.Source == string(KumaExpiry) || IsOwn(s.Incident) && !s.Critical
}

// Face returns by which mark an open incident that is no storm is shown, and by which word
// of the catalogue: "🔴" and "incident.firing".
func Face(i store.Incident) (mark, word string) { return standing{Incident: i}.face() }

// AreMild reports whether some open incidents are nothing but warnings.
func (d *Desk) AreMild(tx *store.Tx, all []store.Incident) (bool, error) {
	for _, i := range all {
		if s, err := d.stands(tx, i); err != nil || !s.mild() {
			return false, err
		}
	}
	return true, nil
}

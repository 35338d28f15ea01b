// Package routines knows what is due: which of the recurring chores should be
// asked for now, how late each is, and what the coming days bring.
//
// The deciding functions (Next, Upcoming, DueNow, Agenda) are pure. They look at the
// configuration, at the completions and readings and at the time they are given, and
// at nothing else; so a restart, a week of downtime or a clock that was set back
// needs no special case.
package routines

import (
	"errors"
	"fmt"
	"regexp"

	"ronde/text"
)

// DefaultRoom is the room that asks for a routine whose configuration names none.
const DefaultRoom = "technique"

// Routine is a recurring chore as configured.
type Routine struct {
	// Key is the name people type, in lower case: "backups". It also names the
	// history of the routine, so a changed key is a new routine.
	Key string `toml:"key"`
	// Aliases are other names for Key, such as the French one.
	Aliases []string `toml:"aliases"`
	// Title is what the card says, in one or both languages.
	Title text.Localized `toml:"title"`
	// Room is the configured room that the card goes to; empty is DefaultRoom.
	Room string `toml:"room"`
	// Cadence says when the routine is due. It is embedded so that its settings
	// stand beside the others in the configuration.
	Cadence
	// Runbook is the address of the page that says how it is done, or empty.
	Runbook string `toml:"runbook"`
	// Checks name the kind and the host of each check that gives the evidence, such as
	// "containers antigone". They are made when the routine falls due.
	Checks []string `toml:"checks"`
	// WhenOK lets the routine complete itself when all its checks are ok, but for every
	// AskEvery-th time, which a person has to do; 0 is four.
	WhenOK   bool
	AskEvery int
	// Rota is who takes turns.
	Rota Rota
}

func (r Routine) askEvery() int {
	if r.AskEvery < 1 {
		return 4
	}
	return r.AskEvery
}

// keyForm is what a key or an alias may look like: one word that is easy to type on
// a phone after "!done ".
var keyForm = regexp.MustCompile(`^[\p{Ll}\p{Nd}]+(-[\p{Ll}\p{Nd}]+)*$`)

// Validate returns all that is wrong within the routine, joined, or nil. Whether
// the room and the checks exist, and whether two routines share a name, only the
// whole configuration can tell.
func (r Routine) Validate() error {
	var wrong []error
	for i, word := range append([]string{r.Key}, r.Aliases...) {
		if keyForm.MatchString(word) {
			continue
		}
		setting := "key"
		if i > 0 {
			setting = "aliases"
		}
		wrong = append(wrong, fmt.Errorf(`%s: %q is not one word of small letters, digits and hyphens, such as "backups" or "host-updates"`, setting, word))
	}
	if r.Title == (text.Localized{}) {
		wrong = append(wrong, errors.New(`title: missing; write title = { fr = "Vérifier les sauvegardes", en = "Check the backups" }`))
	}
	if r.WhenOK && len(r.Checks) == 0 {
		wrong = append(wrong, errors.New(`complete: "when-ok" needs checks to tell; write checks = ["containers antigone"]`))
	}
	return errors.Join(append(wrong, r.Rota.Validate(), r.Cadence.Validate())...)
}

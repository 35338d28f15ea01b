package commands

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// cardAbove returns the card in whose thread, or in answer to which, something was
// said; its ID is 0 when there is none.
func (d *Desk) cardAbove(ctx context.Context, e store.RoomEvent) (card store.Card, err error) {
	above := cmp.Or(e.Thread, e.Target)
	if above == "" {
		return card, nil
	}
	err = d.Store.View(ctx, func(tx *store.Tx) (err error) {
		card, _, err = tx.CardAt(above)
		return err
	})
	return card, err
}

// unmarked gives what is said under a card the "!" that may be left out there, if it
// can hardly be anything but a command that is meant for that.
func (d *Desk) unmarked(body string, card store.Card, now time.Time) string {
	if card.Kind == alerts.IncidentCard {
		return unmarkedTriage(body)
	}
	if card.Kind != routines.CardKind && card.Kind != routines.RoundKind {
		return body
	}
	word, rest := cutWord(strings.TrimSpace(body))
	name := strings.TrimRight(word, ",.:;!")
	cmd, _, found := d.find(name)
	if name == "" || !found || !cmd.InThread {
		return body
	}
	if name == word && !d.plainly(cmd, rest, card, now) {
		return body
	}
	return strings.TrimSpace("!" + name + " " + rest)
}

// plainly reports whether what follows a command's bare word is what that takes.
// People talk under a card, too: "Fait attention, le disque est plein" completes
// nothing, while "fait", "fait : tout est vert", "fait hier" and "later 2d" do.
func (d *Desk) plainly(cmd Command, rest string, card store.Card, now time.Time) bool {
	first, after := cutWord(rest)
	if _, _, known := d.Routines.Find(strings.TrimRight(first, ",.:;!")); known {
		return true
	}
	if _, err := strconv.Atoi(strings.TrimRight(first, ",.:;!")); err == nil && card.Kind == routines.RoundKind {
		return true
	}
	_, pauses := readPause(strings.Fields(rest), now)
	switch cmd.Name {
	case Snooze.Name:
		return rest == "" || pauses
	case DoneCommand.Name:
		return rest == "" || strings.HasPrefix(rest, ":") || isWord(first, "yesterday", "hier", "today", "aujourd'hui") ||
			isWord(first, "with", "avec") && strings.HasPrefix(after, "@")
	case Skip.Name:
		return rest == "" || strings.HasPrefix(rest, ":")
	case Swap.Name:
		return strings.HasPrefix(rest, "@")
	}
	return rest == ""
}

// triageWords are what people may write alone under an incident's card, by the command
// that it stands for.
var triageWords = map[string][]string{
	"ack":     {"ack"},
	"resolve": {"resolved", "résolu", "réglé", "traité"},
	"who":     {"who", "who?", "qui", "qui?"},
	"undo":    {"undo", "annuler"},
	"stats":   {"stats", "stats?"},
	"logs":    {"logs", "logs?", "journaux", "journaux?"},
}

// bareSilence is how long somebody wants to hear nothing. Minutes are left out: "5 min"
// says when one will be there.
var bareSilence = regexp.MustCompile(`^[0-9]{1,3} ?(?:h|heures?|hours?|j|jours?|d|days?)$`)

// unmarkedTriage is unmarked for an incident's card, where people talk most.
func unmarkedTriage(body string) string {
	body = strings.TrimSpace(body)
	folded := strings.TrimRight(text.Fold(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(body)), ".! ")
	if bareSilence.MatchString(folded) {
		return "!silence " + folded
	}
	for command, words := range triageWords {
		if slices.ContainsFunc(words, func(w string) bool { return text.Fold(w) == strings.ReplaceAll(folded, " ?", "?") }) {
			return "!" + command
		}
	}
	word, rest := cutWord(body)
	first, _ := cutWord(rest)
	if isWord(strings.TrimRight(word, ":"), "note") && rest != "" && !isWord(first, "que", "qu'il", "bien", "that") {
		return "!note " + rest
	}
	return body
}

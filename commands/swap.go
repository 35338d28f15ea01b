package commands

import (
	"slices"
	"strings"

	"ronde/store"
	"ronde/text"
)

// Swap gives one's turn at a routine to somebody, and takes theirs: "!swap backups
// @bob".
var Swap = Command{Name: "swap", French: "échanger", Aliases: []string{"echange"}, Args: true, Acts: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	r, rest, ok := c.routine(tx, "swap")
	if !ok {
		return nil
	}
	c.subject = r.Key
	title := r.Title.In(c.Desk.Language)
	if !slices.Contains(r.Rota.People, c.Event.Sender) {
		c.mistake = true
		c.Reply.Text(c.Say("swap.no-turn", "Title", title))
		return nil
	}
	word, _ := cutWord(rest)
	if isWord(word, "with", "avec", "to", "a") {
		_, rest = cutWord(rest)
		word, _ = cutWord(rest)
	}
	takes, known := c.person(tx)(strings.TrimRight(word, ".,;:!"))
	if !known || takes == c.Event.Sender || !slices.Contains(r.Rota.People, takes) {
		return c.Mistake("swap", c.Say("swap.who", "Known", c.others(r.Rota.People)))
	}
	if err := c.Desk.Routines.Swap(tx, r, c.Event.Sender, takes, c.Event.EventID); err != nil {
		return err
	}
	c.Reply.Text("🔄 ").Bold(c.Say("swap.done", "Who", text.Person(takes), "Title", title))
	return nil
}}

// others names the people of a rota besides the sender.
func (c *Call) others(rota []string) string {
	var names []string
	for _, who := range without(rota, c.Event.Sender) {
		names = append(names, text.Person(who))
	}
	return strings.Join(names, ", ")
}

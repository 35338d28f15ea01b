package commands

import (
	"strings"

	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

// History draws when a routine was done in the last weeks: "!history backups"; without
// a routine, how much was done on each day.
var History = Command{Name: "history", French: "historique", Args: true, InThread: true, Do: func(tx *store.Tx, c *Call) error {
	if len(c.Args) == 0 && c.card.Kind != routines.CardKind {
		c.Reply.Text("🗓️ ").Bold(c.Say("history.all"))
		return c.drawHistory(tx, "")
	}
	r, _, ok := c.routine(tx, "history")
	if !ok {
		return nil
	}
	c.Reply.Text("🗓️ ").Bold(r.Title.In(c.Desk.Language))
	if err := c.drawHistory(tx, r.Key); err != nil {
		return err
	}
	return c.listDone(tx, r.Key)
}}

func (c *Call) drawHistory(tx *store.Tx, key string) error {
	calendar, err := c.Desk.Routines.Calendar(tx, key)
	if err != nil {
		return err
	}
	c.Reply.Line().Pre(calendar)
	c.Reply.Text(c.Say("history.legend"))
	return nil
}

// shownCompletions is how many of the last completions one reply lists.
const shownCompletions = 5

func (c *Call) listDone(tx *store.Tx, key string) error {
	all, err := tx.LastCompletions(key, shownCompletions)
	if err != nil {
		return err
	}
	for _, done := range all {
		c.Reply.Line().Text("• " + c.clock(tx, done.At) + " · " + c.whoDid(done))
		if note := strings.TrimSpace(done.Note); note != "" {
			c.Reply.Text(" · " + text.OneLine(text.Mask(note), 80))
		}
	}
	return nil
}

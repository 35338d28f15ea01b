package commands

import "ronde/store"

// NoteCommand adds a word to an incident's card: "!note 12 php-fpm restarted".
var NoteCommand = Command{Name: "note", Args: true, Acts: true, Do: func(tx *store.Tx, c *Call) error {
	i, rest, ok, err := c.incident(tx, "note")
	if err != nil || !ok {
		return err
	}
	if rest == "" {
		return c.Mistake("note", c.Say("triage.empty-note"))
	}
	if _, err := c.mark(tx, i, store.IncidentMark{Kind: store.Note, Note: rest}); err != nil {
		return err
	}
	c.Reply.Text("📝 ").Bold(c.Say("triage.noted")).Text(" · " + c.nameOf(i))
	return nil
}}

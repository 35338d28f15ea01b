package main

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"ronde/bot"
	"ronde/e2e/homeserver"
	"ronde/text"
)

// listen takes note of what the bot said since the last look.
func (c *chat) listen() error {
	var fresh []homeserver.Event
	for _, name := range []string{bot.Technique, bot.Supervision} {
		timeline := c.srv.Timeline(c.rooms[name])
		for _, e := range timeline[c.seen[name]:] {
			if e.Sender == self && e.Type == "m.room.message" && e.Device != "" {
				fresh = append(fresh, e)
			}
		}
		c.seen[name] = len(timeline)
	}
	c.hearPages()
	slices.SortStableFunc(fresh, func(a, b homeserver.Event) int { return a.At.Compare(b.At) })
	for _, e := range fresh {
		u, err := c.hear(e)
		if err != nil {
			return err
		}
		c.pending = append(c.pending, u)
		fmt.Fprintf(&c.transcript, "  %s  %s", e.At.In(c.paris).Format("2006-01-02 15:04:05"), strings.ReplaceAll(u.String(), "\n    |", "\n                         |"))
	}
	return nil
}

// hear reads an event of the bot, and checks what holds for all that it says.
func (c *chat) hear(e homeserver.Event) (utterance, error) {
	content, mark, root := []string{}, "<", e.ID
	switch {
	case e.Edits() != "":
		content, mark, root = []string{"m.new_content"}, "~", e.Edits()
	case e.Text("msgtype") == "m.text":
		mark = "<!"
	}
	at := func(names ...string) []string { return append(slices.Clone(content), names...) }
	u := utterance{
		room: bot.Technique, mark: mark, event: root, html: e.Text(at("formatted_body")...),
		card: isCard(e), thread: e.Text("m.relates_to", "rel_type") == "m.thread",
	}
	if e.Room == c.rooms[bot.Supervision] {
		u.room = bot.Supervision
	}
	body := e.Text(at("body")...)
	u.body = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(body)
	mentions, said := e.Value("m.mentions").(map[string]any)
	if !said {
		return u, fmt.Errorf("a message does not say whom it mentions, or that it mentions nobody\n%s", u)
	}
	if names := named(mentions); names != "" {
		u.mark += names
	}
	return u, sameInHTML(body, u.html)
}

// named lists the people whom a message mentions, by the names that a script has. What
// an edit mentions rings nobody, so only the outer mentions count.
func named(mentions map[string]any) string {
	var names []string
	users, _ := mentions["user_ids"].([]any)
	for _, id := range users {
		names = append(names, text.Person(fmt.Sprint(id)))
	}
	if mentions["room"] == true {
		names = append(names, "room")
	}
	return strings.Join(names, ",")
}

func isCard(e homeserver.Event) bool {
	return strings.Contains(e.Text("org.ronde.card", "txn"), "-card-")
}

var (
	allowedTag = regexp.MustCompile(`</?(?:strong|code|pre)>`)
	blanks     = regexp.MustCompile(`\s+`)
)

// sameInHTML checks that the HTML of a message says what its plain text says, with
// no markup but the bot's own.
func sameInHTML(plain, formatted string) error {
	bare := strings.NewReplacer("<br>", "\n", "</pre>", "\n", "<pre>", "\n").Replace(formatted)
	bare = allowedTag.ReplaceAllString(bare, "")
	if strings.ContainsAny(bare, "<>") {
		return fmt.Errorf("a message has markup that is not the bot's: %s", formatted)
	}
	squeeze := func(s string) string { return strings.TrimSpace(blanks.ReplaceAllString(s, " ")) }
	if squeeze(html.UnescapeString(bare)) != squeeze(plain) {
		return fmt.Errorf("the two forms of a message differ\nplain: %s\n html: %s", plain, formatted)
	}
	return nil
}

// take gives what the bot said to the script.
func (c *chat) take(i int) utterance {
	u := c.pending[i]
	c.pending = slices.Delete(c.pending, i, i+1)
	c.last = u
	if u.card {
		c.card = u.event
	}
	return u
}

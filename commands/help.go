package commands

import (
	"strings"

	"ronde/store"
	"ronde/text"
)

// Help lists the commands, or explains one: "!help done".
var Help = Command{Name: "help", French: "aide", Args: true, Do: func(_ *store.Tx, c *Call) error {
	if len(c.Args) == 0 {
		c.listCommands()
		return nil
	}
	name := strings.TrimPrefix(c.Args[0], "!")
	cmd, near, found := c.Desk.find(name)
	if !found {
		c.mistake = true
		c.unknown(name, near)
		return nil
	}
	c.explain(cmd)
	return nil
}}

func (c *Call) listCommands() {
	c.Reply.Bold(c.Say("help.title"))
	for _, cmd := range c.Desk.commands {
		c.Reply.Line().Code(c.usage(cmd)).Text(" · " + c.Say("command."+cmd.Name+".short"))
	}
	c.Reply.Line().Text(c.Say("help.reactions"))
	c.Reply.Line().Text(c.Say("help.triage"))
	c.Reply.Line().Text(c.Say("help.more") + " ").Code(c.Say("command.help.example"))
}

func (c *Call) explain(cmd Command) {
	c.Reply.Code(c.usage(cmd)).Line().Text(c.Say("command." + cmd.Name + ".long"))
	c.Reply.Line().Text(c.Say("help.example") + " ").Code(c.Say("command." + cmd.Name + ".example"))
	if others := c.otherNames(cmd); len(others) > 0 {
		c.Reply.Line().Text(c.Say("help.names") + " " + text.OneLine(strings.Join(others, ", "), 100))
	}
	switch {
	case cmd.Listed:
		c.Reply.Line().Text(c.Say("help.listed"))
	case cmd.Acts:
		c.Reply.Line().Text(c.Say("help.acts"))
	}
}

// otherNames lists what people may type for a command besides the name that its
// usage shows.
func (c *Call) otherNames(cmd Command) []string {
	var others []string
	for _, name := range cmd.names() {
		if name != c.Desk.callName(cmd) {
			others = append(others, "!"+name)
		}
	}
	return others
}

package commands

import (
	"strings"

	"ronde/store"
	"ronde/text"
)

// Help lists the commands, or explains one: "!help done".
var Help = Command{Name: "help", Aliases: []string{"aide"}, Do: func(_ *store.Tx, c *Call) error {
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
		c.Reply.Line().Code(c.usage(cmd)).Text(" " + c.Say("command."+cmd.Name+".short"))
	}
	c.Reply.Line().Text(c.Say("help.reactions"))
	c.Reply.Line().Text(c.Say("help.more") + " ").Code(c.Say("command.help.example"))
}

func (c *Call) explain(cmd Command) {
	c.Reply.Code(c.usage(cmd)).Line().Text(c.Say("command." + cmd.Name + ".long"))
	c.Reply.Line().Text(c.Say("help.example") + " ").Code(c.Say("command." + cmd.Name + ".example"))
	names := append([]string{cmd.Name}, cmd.Aliases...)
	for i, n := range names {
		names[i] = "!" + n
	}
	c.Reply.Line().Text(c.Say("help.names") + " " + text.OneLine(strings.Join(names, ", "), 100))
	if cmd.Acts {
		c.Reply.Line().Text(c.Say("help.acts"))
	}
}

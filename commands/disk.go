package commands

import (
	"context"
	"strings"

	"ronde/checks"
)

// Disk shows how full the file systems are: "!disk antigone", and "!disk" those of all
// hosts, or under the card of an incident those of its host.
var Disk = Command{Name: "disk", French: "disque", Aliases: []string{"disques", "df"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	host, ok, err := c.hostMeant(ctx, "disk")
	if err != nil || !ok {
		return err
	}
	all := c.Desk.Checks.Targets("disk")
	if host != "" {
		all = []string{host}
	}
	if len(all) == 0 {
		c.Reply.Text(c.Say("measure.none"))
		return nil
	}
	c.subject = strings.Join(all, " ")
	write := checks.WriteAnswer
	if len(all) > 1 {
		write = checks.WriteShort
	}
	var refs []string
	for _, name := range all {
		refs = append(refs, "disk "+name)
	}
	for _, o := range c.measured(ctx, refs) {
		write(&c.Reply, c.Desk.Language, o, c.now())
	}
	return nil
}}

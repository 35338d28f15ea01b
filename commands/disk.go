package commands

import "context"

// Disk shows how full the file systems are: "!disk antigone", or those of all hosts.
var Disk = Command{Name: "disk", French: "disque", Aliases: []string{"disques", "df"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	return c.showChecks(ctx, "disk", "disk")
}}

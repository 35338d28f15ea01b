package commands

import "context"

// Backups shows how old the last backups are: "!backups antigone", or of all hosts.
var Backups = Command{Name: "backups", French: "sauvegardes", Args: true, Ask: func(ctx context.Context, c *Call) error {
	return c.showChecks(ctx, "backups", "backups")
}}

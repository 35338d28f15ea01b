package commands

import "context"

// Updates shows which packages wait for an update: "!updates antigone", or of all hosts.
var Updates = Command{Name: "updates", French: "maj", Aliases: []string{"mises-à-jour"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	return c.showChecks(ctx, "updates", "packages")
}}

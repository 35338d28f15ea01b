package commands

import "context"

// Netdata shows the alarms that Netdata raises on a host, or on all that have it:
// "!netdata antigone".
var Netdata = Command{Name: "netdata", Args: true, Ask: func(ctx context.Context, c *Call) error {
	return c.showChecks(ctx, "netdata", "netdata")
}}

package commands

import "ronde/store"

// Digest sums up the last seven days now: "!digest".
var Digest = Command{Name: "digest", French: "bilan", Do: func(tx *store.Tx, c *Call) error {
	return c.Desk.Routines.WriteDigest(tx, &c.Reply, tx.Now.In(c.Desk.Location).AddDate(0, 0, -7))
}}

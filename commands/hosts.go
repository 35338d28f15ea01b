package commands

import (
	"slices"
	"time"

	"ronde/checks"
	"ronde/store"
	"ronde/watch"
)

// old is how old what is known of a host may be without that being said.
const old = 15 * time.Minute

// Hosts says how each host is, by what its checks said last: "!hosts".
var Hosts = Command{Name: "hosts", French: "serveurs", Do: func(tx *store.Tx, c *Call) error {
	if c.Desk.Watch == nil || len(c.Desk.Watch.Hosts) == 0 {
		c.Reply.Text(c.Say("watch.no-hosts"))
		return nil
	}
	var all []hostSeen
	for _, name := range c.Desk.Watch.HostNames() {
		seen, err := c.Desk.Watch.OfHost(tx, name)
		if err != nil {
			return err
		}
		all = append(all, hostSeen{name, slices.DeleteFunc(seen, func(s watch.Seen) bool { return !s.Made || s.Moot() })})
	}
	slices.SortStableFunc(all, worstHostFirst)
	c.Reply.Text("🖥️ ").Bold(c.Say("watch.hosts", "Count", len(all)))
	for _, h := range all {
		c.Reply.Line()
		c.writeHost(tx, h)
	}
	return nil
}}

// hostSeen is a host, and what its checks said, the worst first.
type hostSeen struct {
	name string
	seen []watch.Seen
}

// worst is what is to be said of it; false when nothing is known.
func (h hostSeen) worst() (watch.Seen, bool) {
	if len(h.seen) == 0 {
		return watch.Seen{}, false
	}
	return h.seen[0], true
}

func worstHostFirst(a, b hostSeen) int {
	one, knownOne := a.worst()
	other, knownOther := b.worst()
	switch {
	case knownOne && knownOther:
		return checks.WorstFirst(one.Outcome, other.Outcome)
	case knownOne:
		return -1
	case knownOther:
		return 1
	}
	return 0
}

func (c *Call) writeHost(tx *store.Tx, h hostSeen) {
	worst, known := h.worst()
	if !known {
		c.Reply.Text("▫️ ").Bold(h.name).Text(c.Say("checks.outcome.says", "What", c.Say("watch.never")))
		return
	}
	if worst.Outcome.Status == checks.OK {
		c.Reply.Text("✅ ").Bold(h.name).Text(c.Say("checks.outcome.says", "What", c.Say("watch.calm", "Count", len(h.seen))))
	} else {
		checks.WriteOutcomeAs(&c.Reply, c.Desk.Language, h.name, worst.Outcome, tx.Now.In(c.Desk.Location))
		c.Reply.Text(" · " + c.Say("incident.since", "When", c.clock(tx, worst.Since)))
	}
	if tx.Now.Sub(worst.Ran) > old {
		c.Reply.Text(" · " + c.age(tx, worst))
	}
}

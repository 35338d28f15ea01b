package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/checks"
	"ronde/store"
	"ronde/text"
	"ronde/watch"
)

// Host says all that the checks know of a host: "!host antigone", and under the card of an
// incident that of its host. What was not looked at lately is looked at now.
var Host = Command{Name: "host", French: "serveur", Args: true, Ask: func(ctx context.Context, c *Call) error {
	if c.Desk.Watch == nil || len(c.Desk.Watch.Hosts) == 0 {
		return c.Mistake("host", c.Say("watch.no-hosts"))
	}
	host, mistake, err := c.whichHost(ctx)
	if err != nil {
		return err
	}
	if mistake != "" {
		return c.Mistake("host", mistake)
	}
	c.subject = host
	waiting, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	if err := c.refresh(waiting, host); err != nil {
		return err
	}
	return c.Desk.Store.View(ctx, func(tx *store.Tx) error {
		all, err := c.Desk.Watch.OfHost(tx, host)
		all = slices.DeleteFunc(all, watch.Seen.Moot)
		if err != nil {
			return err
		}
		c.Reply.Text(hostMark(all) + " ").Bold(host)
		c.writeSeen(tx, all, func(s watch.Seen) string { return c.ofHost(host, s) })
		return nil
	})
}}

// whichHost reads which host is meant; mistake says why none is.
func (c *Call) whichHost(ctx context.Context) (host, mistake string, err error) {
	names := c.Desk.Watch.HostNames()
	if len(c.Args) == 0 && c.card.Kind == alerts.IncidentCard {
		if host, err = c.hostOfIncident(ctx); host != "" || err != nil {
			return host, "", err
		}
	}
	if len(c.Args) == 0 {
		return "", c.Say("stats.which", "Known", strings.Join(names, ", ")), nil
	}
	if host, known := c.Desk.Watch.Host(c.Args[0]); known {
		return host, "", nil
	}
	return "", c.orNear(c.Say("watch.no-host", "Name", text.OneLine(c.Args[0], 40)), c.Args[0], names), nil
}

// refresh makes the checks of a host of which nothing is known that is new enough.
func (c *Call) refresh(ctx context.Context, host string) error {
	var refs []string
	err := c.Desk.Store.View(ctx, func(tx *store.Tx) error {
		all, err := c.Desk.Watch.OfHost(tx, host)
		for _, s := range all {
			if !s.Fresh(time.Now()) {
				refs = append(refs, s.Ref())
			}
		}
		return err
	})
	if len(refs) > 0 {
		c.Desk.Watch.Glance(ctx, refs)
	}
	return err
}

// ofHost names a check of a host, whose name is said already.
func (c *Call) ofHost(host string, s watch.Seen) string {
	kind := checks.SayKind(c.Desk.Language, s.Kind)
	if s.Name == host {
		return kind
	}
	return kind + " " + s.Name
}

// hostMark is the mark of the worst that its checks said.
func hostMark(all []watch.Seen) string {
	if len(all) == 0 {
		return "▫️"
	}
	return markOf(all[0])
}

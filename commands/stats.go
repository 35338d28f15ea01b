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
)

// Stats shows what the containers of a host use: "!stats antigone", and under the card of
// an incident those of its host.
var Stats = Command{Name: "stats", Aliases: []string{"conteneurs"}, Args: true, Ask: func(ctx context.Context, c *Call) error {
	host, all := c.hostAndScope()
	if host == "" && c.card.Kind == alerts.IncidentCard {
		var err error
		if host, err = c.hostOfIncident(ctx); err != nil {
			return err
		}
	}
	if host == "" {
		return c.Mistake("stats", c.Say("stats.which", "Known", strings.Join(c.Desk.Stats.Names(), ", ")))
	}
	c.subject = text.OneLine(host, 40)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	m, err := c.Desk.Stats.Stats(ctx, host)
	if err == nil {
		write := checks.WriteStats
		if all {
			write = checks.WriteStatsAll
		}
		write(&c.Reply, c.Desk.Language, m, time.Now())
		return nil
	}
	if !checks.WriteStatsError(&c.Reply, c.Desk.Language, err) {
		if m.Check == "" { // it is not about a host
			return err
		}
		checks.WriteOutcome(&c.Reply, c.Desk.Language, checks.OutcomeOf(m, c.Desk.Language), c.now())
	}
	c.Desk.Log.WarnContext(ctx, "no stats", "host", c.subject, "err", err)
	return nil
}}

// hostOfIncident returns the host that the incident is about under whose card it was
// said; "" when that is none, or not only one.
func (c *Call) hostOfIncident(ctx context.Context) (host string, err error) {
	err = c.Desk.Store.View(ctx, func(tx *store.Tx) error {
		i, known, err := tx.Incident(c.card.Subject)
		if hosts := c.Desk.Alerts.Settings.HostsOf(i); known && len(hosts) == 1 {
			host = hosts[0]
		}
		return err
	})
	return host, err
}

// hostAndScope reads the arguments: a host, and perhaps a word for all containers.
func (c *Call) hostAndScope() (host string, all bool) {
	for _, word := range c.Args {
		switch {
		case slices.Contains([]string{"all", "tout", "tous"}, text.Fold(word)):
			all = true
		case host == "":
			host = word
		}
	}
	return host, all
}

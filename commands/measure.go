package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/checks"
	"ronde/hosts"
	"ronde/text"
)

const (
	// measuring is how long people wait for checks: each has twenty seconds, and may have
	// to wait for others.
	measuring = 45 * time.Second
	// recently is how old an answer may be that is given again.
	recently = 30 * time.Second
)

// measured returns what checks say, made now unless they were just before.
func (c *Call) measured(ctx context.Context, refs []string) []checks.Outcome {
	ctx, cancel := context.WithTimeout(ctx, measuring)
	defer cancel()
	return c.Desk.Checks.Recent(ctx, refs, recently, c.Desk.Language)
}

// hostMeant returns the host that somebody names, or that the incident is about under
// whose card it is said, or the only one; "" when that is none. ok is false when the reply
// says that there is none of that name.
func (c *Call) hostMeant(ctx context.Context, kind string) (host string, ok bool, err error) {
	targets := c.Desk.Checks.Targets(kind)
	switch {
	case len(c.Args) > 0:
		return c.hostCalled(c.Args[0])
	case c.card.Kind == alerts.IncidentCard:
		host, err = c.hostOfIncident(ctx)
		if host != "" && slices.Contains(targets, host) || err != nil {
			return host, err == nil, err
		}
	}
	if len(targets) == 1 {
		return targets[0], true, nil
	}
	return "", true, nil
}

// hostCalled returns the host of a name as the configuration writes it.
func (c *Call) hostCalled(name string) (host string, ok bool, err error) {
	known := c.Desk.Stats.Names()
	if n := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) }); n >= 0 {
		return known[n], true, nil
	}
	c.subject, c.mistake = text.OneLine(name, 40), true
	checks.WriteStatsError(&c.Reply, c.Desk.Language, &hosts.UnknownHostError{Name: name, Known: known})
	return "", false, nil
}

// now is in the local zone.
func (c *Call) now() time.Time { return time.Now().In(c.Desk.Location) }

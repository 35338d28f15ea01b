package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"ronde/alerts"
	"ronde/checks"
	"ronde/text"
)

const (
	// measuredPatience is how long people wait for a check of every host.
	measuredPatience = 30 * time.Second
	// stillGood is how old an answer may be that another question got.
	stillGood = time.Minute
)

// showChecks shows what a kind of check says: of the host that was asked for, else of the
// host of the incident under whose card it was asked, else of everything it is made of.
func (c *Call) showChecks(ctx context.Context, command, kind string) error {
	all, err := c.Desk.Checks.Targets(kind)
	if err != nil {
		return err
	}
	asked, err := c.askedFor(ctx)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(t checks.Target) bool {
		return asked != "" && text.Fold(t.Name) != text.Fold(asked) && text.Fold(t.Host) != text.Fold(asked)
	})
	if len(chosen) == 0 {
		return c.Mistake(command, c.whichOf(asked, all))
	}
	c.subject = text.OneLine(asked, 40)
	var refs []string
	for _, t := range chosen {
		refs = append(refs, kind+" "+t.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, measuredPatience)
	defer cancel()
	outcomes := offered(c.Desk.Checks.Recent(ctx, refs, stillGood, c.Desk.Language))
	slices.SortStableFunc(outcomes, checks.WorstFirst)
	write := checks.WriteShort
	if len(outcomes) == 1 {
		write = checks.WriteAnswer
	}
	for _, o := range outcomes {
		write(&c.Reply, c.Desk.Language, o, c.now())
	}
	return nil
}

// now is in the local zone.
func (c *Call) now() time.Time { return time.Now().In(c.Desk.Location) }

// askedFor is the host that somebody means; "" for all.
func (c *Call) askedFor(ctx context.Context) (string, error) {
	if len(c.Args) > 0 {
		return c.Args[0], nil
	}
	if c.card.Kind == alerts.IncidentCard {
		return c.hostOfIncident(ctx)
	}
	return "", nil
}

// whichOf says what there is to ask for.
func (c *Call) whichOf(asked string, all []checks.Target) string {
	if len(all) == 0 {
		return c.Say("measured.none")
	}
	var names []string
	for _, t := range all {
		names = append(names, t.Name)
	}
	return c.Say("checks.unknown-host", "Name", text.OneLine(asked, 40), "Known", strings.Join(names, ", "))
}

// offered leaves out hosts that do not let it be asked, unless none does: whoever asks
// for backups does not mean servers that make none.
func offered(outcomes []checks.Outcome) []checks.Outcome {
	some := slices.DeleteFunc(slices.Clone(outcomes), func(o checks.Outcome) bool {
		return len(o.Findings) == 1 && o.Findings[0].Fault == checks.FaultNotOffered
	})
	if len(some) == 0 {
		return outcomes
	}
	return some
}

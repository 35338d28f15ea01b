package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ronde/bot"
	"ronde/config"
	"ronde/pager"
	"ronde/text"
)

// newPager returns what reaches people when the homeserver cannot be, or nil when nothing
// is configured that could.
func (r *ronde) newPager() *pager.Pager {
	if r.config.Pager == nil {
		return nil
	}
	return &pager.Pager{
		Config: *r.config.Pager, Store: r.store, Settings: r.config.Incidents, Source: r.alerts.SourceName,
		Notices: r.outbox, Changed: r.outbox.Wake, Reached: r.reached,
		Language: r.language, Location: r.config.Location, Version: version, Log: r.log, HTTP: r.http, Dial: r.dial,
	}
}

// reached returns when something last got through to the homeserver: it answers, and the
// outbox has nothing that it fails to send; zero for not since the start.
func (r *ronde) reached() time.Time {
	answered, flowed := r.bot.Reached(), r.outbox.Flowed()
	if !answered.IsZero() && !flowed.IsZero() && flowed.Before(answered) {
		return flowed
	}
	return answered
}

var errLoggedInAgain = errors.New("the bot is logged in again, for which it has to start anew")

// matrix lets the bot be in the rooms. When the homeserver has logged it out, nothing can
// be said there; who can be paged then needs all else to go on, until somebody logs it in.
func (r *ronde) matrix(ctx context.Context) error {
	err := r.bot.Run(ctx)
	if _, out := errors.AsType[*bot.LoggedOutError](err); !out || r.config.Pager == nil {
		return err
	}
	r.log.ErrorContext(ctx, "nothing can be said in the rooms, and the rest goes on so that people can be paged", "err", err)
	if err := r.bot.AwaitLogin(ctx); err != nil {
		return err
	}
	return errLoggedInAgain
}

type pageCommand struct {
	configFlag
	Test bool `required:"" help:"Send a page that says that it is a test."`
}

func (p pageCommand) Run(ctx context.Context, s *streams) error {
	c, err := config.Load(p.Config)
	if err != nil {
		return err
	}
	if c.Pager == nil {
		return errors.New("there is no [pager] in " + p.Config)
	}
	language, err := text.In(c.Language)
	if err != nil {
		return err
	}
	failed := false
	for _, trial := range (&pager.Pager{Config: *c.Pager, Language: language, Version: version}).Try(ctx) {
		result := "sent"
		if trial.Err != nil {
			failed, result = true, trial.Err.Error()
		}
		fmt.Fprintf(s.out, "%s: %s\n", trial.Road, result)
	}
	if failed {
		return errors.New("not everybody can be paged")
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ronde/alerts"
	"ronde/board"
	"ronde/bot"
	"ronde/cards"
	"ronde/checks"
	"ronde/commands"
	"ronde/config"
	"ronde/history"
	"ronde/hosts"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
	"ronde/watch"
)

// ronde is the whole bot, put together and not yet running.
type ronde struct {
	config   config.Config
	store    *store.Store
	log      *slog.Logger
	language *text.Language
	http     http.RoundTripper                                                    // nil for the network
	dial     func(ctx context.Context, network, address string) (net.Conn, error) // so is this
	outbox   *cards.Outbox
	bot      *bot.Bot
	routines *routines.Desk
	alerts   *alerts.Desk
	watch    *watch.Watch
	commands *commands.Desk
	mailbox  *alerts.Mailbox // nil when none is configured
	board    *board.Board    // which listens only when it is configured
	samplers *checks.Samplers
	history  *history.Keeper
	tickedAt atomic.Pointer[time.Time]
	close    func()
}

// assemble puts the bot together from its configuration over an open store. A nil
// httpClient stands for the network.
func assemble(c config.Config, s *store.Store, log *slog.Logger, httpClient *http.Client) (*ronde, error) {
	language, err := text.In(c.Language)
	if err != nil {
		return nil, err
	}
	set, err := hosts.NewSet(c.Hosts)
	if err != nil {
		return nil, err
	}
	r := &ronde{config: c, store: s, log: log, language: language, close: set.Close, samplers: checks.NewSamplers(set, log), history: history.New(s)}
	if httpClient != nil {
		r.http = httpClient.Transport
	}
	limits := c.Outbox
	quiet := func(now time.Time) time.Time { return c.Prompting.Quiet.End(now, c.Location) }
	limits.Quiet = quiet
	r.outbox = cards.New(s, language, limits, log)
	suite := checks.NewSuite(checks.Sources{
		Hosts: set, Samplers: r.samplers, Secrets: c.OAuth, Checks: c.Checks,
		History: r.history, Memory: s, Mails: alerts.MailReports{Store: s}, Location: c.Location, Keep: r.history.Keep,
	}, log)
	r.routines = &routines.Desk{
		Routines: c.Routines, Settings: c.Prompting, Location: c.Location, Language: language,
		Notices: r.outbox, Checks: suite,
	}
	r.alerts = alerts.NewDesk(&alerts.Desk{
		Store: s, Trust: c.Trust, Rules: c.MailRules, KumaUser: c.KumaUser, Location: c.Location, Language: language, Log: log, Changed: r.outbox.Wake,
		Settings: c.Incidents, Notices: r.outbox, Turns: r.routines, Checks: suite, Quiet: quiet,
	})
	r.watch = &watch.Watch{
		Store: s, Suite: suite, Checks: c.Checks, Hosts: c.Hosts, Secrets: secretsOf(c.OAuth), Incidents: r.alerts,
		Language: language, Log: log, Changed: r.outbox.Wake,
	}
	r.commands = commands.NewDesk(&commands.Desk{
		Store: s, Routines: r.routines, Alerts: r.alerts, Stats: suite, Checks: suite, Engines: checks.Engines{Hosts: set}, Counts: suite, Watch: r.watch,
		Rights: c.Rights, Language: language, Location: c.Location, Log: log,
	})
	r.outbox.Connect(map[string]cards.Render{
		routines.CardKind:   r.routines.Render,
		routines.RoundKind:  r.routines.RenderRound,
		alerts.IncidentCard: r.alerts.RenderIncident,
		alerts.MailCard:     r.alerts.RenderMail,
		alerts.HookCard:     r.alerts.RenderHook,
	}, r.commands.Wake)
	r.bot, err = bot.New(c.Bot, s, r.outbox, log, httpClient)
	if err != nil {
		set.Close()
		return nil, err
	}
	r.commands.Connect(r.bot, r.outbox)
	if c.Mailbox != nil {
		r.mailbox = &alerts.Mailbox{Config: *c.Mailbox, Inbox: s, Log: log, Taken: r.alerts.Wake, Hash: hashOf}
	}
	r.board = board.New(&board.Board{
		Config: c.Board, Inbox: s, Taken: r.alerts.Wake, Log: log,
		Alive: func(ctx context.Context) bool { return alive(ctx, s) },
	})
	return r, nil
}

// secretsOf names the secrets that can be asked about.
func secretsOf(all []checks.OAuthConfig) (names []string) {
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names
}

// hashOf names a mail by what makes it the same mail under another UID.
func hashOf(raw []byte) string { return alerts.Read(raw, alerts.Trust{}).Hash }

// run lets all parts work until ctx ends or one of them cannot go on. It returns
// nil when it was asked to stop.
func (r *ronde) run(ctx context.Context) error {
	defer r.close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var parts sync.WaitGroup
	start := func(name string, part func(ctx context.Context) error) {
		parts.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	start("matrix", r.matrix)
	start("outbox", func(ctx context.Context) error { return r.outbox.Run(ctx, r.bot) })
	start("commands", r.commands.Run)
	start("alerts", r.alerts.Run)
	start("evidence", r.alerts.Answer)
	start("watch", r.watch.Run)
	start("clock", func(ctx context.Context) error {
		return routines.EveryMinute(ctx, r.config.Location, r.log, r.tick)
	})
	start("checks", func(ctx context.Context) error { r.samplers.Run(ctx); return ctx.Err() })
	if r.mailbox != nil {
		start("mailbox", r.mailbox.Run)
	}
	if r.config.Board.Listen != "" {
		start("board", r.board.Run)
	}
	if p := r.newPager(); p != nil {
		start("pager", p.Run)
	}
	if p := r.newPulse(); p != nil {
		start("pulse", p.Run)
	}
	<-ctx.Done()
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// tick opens what is due, ends what was silent or taken, and shows that the bot is alive,
// all of it.
func (r *ronde) tick(ctx context.Context) {
	r.ticked()
	defer r.ticked()
	if err := r.alerts.Tick(ctx); err != nil && ctx.Err() == nil {
		r.log.ErrorContext(ctx, "the incidents cannot be followed", "err", err)
	}
	if err := r.history.Compact(ctx); err != nil && ctx.Err() == nil {
		r.log.ErrorContext(ctx, "what was measured cannot be folded", "err", err)
	}
	changed, err := r.routines.Tick(ctx, r.store)
	if err == nil && r.stuck() == "" {
		err = r.store.SetValue(ctx, heartbeat, time.Now().UTC().Format(time.RFC3339))
	}
	if err != nil && ctx.Err() == nil {
		r.log.ErrorContext(ctx, "what is due cannot be opened", "err", err)
	}
	if changed {
		r.outbox.Wake()
	}
}

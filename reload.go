package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"ronde/board"
	"ronde/commands"
	"ronde/config"
	"ronde/hosts"
	"ronde/pulse"
	"ronde/store"
)

// service is the bot as one process: the ronde at work over one open store, and the
// one that takes over from it when the configuration was read again. All that is
// under way is stored, so that stopping the parts of the one and starting those of
// the other is a restart, only shorter.
type service struct {
	load  func() (config.Config, error)
	store *store.Store
	log   *slog.Logger
	level *slog.LevelVar
	http  *http.Client                                                         // nil for the network
	dial  func(ctx context.Context, network, address string) (net.Conn, error) // so is this

	watchdog pulse.Watchdog

	handover chan struct{} // there is a next one
	sockets  board.Sockets // stays open from one to the next

	mu       sync.Mutex
	current  *ronde
	next     *ronde // ready to take over; nil for none
	readings int    // how often the configuration was read again
	used     int    // the newest reading that is in use
}

// newService prepares s, whose fields up to http are set, to begin with c.
func newService(c config.Config, s *service) (_ *service, err error) {
	s.handover = make(chan struct{}, 1)
	s.watchdog.Log = s.log
	s.watchdog.Stuck = func() string { return s.atWork().stuck() }
	s.watchdog.Ready = func() <-chan struct{} { return s.atWork().bot.Synced() }
	s.level.Set(c.LogLevel)
	s.current, err = s.assemble(c)
	return s, err
}

func (s *service) assemble(c config.Config) (*ronde, error) {
	r, err := assemble(c, s.store, s.log, s.http)
	if err == nil {
		r.commands.Config, r.board.Sockets = s, &s.sockets
		r.dial = s.dial
	}
	return r, err
}

// run lets the bot work until ctx ends or it cannot go on. Each hangup has it read
// its configuration again. It returns nil when it was asked to stop.
func (s *service) run(ctx context.Context, hangups <-chan os.Signal) (err error) {
	defer func() { err = errors.Join(err, s.sockets.Close()) }()
	ctx, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { s.watchdog.Run(ctx) })
	defer watching.Wait()
	defer stop()
	for {
		over, err := s.turn(ctx, hangups)
		if over || err != nil {
			return err
		}
		s.succeed()
		s.watchdog.Reloaded()
	}
}

// turn lets one ronde work until another is to take over, or until all is over.
func (s *service) turn(ctx context.Context, hangups <-chan os.Signal) (over bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	whole, ended := s.atWork(), make(chan error, 1)
	go func() { ended <- whole.run(ctx) }()
	for {
		select {
		case err := <-ended:
			return true, err
		case <-s.handover:
			stop()
			return false, <-ended
		case <-hangups:
			s.reread(ctx, whole)
		}
	}
}

// reread has the configuration read again, and tells systemd of it, for which that is
// over when nothing is to take over; otherwise once that has happened.
func (s *service) reread(ctx context.Context, whole *ronde) {
	s.watchdog.Reloading()
	if err := whole.commands.Reload(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "the configuration cannot be reloaded", "err", err)
	}
	if len(s.handover) == 0 {
		s.watchdog.Reloaded()
	}
}

// atWork returns the ronde that is in charge.
func (s *service) atWork() *ronde {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// succeed puts the next ronde in charge. There may have come another one since it
// was announced, which is then the next.
func (s *service) succeed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.handover:
	default:
	}
	s.current, s.next = s.next, nil
	s.level.Set(s.current.config.LogLevel)
	if s.current.config.Board.Listen == "" {
		if err := s.sockets.Close(); err != nil {
			s.log.Warn("the address of the webhooks cannot be closed", "err", err)
		}
	}
}

// Read reads the configuration again and assembles the ronde that it describes,
// whose Use lets it take over.
func (s *service) Read() commands.Reading {
	number, running := s.begin()
	c, err := s.load()
	if err != nil {
		return s.refuse(err, refusals(err))
	}
	if settings := c.NeedsRestart(running); len(settings) > 0 {
		return s.refuse(errNeedsRestart, fixed(settings))
	}
	reading := c.Changes(running)
	if !reading.Differs() {
		s.log.Info("the configuration has not changed")
		return reading
	}
	next, err := s.assemble(c)
	if err != nil {
		return s.refuse(err, refusals(err))
	}
	reading.Use = func() { s.use(next, number) }
	return reading
}

// begin numbers a reading, and returns the configuration that it is compared with.
func (s *service) begin() (number int, running config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readings++
	if s.next != nil {
		return s.readings, s.next.config
	}
	return s.readings, s.current.config
}

// use lets next take over, unless something that was read later already does.
func (s *service) use(next *ronde, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < s.used {
		next.close()
		return
	}
	if s.next != nil { // it never got to run
		s.next.close()
	}
	s.next, s.used = next, number
	s.log.Info("the configuration is reloaded", "routines", len(next.config.Routines), "hosts", len(next.config.Hosts))
	select {
	case s.handover <- struct{}{}:
	default:
	}
}

var errNeedsRestart = errors.New("what it changes needs a restart")

// refuse logs in full why a configuration is not used, and returns what of it the
// room may know.
func (s *service) refuse(err error, why []commands.Refusal) commands.Reading {
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) {
		s.log.Warn("the new configuration is refused, the old one goes on", "err", err, "settings", settingsOf(why))
	}
	for _, m := range mistakes {
		s.log.Warn("the new configuration is refused, the old one goes on", "mistake", m.String())
	}
	return commands.Reading{Refused: why}
}

func settingsOf(why []commands.Refusal) (settings []string) {
	for _, r := range why {
		settings = append(settings, r.Setting)
	}
	return settings
}

// refusals says why a configuration cannot be used as far as the room may know: no
// path, and no inner error.
func refusals(err error) (all []commands.Refusal) {
	var mistakes config.Mistakes
	var unreadable *config.UnreadableError
	var host *hosts.SettingError
	switch {
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			all = append(all, commands.Refusal{Line: m.Line, Setting: m.Key, Text: m.Text})
		}
		return all
	case errors.As(err, &unreadable):
		return []commands.Refusal{{Setting: filepath.Base(unreadable.Path), Text: unreadable.Err.Error()}}
	case errors.As(err, &host):
		return []commands.Refusal{{Setting: "host[" + host.Host + "]." + host.Key, Say: commands.Unusable}}
	}
	return []commands.Refusal{{Say: commands.Unusable}}
}

func fixed(settings []string) (all []commands.Refusal) {
	for _, name := range settings {
		all = append(all, commands.Refusal{Setting: name, Say: commands.NeedsRestart})
	}
	return all
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"ronde/bot"
	"ronde/config"
	"ronde/store"
)

// heartbeat is the setting under which the running bot notes, each minute, that
// it is alive; silence is how old it may be.
const (
	heartbeat = "run.heartbeat"
	silence   = 3 * time.Minute
)

type runCommand struct{ configFlag }

func (r runCommand) Run(ctx context.Context, s *streams) (err error) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	load := func() (config.Config, error) { return config.Load(r.Config) }
	c, err := load()
	if err != nil {
		return err
	}
	var level slog.LevelVar
	log := newLog(s, &level)
	db, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	whole, err := newService(c, &service{load: load, store: db, log: log, level: &level})
	if err != nil {
		return err
	}
	defer restSmall(log).Stop()
	log.InfoContext(ctx, "ronde is up", "version", version, "routines", len(c.Routines), "hosts", len(c.Hosts))
	if err := whole.run(ctx, hangups); err != nil {
		return err
	}
	log.Info("ronde is down, as asked")
	return nil
}

// restSmall keeps the memory of a bot that rests nearly all the time small: its
// live heap is a few MiB, so collecting it twice as often as usual costs nothing
// that can be measured, and what only the start needed (the catalogues, the first
// sync) is given back once that is over, with the pages of the code that did it. GOGC
// in the environment wins.
func restSmall(log *slog.Logger) *time.Timer {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	return time.AfterFunc(5*time.Second, func() {
		debug.FreeOSMemory()
		if err := giveBackCode(); err != nil {
			log.Debug("the memory of the start is not given back", "err", err)
		}
	})
}

func newLog(s *streams, level slog.Leveler) *slog.Logger {
	out := zerolog.New(zerolog.ConsoleWriter{Out: s.err, NoColor: true, TimeFormat: time.RFC3339}).With().Timestamp().Logger()
	return slog.New(levelled{zerolog.NewSlogHandler(out), level})
}

// levelled leaves out what is below a level.
type levelled struct {
	slog.Handler
	least slog.Leveler
}

func (h levelled) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least.Level() }

func (h levelled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelled{h.Handler.WithAttrs(attrs), h.least}
}

func (h levelled) WithGroup(name string) slog.Handler {
	return levelled{h.Handler.WithGroup(name), h.least}
}

func openStore(ctx context.Context, c config.Config) (*store.Store, error) {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, &codedError{exitDatabase, err}
	}
	return db, nil
}

type loginCommand struct{ configFlag }

func (l loginCommand) Run(ctx context.Context, s *streams) (err error) {
	c, err := config.LoadForLogin(l.Config)
	if err != nil {
		return err
	}
	db, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	result, err := bot.Login(ctx, c.Bot, c.Credentials, db, newLog(s, c.LogLevel))
	if result.UserID != "" {
		tell(s, result)
	}
	return err
}

func tell(s *streams, r bot.LoginResult) {
	if !r.New {
		fmt.Fprintf(s.out, "%s is logged in already, as device %s: nothing to do.\n", r.UserID, r.DeviceID)
		return
	}
	fmt.Fprintf(s.out, "Logged in as %s, device %s. The database keeps the device and its keys.\n", r.UserID, r.DeviceID)
	if r.RecoveryKey != "" {
		fmt.Fprintf(s.out, "\nRecovery key of the account, shown this once (the database keeps it, too):\n\n    %s\n\nPut it where you keep passwords: with it a new device can be verified.\n", r.RecoveryKey)
	}
}

type backupCommand struct {
	configFlag
	File string `arg:"" help:"The copy to write; it must not be there yet."`
}

func (b backupCommand) Run(ctx context.Context) (err error) {
	db, err := existingStore(ctx, b.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Backup(ctx, b.File)
}

// existingStore opens the database that a configuration names, and fails when
// there is none yet.
func existingStore(ctx context.Context, file string) (*store.Store, error) {
	c, err := config.LoadOffline(file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.Database); err != nil {
		return nil, &codedError{exitDatabase, fmt.Errorf("there is no database yet: %w", err)}
	}
	return openStore(ctx, c)
}

// alive tells whether the bot gave a sign of life lately.
func alive(ctx context.Context, db *store.Store) bool {
	noted, _, err := db.Value(ctx, heartbeat)
	if err != nil {
		return false
	}
	last, err := time.Parse(time.RFC3339, noted)
	return err == nil && time.Since(last) <= silence
}

type healthCommand struct{ configFlag }

func (h healthCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := existingStore(ctx, h.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	noted, known, err := db.Value(ctx, heartbeat)
	if err != nil {
		return &codedError{exitDatabase, err}
	}
	last, err := time.Parse(time.RFC3339, noted)
	if !known || err != nil || time.Since(last) > silence {
		return &codedError{exitUnhealthy, fmt.Errorf("no sign of life since %q", noted)}
	}
	_, err = fmt.Fprintf(s.out, "alive %s ago\n", time.Since(last).Round(time.Second))
	return err
}

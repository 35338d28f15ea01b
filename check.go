package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"time"

	"ronde/checks"
	"ronde/config"
	"ronde/history"
	"ronde/hosts"
)

type checkCommand struct {
	configFlag
	Kind   string `arg:"" help:"The kind of check, such as disk; docs/checks.md lists them."`
	Target string `arg:"" name:"name" help:"The host, [[check]] or [[oauth]], as it is called in the configuration."`
	JSON   bool   `help:"Print JSON."`
}

func (k checkCommand) Run(ctx context.Context, s *streams) (err error) {
	c, err := config.LoadOffline(k.Config)
	if err != nil {
		return err
	}
	set, err := hosts.NewSet(c.Hosts)
	if err != nil {
		return err
	}
	defer set.Close()
	past, closePast, err := measuredBefore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePast()) }()
	measure, err := checks.NewSuite(checks.Sources{
		Hosts: set, Secrets: c.OAuth, Checks: c.Checks, History: past, Location: c.Location,
	}, slog.New(slog.DiscardHandler)).Find(k.Kind, k.Target)
	if err != nil {
		return &codedError{exitUsage, err}
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	report, failure := measure(ctx)
	if err := k.print(s, report); err != nil {
		return err
	}
	verdict := &verdictError{report.Verdict().Status.ExitCode()}
	switch {
	case failure != nil:
		return &codedError{verdict.code, failure}
	case verdict.code != 0:
		return verdict
	}
	return nil
}

// measuredBefore is what the bot measured before; nil when it has no database yet, or none that
// this user may read.
func measuredBefore(ctx context.Context, c config.Config) (past checks.History, closePast func() error, err error) {
	nothing := func() error { return nil }
	if _, err := os.Stat(c.Database); errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil, nothing, nil
	}
	db, err := openStore(ctx, c)
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, nothing, nil
	case err != nil:
		return nil, nil, err
	}
	return history.New(db), db.Close, nil
}

func (k checkCommand) print(s *streams, report checks.Report) error {
	if !k.JSON {
		return checks.Print(s.out, report)
	}
	enc := json.NewEncoder(s.out)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

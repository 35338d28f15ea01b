package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"ronde/config"
	"ronde/routines"
	"ronde/store"
	"ronde/text"
)

type dueCommand struct {
	configFlag
	At   string `help:"The moment from which to look: 2026-01-31, \"2026-01-31 09:00\" or RFC 3339. Now, unless given." placeholder:"TIME"`
	Days int    `default:"7" help:"How many days to look ahead."`
	JSON bool   `help:"Print a JSON array."`
}

func (d dueCommand) Run(ctx context.Context, s *streams) error {
	c, err := config.LoadOffline(d.Config)
	if err != nil {
		return err
	}
	if d.Days < 0 || d.Days > 3660 {
		return &codedError{exitUsage, fmt.Errorf("--days %d: it is a number from 0 to 3660", d.Days)}
	}
	from, err := moment("--at", d.At, c.Location)
	if err != nil {
		return &codedError{exitUsage, err}
	}
	facts, err := completed(ctx, c)
	if err != nil {
		return err
	}
	agenda := routines.Agenda(c.Routines, facts, from, d.Days, c.Location)
	if d.JSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(agenda)
	}
	return printAgenda(s, c, agenda)
}

// moment reads the time that a flag was given, in the configured time zone where it
// names none; "" is now.
func moment(flag, at string, loc *time.Location) (time.Time, error) {
	if at == "" {
		return time.Now().In(loc), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, at, loc); err == nil {
			return t.In(loc), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q is no time such as 2026-01-31, \"2026-01-31 09:00\" or 2026-01-31T09:00:00+01:00", flag, at)
}

// completed returns what was completed, as far as there is a database.
func completed(ctx context.Context, c config.Config) (facts map[string]routines.Facts, err error) {
	facts = map[string]routines.Facts{}
	if _, err := os.Stat(c.Database); errors.Is(err, os.ErrNotExist) {
		return facts, nil
	}
	db, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(ctx, func(tx *store.Tx) error {
		for _, r := range c.Routines {
			f, known, err := routines.History(tx, r)
			if err != nil {
				return err
			}
			if known {
				facts[r.Key] = f
			}
		}
		return nil
	})
	return facts, err
}

func printAgenda(s *streams, c config.Config, agenda []routines.Due) error {
	language, err := text.In(c.Language)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, d := range agenda {
		late := ""
		if d.Late > 0 {
			late = language.Say("routine.days", "Count", d.Late)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", d.Due.Format("Mon 2006-01-02 15:04"), d.Routine, d.Title.In(language), late)
	}
	return table.Flush()
}

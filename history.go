package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"ronde/config"
	"ronde/routines"
	"ronde/store"
)

type historyCommand struct {
	configFlag
	Routine string `arg:"" optional:"" help:"The key or another name of a routine; all, unless given."`
	Since   string `help:"The first moment to show: 2026-01-31, or RFC 3339. All, unless given." placeholder:"TIME"`
	CSV     bool   `name:"csv" help:"Print comma-separated values, with a header." xor:"form"`
	JSON    bool   `name:"json" help:"Print a JSON array." xor:"form"`
}

func (h historyCommand) Run(ctx context.Context, s *streams) (err error) {
	c, err := config.LoadOffline(h.Config)
	if err != nil {
		return err
	}
	var since time.Time
	if h.Since != "" {
		if since, err = moment("--since", h.Since, c.Location); err != nil {
			return &codedError{exitUsage, err}
		}
	}
	db, err := existingStore(ctx, h.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var records []routines.Record
	err = db.View(ctx, func(tx *store.Tx) error {
		key, err := h.key(tx, c)
		if err != nil {
			return err
		}
		if records, err = routines.Records(tx, key, since, c.Location); err != nil {
			return &codedError{exitDatabase, err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.print(s.out, records)
}

// key returns the key of the routine that is meant: one that has a history, though it
// may no longer be configured, before any that is called so now.
func (h historyCommand) key(tx *store.Tx, c config.Config) (string, error) {
	_, known, err := tx.RoutineSince(h.Routine)
	if err != nil || known || h.Routine == "" {
		return h.Routine, err
	}
	desk := routines.Desk{Routines: c.Routines}
	r, near, found := desk.Find(h.Routine)
	switch {
	case found:
		return r.Key, nil
	case near != "":
		err = fmt.Errorf("there is no routine %q; did you mean %q?", h.Routine, near)
	default:
		err = fmt.Errorf("there is no routine %q, and none was ever called so", h.Routine)
	}
	return "", &codedError{exitUsage, err}
}

func (h historyCommand) print(out io.Writer, records []routines.Record) error {
	switch {
	case h.JSON:
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(records)
	case h.CSV:
		return printCSV(out, records)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range records {
		fmt.Fprintln(table, strings.Join(row(r), "\t"))
	}
	return table.Flush()
}

func printCSV(out io.Writer, records []routines.Record) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"routine", "due", "what", "at", "who", "helpers", "how", "note", "undone"}); err != nil {
		return err
	}
	for _, r := range records {
		r.Note = unformula(r.Note)
		if err := w.Write(row(r)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func row(r routines.Record) []string {
	written := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	return []string{
		r.Routine, written(r.Due), r.What, written(r.At), r.Who, strings.Join(r.Helpers, " "), r.How,
		r.Note, strconv.FormatBool(r.Undone),
	}
}

// unformula keeps a spreadsheet from taking somebody's note for a formula.
func unformula(note string) string {
	if note != "" && strings.ContainsRune("=+-@\t\r", rune(note[0])) {
		return "'" + note
	}
	return note
}

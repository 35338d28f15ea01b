package checks

import (
	"strconv"
	"strings"
	"time"

	"ronde/probe"
	"ronde/text"
)

// tell adds a line for each backup: its age, its size and how many files it has; "?" for
// what is not known.
func (r BackupsReport) tell(o *Outcome, l *text.Language) {
	o.Count = len(r.Backups)
	var rows [][]string
	for _, b := range r.Backups {
		rows = append(rows, backupRow(b, r.At, l))
	}
	o.Detail = columns(strings.Split(l.Say("checks.backups.columns"), "|"), rows)
}

func backupRow(b probe.Backup, at time.Time, l *text.Language) []string {
	row := []string{oneWord(b.Name), "?", "?", "?"}
	if len(b.Runs) == 0 {
		return row
	}
	last := b.Runs[0]
	if age := at.Sub(last.At); age > -clocksDiffer {
		row[1] = l.Duration(max(0, age))
	}
	if last.Bytes != nil {
		row[2] = short(l, float64(*last.Bytes))
	}
	if last.Files != nil {
		row[3] = strconv.FormatInt(*last.Files, 10)
	}
	return row
}

func calmBackups(l *text.Language, o Outcome, _ time.Time) string {
	oldest := 0.0
	for _, m := range o.Metrics {
		if m.Name == "age" {
			oldest = max(oldest, m.Value)
		}
	}
	return l.Say("checks.backups.calm", "Count", o.Count, "Age", sayValue(l, oldest, Seconds))
}
